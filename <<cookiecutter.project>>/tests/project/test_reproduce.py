from pathlib import Path

import pytest

from project.dvc_lock import Recorded, content_md5
from project.errors import UserError
from project.reproduce import compare, refuse_difference

FILES = {"model.onnx": "weights", "plots/a.csv": "1,2"}


def clones(folder: Path) -> tuple[list[Recorded], Path, Path]:
    """Two folders with the same files, and what a dvc.lock would record of them."""
    for name in ("first", "second"):
        for path, text in FILES.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    first = folder / "first"
    paths = ("model.onnx", "plots")
    recorded = [Recorded(path, content_md5(first / path) or "", "train") for path in paths]
    return recorded, first, folder / "second"


def test_equal_clones_agree(tmp_path: Path) -> None:
    rows = compare(*clones(tmp_path))

    assert [(row.path, row.first == row.second, row.as_recorded) for row in rows] == [
        ("model.onnx", True, True),
        ("plots", True, True),
    ]
    refuse_difference(rows)


@pytest.mark.parametrize(
    ("path", "named"),
    [("model.onnx", "model.onnx"), ("plots/a.csv", "plots"), ("plots/b", "plots")],
)
def test_an_artefact_that_differs_is_named(tmp_path: Path, path: str, named: str) -> None:
    recorded, first, second = clones(tmp_path)
    (second / path).write_text("other")

    with pytest.raises(UserError, match=f"^the two clones differ in {named}$"):
        refuse_difference(compare(recorded, first, second))


def test_a_renamed_file_in_a_folder_is_a_difference(tmp_path: Path) -> None:
    recorded, first, second = clones(tmp_path)
    (second / "plots/a.csv").rename(second / "plots/c.csv")

    with pytest.raises(UserError, match="differ in plots"):
        refuse_difference(compare(recorded, first, second))


def test_an_artefact_that_is_missing_is_a_difference(tmp_path: Path) -> None:
    recorded, first, second = clones(tmp_path)
    (second / "model.onnx").unlink()

    with pytest.raises(UserError, match=r"differ in model\.onnx"):
        refuse_difference(compare(recorded, first, second))


def test_clones_that_agree_on_something_else_than_was_recorded(tmp_path: Path) -> None:
    recorded, first, second = clones(tmp_path)
    for clone in (first, second):
        (clone / "model.onnx").write_text("other")

    with pytest.raises(UserError, match=r"dvc.lock records something else for model\.onnx"):
        refuse_difference(compare(recorded, first, second))
