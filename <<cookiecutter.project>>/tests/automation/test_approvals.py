"""PROD takes two people who did not start the run, whatever GitHub lets through."""

from typing import Any

import pytest

from automation.approvals import approvers
from project.errors import UserError


def reviews(*listed: tuple[str, str], state: str = "approved") -> list[dict[str, Any]]:
    return [
        {"state": state, "user": {"login": who}, "environments": [{"name": name}]}
        for name, who in listed
    ]


def test_two_others_are_enough() -> None:
    found = approvers(reviews(("prod-approval", "grace"), ("prod", "alan")), "ada")

    assert found == {"prod-approval": "grace", "prod": "alan"}


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (reviews(("prod-approval", "grace")), "prod: nobody approved"),
        (reviews(("prod", "grace")), "prod-approval: nobody approved"),
        (
            reviews(("prod-approval", "grace"), ("prod", "grace")),
            "prod: approved by grace, who approved before",
        ),
        (
            reviews(("prod-approval", "ada"), ("prod", "grace")),
            "prod-approval: approved by ada, who started this run",
        ),
        (
            reviews(("prod-approval", "grace"), ("prod", "alan"), state="rejected"),
            "prod-approval: nobody approved",
        ),
        ([], "prod-approval: nobody approved"),
    ],
)
def test_less_is_refused(listed: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(UserError, match=why):
        approvers(listed, "ada")
