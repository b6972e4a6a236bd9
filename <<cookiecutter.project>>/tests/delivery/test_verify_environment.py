"""What answers as it should is verified; each way in which it may not is told and kept."""

import json
import math
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from delivery import checks
from delivery.canary import main as canary
from delivery.deploy import main as deploying
from delivery.environments import load_environment
from delivery.package import read_package
from delivery.protocol_checks import infer_request, read_answer
from delivery.rollback import main as rollback
from delivery.state.store import StateStore
from delivery.verify_environment import main, verify_environment
from project.errors import UserError
from project.files import read_json

from ..local_server import LocalHandler, LocalServer, running
from .deployable import edit_environment, records, train
from .state.conftest import git, own_settings
from .test_deploy import Deploy, deploy, trained

__all__ = ["deploy", "own_settings", "trained"]
HOOK = "SLIPWAY_WEBHOOK"
KNOWN = {"wait_seconds": 0, "p99_milliseconds": 2000.0, "rollback": False}


@dataclass
class Small:
    """A service as small as it can be, and in what it differs from what it should be."""

    digest: str = ""
    ready: int = 200
    prediction: float = 2.0
    seconds: float = 0.0
    gauges: dict[str, float] = field(default_factory=lambda: {"rmse": 1.0, "mae": 1.0, "r2": 1.0})
    told: list[str] = field(default_factory=list)
    hook: int = 200
    url: str = ""
    inputs: tuple[str, ...] = ("size",)
    config: int = 200

    def answer(self, path: str, body: bytes) -> tuple[int, str]:
        if path == "/hook":
            self.told.append(json.loads(body)["text"])
            return self.hook, "ok"
        if path in ("/readyz", "/v2/health/ready", "/v2/models/toy/ready"):
            return self.ready, "{}"
        if path == "/v2/models/toy":
            inputs = [{"name": name, "datatype": "FP32"} for name in self.inputs]
            return 200, json.dumps({"name": "toy", "inputs": inputs})
        if path == "/v2/models/toy/config":
            told = {"parameters": {"digest": {"string_value": self.digest}}}
            return self.config, json.dumps(told if self.config == 200 else {})
        if path == "/metrics":
            lines = (
                f'# TYPE model_{name} gauge\nmodel_{name}{{model_digest="{self.digest}"}} {value}'
                for name, value in self.gauges.items()
            )
            return 200, "\n".join([*lines, ""])
        time.sleep(self.seconds)
        if path == "/v2/models/toy/infer":
            head, _, tensor = body.partition(b"}]}")
            assert struct.unpack("<f", tensor) == (1.0,), head
            return 200, json.dumps({"outputs": [{"name": "prediction", "data": [self.prediction]}]})
        answers = [{"prediction": self.prediction}]
        return 200, json.dumps({"predictions": answers, "model": {"digest": self.digest}})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """Serve what a test may change; few requests tell how long one takes."""
    monkeypatch.setattr(checks, "REQUESTS", 20)
    small = Small()

    class Handler(LocalHandler):
        def asked(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, text = small.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = asked  # noqa: N815

    server = LocalServer(Handler)
    small.url = f"http://{server.host}"
    with running(server):
        yield small


@pytest.fixture
def deployed(
    deploy: Deploy, service: Small, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Return a function that deploys to dev, and lets the service be what was deployed."""

    def run(bias: float = 1.0, runtime: str = "bento", **verification: Any) -> None:
        edit_environment(
            "dev",
            verification=KNOWN | verification,
            notify={"webhook": HOOK},
            values={"runtime": runtime},
        )
        train(bias)
        deploy(SLIPWAY_WEBHOOK=f"{service.url}/hook")
        service.digest = read_json(Path("dist/manifest.json"))["digests"]["model"]
        monkeypatch.setenv("URL", service.url)

    return run


def test_what_answers_as_it_should_is_verified(
    deployed: Callable[..., None], service: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(floors={"rmse": 1.5, "r2": 0.5, "accuracy": 0.9})
    main()

    assert "in dev is verified (running)" in capsys.readouterr().out
    first, note = records("dev")
    assert (note["action"], note["replaced"]) == ("verify", first["id"])
    assert note["verification"]["passed"] is True
    assert note["verification"]["target"] == "running"
    found = StateStore.open().current("dev", "toy")
    assert found
    assert found.verified
    assert [line.split(" ")[0] for line in service.told] == ["dev", "toy"]


WRONG = [
    ("bento", "ready", 503, {}, "ready: /readyz answered 503"),
    ("bento", "digest", "sha256:other", {}, "digest: it runs sha256:other, expected sha256:"),
    ("bento", "prediction", 2.1, {}, "golden: golden row 0: {'prediction': 2.1}, expected"),
    ("bento", "seconds", 0.02, {"p99_milliseconds": 5.0}, "p99: p99 is "),
    ("bento", "gauges", {"rmse": 1.0}, {}, "metrics: /metrics has no gauge of mae, r2"),
    ("bento", "gauges", None, {"floors": {"r2": 1.5}}, "metrics: r2 is 1, must be at least 1.5"),
    ("bento", "gauges", None, {"floors": {"rmse": 0.5}}, "metrics: rmse is 1, must be at most 0.5"),
    ("bento", "url", "http://127.0.0.1:9", {}, "answers: nobody listens at http://127.0.0.1:9"),
    ("kserve", "ready", 503, {}, "ready: /v2/health/ready answered 503"),
    ("kserve", "digest", "sha256:other", {}, "digest: it runs sha256:other, expected sha256:"),
    ("kserve", "prediction", 2.1, {}, "golden: golden row 0: {'prediction': 2.1}, expected"),
    ("kserve", "inputs", ("area",), {}, "golden: its inputs are area, expected size"),
    ("kserve", "config", 500, {}, "answers: http://127.0.0.1:"),
    ("kserve", "seconds", 0.02, {"p99_milliseconds": 5.0}, "p99: p99 is "),
]


@pytest.mark.parametrize(("runtime", "what", "value", "settings", "said"), WRONG)
def test_what_does_not_answer_as_it_should_is_told(
    trained: str,
    service: Small,
    runtime: str,
    what: str,
    value: Any,
    settings: dict[str, Any],
    said: str,
) -> None:
    package, environment = read_package(), load_environment("dev")
    wanted = environment.verification.model_copy(update=KNOWN | settings)
    service.digest = package.digests["model"]
    if value is not None:
        setattr(service, what, value)

    result = verify_environment(
        package, service.url, runtime, environment.model_copy(update={"verification": wanted})
    )

    assert result["passed"] is False
    last = result["checks"][-1]
    assert (last["passed"], f"{last['id']}: {last['said']}"[: len(said)]) == (False, said)


@pytest.mark.parametrize("runtime", ["bento", "kserve"])
def test_a_failure_is_told_and_kept(
    deployed: Callable[..., None], service: Small, runtime: str
) -> None:
    deployed(runtime=runtime)
    service.ready = 503
    with pytest.raises(UserError, match=r"in dev failed: ready: /.* answered 503") as failed:
        main()

    note = records("dev")[-1]["verification"]
    assert (note["passed"], note["checks"][-1]["passed"]) == (False, False)
    assert service.told[-1] == str(failed.value)


def test_what_kserve_runs_is_asked_by_its_protocol(
    deployed: Callable[..., None], service: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(runtime="kserve")
    main()
    note = records("dev")[-1]["verification"]
    asked = [check["id"] for check in note["checks"]]
    assert (note["passed"], note["target"]) == (True, "running")
    assert asked == ["ready", "ready", "digest", "golden", "p99"]

    service.config = 404
    main()
    assert "digest: not told by this server; the golden rows have to" in capsys.readouterr().out


def test_missing_values_go_as_the_graph_has_them() -> None:
    rows = [{"size": 1.5, "new": True, "colour": "grün"}, dict.fromkeys(("size", "new", "colour"))]
    body, headers = infer_request(rows, {"size": "FP32", "new": "FP32", "colour": "BYTES"})
    length = int(headers["Inference-Header-Content-Length"])
    inputs = json.loads(body[:length])["inputs"]
    sizes = [put["parameters"]["binary_data_size"] for put in inputs]
    assert sizes == [8, 8, 4 + 5 + 4]
    numbers = struct.unpack("<4f", body[length : length + 16])
    assert numbers[::2] == (1.5, 1.0)
    assert all(math.isnan(number) for number in numbers[1::2])
    assert body[length + 16 :] == b"\x05\0\0\0gr\xc3\xbcn\0\0\0\0"


def test_the_shares_of_classes_are_read_row_by_row() -> None:
    outputs = [{"label": "b", "probabilities": {"a": 0.25, "b": 0.75}}] * 2
    tensors = [
        {"name": "probabilities", "data": [0.25, 0.75, 0.25, 0.75]},
        {"name": "label", "data": ["b", "b"]},
    ]
    assert read_answer({"outputs": tensors}, {"outputs": outputs}) == outputs


def test_it_tries_again_for_some_time(deployed: Callable[..., None], service: Small) -> None:
    deployed(wait_seconds=30, interval_seconds=0.2)
    service.ready = 503
    Thread(target=lambda: (time.sleep(0.5), setattr(service, "ready", 200))).start()
    main()
    assert records("dev")[-1]["verification"]["passed"] is True


def test_a_failure_rolls_back_where_the_environment_says_so(
    deployed: Callable[..., None], service: Small
) -> None:
    deployed(2.0, rollback=True)
    deployed(1.0, rollback=True)
    service.ready = 503
    with pytest.raises(UserError, match="answered 503; dev is back at toy "):
        main()

    first, second, note, back = records("dev")
    assert (note["action"], note["replaced"]) == ("verify", second["id"])
    assert (back["action"], back["digest"]) == ("rollback", first["digest"])
    assert "ready: /readyz answered 503" in back["reason"]
    with pytest.raises(UserError, match="not rolled back: dev/toy: nothing ran there before"):
        main()


def test_of_a_canary_the_candidate_is_verified_and_a_failure_aborts_it(
    deployed: Callable[..., None], service: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(2.0, rollback=True)
    extras = {"route": {"enabled": True}, "monitoring": {"enabled": True}}
    edit_environment("dev", values=extras | {"canary": {"enabled": True}})
    deploying()
    candidate = train(1.0)
    monkeypatch.setenv("WEIGHT", "20")
    canary()
    assert service.told[-1].startswith(f"dev gives toy {candidate[7:19]} 20% of its requests (")
    service.digest = read_json(Path("dist/manifest.json"))["digests"]["model"]
    main()
    assert f"toy {candidate[7:19]} in dev, a canary, is verified" in service.told[-1]
    note = records("dev")[-1]
    assert (note["digest"], note["verification"]["passed"]) == (candidate, True)

    service.ready = 503
    with pytest.raises(UserError, match="answered 503; dev is back at toy "):
        main()
    assert [each["action"] for each in records("dev")[-2:]] == ["verify", "abort"]


def test_a_rollback_and_a_refusal_are_told(
    deployed: Callable[..., None], service: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(2.0)
    deployed(1.0)
    monkeypatch.setenv("REASON", "errors")
    rollback()
    assert service.told[-1].startswith("dev is back at toy ")
    assert service.told[-1].endswith(": errors")
    with pytest.raises(UserError, match="rolled_back: "):
        deploying()
    assert service.told[-1].startswith("dev refuses toy ")


def test_what_is_refused_after_its_gates_is_told(
    deployed: Callable[..., None], service: Small
) -> None:
    deployed(2.0)
    candidate = train(1.0)
    git(Path(), "worktree", "add", "--quiet", "build/tree", "gitops")
    with pytest.raises(UserError, match="has gitops checked out; switch to another branch"):
        deploying()
    asked = f"toy {candidate[7:19]} asks to enter dev, in vain: "
    assert service.told[-1].startswith(asked)
    assert service.told[-1].endswith("has gitops checked out; switch to another branch")


def test_a_webhook_that_fails_is_told_and_stops_nothing(
    deployed: Callable[..., None], service: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed()
    service.hook = 500
    main()
    assert f"warning: {HOOK}: nobody was told: it answered 500" in capsys.readouterr().err
