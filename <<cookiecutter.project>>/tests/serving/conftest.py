"""Small models, trained, exported and judged by the pipeline itself, as the service finds them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from project.settings.model import Export, Preprocessing, SklearnModel
from project.tables import Contract
from serving.api import Api
from serving.bundle import Bundle, read_bundle

ROWS = 60
TABLE = pa.table(
    {
        "size": [None if row % 11 == 3 else float(row % 7) for row in range(ROWS)],
        "age": [float(row) for row in range(ROWS)],
        "new": [None if row % 13 == 5 else row % 2 == 0 for row in range(ROWS)],
        "colour": [None if row % 17 == 4 else "rgb"[row % 3] for row in range(ROWS)],
        "yes": ["yes" if row % 7 > 2 else "no" for row in range(ROWS)],
        "price": [float(row % 7) * 3 + row for row in range(ROWS)],
    }
)
COLUMNS = {"size": "number", "age": "number", "new": "boolean", "colour": "category"}
SERVING = {
    "name": "houses",
    "title": "Houses",
    "max_rows": 64,
    "max_bytes": 16_384,
    "max_queue": 4,
    "timeout_seconds": 5.0,
    "workers": 1,
    "threads": 1,
    "drain_seconds": 0.0,
    "recording": {
        "enabled": True,
        "folder": "data/predictions",
        "max_file_bytes": 4096,
        "max_file_seconds": 3600,
        "max_files": 10,
        "hashed": [],
        "left_out": [],
    },
}

Write = Callable[..., Bundle]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a classifier and a regressor, and everything that stands beside a service's code."""
    base = tmp_path_factory.mktemp("bundles")
    return {
        "classification": make(base / "classification", "yes", ["no", "yes"]),
        "regression": make(base / "regression", "price", None),
    }


def make(folder: Path, target: str, classes: list[str] | None) -> Path:
    """Train on the table, export, and write the golden rows."""
    from pipeline import sklearn_model
    from pipeline.export import export
    from pipeline.golden import golden
    from project.onnx_model import OnnxModel

    contract = Contract(
        dataset="houses",
        task="classification" if classes else "regression",
        target=target,
        classes=classes,
        columns=COLUMNS,  # type: ignore[arg-type]
        sources={name: name for name in COLUMNS},
    )
    model = SklearnModel(
        name="mine",
        framework="sklearn",
        classifier="sklearn.linear_model.LogisticRegression",
        regressor="sklearn.linear_model.Ridge",
        preprocessing=Preprocessing(impute="median", scale=True),
    )
    native = folder / "native"
    native.mkdir(parents=True)
    sklearn_model.train(TABLE, contract, model, 42, native)
    graph = export(native, contract, Export(opset=17, tolerance=1e-4))
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    files: dict[str, Any] = {
        "contract": asdict(contract)
        | {
            "categories": {"colour": ["b", "g", "r"]},
            "target_range": None if classes else [0.0, 80.0],
        },
        "golden": golden(OnnxModel(folder / "model.onnx"), TABLE),
        "metrics": {"accuracy": 0.875} if classes else {"rmse": 1.5},
        "serving": SERVING,
    }
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


@pytest.fixture
def bundle(folders: dict[str, Path]) -> Write:
    """Return a function that reads a model's files, with settings of the test's own."""

    def read(task: str = "classification", **settings: Any) -> Bundle:
        read = read_bundle(folders[task])
        return replace(read, settings=read.settings | settings)

    return read


@pytest.fixture
def serve(bundle: Write) -> Iterator[Callable[..., "Client"]]:
    """Return a function that serves a model, with settings of the test's own."""
    served: list[Client] = []

    def start(
        task: str = "classification",
        golden: Any = None,
        recordings: Path | None = None,
        **settings: Any,
    ) -> Client:
        described = bundle(task, **settings)
        api = Api(replace(described, golden=golden or described.golden), recordings)
        served.append(Client(api))
        return served[-1]

    yield start
    for client in served:
        client.close()


class Client:
    """Asks an ASGI application as over HTTP, from code that is not asynchronous."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def close(self) -> None:
        """Stop the service."""
        self._api.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask once."""
        return self.together([(method, path, options)])[0]

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask once."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Ask once."""
        return self.request("POST", path, **options)

    def together(self, requests: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Ask several times at once."""

        async def ask() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self._api)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                asked = [client.request(*request, **options) for *request, options in requests]
                return await asyncio.gather(*asked)

        return asyncio.run(ask())


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    """Ask the service of the classifier."""
    return serve()


@pytest.fixture
def record() -> dict[str, Any]:
    """Return a record without mistakes."""
    return {"size": 3.0, "age": 4, "new": True, "colour": "g"}
