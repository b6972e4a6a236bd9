"""A package that is not what was signed is refused, with the name of the file."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from delivery.keys import make_keys
from delivery.sign import main as sign_main
from delivery.sign import sign_package, signed_package
from delivery.signature import sign
from delivery.verify import main, verify_package
from project.errors import UserError
from project.files import read_json, write_json

from .conftest import Make

Refusal = Callable[..., str]
DIST = Path("dist")


def change(path: str) -> None:
    with (DIST / path).open("ab") as file:
        file.write(b" ")


def sign_with_other_key() -> None:
    shutil.move("keys", "other")
    make_keys()
    sign(DIST, Path("keys/signing.key"))
    shutil.rmtree("keys")
    shutil.move("other", "keys")


def name_another_digest() -> None:
    provenance = read_json(DIST / "provenance.json")
    provenance["subject"][0]["digest"]["sha256"] = "0" * 64
    write_json(DIST / "provenance.json", provenance)
    sign(DIST, Path("keys/signing.key"))


def damage_signature() -> None:
    bundle = read_json(DIST / "signature.json")
    envelope = bundle["dsseEnvelope"]
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["predicate"]["resources"].pop()
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    write_json(DIST / "signature.json", bundle)


def sign_without_provenance() -> None:
    (DIST / "provenance.json").unlink()
    sign(DIST, Path("keys/signing.key"))


# What is done to a package that is signed, and what is said of it.
DAMAGES = {
    "changed": (lambda: change("bento/src/model.onnx"), "dist/bento/src/model.onnx: was changed"),
    "changed, known to git": (lambda: change("bento/.gitignore"), "dist/bento/.gitignore: was ch"),
    "emptied": (lambda: (DIST / "bento/bento.yaml").write_text(""), "dist/bento/bento.yaml: was c"),
    "added": (lambda: (DIST / "bento/new.py").touch(), "dist/bento/new.py: was added"),
    "added, unseen by git": (lambda: (DIST / ".gitignore").touch(), "dist/.gitignore: was added"),
    "missing": (lambda: (DIST / "bento/bento.yaml").unlink(), "dist/bento/bento.yaml: is missing"),
    "another key": (
        sign_with_other_key,
        "dist/signature.json: was made with another key than keys/",
    ),
    "a damaged signature": (damage_signature, "dist/signature.json: was changed after it was made"),
    "no signature": (
        lambda: (DIST / "signature.json").unlink(),
        "dist/signature.json: no such file",
    ),
    "nonsense": (
        lambda: (DIST / "signature.json").write_text("[]"),
        "dist/signature.json: not a sig",
    ),
    "no provenance": (sign_without_provenance, "dist/provenance.json: no such file"),
    "another provenance": (name_another_digest, "dist/provenance.json: is about another modelcar"),
    "no SBOM": (lambda: (DIST / "sbom.json").unlink(), "dist/sbom.json: no such file"),
    "no manifest": (lambda: (DIST / "manifest.json").unlink(), "dist/manifest.json: no such file"),
    "another image": (
        lambda: change("modelcar/index.json"),
        "dist/modelcar/index.json: was changed",
    ),
    "no image": (
        lambda: (DIST / "modelcar/index.json").unlink(),
        "dist/modelcar: no OCI image lay",
    ),
    "no public key": (lambda: Path("keys/signing.pub").unlink(), "keys/signing.pub: no such file"),
}


def test_a_signed_package_is_verified(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sign_main()
    main()

    digest = read_json(DIST / "manifest.json")["digests"]["modelcar"]
    said = capsys.readouterr().out
    assert f"signed {digest} (dist/signature.json)" in said
    assert said.endswith(f"each as signed with the key of keys/signing.pub\n{digest}\n")


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damage_is_told_with_the_files_name(
    package: Path, refusal: Refusal, damage: Callable[[], object], said: str
) -> None:
    sign_package()
    damage()

    assert refusal(main).startswith(f"error: {said}")


def test_a_package_that_is_newer_than_its_signature_is_told_so(
    package: Path, make_package: Make, refusal: Refusal
) -> None:
    sign_package()
    signature = (DIST / "signature.json").read_bytes()
    shutil.rmtree(DIST)
    make_package(b"another")
    for name, content in (("signature.json", signature), ("provenance.json", b"{}")):
        (DIST / name).write_bytes(content)

    assert refusal(main) == (
        "error: dist/: is newer than its signature, which is of another run; type: make sign"
    )


def test_a_link_out_of_the_package_is_refused(package: Path, refusal: Refusal) -> None:
    sign_package()
    path = DIST / "bento/bento.yaml"
    path.rename("elsewhere")
    path.symlink_to(Path("elsewhere").resolve())

    assert refusal(main).startswith("error: dist/bento/bento.yaml: is a link")


def test_the_provenance_is_a_statement_of_slsa(package: Path) -> None:
    sign_package()

    found = read_json(DIST / "provenance.json")
    Statement.copy_from_pb(json_format.ParseDict(found, StatementMessage())).validate()
    json_format.ParseDict(found["predicate"], Provenance())
    definition = found["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["params.yaml"]["seed"] == 42
    assert [entry["name"] for entry in definition["resolvedDependencies"]] == [
        "source",
        "dvc.lock",
        "dataset",
        "parameters",
    ]


def test_nothing_is_signed_that_the_pipeline_did_not_make(package: Path) -> None:
    change("bento/bento.yaml")

    with pytest.raises(UserError, match=r"dist/bento: not what dvc.lock records"):
        sign_package()


def test_nothing_is_signed_that_is_not_of_the_package(package: Path) -> None:
    (DIST / "notes.txt").touch()

    with pytest.raises(UserError, match=r"dist/notes.txt: not of the package; take it away"):
        sign_package()


def test_links_into_the_cache_of_dvc_are_not_signed(package: Path) -> None:
    path = DIST / "bento/bento.yaml"
    path.rename("cached")
    path.symlink_to(Path("cached").resolve())

    with pytest.raises(UserError, match=r"dist/bento/bento.yaml: a link into DVC's cache"):
        sign_package()


@pytest.mark.parametrize("text", ["", "[]", '{"digests": {}}', '{"digests": {"model": "x"}}'])
def test_a_manifest_that_the_stage_did_not_write_is_refused(package: Path, text: str) -> None:
    (DIST / "manifest.json").write_text(text)

    with pytest.raises(UserError, match=r"^dist/manifest.json: not what the package stage writes"):
        sign_package()


def test_what_is_signed_is_left_and_what_is_not_is_signed(package: Path) -> None:
    signed_package()
    first = (DIST / "signature.json").read_bytes()

    signed_package()
    assert (DIST / "signature.json").read_bytes() == first

    sign_with_other_key()
    signed_package()
    verify_package()
