"""What keeps a package out of PROD: a contract that is broken, a load that is not borne."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from delivery import integration, verify_environment
from delivery.checks import Asked, Sent
from delivery.drift_check import check_drift
from delivery.package import read_package
from delivery.service_checks import Check
from project.errors import UserError

from ..conftest import Once
from .deployable import git, records
from .test_verify_environment import Small, deploy, deployed, own_settings, service

__all__ = ["deploy", "deployed", "own_settings", "service"]


class Strict(Small):
    """A service that also keeps its contract, but for what a test asks it to break."""

    broken = ""

    def answer(self, path: str, body: bytes) -> tuple[int, str]:
        if path.startswith("/v2/models/"):
            name = "width" if self.broken == "inputs" else "size"
            return 200, json.dumps({"inputs": [{"name": name}]})
        if path == "/predict" and (refusal := self.refused(body)):
            return refusal
        if self.broken == "load" and path == "/predict" and self.asked():
            return 503, "{}"
        return super().answer(path, body)

    def refused(self, body: bytes) -> tuple[int, str] | None:
        try:
            row = json.loads(body)
        except ValueError:
            return (200 if self.broken == "json" else 400), "{}"
        if not isinstance(row, dict) or self.broken == "refusals":
            return None
        for wrong in ("no such column", "size"):
            known = wrong in row and isinstance(row[wrong], float)
            if (wrong in row) == (wrong == "no such column") or (wrong == "size" and not known):
                return 422, json.dumps({"error": f"row 0: {wrong}"})
        return None

    def asked(self) -> bool:
        """Count requests: the first 30 are answered."""
        self.told.append("asked")
        return self.told.count("asked") > 30


@pytest.fixture
def strict(
    deployed: Callable[..., None], once: Once, service: Small, monkeypatch: pytest.MonkeyPatch
) -> Strict:
    once("deployed", deployed)
    made = Strict(digest=read_package().digests["model"])
    monkeypatch.setenv("ENV", "dev")
    monkeypatch.setenv("URL", service.url)
    monkeypatch.setattr(service, "answer", made.answer)
    monkeypatch.setenv("LOAD_SECONDS", "0.2")
    monkeypatch.setattr(integration, "check_drift", lambda: Check("drift", True, "is seen"))
    return made


def test_what_holds_is_noted_as_a_verification(strict: Strict) -> None:
    integration.main()

    found = records("dev")[-1]["verification"]
    assert (found["passed"], found["target"]) == (True, "running")
    ids = [check["id"] for check in found["checks"]]
    assert ids[-7:] == ["inputs", *["refusals"] * 4, "load", "drift"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("inputs", "inputs: inputs differ: size, width"),
        ("refusals", "refusals: a row without size: 200, expected 422 naming size"),
        ("json", "refusals: half a JSON text: 200, expected 400"),
        ("load", "load: after .* answers: 503 Server Error"),
    ],
)
def test_what_does_not_hold_is_noted_and_told(broken: str, why: str, strict: Strict) -> None:
    strict.broken = broken

    with pytest.raises(UserError, match=f"in dev failed its integration tests: {why}"):
        integration.main()

    assert records("dev")[-1]["verification"]["passed"] is False


def test_a_load_takes_a_minute_unless_somebody_shortens_it(
    strict: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def load(_: Asked, sent: Sequence[Sent], seconds: float) -> Check:
        assert sent
        asked.append(seconds)
        return Check("load", True, "is borne")

    monkeypatch.setattr(integration, "check_load", load)
    monkeypatch.delenv("LOAD_SECONDS")
    integration.main()
    monkeypatch.setenv("LOAD_SECONDS", "0.5")
    integration.main()
    assert asked == [60, 0.5]
    monkeypatch.setenv("LOAD_SECONDS", "long")
    with pytest.raises(UserError, match="LOAD_SECONDS=long: expected a number of seconds"):
        integration.main()


class Inferring(Small):
    """A server of the protocol that has no interface of ours, and refuses what it must."""

    lenient = ""

    def answer(self, path: str, body: bytes) -> tuple[int, str]:
        if path in ("/predict", "/readyz", "/metrics"):
            return 404, "{}"
        if path.endswith("/infer") and self.is_wrong(body):
            return 400, "{}"
        return (200, "{}") if self.wrong(body) else super().answer(path, body)

    def is_wrong(self, body: bytes) -> bool:
        return self.wrong(body) not in ("", self.lenient)

    def wrong(self, body: bytes) -> str:
        try:
            head = json.JSONDecoder().raw_decode(body.decode("latin-1"))[0] if body else {}
        except ValueError:
            return "json"
        given = {put["name"]: put["datatype"] for put in head.get("inputs", [])}
        if not given and not body:
            return ""
        if given.keys() != {"size"}:
            return "unknown" if "size" in given else "missing"
        return "" if given["size"] == "FP32" else "type"


@pytest.mark.parametrize(
    ("lenient", "why"),
    [
        ("", ""),
        ("missing", "a request without size: 200"),
        ("unknown", "a request with an unknown input: 200"),
        ("type", "size of another type: 200"),
        ("json", "half a JSON text: 200"),
    ],
)
def test_what_kserve_runs_is_tested_by_its_protocol(
    lenient: str,
    why: str,
    deployed: Callable[..., None],
    once: Once,
    service: Small,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once("deployed on kserve", lambda: deployed(runtime="kserve"))
    monkeypatch.setenv("ENV", "dev")
    monkeypatch.setenv("URL", service.url)
    made = Inferring(digest=read_package().digests["model"])
    made.lenient = lenient
    monkeypatch.setattr(service, "answer", made.answer)
    monkeypatch.setenv("LOAD_SECONDS", "0.1")
    monkeypatch.setattr(integration, "check_drift", lambda: Check("drift", True, "is seen"))

    if not why:
        integration.main()
    else:
        with pytest.raises(UserError, match=f"refusals: {why}, expected 400 to 499"):
            integration.main()
    found = records("dev")[-1]["verification"]
    assert found["passed"] == (not why)
    if not why:
        ids = [check["id"] for check in found["checks"]]
        assert ids[-7:] == ["inputs", *["refusals"] * 4, "load", "drift"]


def test_drift_that_is_not_seen_is_a_failure(
    strict: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen = Check("drift", False, "drift missing: make drift ended with 0, expected 3")
    monkeypatch.setattr(integration, "check_drift", lambda: unseen)

    with pytest.raises(UserError, match="ended with 0, expected 3"):
        integration.main()


def test_traffic_that_cannot_be_simulated_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def unable(module: str, **words: Any) -> Any:
        return type("Done", (), {"returncode": 1, "stderr": "error: no rows\n", "stdout": ""})

    monkeypatch.setattr("delivery.drift_check._run", unable)

    assert check_drift() == Check("drift", False, "no traffic with drift none: error: no rows")


@pytest.mark.parametrize("main", [verify_environment.main, integration.main])
def test_what_was_edited_past_its_records_is_not_asked(
    main: Callable[[], None], strict: Strict, tmp_path: Path
) -> None:
    tree = tmp_path / "by hand"
    git(Path(), "worktree", "add", "--quiet", str(tree), "gitops")
    (tree / "dev/toy/values.yaml").write_text("replicas: 99\n")
    git(tree, "commit", "--quiet", "--all", "--message", "More of them")

    with pytest.raises(UserError, match="dev/toy: was edited past its records"):
        main()

    assert [record["action"] for record in records("dev")] == ["deploy"]
