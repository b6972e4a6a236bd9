"""What is shipped of a model: the Bento, the ModelCar, their labels, and what they are made of."""

import ast
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.bento import contract_json, service_files
from pipeline.model_card import model_card
from pipeline.package import MADE_BY, Contents, package
from pipeline.sbom import requirements
from pipeline.subject import Subject
from project.errors import UserError
from project.settings.group import build
from project.settings.serving import Serving

from .conftest import PACKAGE

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements/serving.txt").read_text(encoding="utf-8")
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
CODE = [Path("src/serving/service.py")]
TRAINING = {"tensorflow", "tensorflow-cpu", "keras", "scikit-learn", "mlflow", "pandas", "skops"}
SETTINGS = yaml.safe_load((ROOT / "tests/conf/config.yaml").read_text(encoding="utf-8"))
SERVING = build(Serving, SETTINGS["serving"])


MADE: dict[str, Contents] = {}


@pytest.fixture
def contents(subject: Subject) -> Contents:
    """Return what is made of the model, once for all tests: it is the same each time."""
    if subject.model_digest not in MADE:
        MADE[subject.model_digest] = made(subject)
    return MADE[subject.model_digest]


def made(subject: Subject) -> Contents:
    return package(subject, PACKAGE, SERVING, CODE, LOCK, CONTAINERFILE)


def test_the_parameters_are_those_by_which_mlflow_tells_versions_apart() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    judged = {
        group for name in set(stages) - {"package"} for group in stages[name].get("params", [])
    }

    # A version's tag is made of what dvc.lock records of these, a package's digest of MADE_BY.
    assert judged - {"source"} == set(MADE_BY)


def test_a_refused_model_is_not_packaged(subject: Subject) -> None:
    subject.evaluation.update(verdict="refused", reasons=["rmse is 3", "mae is not a number"])

    with pytest.raises(UserError, match=r"^refused: rmse is 3; mae is not a number$"):
        made(subject)


def test_the_bento_holds_what_the_service_reads(contents: Contents, subject: Subject) -> None:
    bento = contents.bento

    assert {name for name in bento if not name.startswith("src/serving/")} == {
        "README.md",
        "bento.yaml",
        "env/docker/Dockerfile",
        "env/python/requirements.txt",
        "src/contract.json",
        "src/golden.json",
        "src/metrics.json",
        "src/model.onnx",
        "src/serving.json",
    }
    assert bento["src/model.onnx"] == subject.model
    assert bento["src/golden.json"] == subject.golden
    assert bento["src/metrics.json"] == subject.metrics
    assert parsed(bento["src/contract.json"]) == subject.contract | {
        "categories": {"colour": ["blue", "red"]},
        "target_range": [1.0, 9.0],
    }
    served = parsed(bento["src/serving.json"])
    assert (served["name"], served["title"]) == ("houses", "Houses 🏠")
    assert served["recording"] == SETTINGS["serving"]["recording"]
    assert bento["src/serving/service.py"] == CODE[0]


def test_the_bento_is_named_by_its_model_and_has_no_date(
    contents: Contents, subject: Subject
) -> None:
    described = yaml.safe_load(text(contents.bento["bento.yaml"]))

    assert described["service"] == "serving.service:Model"
    assert (described["name"], described["version"]) == ("houses", subject.model_digest[7:19])
    assert described["creation_time"] == "1970-01-01T00:00:00+00:00"
    assert f"\nbentoml=={described['bentoml_version']} " in LOCK


def test_the_bento_installs_what_the_lock_says_on_the_base_of_the_settings(
    contents: Contents,
) -> None:
    containerfile = text(contents.bento["env/docker/Dockerfile"])

    assert text(contents.bento["env/python/requirements.txt"]) == LOCK
    assert f"\nARG BASE={PACKAGE.service_base}\n" in containerfile
    assert containerfile.count("\nFROM ${BASE}") == 2
    assert "--require-hashes" in containerfile
    assert containerfile.rindex("\nUSER 10001:10001\n") > containerfile.rindex("\nRUN ")


@pytest.mark.parametrize("line", ["FROM python:3.11", "ARG BASE=python", "ARG BASE\nARG BASE"])
def test_a_containerfile_that_takes_no_base_is_refused(line: str, subject: Subject) -> None:
    edited = CONTAINERFILE.replace("ARG BASE", line)

    with pytest.raises(UserError, match=r"^deploy/Containerfile: expected one line ARG BASE"):
        package(subject, PACKAGE, SERVING, CODE, LOCK, edited)


def test_what_serves_holds_no_training_library() -> None:
    assert not {requirement.name for requirement in requirements(LOCK)} & TRAINING


def test_the_service_imports_nothing_that_its_lock_does_not_bring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    locked = {requirement.name.replace("-", "_") for requirement in requirements(LOCK)}
    known = locked | {"serving", "project"} | sys.stdlib_module_names

    files = service_files()

    assert Path("src/serving/service.py") in files
    assert Path("src/serving/__init__.py") in files
    modules = [path for path in files if path.suffix == ".py"]
    assert {name for path in modules for name in imported(path)} - known == set()


