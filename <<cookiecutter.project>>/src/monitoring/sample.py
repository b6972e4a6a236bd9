"""A sample of the rows, stratified by time, of which no more is held than a few times its size."""

import numpy as np
import pyarrow as pa

from monitoring.batch import Array, Batch

#: Parts of the window, from each of which the sample holds its share.
STRATA = 50
HELD = 4


class TimeSample:
    """Draws up to `size` rows; the same rows in the same order give the same sample."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = np.random.default_rng(seed)
        self._most = 1.0
        self._parts: list[tuple[pa.Table, Array, Array]] = []
        self._held = self._seen = 0

    def add(self, batch: Batch) -> None:
        """Look at more rows."""
        rows = batch.table.num_rows
        draws = self._random.random(rows)
        kept = np.flatnonzero(draws < self._most)
        times = batch.times if batch.times is not None else np.arange(self._seen, self._seen + rows)
        self._parts.append((batch.table.take(pa.array(kept)), draws[kept], times[kept]))
        self._seen += rows
        self._held += len(kept)
        if self._held > 2 * HELD * self._size:
            self._shrink()

    def draw(self, size: int) -> pa.Table | None:
        """Return the sample, of at most `size` rows; None where there are no rows."""
        if not self._held:
            return None
        table, draws, times = self._joined()
        size = min(size, self._size, len(draws))
        span = times.max() - times.min()
        stratum = np.floor((times - times.min()) / (span or 1) * STRATA).clip(0, STRATA - 1)
        # Within each part by draw; across them by the place in the queue of its part.
        order = np.lexsort((draws, stratum))
        counts = np.unique(stratum[order], return_counts=True)[1]
        place = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
        chosen = order[np.argsort(place, kind="stable")[:size]]
        return table.take(pa.array(np.sort(chosen)))

    def _shrink(self) -> None:
        table, draws, times = self._joined()
        kept = np.sort(np.argpartition(draws, HELD * self._size)[: HELD * self._size])
        self._most = float(draws[kept].max())
        self._parts = [(table.take(pa.array(kept)), draws[kept], times[kept])]
        self._held = len(kept)

    def _joined(self) -> tuple[pa.Table, Array, Array]:
        tables, draws, times = zip(*self._parts, strict=True)
        whole = pa.concat_tables(tables, promote_options="default")
        return whole, np.concatenate(draws), np.concatenate(times)
