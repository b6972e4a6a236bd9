"""What conf/monitoring.yaml may say: strict, so that a typo stops with the key's name."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from project.artefacts import MONITORING
from project.loading import load_file, on_disk
from project.settings.base import Strict
from project.settings.group import Share

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _span(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,4}[mhd]", text):
        raise ValueError("expected a span of time, such as 30m, 12h or 7d")
    return text


Span = Annotated[str, AfterValidator(_span)]


class PValues(Strict):
    """Evidently's names for tests that give the probability of chance, by type of column."""

    number: Literal["ks", "anderson", "cramer_von_mises", "mannw", "t_test"]
    category: Literal["chisquare"]


class Distances(Strict):
    """Evidently's names for distances between distributions, by type of column."""

    number: Literal["psi", "jensenshannon", "kl_div", "hellinger", "wasserstein"]
    category: Literal["psi", "jensenshannon", "kl_div", "hellinger"]


class EvidentlyTests(Strict):
    """Which test Evidently makes of a column: `small` up to so many rows, `large` beyond."""

    small_rows: int = Field(ge=1)
    small: PValues
    large: Distances


class Drift(Strict):
    """When a column has drifted, and what is read to tell."""

    since: Span
    min_rows: int = Field(ge=10)
    false_alarms: Share
    floor: float = Field(gt=0)
    bins: int = Field(ge=2, le=20)
    sample_rows: int = Field(ge=100)
    seed: int = Field(ge=0, lt=2**32)
    evidently: EvidentlyTests


class Labels(Strict):
    """Which labels are taken, and how many of them tell how good the model is."""

    min_rows: int = Field(ge=10)
    max_unknown: float = Field(ge=0, lt=1)


class Monitor(Strict):
    """How much is tried on a laptop, and in what haste."""

    rows: int = Field(ge=1)
    haste: int = Field(ge=1, le=300)
    seconds: float = Field(gt=0)


class Retrain(Strict):
    """What a retrained model must be better than, and how often one may come."""

    environment: Literal["dev", "test", "prod"]
    labelled: bool
    gain: float = Field(ge=0)
    cooldown_hours: float = Field(ge=0)


class Monitoring(Strict):
    """The whole of conf/monitoring.yaml."""

    drift: Drift
    labels: Labels
    monitor: Monitor
    retrain: Retrain


def load_monitoring(path: Path = MONITORING, read: Callable[[Path], str] = on_disk) -> Monitoring:
    """Read conf/monitoring.yaml; a `UserError` names the first wrong key."""
    settings: Monitoring = load_file(Monitoring, path, read)
    return settings


def span(text: str) -> timedelta:
    """Return the length of a span of time such as 7d; `ValueError` where it is none."""
    _span(text)
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})
