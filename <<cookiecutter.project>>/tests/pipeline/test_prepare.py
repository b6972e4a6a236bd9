"""Rows are parted as settings say: shares of classes, a sample where one is asked for."""

import pyarrow as pa

from pipeline.prepare import prepare
from project.settings.dataset import Split
from project.tables import Contract

CLASSES = ["a", "b"]
CONTRACT = Contract("toy", "classification", "kind", CLASSES, {"size": "number"}, {"size": "size"})


def table(rows: int) -> pa.Table:
    kinds = [int(number % 10 == 0) for number in range(rows)]
    columns = {"size": pa.array(range(rows), pa.float32()), "kind": [CLASSES[k] for k in kinds]}
    return pa.table(columns).replace_schema_metadata({b"contract": CONTRACT.to_json().encode()})


def split(max_rows: int | None) -> Split:
    return Split(max_rows=max_rows, test_share=0.25, reference_rows=50)


def counts(rows: pa.Table) -> dict[str, int]:
    listed = rows.column("kind").to_pylist()
    return {kind: listed.count(kind) for kind in CLASSES}


def test_all_rows_are_used_once() -> None:
    train, test, reference = prepare(table(1000), split(None), seed=1)

    sizes = train.column("size").to_pylist() + test.column("size").to_pylist()
    assert sorted(sizes) == list(range(1000))
    assert (counts(train), counts(test)) == ({"a": 675, "b": 75}, {"a": 225, "b": 25})
    assert reference.num_rows == 50


def test_a_sample_keeps_the_shares_of_classes() -> None:
    train, test, _ = prepare(table(1000), split(100), seed=1)

    assert (counts(train), counts(test)) == ({"a": 68, "b": 8}, {"a": 22, "b": 2})
    both = train.column("size").to_pylist() + test.column("size").to_pylist()
    assert len(set(both)) == 100


def test_a_sample_larger_than_the_table_is_the_table() -> None:
    assert prepare(table(40), split(1000), seed=1) == prepare(table(40), split(None), seed=1)
