"""What /metrics tells: requests, batches, predictions and the values that came in.

What would make a request wait is put off: values are counted for many rows at a time, and written
into Prometheus' own counters once a second.
"""

import asyncio
import os
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import prometheus_client as prometheus
from prometheus_client import multiprocess

from serving.bundle import Bundle
from serving.http import Answer
from serving.rows import Layout, Matrix, Rows, join
from serving.session import Outputs

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
#: Equal parts of the range that the target had in the data.
PREDICTION_STEPS = 10
#: Rows after which values are counted: to look at a single row's costs as much as at so many.
PENDING_ROWS = 32
#: Seconds after which counts are published, where nobody has asked for metrics before.
PENDING_SECONDS = 1.0


class Histogram(prometheus.Histogram):  # type: ignore[misc]
    """One that takes many values at once: `observe` costs as much as a small model's row."""

    def observe_all(self, values: Any) -> None:
        """Observe numbers; NaN is none."""
        numbers = np.asarray(values, dtype=float).ravel()
        numbers = numbers[~np.isnan(numbers)]
        counts = np.bincount(np.searchsorted(self._upper_bounds, numbers))
        for bucket, count in zip(self._buckets, counts.tolist(), strict=False):
            if count:
                bucket.inc(count)
        self._sum.inc(float(numbers.sum()))


class Telemetry:
    """The metrics of one worker; `exposition` adds up those of all that share a folder."""

    def __init__(self, bundle: Bundle) -> None:
        self._contract = bundle.contract
        self._layout = Layout.of(bundle.contract.columns)
        self._registry = prometheus.CollectorRegistry()
        self._model = {"model_version": bundle.version, "model_digest": bundle.digest}
        self._answered: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._batches: list[int] = []
        self._pending: list[tuple[Rows, Outputs]] = []
        self._pending_rows = 0
        self._gaps = np.zeros(len(self._layout.floats) + len(self._layout.categories), dtype=int)
        self._news = [0] * len(self._layout.categories)
        self._answers: list[str] = []
        self._numbers: list[Matrix] = []
        self._scheduled = False
        self._make_metrics(bundle)

    def _make_metrics(self, bundle: Bundle) -> None:
        columns = (*self._layout.floats, *self._layout.categories)
        powers = [2**power for power in range(bundle.settings["max_rows"].bit_length())]
        self._requests = self._counter("requests", "Requests by path and status", "path", "status")
        self._seconds = self._histogram("request_seconds", "Seconds to answer", SECONDS, "path")
        batches = self._histogram("batch_rows", "Rows that were predicted together", powers)
        self._batch_rows: Histogram = self._of_model(batches)
        missing = self._counter("missing_values", "Values that were missing", "column")
        self._missing = [self._of_model(missing, name) for name in columns]
        unseen = self._counter("unseen_values", "Categories that are new to the model", "column")
        self._unseen = [self._of_model(unseen, name) for name in self._layout.categories]
        if self._contract.classes is None:
            assert self._contract.target_range
            steps = np.linspace(*self._contract.target_range, PREDICTION_STEPS + 1).tolist()
            numbers = self._histogram("prediction", "Predictions by value", steps)
            self._prediction: Histogram = self._of_model(numbers)
        else:
            labels = self._counter("predictions", "Predictions by class", "class")
            self._labels = {name: self._of_model(labels, name) for name in self._contract.classes}
        dropped = self._counter("records_dropped", "Predictions that could not be recorded")
        self.on_drop: Callable[[int], None] = self._of_model(dropped).inc
        for name, value in bundle.metrics.items():
            self._gauge(name, f"{name} on the test split, when the model was evaluated").set(value)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._answered[path, status].append(seconds)
        if not self._scheduled:  # another worker may be the one that is asked
            self._scheduled = True
            asyncio.get_running_loop().call_later(PENDING_SECONDS, self.publish)

    def on_batch(self, rows: int) -> None:
        """Count a batch, in whichever thread it was predicted."""
        self._batches.append(rows)

    def predicted(self, rows: Rows, outputs: Outputs) -> None:
        """Count what came in and what was answered, soon."""
        self._pending.append((rows, outputs))
        self._pending_rows += rows.size
        if self._pending_rows >= PENDING_ROWS:
            self._count_pending()

    def exposition(self) -> Answer:
        """Return the metrics in Prometheus' text format."""
        self.publish()
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = prometheus.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        body: bytes = prometheus.generate_latest(registry)
        return Answer(body, kind=prometheus.CONTENT_TYPE_LATEST.encode())

    def publish(self) -> None:
        """Bring the metrics up to date."""
        self._scheduled = False
        self._publish_requests()
        self._count_pending()
        self._publish_values()

    def _publish_requests(self) -> None:
        answered, self._answered = self._answered, defaultdict(list)
        for (path, status), seconds in answered.items():
            self._of_model(self._requests, path, str(status)).inc(len(seconds))
            self._of_model(self._seconds, path).observe_all(seconds)
        count = len(self._batches)  # a thread may add to them meanwhile
        self._batch_rows.observe_all(self._batches[:count])
        del self._batches[:count]

    def _count_pending(self) -> None:
        pending, self._pending, self._pending_rows = self._pending, [], 0
        if not pending:
            return
        floats, texts = join([rows for rows, _ in pending])
        gaps = np.isnan(floats)
        if np.count_nonzero(gaps):  # sooner known than by any()
            self._gaps[: floats.shape[1]] += gaps.sum(axis=0)
        for place, name in enumerate(self._layout.categories):
            found = Tally(texts[:, place].tolist())
            self._gaps[floats.shape[1] + place] += found.pop("", 0)
            if found.keys() - (known := self._contract.categories[name]):
                self._news[place] += sum(n for value, n in found.items() if value not in known)
        for _, outputs in pending:
            if self._contract.classes is None:
                self._numbers.append(outputs["prediction"].ravel())
            else:
                self._answers += outputs["label"].tolist()

    def _publish_values(self) -> None:
        for counter, count in zip(self._missing, self._gaps.tolist(), strict=True):
            counter.inc(count)
        self._gaps[:] = 0
        for place, counter in enumerate(self._unseen):
            counter.inc(self._news[place])
            self._news[place] = 0
        for label, count in Tally(self._answers).items():
            self._labels[label].inc(count)
        self._answers.clear()
        if self._numbers:
            self._prediction.observe_all(np.concatenate(self._numbers))
            self._numbers.clear()

    def _of_model(self, metric: Any, *labels: str) -> Any:
        return metric.labels(*labels, *self._model.values())

    def _counter(self, name: str, text: str, *labels: str) -> Any:
        names = (*labels, *self._model)
        return prometheus.Counter(f"model_{name}", text, names, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Any:
        names, registry = (*labels, *self._model), self._registry
        return Histogram(f"model_{name}", text, names, registry=registry, buckets=buckets)

    def _gauge(self, name: str, text: str) -> Any:
        gauge = prometheus.Gauge(
            f"model_{name}",
            text,
            tuple(self._model),
            registry=self._registry,
            multiprocess_mode="mostrecent",  # it is the same in all of them
        )
        return self._of_model(gauge)
