"""What a canary and its promotion make of the values in force."""

from typing import Any

import pytest

from delivery.canary_values import promoted, with_canary
from delivery.chart_values import Facts
from project.errors import UserError

NEW = Facts("wine", "new", f"sha256:{64 * 'b'}", "ghcr.io/team/wine", f"sha256:{64 * 'c'}")
MODEL = {"repository": "ghcr.io/team/wine", "digest": f"sha256:{64 * 'a'}", "version": "old"}
MODEL |= {"commit": 40 * "1", "committed": "2026-11-01T00:00:00Z"}
IMAGE = {"repository": "ghcr.io/team/wine-service", "digest": "", "tag": "old"}


def values(runtime: str, **canary: Any) -> dict[str, Any]:
    return {"runtime": runtime, "replicas": 2, "model": MODEL, "image": IMAGE, "canary": canary}


def test_kserve_serves_the_candidate_beside_what_runs_and_then_instead() -> None:
    begun = with_canary(values("kserve", enabled=True), NEW, 20)

    assert begun["model"] == MODEL
    assert begun["canary"] == {"enabled": True, "weight": 20, "model": NEW.model}
    assert promoted(begun) == values("kserve", enabled=True) | {"model": MODEL | NEW.model}


def test_a_rollout_is_given_the_candidate_and_holds_it_until_it_has_no_steps() -> None:
    steps = [{"weight": 10, "seconds": 60}]
    begun = with_canary(values("bento", enabled=True, steps=steps), NEW, 20)

    assert begun["model"] == MODEL | NEW.model
    assert begun["image"] == IMAGE | {"digest": NEW.image_digest, "tag": "new"}
    assert begun["canary"] == {"enabled": True, "weight": 20, "steps": steps}
    assert promoted(begun) == begun | {"canary": {"enabled": True, "steps": []}}


@pytest.mark.parametrize("runtime", ["bento", "kserve"])
def test_an_older_chart_is_given_the_values_that_it_knows(runtime: str) -> None:
    known = {key: MODEL[key] for key in ("repository", "digest", "version")}
    begun = with_canary(values(runtime, enabled=True) | {"model": known}, NEW, 20)

    shown = begun["model"] if runtime == "bento" else begun["canary"]["model"]
    assert shown.keys() - {"repository"} == {"digest", "version"}


def test_a_canary_comes_from_where_the_rest_does() -> None:
    moved = values("bento", enabled=True) | {"model": MODEL | {"repository": "old.io/wine"}}
    with pytest.raises(UserError, match=r"it pulls from old\.io/wine, a canary would come from "):
        with_canary(moved, NEW, 20)


@pytest.mark.parametrize("canary", [{}, {"enabled": False}])
def test_an_environment_without_canaries_begins_none(canary: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="it runs without canaries"):
        with_canary(values("bento", **canary), NEW, 20)


@pytest.mark.parametrize("runtime", ["bento", "kserve"])
def test_nothing_is_promoted_without_a_canary(runtime: str) -> None:
    with pytest.raises(UserError, match="no canary is under way"):
        promoted(values(runtime, enabled=True))
