"""The package as others meet it: image tools, BentoML in a clean environment, other machines."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.bento import ask, bare, serving
from tests.conftest import run
from tests.projects import dvc, make

FOREST = "model=random_forest"
REFUSED = "evaluation.thresholds.balanced_accuracy=0.9999"
PACKAGE = ["bin/python", "-m", "pipeline.package"]
USER_ID = 1234
CYCLONEDX = "http://cyclonedx.org/schema/"
TRAINING = ("tensorflow", "keras", "sklearn", "skops", "mlflow", "pandas")

Trained = Callable[..., Path]


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark a test that runs programs of the machine's."""
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@needs("skopeo", "umoci")
def test_image_tools_read_the_modelcar(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", FOREST)
    manifest = package_of(project)

    inspected = json.loads(output("skopeo", "inspect", f"oci:{project}/dist/modelcar"))
    files = unpacked(project, tmp_path)

    assert inspected["Digest"] == manifest["digests"]["modelcar"]
    assert manifest["version"] == inspected["Digest"][7:19]
    labels = inspected["Labels"]
    assert labels["io.slipway.model.digest"] == manifest["digests"]["model"]
    assert labels["io.slipway.dataset.digest"] == manifest["digests"]["dataset"]
    assert labels["io.slipway.parameters.digest"] == manifest["digests"]["parameters"]
    assert float(labels["io.slipway.metric.accuracy"]) == manifest["metrics"]["accuracy"]
    assert len(inspected["Layers"]) == len(files) == 5
    assert files["wine-model/1/model.onnx"].read_bytes() == onnx(project)
    assert files["golden.json"].read_bytes() == (project / "reports/golden.json").read_bytes()
    assert "Wine model" in files["README.md"].read_text()
    assert {oct(file.stat().st_mode)[-3:] for file in files.values()} == {"644"}


def test_the_bills_of_materials_are_valid_by_their_schema(trained: Trained) -> None:
    project = trained("made", FOREST)
    (schemas,) = (project / ".venv/lib").glob("python3*/site-packages/cyclonedx/schema/_res")
    known = {path.name: json.loads(path.read_text()) for path in schemas.glob("*.schema.json")}
    resources = [(f"{CYCLONEDX}{name}", DRAFT7.create_resource(of)) for name, of in known.items()]
    validator = jsonschema.Draft7Validator(
        known["bom-1.6.SNAPSHOT.schema.json"], registry=Registry().with_resources(resources)
    )

    for name in ("sbom.json", "model.cdx.json"):
        bill = json.loads((project / "dist" / name).read_text())
        assert [error.message for error in validator.iter_errors(bill)] == []
        bill["components"] = [{"name": "of no type"}]
        assert not validator.is_valid(bill)


@needs("umoci")
def test_triton_would_understand_its_config(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", FOREST)
    files = unpacked(project, tmp_path)

    config = triton_config(project, files["wine-model/config.pbtxt"])

    assert (config["name"], config["backend"]) == ("wine-model", "onnxruntime")
    assert "maxBatchSize" not in config  # 0: shapes are the graph's own
    assert config["input"][0] == {"name": "alcohol", "dataType": "TYPE_FP32", "dims": ["-1", "1"]}
    assert len(config["input"]) == 13
    digest = package_of(project)["digests"]["model"]
    assert config["parameters"] == {"digest": {"stringValue": digest}}
    assert config["output"] == [
        {"name": "label", "dataType": "TYPE_STRING", "dims": ["-1"]},
        {"name": "probabilities", "dataType": "TYPE_FP32", "dims": ["-1", "3"]},
    ]


def test_openvino_is_not_given_what_it_cannot_run(trained: Trained) -> None:
    project = trained("made", FOREST)
    before = written(project)

    refused = make(project, "repro", FOREST, "package.runtime=openvino")

    told = "error: models/model.onnx: operator ai.onnx.ml."
    (line,) = lines(refused.stderr)
    assert line.startswith(told)
    assert line.endswith(": OpenVINO has none; choose package.runtime: triton")
    assert set(written(project)) <= set(before)


@needs("umoci", "busybox", "skopeo")
def test_kserve_can_link_to_the_model_where_the_base_has_a_shell(
    trained: Trained, tmp_path: Path
) -> None:
    project = trained("made", FOREST)
    base = busybox_image(project)
    repackage(project, f"package.base={base}")

    root = unpacked(project, tmp_path)["README.md"].parents[1]

    # KServe runs the first of these in the image, as this user, before it starts the runtime.
    readable = "[ -r /models/wine-model/1/model.onnx ]"
    for command in ('[ -d /models ] && [ "$(ls -A /models)" ]', readable, "sleep 0 && ln --help"):
        in_it = ["chroot", "--userspec=1010:1010", str(root), "/bin/sh", "-c", command]
        done = run(in_it, project)
        assert done.returncode == 0, done.stdout + done.stderr
    inspected = json.loads(output("skopeo", "inspect", f"oci:{project}/dist/modelcar"))
    assert len(inspected["Layers"]) == 6


@needs("faketime", "unshare")
def test_another_clock_user_and_path_give_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", FOREST)
    there = Path(shutil.copytree(project, tmp_path / "another place" / "copy", symlinks=True))
    shutil.rmtree(there / "dist")
    user = {"HOME": str(there), "TZ": "Asia/Tokyo", "LANG": "C", "PYTHONHASHSEED": "7"}
    clock = ["faketime", "2031-05-06 07:08:09"]
    another = ["unshare", "--user", f"--map-user={USER_ID}", f"--map-group={USER_ID}"]
    stage = f"umask 077; id --user; date +%Y; exec {' '.join(PACKAGE)}"

    done = run([*another, *clock, "sh", "-c", stage], there, user)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{USER_ID}\n2031\n")
    assert (there / "dist/bento").stat().st_mode & 0o777 == 0o700
    assert written(there) == written(project)


def test_a_refused_model_is_not_packaged_and_the_last_package_stays(trained: Trained) -> None:
    project = trained("made", FOREST)
    before = written(project)

    make(project, "keys")
    signed = make(project, "sign")
    refused = make(project, "repro", FOREST, REFUSED)
    pushed = make(project, "push")
    bare = dvc(project, "repro")
    left = written(project)
    pushed_after_bare = make(project, "push")
    mended = make(project, "repro", FOREST)
    edit = project / "conf/config.yaml"
    edit.write_text(edit.read_text().replace("max_rows: 1024", "max_rows: 1000"))
    edited = make(project, "push")
    edit = project / "conf/project.yaml"
    edit.write_text(edit.read_text().replace('registry: "local"', 'registry: "localhost:1/team"'))
    moved = make(project, "push")

    told = "error: refused: balanced_accuracy is 0.9815, must be at least 0.9999"
    assert refused.returncode == 2
    assert lines(refused.stderr) == [told]
    assert "Refused" in refused.stdout
    assert bare.returncode != 0
    assert told in bare.stderr
    assert "Traceback" not in refused.stderr + bare.stderr
    assert signed.returncode == 0, signed.stderr
    for said in (pushed, pushed_after_bare):
        assert lines(said.stderr)[0].startswith("error: dist/: holds the model before the last one")
    assert {name: left[name] for name in before} == before
    assert mended.returncode == 0, mended.stderr
    assert lines(edited.stderr)[0].startswith("error: conf: serving has changed since dist/ was ")
    assert lines(moved.stderr) == [
        "error: conf/project.yaml: registry has changed since the last run; "
        f"type: make repro {FOREST}"
    ]
    assert not (project / "registry").exists()
    found = written(project)
    assert {name: found[name] for name in before} == before


def test_a_model_that_is_no_plain_onnx_is_refused_and_nothing_is_written(trained: Trained) -> None:
    project = trained("made", FOREST)
    before = written(project)
    plant = "import onnx; m = onnx.load('models/model.onnx'); m.graph.node[0].domain = 'evil'"
    done = run(["bin/python", "-c", f"{plant}; onnx.save(m, 'models/model.onnx')"], project)
    assert done.returncode == 0, done.stderr

    done = run(PACKAGE, project)

    assert done.returncode == 1
    (line,) = lines(done.stderr)
    assert line.startswith("error: models/model.onnx: operator evil.")
    assert written(project) == before


def test_a_clean_environment_serves_the_bento(
    trained: Trained, clean: Path, tmp_path: Path
) -> None:
    project = trained("made", FOREST)
    golden = json.loads((project / "reports/golden.json").read_text())
    before = written(project)

    installed = output(str(clean / "bin/python"), "-c", INSTALLED)
    with serving(clean, project / "dist/bento", tmp_path) as url:
        answer = ask(f"{url}/predict", golden["inputs"])

    assert not set(json.loads(installed)) & set(TRAINING)
    assert [row["label"] for row in answer["predictions"]] == [
        row["label"] for row in golden["outputs"]
    ]
    assert answer["model"]["digest"] == package_of(project)["digests"]["model"]
    assert written(project) == before


def test_bentoml_takes_the_bento_for_one_of_its_own(trained: Trained, tmp_path: Path) -> None:
    project = trained("made", FOREST)
    manifest = package_of(project)
    tag = f"wine-model:{manifest['digests']['model'][7:19]}"
    shutil.make_archive(str(tmp_path / "wine"), "xztar", project / "dist/bento")
    archive = (tmp_path / "wine.tar.xz").rename(tmp_path / "wine.bento")

    imported = bentoml(project, tmp_path, "import", str(archive))
    got = bentoml(project, tmp_path, "get", tag, "--output", "json")
    exported = bentoml(project, tmp_path, "export", tag, str(tmp_path / "again.bento"))

    assert tag in imported
    described = json.loads(got)
    assert (described["name"], described["service"]) == ("wine-model", "serving.service:Model")
    assert (tmp_path / "again.bento").exists(), exported


PARSED = """
import sys
from pathlib import Path
from google.protobuf import json_format, text_format
sys.path.insert(0, sys.argv[1])
from model_config_pb2 import ModelConfig
print(json_format.MessageToJson(text_format.Parse(Path(sys.argv[2]).read_text(), ModelConfig())))
"""
INSTALLED = """
import json, pkgutil
print(json.dumps([module.name for module in pkgutil.iter_modules()]))
"""


@pytest.fixture
def clean(trained: Trained, tmp_path: Path) -> Path:
    """Make a virtual environment from the Bento's own lock, and nothing else."""
    lock = trained("lock", FOREST) / "dist/bento/env/python/requirements.txt"
    uv = [sys.executable, "-m", "uv"]
    output(*uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "clean"))
    python = str(tmp_path / "clean/bin/python")
    output(*uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock))
    return tmp_path / "clean"


