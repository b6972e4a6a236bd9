"""Did two people approve this run? `make approvals RUN_ID=…`.

GitHub lets an environment's job go on when one of its reviewers approves, however many there are.
So PROD stands behind two environments, one after the other; and since one person may be a reviewer
of both, this asks GitHub who approved which, and refuses where it was one person, or the one who
started the run.
"""

import os
from typing import Any

from automation.gh import api
from project.errors import UserError, one_line
from project.outputs import hand_on

#: The environments that a run to PROD passes, in this order.
REVIEWED = ("prod-approval", "prod")


def approvers(listed: list[dict[str, Any]], starter: str) -> dict[str, str]:
    """Return who approved each environment, from GitHub's list of a run's reviews.

    Raises `UserError` where one was not approved, or not by somebody else.
    """
    found: dict[str, str] = {}
    for name in REVIEWED:
        people = [
            review["user"]["login"]
            for review in listed
            if review["state"] == "approved"
            and name in [environment["name"] for environment in review["environments"]]
        ]
        others = [who for who in people if who not in (starter, *found.values())]
        if not people:
            raise UserError(f"{name}: nobody approved; give it a reviewer: docs/github.md")
        if not others:
            who = people[0]
            already = "started this run" if who == starter else "approved before"
            raise UserError(f"{name}: approved by {who}, who {already}; PROD takes two others")
        found[name] = others[0]
    return found


def main() -> None:
    """Check the run that RUN_ID names, which ACTOR started."""
    run, starter = os.environ.get("RUN_ID", ""), os.environ.get("ACTOR", "")
    if not run.isdecimal() or not starter:
        raise UserError("RUN_ID and ACTOR: which run, and who started it? see promote.yml")
    found = approvers(api(f"actions/runs/{run}/approvals"), starter)
    hand_on({"approved": f"approved by {' and '.join(found.values())}"})


if __name__ == "__main__":
    one_line(main)
