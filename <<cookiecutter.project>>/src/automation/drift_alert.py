"""Tell of the last verdict on drift: `make drift-alert`, after `make drift`.

Drift opens an issue, or adds to the one that is open; RETRAIN=true also asks for a retraining, by
the event `drift-alert`, which starts the workflow of that name.
"""

import os
from pathlib import Path
from typing import Any

from automation.gh import api
from project.artefacts import DRIFT
from project.errors import UserError, one_line
from project.files import read_json
from project.outputs import hand_on

LABEL = "drift"


def newest() -> tuple[Path, dict[str, Any]]:
    """Return the last verdict; `UserError` where there is none."""
    found = sorted(DRIFT.glob("*.json"))
    if not found:
        raise UserError(f"{DRIFT}/: no verdict; type: make drift")
    return found[-1], read_json(found[-1])


def tell(verdict: dict[str, Any]) -> str:
    """Open an issue about drift, or add to the open one, and return where it is."""
    text = said(verdict)
    for issue in api(f"issues?state=open&labels={LABEL}"):
        api(f"issues/{issue['number']}/comments", "POST", {"body": text})
        return str(issue["html_url"])
    title = f"Drift: {verdict['model']['name']}"
    return str(api("issues", "POST", {"title": title, "body": text, "labels": [LABEL]})["html_url"])


def said(verdict: dict[str, Any]) -> str:
    """Write a verdict as Markdown: why, and which columns."""
    window = verdict["window"]
    rows = [
        f"| {column['name']} | {column['test']} | {column['score']} | {column['threshold']} |"
        for column in verdict["columns"]
        if column["drifted"]
    ]
    table = ["| Column | Test | Score | Threshold |", "| --- | --- | ---: | ---: |", *rows]
    when = f", {window['from']} to {window['to']}" if window["from"] else ""
    lines = [
        f"{verdict['verdict']}{when}:",
        "",
        *[f"- {reason}" for reason in verdict["reasons"]],
        "",
        *(table if rows else []),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Hand the verdict on, and tell of drift."""
    path, verdict = newest()
    found = verdict["verdict"]
    issue = tell(verdict) if found == "drift" else ""
    if found == "drift" and os.environ.get("RETRAIN") == "true":
        payload = {"verdict": path.name, "reasons": verdict["reasons"]}
        api("dispatches", "POST", {"event_type": "drift-alert", "client_payload": payload})
    hand_on({"verdict": found, "issue": issue})
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(said(verdict))


if __name__ == "__main__":
    one_line(main)
