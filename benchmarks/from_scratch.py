"""`dvc repro` from nothing, against one process that does the same work."""

from pathlib import Path

from benchmarks import one_process
from benchmarks.document import COLUMNS, Table, comparison, plain
from benchmarks.measure import Command, Cost, alternate, run
from benchmarks.workspace import clean, project, repro

BOUND = 2.0
TIMES = 2
FRAMEWORKS = {"random_forest": "sklearn", "keras_mlp": "keras"}
#: 178 rows, which leave little but starts and imports, and ten times as many of 64 columns.
DATASETS = ("wine", "digits")
CONVERTERS = {"sklearn": "skl2onnx", "keras": "tf2onnx"}


def measure(work: Path) -> list[Table]:
    """Return the comparison and, for each model, where the rest goes."""
    rows, tables = [], []
    for dataset in DATASETS:
        for model, framework in FRAMEWORKS.items():
            chosen = f"model={model}", f"dataset={dataset}"
            folder = project(work, f"{dataset}_{model}", *chosen)
            costs = alternate(
                {
                    "one": _one_process(folder, framework),
                    "dvc": repro(folder, from_scratch=True),
                },
                TIMES,
            )
            name = f"{dataset}, {model}"
            rows.append(plain(f"{name}: one process", costs["one"]))
            rows.append(comparison(f"{name}: `dvc repro`", costs["dvc"], costs["one"], BOUND))
            if dataset == DATASETS[0]:
                tables.append(_breakdown(folder, model, framework, costs))
    return [Table(COLUMNS, rows), *tables]


def _one_process(folder: Path, framework: str, *options: str) -> Command:
    script = str(Path(one_process.__file__))
    command = ("bin/python", "-P", script, framework, *options)
    return Command(command, folder, (lambda: None) if options else (lambda: clean(folder)))


def _breakdown(folder: Path, model: str, framework: str, costs: dict[str, Cost]) -> Table:
    """Part the difference between the two: what DVC does, and what several processes do twice."""
    run(repro(folder))
    pipeline = [f"pipeline.{name}" for name in one_process.STAGES]
    alone = {"settings": Command(("bin/python", "-m", "project.params", "--check"), folder)}
    alone |= {name: Command(("bin/python", "-m", name), folder) for name in pipeline}
    loaded = {name: f"import {name}" for name in pipeline}
    loaded["settings"] = "import project.params, hydra"
    loaded["pipeline.train"] += f", pipeline.{framework}_model"
    loaded["pipeline.export"] += f", pipeline.{framework}_model, {CONVERTERS[framework]}"
    imports = {name: Command(("bin/python", "-c", code), folder) for name, code in loaded.items()}
    start = alternate({"start": Command(("bin/python", "-c", "pass"), folder)}, 5)["start"].cpu
    together = alternate({"all": _one_process(folder, framework, "--imports")}, 1)["all"].cpu

    stages = sum(cost.cpu for cost in alternate(alone, 1).values())
    apart = sum(cost.cpu for cost in alternate(imports, 1).values())
    starts = start * (len(alone) - 1)
    again = apart - start * len(imports) - (together - start)
    dvc = costs["dvc"].cpu - stages
    rest = costs["dvc"].cpu - costs["one"].cpu - dvc - starts - again
    return Table(
        (f"{model}: what the difference is", "processor"),
        [
            ("DVC itself: its start, the graph, hashing, the cache, dvc.lock", f"{dvc:.2f} s"),
            (f"{len(alone) - 1} more starts of Python", f"{starts:.2f} s"),
            ("importing again what an earlier stage had imported", f"{again:.2f} s"),
            ("the rest: files written and read between stages, first calls", f"{rest:.2f} s"),
        ],
    )
