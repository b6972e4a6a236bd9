"""What comes in is what the source holds, under names that a graph can bear; or one line."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from pipeline import fetch as stage
from pipeline.fetch import fetch
from project.errors import UserError
from project.files import read_json
from project.settings.group import build
from project.settings.source import BundledSource, FileSource

MISSING = ["", "NA"]


def parquet_bytes(**columns: pa.Array) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


BUNDLED = {
    "wine": (178, 14),
    "iris": (150, 5),
    "breast_cancer": (569, 31),
    "digits": (1797, 65),
    "diabetes": (442, 11),
}

REFUSED = {
    "an empty file": ("t.csv", b"", "t.csv: the file is empty"),
    "a header only": ("t.csv", b"a,b\n", "t.csv: a header and no rows"),
    "a header without its end of line": ("t.csv", b"a,b", "t.csv: a header and no rows"),
    "Parquet without rows": (
        "t.parquet",
        parquet_bytes(a=pa.array([], pa.int64())),
        "t.parquet: a header and no rows",
    ),
    "a picture": ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "t.csv: not a CSV file"),
    "a web page": (
        "t.csv",
        b"<!DOCTYPE html>\n<p>Sorry, not found</p>\n",
        "t.csv: line 2 has 2 fields, the header has 1 field; mend the line, or write texts that "
        "hold ',' within double quotes (if another sign parts columns: source.delimiter)",
    ),
    "text that is called Parquet": ("t.parquet", b"a,b\n1,2\n", "t.parquet: not a Parquet file"),
    "text that is called gzip": ("t.csv.gz", b"a,b\n1,2\n", "t.csv.gz: not a compressed CSV"),
    "a spreadsheet": ("t.xlsx", b"PK\x03\x04", "t.xlsx: neither .csv nor .parquet"),
    "a row that is too long": (
        "t.csv",
        b'a,b\n\n"x\ny",2\n1,2,3\n',
        "t.csv: line 5 has 3 fields, the header has 2 fields; mend the line, or",
    ),
    "a row that is too short": ("t.csv", b"a,b\n1,2\n1\n", "t.csv: line 3 has 1 field, the header"),
    "a name with a space, as spreadsheets save it": (
        "my t.csv",
        b"Gr\xf6\xdfe,b\n1,2\n",
        "convert it: iconv -f cp1252 -t utf-8 'my t.csv' > utf-8.csv",
    ),
    "another delimiter": ("t.csv", b"a;b\n1;2\n", "its header is 'a;b'; set source.delimiter"),
    "the same name twice": ("t.csv", b"a,b,a\n1,2,3\n", "column 'a' stands 2 times in the header"),
    "a header in Latin-1": ("t.csv", b"Gr\xf6\xdfe,b\n1,2\n", "its header is not UTF-8; convert"),
    "values in Latin-1": ("t.csv", b"a,b\n1,Gr\xf6\xdfe\n", "column 'b' is not UTF-8; convert"),
    "UTF-16": ("t.csv", "a,b\n1,2\n".encode("utf-16"), "t.csv: UTF-16, expected UTF-8"),
    "no file at all": ("other.csv", b"a,b\n1,2\n", "t.csv: no such file"),
}


@pytest.mark.parametrize("name", BUNDLED)
def test_each_bundled_data_set_is_read_without_scikit_learn(name: str) -> None:
    source = build(BundledSource, {"kind": "bundled", "name": name, "path": "-"})

    table, origin = fetch(source)

    assert table.shape == BUNDLED[name]
    assert origin["rows"] == table.num_rows
    assert origin["revision"].startswith("scikit-learn ")
    assert not any(column.null_count for column in table.columns)


def test_decimal_commas_become_points_beside_texts_too(folder: Path) -> None:
    (folder / "t.csv").write_text("a;b\n1,5;2,5\n-2;n/k\n")

    table, _ = fetch(
        FileSource(kind="file", path="t.csv", delimiter=";", decimal=",", missing=MISSING)
    )

    assert table.to_pydict() == {"a": [1.5, -2.0], "b": ["2.5", "n/k"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"a,b\n1,x\n,NA\n"),
        ("t.CSV", b"\xef\xbb\xbfa,b\r\n1,x\r\n,\r\n"),
        ("t.txt", b'"a","b"\n1,"x"\n,\n'),
        ("t.parquet", parquet_bytes(a=pa.array([1, None]), b=pa.array(["x", None]))),
        (
            "categorical.parquet",
            parquet_bytes(a=pa.array([1, None]), b=pa.array(["x", None]).dictionary_encode()),
        ),
    ],
)
def test_a_table_is_the_same_whatever_its_file(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)

    table, origin = fetch(
        FileSource(kind="file", path=name, delimiter=",", decimal=".", missing=MISSING)
    )

    assert table.to_pydict() == {"a": [1, None], "b": ["x", None]}
    assert table.schema.types == [pa.int64(), pa.string()]
    assert origin["path"] == name
    assert origin["columns"] == {"a": "a", "b": "b"}


def test_columns_of_texts_keep_their_digits_and_must_be_there(folder: Path) -> None:
    (folder / "t.csv").write_text("plz,b\n01067,1\n,2\n")
    form = {"kind": "file", "path": "t.csv", "delimiter": ",", "missing": MISSING}

    table, _ = fetch(build(FileSource, form | {"texts": ["plz"]}))

    assert table.to_pydict() == {"plz": ["01067", None], "b": [1, 2]}
    with pytest.raises(UserError, match=r"t.csv: source.texts: no column 'PLZ'; it has plz, b"):
        fetch(build(FileSource, form | {"texts": ["PLZ"]}))


def test_names_are_normalised_and_the_old_ones_kept(folder: Path) -> None:
    settings(folder, "Größe (m²),größe m2,label,価格\n1,2,3,4\n".encode())

    stage.main()

    assert read_json(folder / "data/raw/origin.json")["columns"] == {
        "grosse_m2": "Größe (m²)",
        "grosse_m2_2": "größe m2",
        "label_column": "label",
        "jia_ge": "価格",
    }


def test_an_integer_beyond_64_bits_keeps_its_digits(folder: Path) -> None:
    (folder / "t.csv").write_text("id,b\n1,2\n18446744073709551616,3\n")

    table, _ = fetch(
        FileSource(kind="file", path="t.csv", delimiter=",", decimal=".", missing=MISSING)
    )

    assert table.column("id").to_pylist() == ["1", "18446744073709551616"]
    assert table.column("b").to_pylist() == [2, 3]


def test_the_same_file_gives_the_same_bytes(folder: Path) -> None:
    settings(folder, b"a,b\n1,x\n2,y\n")
    stage.main()
    first = (folder / "data/raw/dataset.parquet").read_bytes()

    stage.main()

    assert (folder / "data/raw/dataset.parquet").read_bytes() == first


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, folder: Path, refusal: Callable[..., str]) -> None:
    name, content, expected = REFUSED[case]
    settings(folder, b"a,b\n1,2\n", "good.csv")
    stage.main()
    settings(folder, content, name, path=name if name != "other.csv" else "t.csv")

    assert expected in refusal(stage.main)


def test_as_a_command_it_exits_with_1_and_one_line_on_stderr(folder: Path) -> None:
    settings(folder, b"")
    environment = {"PYTHONPATH": str(Path(stage.__file__).parents[1])}

    done = subprocess.run(
        [sys.executable, "-m", "pipeline.fetch"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "error: t.csv: the file is empty; expected a header and rows\n"
    assert not (folder / "data").exists()


def settings(folder: Path, content: bytes, name: str = "t.csv", path: str | None = None) -> None:
    (folder / name).write_bytes(content)
    source = {"kind": "file", "path": path or name, "delimiter": ",", "missing": MISSING}
    (folder / "params.yaml").write_text(yaml.safe_dump({"source": source}))
