"""Scales with round ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers laid over a stretch of a drawing."""

    low: float
    high: float
    ticks: tuple[float, ...]
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies in the drawing."""
        low, high, value = (
            (math.log(self.low), math.log(self.high), math.log(value))
            if self.log
            else (self.low, self.high, value)
        )
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 2)


def linear(values: Iterable[float], start: float = 0, end: float = 100, steps: int = 4) -> Axis:
    """Return an axis whose ends and ticks are round and that holds all values."""
    low, high = _spread(values)
    step = _round_step((high - low) / steps)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(i * step, 12) for i in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks, start, end)


def within(
    values: Iterable[float], bounds: tuple[float | None, float | None], steps: int = 4
) -> Axis:
    """Return a linear axis with room on both sides, never beyond what is possible."""
    low, high = _spread(values)
    room = (high - low) * 0.1
    floor, ceiling = bounds
    low = low - room if floor is None else max(low - room, min(floor, low))
    high = high + room if ceiling is None else min(high + room, max(ceiling, high))
    return linear((low, high), steps=steps)


def logarithmic(values: Iterable[float], start: float = 0, end: float = 100) -> Axis:
    """Return an axis of powers of ten that holds all values, which are positive."""
    values = list(values)
    first = math.floor(math.log10(min(values)) + 1e-9)
    last = max(math.ceil(math.log10(max(values)) - 1e-9), first + 1)
    ticks = tuple(10.0**power for power in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks, start, end, log=True)


def _spread(values: Iterable[float]) -> tuple[float, float]:
    values = list(values)
    low, high = min(values), max(values)
    if low == high:
        half = abs(low) / 10 or 0.5
        return low - half, high + half
    return low, high


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= step * (1 - 1e-9))
