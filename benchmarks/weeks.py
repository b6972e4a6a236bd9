"""Judge weeks of one population and count which are said to have drifted: a project's Python."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from monitoring.batch import Batch, Tally
from monitoring.drift import Seen, find
from monitoring.watched import Watched
from project.settings.monitoring import load_monitoring
from project.tables import Contract

COLUMNS = {
    **{f"number_{place}": "number" for place in range(8)},
    "count": "number",
    "rare": "number",
    "flag": "boolean",
    "region": "category",
    "article": "category",
}


def population(rows: int, random: np.random.Generator) -> pa.Table:
    """Draw rows: numbers that go together, small counts, many missing, few categories and many."""
    common = random.normal(size=rows)
    numbers = {
        f"number_{place}": np.exp(0.5 * (common + random.normal(size=rows))) for place in range(8)
    }
    rare = np.where(random.random(rows) < 0.9, np.nan, random.normal(size=rows))
    articles = np.minimum(random.zipf(1.5, rows), 5_000)
    return pa.table(
        {
            **numbers,
            "count": random.poisson(1.5, rows).astype(np.float64),
            "rare": pa.array(rare, from_pandas=True),
            "flag": random.random(rows) < 0.02,
            "region": random.choice(list("ABCD"), rows, p=[0.6, 0.3, 0.09, 0.01]),
            "article": articles.astype(str),
            "label": np.where(common + random.normal(size=rows) > 1, "yes", "no"),
        }
    )


@dataclass
class Week:
    """Rows of a week."""

    table: pa.Table
    tally: Tally

    def batches(self) -> Iterator[Batch]:
        """Yield all at once."""
        self.tally.used = self.table.num_rows
        self.tally.columns.update(self.table.column_names)
        yield Batch(self.table)


def main() -> None:
    """Print how many weeks of each model were said to have drifted."""
    models, weeks, reference_rows, week_rows = map(int, sys.argv[1:])
    contract = Contract("weeks", "classification", "target", ["no", "yes"], COLUMNS, {})  # type: ignore[arg-type]
    watched = Watched("weeks", "sha256:0", contract, frozenset(), frozenset(), Path("store"))
    monitoring = load_monitoring()
    random = np.random.default_rng(1)
    alarms = []
    for _ in range(models):
        reference, count = population(reference_rows, random), 0
        for _ in range(weeks):
            week = Week(population(week_rows, random), Tally())
            seen = Seen(watched, reference, monitoring.drift, None)
            seen.read(week)
            found = find(watched, reference, seen, week, monitoring)
            assert not found.too_little
            count += any(one.drifted for one in found.judged)
        alarms.append(count)
    print(json.dumps(alarms))


if __name__ == "__main__":
    main()
