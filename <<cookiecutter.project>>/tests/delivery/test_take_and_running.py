"""From environment to environment goes what was built once: the digest, out of the registry."""

import shutil
from pathlib import Path

import pytest

from delivery import deploy, running, take
from delivery.push import push_package
from delivery.registry.choice import open_registry
from delivery.signing_key import main as put_key
from delivery.verify import verify_package
from project.errors import UserError
from project.git import git

from ..conftest import Once
from .conftest import files_below
from .deployable import make_project, train


@pytest.fixture(autouse=True)
def project(folder: Path, once: Once) -> None:
    once("project", make_project)


def test_the_package_is_taken_as_it_was_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = train(0.0)
    push_package(open_registry(), verify_package())
    signed = files_below(Path("dist"))
    shutil.rmtree("dist")
    monkeypatch.setenv("DIGEST", digest)

    take.main()

    assert files_below(Path("dist")) == signed
    assert verify_package().digest == digest


def test_another_package_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    first = train(0.0)
    push_package(open_registry(), verify_package())
    train(1.0)
    monkeypatch.setenv("DIGEST", first)

    take.main()

    assert verify_package().digest == first


def test_a_package_that_is_not_there_leaves_dist_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = train(0.0)
    push_package(open_registry(), verify_package())
    monkeypatch.setenv("DIGEST", f"sha256:{'0' * 64}")

    with pytest.raises(UserError, match="has no package sha256:000"):
        take.main()

    assert verify_package().digest == digest


def test_what_runs_is_handed_on(
    in_process: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest, commit = train(0.0), git("rev-parse", "HEAD")
    monkeypatch.setenv("ENV", "dev")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="dev/toy: nothing runs there"):
        running.main()
    deploy.main()
    capsys.readouterr()

    running.main()

    assert capsys.readouterr().out == f"digest={digest}\ncommit={commit}\nverified=false\n"

    # A branch that does not hold the commit is handed nothing; `make running MERGED_INTO=…`.
    git("branch", "other", git("commit-tree", "HEAD^{tree}", "-m", "Begin elsewhere"))
    for branch, why in (
        ("other", f"dev/toy: was built from {commit[:10]}, which other does not hold"),
        ("nowhere", "MERGED_INTO=nowhere: no such branch here; type: git fetch"),
    ):
        monkeypatch.setenv("MERGED_INTO", branch)
        with pytest.raises(UserError, match=why):
            running.main()
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MERGED_INTO", "HEAD")
    running.main()
    assert capsys.readouterr().out.startswith(f"digest={digest}\n")


def test_a_key_comes_by_a_variable_and_for_its_owner_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Path("keys/signing.key")
    text = key.read_text()
    key.unlink()
    monkeypatch.setenv("SIGNING_KEY", text)

    put_key()

    assert key.read_text() == text
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="there is a key already"):
        put_key()


@pytest.mark.parametrize("text", ["", "  \n", "not a key"])
def test_no_key_or_another_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Path("keys/signing.key")
    key.unlink()
    monkeypatch.setenv("SIGNING_KEY", text)

    with pytest.raises(UserError):
        put_key()

    assert not key.exists()
