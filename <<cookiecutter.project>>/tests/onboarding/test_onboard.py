"""A table becomes two files of conf/ that compose, and that the first stages run on as they are."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import csv, parquet

from onboarding import onboard as command
from pipeline.fetch import fetch
from project.columns import normalise_all
from project.composing import compose
from project.conversion import convert
from project.settings.dataset import Column
from project.settings.group import build
from project.settings.source import FileSource
from project.table_files import read_table_file

CONF = Path(__file__).parents[1] / "conf"
ROWS = 100

MIXED: dict[str, list[Any]] = {
    "Kunde Nr": list(range(ROWS)),
    "Größe in m²": [None if row % 9 == 0 else row % 7 - 3.5 for row in range(ROWS)],
    "on": ["yes" if row % 3 else "no" for row in range(ROWS)],
    "価格": [row % 11 for row in range(ROWS)],
    "price": [row * 7 % 50 / 4 for row in range(ROWS)],
    "Region": ["north" if row % 2 else "a ${b}: c" for row in range(ROWS)],
    "Eingang": [f"2026-01-{1 + row % 28:02}" for row in range(ROWS)],
    "label": ["-" if row == 5 else str(row % 13) for row in range(ROWS)],
    "churn": ["yes" if row % 10 == 0 else "no" for row in range(ROWS)],
}

REFUSED = {
    "no table": (["", "churn"], "DATA is missing; type: make onboard DATA=path TARGET=column"),
    "no target": (["mixed.csv", ""], "TARGET is missing; type: make onboard"),
    "a URL": (
        ["http://127.0.0.1/mixed.csv", "churn"],
        "DATA=http://127.0.0.1/mixed.csv: expected a file; download it, onboard that, and README",
    ),
    "a table that does not exist": (["other.csv", "churn"], "other.csv: no such file"),
    "a target that does not exist": (
        ["mixed.csv", "Quality"],
        "TARGET=Quality: no such column; the table has Kunde Nr, Größe in m², on",
    ),
    "a name that cannot be one": (["mixed.csv", "churn", "My data"], "try NAME=my_data"),
    "a name that is a value": (["mixed.csv", "churn", "no"], "NAME=no: settings take it for a"),
    "a name that is taken": (
        ["mixed.csv", "churn", "wine"],
        "conf/dataset/wine.yaml exists and says something else; choose another name: NAME=wine_2",
    ),
    "a delimiter that is none": (
        ["mixed.csv", "churn", "", "dash"],
        "DELIMITER=dash: expected one sign, or one of comma, semicolon, tab, bar",
    ),
    "a delimiter that parts nothing": (
        ["mixed.csv", "churn", "", "tab"],
        "mixed.csv: one column with delimiter '\\t', its header is 'Kunde Nr,",
    ),
    "a target that is no class and no number": (
        ["mixed.csv", "Eingang"],
        "target 'Eingang' has 28",
    ),
}


@pytest.fixture
def project(folder: Path) -> Path:
    """Work in a folder that has settings and a table."""
    shutil.copytree(CONF, folder / "conf")
    csv.write_csv(pa.table(MIXED), folder / "mixed.csv")
    return folder


@pytest.mark.parametrize("target", ["churn", "Region", "価格", "price"])
def test_what_it_writes_composes_and_fits_the_table(
    target: str, project: Path, run: Callable[..., str]
) -> None:
    run("mixed.csv", target)

    settings = compose(["experiment=mixed"])

    source = settings["source"]
    table = read_table_file(
        Path(source["path"]), source["delimiter"], source["missing"], source["decimal"]
    )
    table = table.rename_columns(normalise_all(table.column_names))
    dataset = settings["dataset"]
    known = {dataset["target"]["name"], *dataset["columns"], *dataset["ignore"]}
    assert known == set(table.column_names)
    for name, rules in dataset["columns"].items():
        values, unreadable = convert(table.column(name), Column(**rules).type, name)
        assert not unreadable.any()
        assert rules.get("missing", True) or not values.null_count


def test_it_says_why(project: Path, run: Callable[..., str]) -> None:
    printed = run("mixed.csv", "churn")

    text = (project / "conf/dataset/mixed.yaml").read_text()
    assert "    grosse_in_m2: {type: number} # Größe in m²: 12 missing\n" in text
    assert re.search(r"^missing +13 +values, in Größe in m² \(12\), label \(1\)$", printed, re.M)
    assert re.search(r"^left out +2 +Kunde Nr: .+\n +Eingang: a date", printed, re.M)
    assert "    'on': {type: boolean, missing: false} # no and yes\n" in text
    assert "    - kunde_nr # all different, an id: it says nothing about a new row\n" in text
    assert "      - 'yes' # 10 rows\n" in text
    assert "  # '-': among numbers, so taken for no value\n" in text
    experiment = (project / "conf/experiment/mixed.yaml").read_text()
    assert "  class_weight: balanced" in experiment
    assert printed.endswith("Read them, then train: make repro experiment=mixed\n")


def test_codes_that_begin_with_0_stay_as_they_are_written(
    project: Path, run: Callable[..., str]
) -> None:
    rows = "".join(
        f"{('01067', '80331')[row % 2]},{row % 7},{'ja' if row % 3 else 'nein'}\n"
        for row in range(60)
    )
    (project / "places.csv").write_text(f"PLZ,age,end\n{rows}1067,3,ja\n1067,3,ja\n")

    printed = run("places.csv", "end")

    assert re.search(r"^remark +PLZ: codes, as 01067 begins with 0$", printed, re.M)
    assert re.search(r"^repeated +\d+ +of them, each the same as an earlier row$", printed, re.M)
    settings = compose(["experiment=places"])
    assert settings["source"]["texts"] == ["PLZ"]
    assert settings["dataset"]["columns"]["plz"]["type"] == "category"
    table, _ = fetch(build(FileSource, settings["source"]))
    assert set(table.column("plz").to_pylist()) == {"01067", "80331", "1067"}


def test_a_column_without_a_name_is_told_by_another(project: Path, run: Callable[..., str]) -> None:
    rows = "".join(f"{row % 5},{row % 7},{'yes' if row % 3 else 'no'}\n" for row in range(ROWS))
    (project / "unnamed.csv").write_text(f"a,,bought\n{rows}")

    printed = run("unnamed.csv", "bought")

    assert "a, column (without a name)\n" in printed
    assert not [line for line in printed.splitlines() if line != line.rstrip()]


def test_numbers_with_commas_that_make_a_category_are_remarked_upon(
    project: Path, run: Callable[..., str]
) -> None:
    rows = "".join(f"{('2.5', 'n/b', '1,5')[row % 3]};{row % 2};no\nx;1;yes\n" for row in range(9))
    (project / "few.csv").write_text(f"a;b;bought\n{rows}")

    printed = run("few.csv", "bought")

    remark = "too few of its texts are numbers, 1,5 is one with a comma"
    assert re.search(rf"^category +1 +a\nremark +a: {remark}$", printed, re.M)
    assert f"# {remark}: x, " in (project / "conf/dataset/few.yaml").read_text()


def test_beside_a_table_that_became_the_default_others_train_as_before(
    project: Path, run: Callable[..., str]
) -> None:
    run("mixed.csv", "churn")
    config = project / "conf/config.yaml"
    config.write_text(config.read_text().replace("experiment: null", "experiment: mixed"))

    assert compose([])["source"]["path"] == "mixed.csv"
    assert compose(["dataset=wine"])["source"]["name"] == "wine"


def test_a_table_that_clones_will_not_have_is_told(
    project: Path, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = tmp_path_factory.mktemp("downloads") / "orders.csv"
    shutil.copy(project / "mixed.csv", table)
    told = "is outside this project, so clean clones will not have it; conf/dataset/"

    assert told not in run("mixed.csv", "churn")
    assert f"{table} {told}orders.yaml says how" in run(str(table), "churn")
    assert f"dvc add inputs/{table.name}" in Path("conf/dataset/orders.yaml").read_text()


def test_decimal_commas_are_told_to_every_later_run(project: Path, run: Callable[..., str]) -> None:
    rows = "".join(f"{row % 7},5;{'ja' if row % 3 else 'nein'}\n" for row in range(ROWS))
    (project / "commas.csv").write_text(f"yaşı;gekauft\n{rows}")

    printed = run("commas.csv", "gekauft")

    settings = compose(["experiment=commas"])
    assert settings["source"]["decimal"] == ","
    assert settings["dataset"]["columns"]["yasi"]["type"] == "number"
    assert "parted by ';', decimal commas" in printed
    assert "nein, the one that is looked for" in printed


def test_a_delimiter_that_is_not_among_the_usual_can_be_told(
    project: Path, run: Callable[..., str], refusal: Callable[..., str], arguments: Any
) -> None:
    rows = "".join(f"{row % 7}^a, b^{'yes' if row % 3 else 'no'}\n" for row in range(ROWS))
    (project / "odd.csv").write_text(f"age^note, long^bought\n{rows}a^b\n")
    arguments("odd.csv", "bought")

    line = refusal(command.main)

    assert "DELIMITER=…" in line
    (project / "odd.csv").write_text(f"age^note, long^bought\n{rows}")
    assert "parted by '^'" in run("odd.csv", "bought", "", "^")
    assert compose(["experiment=odd"])["source"]["delimiter"] == "^"


@pytest.mark.parametrize("name", ["no", "null", "inf"])
def test_a_table_whose_name_is_a_value_gets_another(
    name: str, project: Path, run: Callable[..., str]
) -> None:
    shutil.copy("mixed.csv", f"{name}.csv")

    printed = run(f"{name}.csv", "churn")

    assert printed.endswith(f"make repro experiment={name}_table\n")
    assert compose([f"experiment={name}_table"])["dataset"]["name"] == f"{name}_table"


def test_class_weights_are_asked_for_where_one_class_outweighs_another(
    project: Path, run: Callable[..., str]
) -> None:
    run("mixed.csv", "churn")
    run("mixed.csv", "Region", "regions")

    assert compose(["experiment=mixed"])["model"]["class_weight"] == "balanced"
    assert "class_weight" not in compose(["experiment=regions"])["model"]


@pytest.mark.parametrize(
    ("default", "target", "model"),
    [
        ("elasticnet", "churn", "random_forest"),
        ("elasticnet", "price", "elasticnet"),
        ("logistic_regression", "価格", "logistic_regression"),
        ("logistic_regression", "price", "random_forest"),
    ],
)
def test_a_default_model_without_a_part_for_the_task_is_replaced(
    default: str, target: str, model: str, project: Path, run: Callable[..., str]
) -> None:
    config = project / "conf/config.yaml"
    config.write_text(config.read_text().replace("model: random_forest", f"model: {default}"))

    run("mixed.csv", target)

    assert compose(["experiment=mixed"])["model"]["name"] == model


def test_300_columns_of_parquet(project: Path, run: Callable[..., str]) -> None:
    columns = {f"f{i}": [(row * i) % 17 / 3 for row in range(ROWS)] for i in range(1, 301)}
    parquet.write_table(pa.table(columns | {"y": [row / 7 for row in range(ROWS)]}), "wide.parquet")

    printed = run("wide.parquet", "y")

    settings = compose(["experiment=wide"])
    assert settings["dataset"]["task"] == "regression"
    assert len(settings["dataset"]["columns"]) > 280
    assert len(printed.splitlines()) < 20


def test_doing_it_twice_changes_nothing(project: Path, run: Callable[..., str]) -> None:
    run("mixed.csv", "churn")
    before = (project / "conf/dataset/mixed.yaml").read_bytes()

    run("mixed.csv", "churn")

    assert (project / "conf/dataset/mixed.yaml").read_bytes() == before


def test_what_was_edited_is_not_overwritten(
    project: Path,
    run: Callable[..., str],
    refusal: Callable[..., str],
    arguments: Callable[..., None],
) -> None:
    run("mixed.csv", "churn")
    file = project / "conf/experiment/mixed.yaml"
    file.write_text(file.read_text() + "\nseed: 7\n")
    arguments("mixed.csv", "churn")

    line = refusal(command.main)

    assert "conf/experiment/mixed.yaml exists and says something else" in line
    assert "NAME=mixed_2" in line
    (again,) = re.findall(r"to have it written anew: (rm [^;]+);", line)
    subprocess.run(again, shell=True, check=True)
    assert "Wrote conf/dataset/mixed.yaml" in run("mixed.csv", "churn")


@pytest.mark.parametrize(
    ("path", "comment"),
    [
        ("mixed.csv", "dvc add it"),
        (
            "data/mixed.csv",
            "inputs/, write path: inputs/mixed.csv\n  # and dvc add inputs/mixed.csv;",
        ),
        ("/elsewhere", "inputs/, write path: inputs/mixed.csv\n  # and dvc add inputs/mixed.csv;"),
    ],
)
def test_it_says_how_clean_clones_get_the_table(
    path: str, comment: str, project: Path, run: Callable[..., str], tmp_path_factory: Any
) -> None:
    if path == "/elsewhere":
        path = str(tmp_path_factory.mktemp("elsewhere") / "mixed.csv")
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_bytes(Path("mixed.csv").read_bytes())

    run(path, "churn")

    text = (project / "conf/dataset/mixed.yaml").read_text()
    assert comment in text
    assert yaml.safe_load(text)["source"]["path"] == path


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(
    case: str, project: Path, refusal: Callable[..., str], arguments: Callable[..., None]
) -> None:
    words, expected = REFUSED[case]
    arguments(*words)

    assert expected in refusal(command.main)


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what make passes on."""
    return lambda *words: monkeypatch.setattr("sys.argv", ["onboard", *words])


@pytest.fixture
def run(arguments: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that onboards a table and returns what it printed."""

    def onboard(*words: str) -> str:
        arguments(*words)
        command.main()
        return capsys.readouterr().out

    return onboard
