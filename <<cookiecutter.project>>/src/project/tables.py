"""Parquet tables between stages, and the contract that travels in their schema."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyarrow import parquet

from project.errors import UserError
from project.files import replacing
from project.settings.group import ColumnType

_CONTRACT = b"contract"
_LABELLED = b"labelled"  # how many of the last rows are labelled predictions
#: What names such a prediction where they are kept; no column of the data begins so.
LABELLED_KEYS = ("_request_id", "_record")


@dataclass(frozen=True)
class Contract:
    """What the model takes and answers; validate decides it, every later stage reads it.

    columns: type by input column, in order. sources: the column's name in the user's own file.
    classes: in the order of the probabilities; None for regression.
    """

    dataset: str
    task: Literal["classification", "regression"]
    target: str
    classes: list[str] | None
    columns: dict[str, ColumnType]
    sources: dict[str, str]

    def to_json(self) -> str:
        """Return the contract as compact JSON, the same text for the same contract."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Contract":
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def of_type(self, *types: ColumnType) -> list[str]:
        """Return the columns of these types, in order."""
        return [name for name, kind in self.columns.items() if kind in types]


def write_table(
    path: Path, table: pa.Table, contract: Contract | None = None, labelled: int = 0
) -> None:
    """Write a Parquet file atomically: the same rows give the same bytes.

    labelled: how many of the last rows are predictions whose labels came, if there are any.
    """
    metadata = {_CONTRACT: contract.to_json().encode()} if contract else {}
    metadata |= labelled_mark(labelled)
    with replacing(path) as temporary:
        parquet.write_table(table.replace_schema_metadata(metadata or None), temporary)


def read_table(path: Path) -> pa.Table:
    """Read a Parquet file, its contract still in the schema; `UserError` where it is broken."""
    try:
        # The file alone: read_table would import pyarrow.dataset, as long as a small stage.
        return parquet.ParquetFile(path).read()
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        why = str(error).partition("\n")[0][:200]
        raise UserError(f"{path}: not a Parquet file, or cut short ({why})") from None


def contract_of(table: pa.Table) -> Contract:
    """Return the contract that `write_table` put into the schema."""
    return Contract.from_json(table.schema.metadata[_CONTRACT])


def labelled_mark(rows: int) -> dict[bytes, bytes]:
    """Return a schema's metadata that say how many of the last rows are labelled predictions."""
    return {_LABELLED: str(rows).encode()} if rows else {}


def labelled_rows(table: pa.Table) -> int:
    """Return how many of the last rows are labelled predictions, as `write_table` was told."""
    return int((table.schema.metadata or {}).get(_LABELLED, 0))


def keep_pandas_out() -> None:
    """Spare this process pandas, which pyarrow imports to see whether a value is one of its.

    That takes as long as all else of a small stage. pyarrow asks once, with the first list.
    """

    class Absent:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "pandas":
                raise ModuleNotFoundError(name)

    sys.meta_path.insert(0, Absent)
    pa.array([])
    sys.meta_path.remove(Absent)
