"""A workflow's own signature is of the same files as ours; a release names what was signed."""

import os
from pathlib import Path

import pytest

from delivery import keyless, release
from delivery.push import push_package
from delivery.registry.choice import open_registry
from delivery.sign import sign_package
from delivery.signature import signed_files
from delivery.verify import verify_package
from project.errors import UserError
from project.git import git

from ..conftest import Once
from .deployable import make_project, train

#: Signs by writing down what it was given and who it is, and verifies by comparing.
COSIGN = """#!/bin/sh
for last; do :; done
sum=$(sha256sum "$last" | cut -d' ' -f1)
while [ $# -gt 0 ]; do
  case $1 in
    sign-blob|verify-blob) verb=$1 ;;
    --bundle) bundle=$2 ;;
    --certificate-identity-regexp) wanted=$2 ;;
  esac
  shift
done
if [ $verb = sign-blob ]; then echo "$WHO $sum" > "$bundle"; exit; fi
read who signed < "$bundle"
[ "$signed" = "$sum" ] || { echo "Error: invalid signature" >&2; exit 1; }
echo "$who" | grep -Eq "$wanted" || { echo "Error: other identity: $who" >&2; exit 1; }
"""
GH = '#!/bin/sh\necho "$@" >> "$TOLD"\n'
DELIVER = "https://github.com/team/toy/.github/workflows/deliver.yml@refs/heads/main"


@pytest.fixture(autouse=True)
def digest(tmp_path: Path, once: Once, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stand in a project that has pushed a package, with cosign and gh on the path."""
    programs = tmp_path / "programs"
    for name, text in (("cosign", COSIGN), ("gh", GH)):
        programs.mkdir(exist_ok=True)
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WHO", DELIVER)
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/toy")
    for name in ("DIGEST", "IDENTITY", "TAG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    once("pushed", make_pushed)
    return verify_package().digest


def make_pushed() -> None:
    make_project()
    train(0.0)
    push_package(open_registry(), verify_package())


def verified(digest: str, monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    for name, value in (given | {"DIGEST": digest}).items():
        monkeypatch.setenv(name, value)
    keyless.main()


def test_what_a_workflow_signed_is_verified_by_its_identity(
    digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless.main()

    verified(digest, monkeypatch)
    verified(digest, monkeypatch, IDENTITY="^https://github.com/team/toy/")
    with pytest.raises(UserError, match=f"cosign verify-blob: Error: other identity: {DELIVER}"):
        verified(digest, monkeypatch, IDENTITY="^https://github.com/other/")


@pytest.mark.parametrize(
    "who",
    [
        DELIVER.replace("main", "try"),
        DELIVER.replace("main", "main-2"),
        DELIVER.replace("heads/main", "pull/7/merge"),
        DELIVER.replace("deliver.yml", "other.yml"),
    ],
)
def test_a_workflow_that_anybody_may_change_is_not_believed(
    who: str, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", who)
    keyless.main()

    with pytest.raises(UserError, match="other identity"):
        verified(digest, monkeypatch)


def test_the_list_is_of_the_files_that_make_sign_signs(digest: str) -> None:
    signed = signed_files(Path("dist/signature.json").read_bytes())
    listed = keyless.listed_files(verify_package()).decode().splitlines()

    assert [line.split("  ")[1] for line in listed] == sorted(signed)
    Path("SHA256SUMS").write_text("\n".join([*listed, ""]))
    assert os.system("cd dist && sha256sum --quiet --check ../SHA256SUMS") == 0


def test_what_no_workflow_signed_is_refused(digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no workflow has signed it"):
        verified(digest, monkeypatch)


def test_a_signature_of_other_files_is_refused(
    digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless.main()
    git("commit", "--quiet", "--allow-empty", "-m", "Later")
    sign_package()  # whose provenance names another commit
    push_package(open_registry(), verify_package())
    for left in Path("build/pulled").glob("*/*"):
        left.unlink() if left.is_file() else None

    with pytest.raises(UserError, match="a keyless signature is of other files"):
        verified(digest, monkeypatch)


def test_without_cosign_it_is_one_line(digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyless.shutil, "which", lambda name: None)

    with pytest.raises(UserError, match="cosign: not installed"):
        keyless.main()


def test_who_may_have_signed_must_be_said(digest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY")

    with pytest.raises(UserError, match="IDENTITY: who may have signed"):
        verified(digest, monkeypatch)


def test_a_release_has_the_card_and_what_proves_it(
    digest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git("tag", "v1.0.0")
    monkeypatch.setenv("TAG", "v1.0.0")

    release.main()

    create, upload = Path(os.environ["TOLD"]).read_text().splitlines()
    assert create == (
        "release create v1.0.0 --verify-tag --title toy v1.0.0 --notes-file dist/bento/README.md"
    )
    for name in ("dist/bento/README.md", "dist/sbom.json", "dist/provenance.json"):
        assert name in upload
    assert capsys.readouterr().out == f"released toy v1.0.0: {digest}\n"


@pytest.mark.parametrize("tag", ["", "v9"])
def test_a_release_wants_a_tag_that_is_there(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAG", tag)

    with pytest.raises(UserError, match=f"TAG={tag}: no such tag"):
        release.main()
