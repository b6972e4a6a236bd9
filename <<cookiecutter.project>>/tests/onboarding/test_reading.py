"""A table is read whatever parts its columns; a gap among numbers is one whatever it is called."""

from pathlib import Path

import pyarrow as pa
import pytest

from onboarding.reading import read_undescribed, sniff
from project.errors import UserError

MISSING = ["", "NA"]

DELIMITED = {
    "commas": ("a,b,c\n1,2,3\n", ","),
    "semicolons": ('"a";"b"\n7.4;0,7\n', ";"),
    "semicolons and commas in the texts": ("a;b\nx, y;1\nz;2\n", ";"),
    "commas and semicolons in the texts": ('a,b\n"x; y",1\n"z; w",2\n', ","),
    "tabs": ("a\tb c\n1\t2,5\n", "\t"),
    "bars": ("a|b\n1|2\n", "|"),
    "a byte order mark": ("\ufeffa;b\n1;2\n", ";"),
}

REFUSED = {
    "one column": ("a\n1\n", "its first line, 'a', has none of comma, semicolon, tab, bar"),
    "separated thousands": (
        'a,b\n"1,234",x\n950,y\n',
        "'a' writes '1,234', with a sign that seems",
    ),
    "separated millions": (
        'a,b\n"1,234,567",x\n',
        "'a' writes '1,234,567', with a sign that seems",
    ),
    "thousands below decimals": (
        "a;b\n49,27;x\n1.234,50;y\n",
        "'a' writes '1.234,50', with a sign",
    ),
    "thousands and decimals": ("a;b\n1.234,5;x\n", "'a' writes '1.234,5', with a sign that seems"),
    "commas beside points": (
        "a;b\n1,5;x\n2.5;y\n",
        "'a' writes both '1,5' and '2.5', decimal commas beside decimal points; save the table",
    ),
    "nothing": ("", "the file is empty"),
    "bytes": ("\x00\x01", "not a CSV file"),
}


@pytest.mark.parametrize("case", DELIMITED)
def test_it_finds(case: str, folder: Path) -> None:
    text, delimiter = DELIMITED[case]
    (folder / "t.csv").write_text(text)

    assert sniff(Path("t.csv")) == delimiter


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a;b\n7,4;x\n0,5;y\n", [7.4, 0.5]),
        ('a,b\n"7,4",x\n"-0,5",y\n', [7.4, -0.5]),
        ("a;b\n7;x\n8;x\n9;x\n0,25;y\n", [7.0, 8.0, 9.0, 0.25]),
        ("a;b\n1,234;0,5\n2,345;1\n", [1.234, 2.345]),
    ],
)
def test_decimal_commas_are_read(text: str, values: list[float], folder: Path) -> None:
    (folder / "t.csv").write_text(text)

    reading = read_undescribed(Path("t.csv"), MISSING)

    assert reading.decimal == ","
    assert reading.table.column("a").to_pylist() == values


def test_decimal_commas_beside_what_is_no_number(folder: Path) -> None:
    rows = "".join(f"{row},5;x,y\n" for row in range(20))
    (folder / "t.csv").write_text(f"a;b\n{rows}k,5;x\n-;x\n")

    reading = read_undescribed(Path("t.csv"), MISSING)

    assert (reading.decimal, reading.marks) == (",", ["-", "k,5"])
    assert reading.table.column("a").to_pylist()[:2] == [0.5, 1.5]


def test_a_few_texts_among_numbers_stand_for_no_value(folder: Path) -> None:
    rows = "".join(f"{row},x\n" for row in range(20))
    (folder / "t.csv").write_text(f"a,b\n{rows}-,NA\nunknown,x\n")

    reading = read_undescribed(Path("t.csv"), MISSING)

    assert reading.marks == ["-", "unknown"]
    assert reading.missing == ["", "NA", "-", "unknown"]
    assert reading.table.column("a").null_count == 2


def test_a_word_that_a_third_of_the_numbers_have_instead_stands_for_no_value(folder: Path) -> None:
    rows = "".join(f"{row},x\n{row}.5,x\nunknown,x\n" for row in range(20))
    (folder / "t.csv").write_text(f"a,b\n{rows}")

    reading = read_undescribed(Path("t.csv"), MISSING)

    assert reading.marks == ["unknown"]
    assert pa.types.is_floating(reading.table.column("a").type)


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, folder: Path) -> None:
    text, expected = REFUSED[case]
    (folder / "t.csv").write_text(text)

    with pytest.raises(UserError) as refused:
        read_undescribed(Path("t.csv"), MISSING)

    assert expected in str(refused.value)