def bentoml(project: Path, home: Path, *arguments: str) -> str:
    command = [str(project / ".venv/bin/python"), "-m", "bentoml", *arguments]
    store = {"BENTOML_HOME": str(home / "store")}
    done = subprocess.run(command, env=bare(home) | store, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def busybox_image(project: Path) -> str:
    """Make an image that holds a shell, by umoci, in the project; return its name."""
    layout, rootfs = project / "busybox", project / "rootfs"
    (rootfs / "bin").mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), rootfs / "bin/busybox")
    for name in ("sh", "ln", "ls", "cat", "sleep"):
        (rootfs / "bin" / name).symlink_to("busybox")
    output("umoci", "init", "--layout", str(layout))
    output("umoci", "new", "--image", f"{layout}:shell")
    output("umoci", "insert", "--rootless", "--image", f"{layout}:shell", str(rootfs), "/")
    digest = output("skopeo", "inspect", "--format", "{{.Digest}}", f"oci:{layout}:shell").strip()
    return f"busybox@{digest}"


def repackage(project: Path, override: str) -> None:
    """Run the stage with another setting."""
    for command in (["-m", "project.params", FOREST, override], PACKAGE[1:]):
        done = run(["bin/python", *command], project)
        assert done.returncode == 0, done.stderr


def unpacked(project: Path, folder: Path) -> dict[str, Path]:
    """Unpack the ModelCar; return the files below /models by their path there."""
    image = f"{project}/dist/modelcar:{package_of(project)['version']}"
    output("umoci", "unpack", "--rootless", "--image", image, str(folder / "unpacked"))
    models = folder / "unpacked/rootfs/models"
    return {
        str(file.relative_to(models)): file for file in sorted(models.rglob("*")) if file.is_file()
    }


def triton_config(project: Path, path: Path) -> Any:
    """Parse a config by Triton's own description of it, which its client brings."""
    client = importlib.util.find_spec("tritonclient")
    assert client
    assert client.origin
    described = str(Path(client.origin).parent / "grpc")
    done = run(["bin/python", "-c", PARSED, described, str(path)], project)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def package_of(project: Path) -> Any:
    return json.loads((project / "dist/manifest.json").read_text())


def written(project: Path) -> dict[str, bytes]:
    """Read all that lies in dist/."""
    files = [path for path in (project / "dist").rglob("*") if path.is_file()]
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


def onnx(project: Path) -> bytes:
    return (project / "models/model.onnx").read_bytes()


def lines(stderr: str) -> list[str]:
    """Return the lines that a user gets; make adds one of its own."""
    return [line for line in stderr.splitlines() if not line.startswith("make: ")]


def output(*command: str) -> str:
    """Run a program that must succeed; return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
