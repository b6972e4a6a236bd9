"""Stage prepare: part the rows into train and test, and keep a reference for drift."""

from typing import Any

import numpy as np
import pyarrow as pa

from project.artefacts import REFERENCE, TEST, TRAIN, VALID
from project.errors import one_line
from project.loading import load
from project.settings.dataset import Split
from project.tables import contract_of, keep_pandas_out, labelled_rows, read_table, write_table


def prepare(valid: pa.Table, split: Split, seed: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return train, test and reference, rows in the order of `valid`.

    Classes keep their shares in both parts, and each class has a row in each; the reference is a
    random sample of train. With `split.max_rows`, a sample of so many rows is parted.
    Labelled predictions, the last rows, are parted by themselves: so the others stay where they
    were before these came, and what tested a model teaches none.
    """
    contract = contract_of(valid)
    random = np.random.default_rng(seed)
    target = valid.column(contract.target).to_numpy()
    alike: list[Any] = (
        [target == label for label in contract.classes] if contract.classes else [True]
    )
    late = np.arange(valid.num_rows) >= valid.num_rows - labelled_rows(valid)
    groups = [np.flatnonzero(rows & part) for part in (~late, late) for rows in alike]
    share = min((split.max_rows or valid.num_rows) / valid.num_rows, 1)
    in_train, in_test = np.zeros((2, valid.num_rows), dtype=bool)
    for rows in filter(len, groups):
        used = max(round(share * len(rows)), min(len(rows), 2))
        size = min(max(round(split.test_share * used), 1), used - 1)
        shuffled = random.permutation(rows)[:used]
        in_test[shuffled[:size]] = True
        in_train[shuffled[size:]] = True
    train, test = valid.filter(pa.array(in_train)), valid.filter(pa.array(in_test))
    size = min(split.reference_rows, train.num_rows)
    reference = train.take(np.sort(random.permutation(train.num_rows)[:size]))
    return train, test, reference


def main() -> None:
    """Run the stage."""
    valid = read_table(VALID)
    train, test, reference = prepare(valid, load("split", Split), load("seed", int))
    contract = contract_of(valid)
    for path, table in ((TRAIN, train), (TEST, test), (REFERENCE, reference)):
        write_table(path, table, contract)
    print(f"{train.num_rows:,} rows to train on, {test.num_rows:,} to test")


if __name__ == "__main__":
    keep_pandas_out()
    one_line(main)
