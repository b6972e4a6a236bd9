"""Weeks of one population: the gate says drift no more often than it is allowed to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

from monitoring.batch import Batch, Tally
from monitoring.drift import Seen, find
from monitoring.watched import read_reference, read_watched
from project.settings.monitoring import load_monitoring

from .conftest import houses

WEEKS = 200
#: More than so many of 200 come by a chance of 1 in 1,000 where each has one of 1 in 100.
MOST = 8


@dataclass
class Week:
    """A week's rows, with what the model answers."""

    table: pa.Table
    tally: Tally = field(default_factory=Tally)

    def batches(self) -> Iterator[Batch]:
        """Yield all of them."""
        self.tally.used = self.table.num_rows
        self.tally.columns.update(self.table.column_names)
        yield Batch(self.table)


@pytest.mark.parametrize("rows", [60, 600])
def test_undisturbed_weeks_seldom_alarm(rows: int, made: Callable[..., Path]) -> None:
    made()
    watched, model = read_watched()
    reference, monitoring = read_reference(watched, model), load_monitoring()
    alarms = 0

    for number in range(WEEKS):
        drawn = houses(rows, 1000 + number)
        answers = model.predict(drawn).label
        assert answers is not None
        table = watched.as_recorded(drawn).append_column("label", pa.array(answers.astype(str)))
        week = Week(table)
        seen = Seen(watched, reference, monitoring.drift, None)
        seen.read(week)
        found = find(watched, reference, seen, week, monitoring)
        alarms += any(one.drifted for one in found.judged)

    assert alarms <= MOST
