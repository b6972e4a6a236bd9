"""A query is asked once for each digest of its answer, or a line says why it cannot be."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from pipeline import fetch as stage
from pipeline import sql_source
from project.errors import UserError
from project.files import read_json
from project.loading import load
from project.settings.source import Source
from project.tables import read_table

SOURCE = Path(__file__).parents[2] / "conf/source/sql.yaml"
QUERY = "SELECT size, name, '50%:a' AS note FROM customers ORDER BY id"
TABLE = pa.table({"size": [None, 1.5, 2.5], "name": ["a", None, "é"], "note": ["50%:a"] * 3})


@pytest.fixture
def database(folder: Path) -> Path:
    """Make an SQLite database of three customers, and the query's file."""
    with closing(sqlite3.connect("crm.db")) as connection, connection:
        connection.execute("CREATE TABLE customers (id INTEGER, size, name TEXT)")
        rows = [(3, 2.5, "é"), (1, None, "a"), (2, 1.5, None)]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    Path("query.sql").write_text(QUERY)
    return folder / "crm.db"


def settings(sha256: str, url: str = "sqlite:///crm.db", query: str | None = None) -> None:
    source = yaml.safe_load(SOURCE.read_text())
    source |= {"url": url, "path": "query.sql", "sha256": sha256}
    Path("params.yaml").write_text(yaml.safe_dump({"source": source}))
    if query is not None:
        Path("query.sql").write_text(query)


def test_the_answer_that_its_digest_names_is_fetched(database: Path) -> None:
    digest = sql_source.digest(TABLE)
    settings(digest)

    stage.main()

    assert read_table(Path("data/raw/dataset.parquet")).equals(TABLE)
    origin = read_json(Path("data/raw/origin.json"))
    assert (origin["source"], origin["path"], origin["sha256"]) == ("sql", "query.sql", digest)


def test_an_answer_is_asked_for_once_and_again_where_it_was_changed(database: Path) -> None:
    settings(sql_source.digest(TABLE))
    stage.main()
    (kept,) = sql_source.ANSWERS.rglob("*.parquet")
    database.unlink()

    stage.main()
    kept.write_bytes(Path("data/raw/dataset.parquet").read_bytes()[:-9])

    with pytest.raises(UserError, match=r"no file crm\.db"):
        stage.main()


def test_an_answer_to_another_query_or_database_is_no_answer(
    database: Path, refusal: Callable[..., str]
) -> None:
    settings(sql_source.digest(TABLE))
    stage.main()
    settings(sql_source.digest(TABLE), query="SELEC *")
    assert 'near "SELEC": syntax error' in refusal(stage.main)
    settings(sql_source.digest(TABLE), url="sqlite:///other.db", query=QUERY)
    assert "no file other.db" in refusal(stage.main)


def test_rows_of_many_batches_find_one_type(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source, "ROWS", 1)
    settings(sql_source.digest(TABLE))

    assert sql_source.ask(load("source", Source)).schema == TABLE.schema


def test_a_digest_is_of_the_rows_in_their_order() -> None:
    rows = pa.table({"a": [1, 2], "b": [Decimal("1.50"), None]})

    assert sql_source.digest(rows) == sql_source.digest(pa.concat_tables([rows[:1], rows[1:]]))
    assert sql_source.digest(rows) != sql_source.digest(rows[::-1])
    assert sql_source.digest(rows) != sql_source.digest(rows.rename_columns(["a", "c"]))


@pytest.mark.parametrize(
    ("url", "query", "expected"),
    [
        ("sqlite:///crm.db", None, f"source.sha256={sql_source.digest(TABLE)}"),
        ("sqlite:///nope.db", None, "source.url: no file nope.db; expected an SQLite database"),
        ("sqlite:///crm.db", "SELECT * FROM nowhere", "query.sql: no such table: nowhere"),
        ("sqlite:///crm.db", "DELETE FROM customers", "query.sql: answers no table; expected a"),
        ("sqlite:///crm.db", QUERY.replace("ORDER", "WHERE 0 ORDER"), "its answer has no rows"),
        ("sqlite:///crm.db", "SELECT 1 AS a, 2 AS a", "tell them apart with AS"),
        ("sqlite:///crm.db", "SELECT 1 AS a UNION ALL SELECT 'x'", "cast the column in the query"),
        ("oracle+nope://h/d", None, "needs a driver that is not installed"),
        ("postgresql+psycopg2://h/d", None, "type: make lock setup"),
    ],
)
def test_it_refuses(
    url: str, query: str | None, expected: str, database: Path, refusal: Callable[..., str]
) -> None:
    settings("unknown", url, query)

    assert expected in refusal(stage.main)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("crm.db", "expected postgresql+psycopg2://user@host/database"),
        ("postgresql://ada:secret@host/crm", "put it into SOURCE_PASSWORD"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, expected: str, folder: Path) -> None:
    settings("unknown", url)

    with pytest.raises(UserError, match=r"^conf/source/sql.yaml: source.url: ") as refused:
        load("source", Source)

    assert expected in str(refused.value)
    assert "secret" not in str(refused.value)