def test_the_service_is_followed_through_its_imports(folder: Path) -> None:
    sources = {
        "src/serving/__init__.py": "",
        "src/serving/service.py": "import os\nfrom serving.parts import rows\nimport project.deep",
        "src/serving/parts/__init__.py": "",
        "src/serving/parts/rows.py": "def rows():\n    from project.late import now",
        "src/serving/batch.py": "import pyarrow",
        "src/serving/page.html": "<p>",
        "src/serving/__pycache__/service.cpython-311.pyc": "",
        "src/project/__init__.py": "",
        "src/project/deep.py": "",
        "src/project/late.py": "",
        "src/project/other.py": "",
    }
    for name, source in sources.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(source)

    held = {str(path) for path in service_files()}

    assert sources.keys() - held == {
        "src/serving/batch.py",
        "src/serving/__pycache__/service.cpython-311.pyc",
        "src/project/other.py",
    }


def test_the_modelcar_can_be_scored_and_verified(contents: Contents, subject: Subject) -> None:
    assert set(contents.modelcar) == {
        "houses/1/model.onnx",
        "houses/config.pbtxt",
        "README.md",
        "contract.json",
        "golden.json",
    }
    assert contents.modelcar["golden.json"] == subject.golden
    assert contents.modelcar["contract.json"] == contract_json(subject)


def test_the_labels_say_what_it_was_made_of(contents: Contents, subject: Subject) -> None:
    assert contents.labels == {
        "org.opencontainers.image.title": "houses",
        "org.opencontainers.image.description": "Houses 🏠",
        "org.opencontainers.image.authors": "Zoë",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.version": subject.model_digest[7:19],
        "io.slipway.task": "regression",
        "io.slipway.model.digest": subject.model_digest,
        "io.slipway.dataset.digest": subject.dataset_digest,
        "io.slipway.parameters.digest": subject.parameters_digest,
        "io.slipway.metric.rmse": "0.5",
    }


def test_the_model_card_says_how_good_it_is_and_how_to_ask_it(subject: Subject) -> None:
    card = model_card(subject)

    assert "# Houses 🏠\n" in card
    assert "| rmse | 0.5 | 0.25 to 1 | at most 2 |" in card
    assert '| colour | string, "" where missing |' in card
    assert "judged on 1,234 rows" in card
    assert subject.model_digest in card


def test_the_bill_of_materials_lists_each_library(contents: Contents) -> None:
    parts = {part["bom-ref"]: part for part in contents.sbom["components"]}

    assert (contents.sbom["bomFormat"], contents.sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert parts.keys() == {f"pkg:pypi/{r.name}@{r.version}" for r in requirements(LOCK)}
    for requirement in requirements(LOCK):
        part = parts[f"pkg:pypi/{requirement.name}@{requirement.version}"]
        hashes = {each["content"] for each in part["externalReferences"][0]["hashes"]}
        assert hashes == set(requirement.hashes) != set()
        assert part["scope"] == ("optional" if requirement.marker else "required")


def test_the_model_has_a_bill_of_its_own_that_refers_to_the_libraries(
    contents: Contents, subject: Subject
) -> None:
    model = contents.model_sbom["metadata"]["component"]

    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": subject.model_digest[7:]}]
    serial = contents.sbom["serialNumber"].removeprefix("urn:uuid:")
    assert model["externalReferences"] == [{"type": "bom", "url": f"urn:cdx:{serial}/1"}]


def test_a_bill_has_no_date_and_the_same_name_each_time(
    contents: Contents, subject: Subject
) -> None:
    again = made(subject)

    for first, second in (
        (contents.sbom, again.sbom),
        (contents.model_sbom, again.model_sbom),
    ):
        assert json.dumps(first) == json.dumps(second)
        assert first["serialNumber"].startswith("urn:uuid:")
        assert not re.search(r"20\d\d-\d\d-\d\dT", json.dumps(first))


def test_another_model_leaves_what_is_long_as_it_was(contents: Contents, subject: Subject) -> None:
    digest = f"sha256:{'7' * 64}"
    other = made(replace(subject, model_digest=digest))

    changed = [name for name in other.bento if other.bento[name] != contents.bento[name]]

    assert other.sbom == contents.sbom
    assert other.model_sbom != contents.model_sbom
    assert sorted(changed) == ["README.md", "bento.yaml"]
    assert sum(len(text(other.bento[name])) for name in changed) < 5_000


@pytest.mark.parametrize("line", ["numpy>=2 \\\n    --hash=sha256:0", "numpy==2.0", "-e ."])
def test_a_lock_without_hashes_is_refused(line: str) -> None:
    with pytest.raises(UserError, match=r"requirements/serving.txt: expected name==version"):
        requirements(f"{LOCK}{line}\n")


def imported(path: Path) -> set[str]:
    """Return the first names of what a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    return names


def parsed(content: bytes | Path) -> Any:
    return json.loads(text(content))


def text(content: bytes | Path) -> str:
    assert isinstance(content, bytes)
    return content.decode()
