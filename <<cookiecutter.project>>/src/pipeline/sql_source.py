"""The answer of a database to a query, asked for once for each question and digest."""

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from project.errors import UserError
from project.settings.source import SqlSource
from project.tables import read_table, write_table

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

ANSWERS = Path("build/answers")
#: The environment variable that holds it.
PASSWORD = "SOURCE_PASSWORD"  # pragma: allowlist secret
ROWS = 10_000  # that are read at once


def ask(source: SqlSource) -> pa.Table:
    """Return the answer of this digest, which the database gives or gave to the same query.

    Raises `UserError` where the query or the database fails, or the answer is another one.
    """
    query = Path(source.path).read_text(encoding="utf-8")
    question = hashlib.sha256(f"{source.url}\0{query}".encode()).hexdigest()
    kept = ANSWERS / source.sha256 / f"{question}.parquet"
    if kept.exists() and (table := _intact(kept, source.sha256)):
        return table
    table = _answer(source, query)
    found = digest(table)
    if found != source.sha256:
        raise UserError(
            f"{source.path}: the sha256 of its answer is {found}, source.sha256 says "
            f"{source.sha256}; if this is the answer to learn from: source.sha256={found}"
        )
    write_table(kept, table)
    return table


def digest(table: pa.Table) -> str:
    """Return the SHA-256 of the names and of every row as a line of JSON, in their order.

    Not of a file: a later pyarrow may write the same rows as other bytes.
    """
    sha256 = hashlib.sha256(_line(table.column_names))
    for batch in table.to_batches(max_chunksize=ROWS):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            sha256.update(_line(row))
    return sha256.hexdigest()


def _line(values: Any) -> bytes:
    return json.dumps(values, default=str, ensure_ascii=False).encode() + b"\n"


def _intact(kept: Path, sha256: str) -> pa.Table | None:
    try:
        table = read_table(kept)
    except UserError:
        return None
    return table if digest(table) == sha256 else None


def _answer(source: SqlSource, query: str) -> pa.Table:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        engine = create_engine(_with_password(make_url(source.url)))
        with engine.connect() as connection:
            return _rows(source, connection, query)
    except (NoSuchModuleError, ImportError) as error:
        raise UserError(
            f"source.url: {source.url} needs a driver that is not installed ({error}); add it to "
            "requirements/sklearn.in and type: make lock setup"
        ) from None
    except SQLAlchemyError as error:
        raise UserError(f"{source.path}: {_reason(error)}") from None
    except pa.ArrowException as error:
        raise UserError(f"{source.path}: {_reason(error)}; cast the column in the query") from None


def _with_password(url: "URL") -> "URL":
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise UserError(f"source.url: no file {url.database}; expected an SQLite database")
    password = os.environ.get(PASSWORD)
    return url.set(password=password) if password else url


def _rows(source: SqlSource, connection: "Connection", query: str) -> pa.Table:
    """Run the query as it stands: `%` and `:` are no parameters in it."""
    options = {"no_parameters": True, "stream_results": True, "yield_per": ROWS}
    result = connection.exec_driver_sql(query, execution_options=options)
    if not result.returns_rows:
        raise UserError(f"{source.path}: answers no table; expected a SELECT")
    names = list(result.keys())
    if len(set(names)) < len(names):
        raise UserError(f"{source.path}: two columns have one name; tell them apart with AS")
    tables = [
        pa.table([pa.array(column) for column in zip(*rows, strict=True)], names)
        for rows in result.partitions()
    ]
    if not tables:
        raise UserError(f"{source.path}: its answer has no rows; expected at least one")
    # A column may begin with nothing but NULL, or with whole numbers.
    return pa.concat_tables(tables, promote_options="permissive")


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())[:200]
