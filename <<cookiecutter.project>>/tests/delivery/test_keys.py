import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.keys import main, make_keys, refuse_unlike_keys
from project.errors import UserError

PRIVATE, PUBLIC = Path("keys/signing.key"), Path("keys/signing.pub")
GITIGNORE = Path(__file__).parents[2] / ".gitignore"


def test_the_private_key_is_its_owners_alone(folder: Path) -> None:
    before = os.umask(0)  # which would let others write
    make_keys()
    os.umask(before)

    assert stat.S_IMODE(PRIVATE.stat().st_mode) == 0o600
    assert PUBLIC.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    refuse_unlike_keys()


def test_git_keeps_the_public_key_alone(folder: Path) -> None:
    make_keys()
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text(GITIGNORE.read_text())

    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], capture_output=True, text=True
    )

    assert "keys/signing.pub" in listed.stdout
    assert "signing.key" not in listed.stdout


@pytest.mark.parametrize("kept", [PRIVATE, PUBLIC])
def test_a_key_is_never_overwritten(folder: Path, kept: Path, refusal: Callable[..., str]) -> None:
    make_keys()
    ({PRIVATE, PUBLIC} - {kept}).pop().unlink()

    assert refusal(main).startswith(f"error: {kept}: there is a key already")


def test_without_a_key_one_is_told_to_make_it(folder: Path) -> None:
    with pytest.raises(UserError, match=r"keys/signing.key: no such file.*type: make keys"):
        refuse_unlike_keys()


def test_a_public_key_of_another_pair_is_refused(folder: Path) -> None:
    make_keys()
    other = PUBLIC.read_bytes()
    PRIVATE.unlink()
    PUBLIC.unlink()
    make_keys()
    PUBLIC.write_bytes(other)

    with pytest.raises(UserError, match=r"signing.pub: not the public key of keys/signing.key"):
        refuse_unlike_keys()


def test_what_is_no_private_key_is_refused(folder: Path) -> None:
    make_keys()
    PRIVATE.write_text("-----BEGIN NONSENSE-----")

    with pytest.raises(UserError, match=r"keys/signing.key: not a private key"):
        refuse_unlike_keys()
