"""Say on a pull request what was compared: `make comment PR=12`.

One comment, found again by a mark within it and replaced, however often the branch is pushed.
"""

import os

from automation.gh import api
from project.artefacts import COMPARISON_PAGE
from project.errors import UserError, one_line

MARK = "<!-- slipway: comparison -->"
MOST = 65_000  # characters of a comment, of GitHub's 65,536
PAGE = 100


def say(number: int, text: str) -> str:
    """Write the comment, or replace it, and return where it is."""
    body = {"body": f"{MARK}\n{text[:MOST]}"}
    found = _found(number)
    if found is None:
        made = api(f"issues/{number}/comments", "POST", body)
    else:
        made = api(f"issues/comments/{found}", "PATCH", body)
    return str(made["html_url"])


def _found(number: int) -> int | None:
    page = 1
    while listed := api(f"issues/{number}/comments?per_page={PAGE}&page={page}"):
        for comment in listed:
            if comment["body"].startswith(MARK):
                return int(comment["id"])
        page += 1
    return None


def main() -> None:
    """Comment on the pull request that PR names with what `make compare` wrote."""
    number = os.environ.get("PR", "")
    if not number.isdecimal():
        raise UserError(f"PR={number}: expected the number of a pull request")
    if not COMPARISON_PAGE.exists():
        raise UserError(f"{COMPARISON_PAGE}: no such file; type: make compare BASE=main")
    print(say(int(number), COMPARISON_PAGE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    one_line(main)
