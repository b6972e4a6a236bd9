"""What is signed and sent is what was made last, and of a model that passed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.push import main as push_main
from delivery.sign import main as sign_main
from project.dvc_lock import content_md5
from project.files import read_json, write_json

from .conftest import PROJECT, record

REASON = "rmse is 2.0, must be at most 1.0"
SETTINGS: dict[str, Any] = {"project": PROJECT, "seed": 42, "model": {"depth": 3}}


@pytest.fixture
def made(package: Path) -> Path:
    """Return dist/ with what it was made from, all of which dvc.lock records."""
    write_json(Path("reports/evaluation.json"), {"verdict": "passed", "reasons": []})
    Path("models").mkdir()
    Path("models/model.onnx").write_bytes(b"graph")
    Path("params.yaml").write_text(yaml.safe_dump(SETTINGS))
    record()
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    deps = ("reports/evaluation.json", "models/model.onnx")
    lock["stages"]["package"] |= {
        "deps": [{"path": path, "md5": content_md5(Path(path))} for path in deps],
        "params": {"params.yaml": SETTINGS},
    }
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    return package


def refuse() -> None:
    write_json(Path("reports/evaluation.json"), {"verdict": "refused", "reasons": [REASON]})
    Path("models/model.onnx").write_bytes(b"another graph")


def judge_another() -> None:
    write_json(Path("reports/evaluation.json"), {"verdict": "passed", "reasons": [], "rows": 2})


def lose_the_verdict() -> None:
    Path("reports/evaluation.json").unlink()


def train_another() -> None:
    Path("models/model.onnx").write_bytes(b"another graph")


def change_a_setting() -> None:
    settings = SETTINGS | {"model": {"depth": 4}}
    Path("params.yaml").write_text(yaml.safe_dump(settings))


def change_the_package() -> None:
    manifest = read_json(Path("dist/manifest.json"))
    write_json(Path("dist/manifest.json"), manifest | {"more": 1})


MEND = "; type: make repro"
OUTDATED = {
    "refused since": (
        refuse,
        f"dist/: holds the model before the last one, which was refused: {REASON}; "
        "make repro with another model or setting",
    ),
    "judged anew since": (
        judge_another,
        f"reports/evaluation.json: not what dist/ was made from{MEND}",
    ),
    "without a verdict": (
        lose_the_verdict,
        f"reports/evaluation.json: not what dist/ was made from{MEND}",
    ),
    "trained since": (train_another, f"models/model.onnx: not what dist/ was made from{MEND}"),
    "other settings": (
        change_a_setting,
        f"params.yaml: model has changed since dist/ was made{MEND}",
    ),
    "another dist": (
        change_the_package,
        f"dist/manifest.json: not what dvc.lock records for stage package{MEND}",
    ),
}


@pytest.mark.parametrize("case", OUTDATED)
def test_what_is_not_of_the_last_run_is_not_sent(
    case: str, made: Path, refusal: Callable[..., str]
) -> None:
    push_main()
    outdate, told = OUTDATED[case]
    outdate()

    assert refusal(push_main) == f"error: {told}"


@pytest.mark.parametrize("case", ["refused since", "trained since"])
def test_what_is_not_of_the_last_run_is_not_signed(
    case: str, made: Path, refusal: Callable[..., str]
) -> None:
    outdate, told = OUTDATED[case]
    outdate()

    assert refusal(sign_main) == f"error: {told}"
    assert not (made / "signature.json").exists()


def test_a_signed_package_may_go_to_another_place(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push_main()
    lock = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(lock.replace("registry: local", "registry: ghcr.io/team"))

    push_main()

    assert "(all was there)" in capsys.readouterr().out


def test_a_clone_that_has_pulled_the_package_alone_may_send_it(made: Path) -> None:
    sign_main()
    Path("models/model.onnx").unlink()

    push_main()
