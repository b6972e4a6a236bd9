"""One layer per file, in the folder layout of the runtime, and always the same bytes."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from onnx import ModelProto, helper

from pipeline.model_repository import model_repository
from pipeline.modelcar import DIGEST, PATH, write_modelcar
from pipeline.subject import Subject
from project import oci
from project.errors import UserError
from project.files import content_sha256

LABELS = {"org.opencontainers.image.title": "houses", "io.slipway.task": "regression"}
SHELL = b"#!/bin/true"


@pytest.fixture
def numbers(subject: Subject) -> Subject:
    """Return a model that takes numbers alone."""
    graph = ModelProto()
    graph.CopyFrom(subject.graph)
    del graph.graph.input[1]
    return replace(subject, graph=graph)


@pytest.fixture
def shell(folder: Path) -> str:
    """Make an image with a shell, as `skopeo copy` would, and return its name."""
    layout = Path("busybox")
    oci.create_layout(layout)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo("bin/sh")
        entry.size, entry.mode = len(SHELL), 0o755
        archive.addfile(entry, io.BytesIO(SHELL))
    layer = oci.write_blob(layout, tar.getvalue(), oci.LAYER_TYPE)
    config = {
        "architecture": "arm64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin"], "Labels": {"from": "busybox"}},
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        "history": [{"created_by": "busybox"}],
    }
    manifest = {
        "schemaVersion": 2,
        "config": oci.write_blob(layout, oci.canonical(config), oci.CONFIG_TYPE).to_json(),
        "layers": [layer.to_json()],
    }
    written = oci.write_blob(layout, oci.canonical(manifest), oci.MANIFEST_TYPE)
    several = {"manifests": [written.to_json()]}
    index = oci.write_blob(layout, oci.canonical(several), oci.INDEX_TYPE)
    oci.write_index(layout, [index])
    Path("index").write_text(index.digest)
    return f"busybox@{written.digest}"


def test_triton_finds_the_model_in_a_folder_of_its_name(subject: Subject) -> None:
    files, digest = model_repository(subject, "triton"), subject.model_digest

    assert files["houses/1/model.onnx"] == subject.model
    assert files["houses/config.pbtxt"] == (
        b'name: "houses"\n'
        b'backend: "onnxruntime"\n'
        b"max_batch_size: 0\n"
        b'input { name: "size" data_type: TYPE_FP32 dims: [ -1, 1 ] }\n'
        b'input { name: "colour" data_type: TYPE_STRING dims: [ -1, 1 ] }\n'
        b'output { name: "prediction" data_type: TYPE_FP32 dims: [ -1, 1 ] }\n'
        + f'parameters {{ key: "digest" value: {{ string_value: "{digest}" }} }}\n'.encode()
    )


def test_openvino_finds_the_model_in_a_folder_of_its_version(numbers: Subject) -> None:
    assert model_repository(numbers, "openvino") == {"1/model.onnx": numbers.model}


def test_what_openvino_cannot_run_is_refused(subject: Subject, numbers: Subject) -> None:
    forest = helper.make_node("TreeEnsembleRegressor", ["size"], ["p"], domain="ai.onnx.ml")
    numbers.graph.graph.node.append(forest)

    for refused, what in (
        (subject, "input 'colour' is of strings"),
        (numbers, "operator ai.onnx.ml.TreeEnsembleRegressor"),
    ):
        with pytest.raises(UserError) as error:
            model_repository(refused, "openvino")
        assert str(error.value) == (
            f"model.onnx: {what}: OpenVINO has none; choose package.runtime: triton"
        )
        assert model_repository(refused, "triton")


def test_each_file_is_a_layer_that_anyone_can_read(subject: Subject) -> None:
    layout = Path("modelcar")
    files = model_repository(subject, "triton")

    written = write_modelcar(layout, files, LABELS, "scratch")

    assert oci.only_manifest(layout).digest == written.digest
    manifest = oci.read_manifest(layout, written)
    layers = [oci.Descriptor.from_json(layer) for layer in manifest["layers"]]
    assert [layer.annotations[PATH] for layer in layers] == [
        "/models/houses/1/model.onnx",
        "/models/houses/config.pbtxt",
    ]
    assert layers[0].annotations[DIGEST] == subject.model_digest
    content, entries = unpacked(layout, layers[0])
    assert content == subject.model.read_bytes()
    assert [(entry.name, oct(entry.mode), entry.isdir()) for entry in entries] == [
        ("models", "0o755", True),
        ("models/houses", "0o755", True),
        ("models/houses/1", "0o755", True),
        ("models/houses/1/model.onnx", "0o644", False),
    ]
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname) for e in entries} == {(0, 0, 0, "", "")}


def test_labels_stand_in_the_config_and_in_the_manifest(subject: Subject) -> None:
    written = write_modelcar(Path("car"), model_repository(subject, "triton"), LABELS, "scratch")

    manifest = oci.read_manifest(Path("car"), written)
    config = oci.read_manifest(Path("car"), oci.Descriptor.from_json(manifest["config"]))
    assert manifest["annotations"] == LABELS
    assert config["config"] == {"Labels": LABELS}
    assert "created" not in config
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]


def test_the_same_files_give_the_same_bytes(subject: Subject) -> None:
    files = model_repository(subject, "triton") | {"README.md": b"# Houses"}
    backwards = dict(reversed(files.items()))

    for name, order in (("one", files), ("two", backwards)):
        Path(name).mkdir()
        write_modelcar(Path(name), order, LABELS, "scratch")
        subject.model.touch()

    assert content_sha256(Path("one")) == content_sha256(Path("two"))


def test_a_base_with_a_shell_comes_first_and_keeps_its_config(numbers: Subject, shell: str) -> None:
    layout = Path("modelcar")

    written = write_modelcar(layout, model_repository(numbers, "openvino"), LABELS, shell)

    manifest = oci.read_manifest(layout, written)
    config = oci.read_manifest(layout, oci.Descriptor.from_json(manifest["config"]))
    content, _ = unpacked(layout, oci.Descriptor.from_json(manifest["layers"][0]))
    assert content == SHELL
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == 2
    assert config["architecture"] == "arm64"
    assert config["config"] == {"Env": ["PATH=/bin"], "Labels": {"from": "busybox"} | LABELS}
    assert "created" not in config


BASES: dict[str, tuple[Callable[[str], str], str]] = {
    "no layout": (lambda shell: shell.replace("busybox", "elsewhere"), "no OCI image layout"),
    "no image in it": (lambda _: f"busybox@sha256:{'0' * 64}", "no such blob"),
    "images for several machines": (
        lambda _: f"busybox@{Path('index').read_text()}",
        "is no image for one machine; name one that it lists",
    ),
    "a layer that is missing": (lambda shell: without_layers(shell), "no such layer in busybox"),
    "a layer that was changed": (
        lambda shell: without_layers(shell, b"changed"),
        "has another content than its name says",
    ),
}


@pytest.mark.parametrize("case", BASES)
def test_a_base_is_refused(case: str, subject: Subject, shell: str) -> None:
    change, words = BASES[case]

    with pytest.raises(UserError, match=words) as refused:
        write_modelcar(Path("car"), {"1/model.onnx": subject.model}, LABELS, change(shell))

    assert str(refused.value).startswith("package.base: ")


def without_layers(shell: str, content: bytes | None = None) -> str:
    """Take the base's layer away, or write something else in its place."""
    layout, _, digest = shell.partition("@")
    manifest = oci.read_manifest(Path(layout), oci.Descriptor(oci.MANIFEST_TYPE, digest, 0))
    for layer in manifest["layers"]:
        path = oci.blob_path(Path(layout), layer["digest"])
        path.unlink()
        if content:
            path.write_bytes(content)
    return shell


def unpacked(layout: Path, layer: oci.Descriptor) -> tuple[bytes, list[tarfile.TarInfo]]:
    """Return the file in a layer, and all entries."""
    with tarfile.open(fileobj=io.BytesIO(oci.read_blob(layout, layer))) as archive:
        entries = archive.getmembers()
        file = archive.extractfile(entries[-1])
        assert file
        return file.read(), entries
