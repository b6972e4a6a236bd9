"""Score a file with the packaged model: `make predict FILE=rows.csv [OUT=…]`.

The answer holds a row for each of the file's, in their order: the columns that the model does not
take, such as an id, then what it predicts. It is of the file's kind, unless OUT names the other.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from project.artefacts import BENTO
from project.conversion import as_known
from project.errors import UserError, one_line
from project.files import read_json, replacing
from project.inputs import Inputs, model_inputs
from project.loading import load
from project.onnx_model import OnnxModel, Predictions
from project.overrides import repro_command
from project.settings.source import CsvForm, Source
from project.table_files import is_parquet
from project.table_stream import TableStream, ahead, form_of, open_table, row_count, typed

Tell = Callable[[int], object]


class Scorer:
    """The packaged model, and what it has seen of each category."""

    def __init__(self, folder: Path = BENTO) -> None:
        source = folder / "src"
        if not (source / "model.onnx").exists():
            raise UserError(
                f"{folder} is not there: no model was packaged yet; type: {repro_command()}"
            )
        self.model = OnnxModel(source / "model.onnx")
        categories = read_json(source / "contract.json")["categories"]
        self._known = {name: pa.array(values, pa.string()) for name, values in categories.items()}

    @property
    def numbers(self) -> list[str]:
        """The columns that hold numbers."""
        return self.model.contract.of_type("number")

    def score(self, stream: TableStream, path: Path) -> Iterator[pa.Table]:
        """Yield what is answered for each batch; `UserError` names a row and a column of `path`."""
        columns = self.model.contract.columns
        if missing := [name for name in columns if name not in stream.columns]:
            raise stream.lacks(missing[0], path)
        carried = [name for name in stream.columns if name not in columns]
        for inputs, table in ahead(self._inputs(stream.batches, path)):
            answer = self._columns(self.model.predict_inputs(inputs))
            yield pa.table({name: table.column(name) for name in carried} | answer)

    def _inputs(self, batches: Iterable[pa.Table], path: Path) -> Iterator[tuple[Inputs, pa.Table]]:
        contract, before = self.model.contract, 0
        for table in batches:
            inputs = {}
            for name, kind in contract.columns.items():
                values = typed(table.column(name), kind, name, path, before)
                inputs[name] = as_known(values, self._known[name]) if kind == "category" else values
            yield model_inputs(pa.table(inputs), contract), table
            before += table.num_rows
        if not before:
            raise UserError(f"{path}: a header and no rows; expected at least one row")

    def _columns(self, answer: Predictions) -> dict[str, pa.Array]:
        classes = self.model.contract.classes
        if classes is None:
            return {"prediction": pa.array(answer.scores, from_pandas=True)}
        shares = zip(classes, answer.scores.T, strict=True)
        return {"label": pa.array(answer.label, pa.string())} | {
            f"probability_{name}": pa.array(values, from_pandas=True) for name, values in shares
        }


def score_file(path: Path, out: Path, source: CsvForm, scorer: Scorer, tell: Tell) -> int:
    """Write the predictions of a CSV or Parquet file into another; return the rows."""
    try:
        answers = scorer.score(open_table(path, source, scorer.numbers), path)
        return _write(answers, out, source.delimiter, tell)
    except pa.ArrowInvalid:
        # A CSV writes numbers in a way that Arrow's quick reader does not know, or what is none:
        # the reader that validate has takes the first, and says where the second is.
        answers = scorer.score(open_table(path, source, []), path)
        return _write(answers, out, source.delimiter, tell)


def _write(batches: Iterator[pa.Table], out: Path, delimiter: str, tell: Tell) -> int:
    rows = 0
    with replacing(out) as temporary:
        writer: Any = None
        for table in batches:
            if writer is None:
                writer = _writer(temporary, table.schema, delimiter if out.suffix == ".csv" else "")
            writer.write_table(table)
            rows += table.num_rows
            tell(rows)
        writer.close()
    return rows


def _writer(path: Path, schema: pa.Schema, delimiter: str) -> Any:
    if not delimiter:
        return parquet.ParquetWriter(path, schema)
    return csv.CSVWriter(path, schema, write_options=csv.WriteOptions(delimiter=delimiter))


def main() -> None:
    """Score the file that make names."""
    path, out = _paths(*sys.argv[1:3])
    source = form_of(load("source", Source))
    scorer, start = Scorer(), time.perf_counter()
    with _progress(path) as tell:
        rows = score_file(path, out, source, scorer, tell)
    print(f"{rows:,} rows in {time.perf_counter() - start:.1f} s: {out}")


def _paths(file: str = "", out: str = "") -> tuple[Path, Path]:
    if not file:
        raise UserError("FILE is missing; type: make predict FILE=rows.csv [OUT=scored.csv]")
    path = Path(file)
    kind = "parquet" if is_parquet(path) else "csv"
    target = Path(out) if out else path.with_name(f"{_stem(path)}.predictions.{kind}")
    if target.suffix not in (".parquet", ".csv"):
        raise UserError(f"OUT: {target}: neither .csv nor .parquet; name it as one of them")
    if target.exists() and path.exists() and target.samefile(path):
        raise UserError(f"OUT: {target} is FILE itself; name another")
    return path, target


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


@contextmanager
def _progress(path: Path) -> Iterator[Tell]:
    """Show on a terminal how many rows are scored, of how many where the file says so."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda rows: None
        return
    shown = (TextColumn(path.name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=console, transient=True) as progress:
        task = progress.add_task("", total=row_count(path))
        yield lambda rows: progress.update(task, completed=rows)


if __name__ == "__main__":
    one_line(main)
