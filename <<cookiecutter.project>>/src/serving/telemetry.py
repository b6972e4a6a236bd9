"""What /metrics tells: requests, batches, predictions and the values that came in.

What would make a request wait is put off: values are counted for many requests at a time.
"""

import asyncio
import os
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import prometheus_client as prometheus
from prometheus_client import multiprocess

from serving.bundle import Bundle
from serving.http import Answer
from serving.rows import Layout, Rows, join
from serving.session import Outputs

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
#: Equal parts of the range that the target had in the data.
PREDICTION_STEPS = 10
#: Rows, or seconds, after which values are counted, where nobody has asked for metrics before.
PENDING_ROWS = 256
PENDING_SECONDS = 1.0


class Telemetry:
    """The metrics of one worker; `exposition` adds up those of all that share a folder."""

    def __init__(self, bundle: Bundle) -> None:
        self._contract = bundle.contract
        self._layout = Layout.of(bundle.contract.columns)
        self._registry = prometheus.CollectorRegistry()
        self._model = {"model_version": bundle.version, "model_digest": bundle.digest}
        self._tally: Tally[tuple[str, int]] = Tally()
        self._pending: list[tuple[Rows, Outputs]] = []
        self._pending_rows = 0
        self._scheduled = False
        self._make_metrics(bundle)

    def _make_metrics(self, bundle: Bundle) -> None:
        columns = (*self._layout.floats, *self._layout.categories)
        powers = [2**power for power in range(bundle.settings["max_rows"].bit_length())]
        self._requests = self._counter("requests", "Requests by path and status", "path", "status")
        self._seconds = self._histogram("request_seconds", "Seconds to answer", SECONDS, "path")
        self._observe: dict[str, Callable[[float], None]] = {}
        batch = self._histogram("batch_rows", "Rows that were predicted together", powers)
        missing = self._counter("missing_values", "Values that were missing", "column")
        self._missing = [self._of_model(missing, name) for name in columns]
        unseen = self._counter("unseen_values", "Categories that are new to the model", "column")
        self._unseen = [self._of_model(unseen, name) for name in self._layout.categories]
        if self._contract.classes is None:
            assert self._contract.target_range
            steps = np.linspace(*self._contract.target_range, PREDICTION_STEPS + 1).tolist()
            numbers = self._histogram("prediction", "Predictions by value", steps)
            self._prediction = self._of_model(numbers)
        else:
            labels = self._counter("predictions", "Predictions by class", "class")
            self._labels = {name: self._of_model(labels, name) for name in self._contract.classes}
        dropped = self._counter("records_dropped", "Predictions that could not be recorded")
        self.on_batch: Callable[[int], None] = self._of_model(batch).observe
        self.on_drop: Callable[[int], None] = self._of_model(dropped).inc
        for name, value in bundle.metrics.items():
            self._gauge(name, f"{name} on the test split, when the model was evaluated").set(value)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._tally[path, status] += 1
        if not self._scheduled:  # another worker may be the one that is asked
            self._scheduled = True
            asyncio.get_running_loop().call_later(PENDING_SECONDS, self.publish)
        observe = self._observe.get(path)
        if observe is None:
            observe = self._observe[path] = self._of_model(self._seconds, path).observe
        observe(seconds)

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
        """Bring the counters up to date."""
        self._scheduled = False
        tally, self._tally = self._tally, Tally()
        for (path, status), count in tally.items():
            self._of_model(self._requests, path, str(status)).inc(count)
        self._count_pending()

    def _count_pending(self) -> None:
        pending, self._pending, self._pending_rows = self._pending, [], 0
        if not pending:
            return
        rows = join([rows for rows, _ in pending])
        gaps = [*np.isnan(rows.floats).sum(axis=0).tolist(), *(rows.texts == "").sum(axis=0)]
        for counter, count in zip(self._missing, gaps, strict=True):
            if count:
                counter.inc(count)
        for place, name in enumerate(self._layout.categories):
            known = self._contract.categories[name]
            found = Tally(rows.texts[:, place].tolist())
            unseen = (count for value, count in found.items() if value and value not in known)
            self._unseen[place].inc(sum(unseen))
        for _, outputs in pending:
            if self._contract.classes is None:
                for value in outputs["prediction"].ravel().tolist():
                    self._prediction.observe(value)
            else:
                for label, count in Tally(outputs["label"].tolist()).items():
                    self._labels[label].inc(count)

    def _of_model(self, metric: Any, *labels: str) -> Any:
        return metric.labels(*labels, *self._model.values())

    def _counter(self, name: str, text: str, *labels: str) -> Any:
        names = (*labels, *self._model)
        return prometheus.Counter(f"model_{name}", text, names, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Any:
        names, registry = (*labels, *self._model), self._registry
        return prometheus.Histogram(
            f"model_{name}", text, names, registry=registry, buckets=buckets
        )

    def _gauge(self, name: str, text: str) -> Any:
        gauge = prometheus.Gauge(
            f"model_{name}",
            text,
            tuple(self._model),
            registry=self._registry,
            multiprocess_mode="mostrecent",  # it is the same in all of them
        )
        return self._of_model(gauge)
