from reporting.confusion import confusion


def table(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"actual": actual, "predicted": predicted} for actual, predicted in pairs]


def test_rows_are_counted_by_actual_and_predicted_class() -> None:
    found = confusion(table(("a", "a"), ("a", "b"), ("b", "b")), ["a", "b"])
    assert [[cell.rows for cell in cells] for _, cells in found.rows] == [[1, 1], [0, 1]]
    assert (found.wrong, found.total, found.mistakes) == (1, 3, [("a", "b", 1)])
    assert found.headings == ["a", "b"]


def test_long_names_are_numbered() -> None:
    found = confusion(table(("malignant", "benign")), ["benign", "malignant"])
    assert found.headings == ["1", "2"]


def test_of_many_classes_the_mistaken_ones_are_shown_and_no_row_is_lost() -> None:
    classes = [str(i) for i in range(100)]
    pairs = [(name, name) for name in classes] + [("7", "93")] * 3
    found = confusion(table(*pairs), classes)
    names = [name for name, _ in found.rows]
    assert {"7", "93", "89 others"} <= set(names)
    assert len(names) == 12
    assert sum(cell.rows for _, cells in found.rows for cell in cells) == len(pairs)
