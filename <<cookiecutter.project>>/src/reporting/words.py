"""How metrics and numbers are worded, alike on the page and in the summary."""

import math
from typing import Any

#: Name and meaning, by metric.
METRICS: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "share of rows whose class is right"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall, each class counting alike"),
    "macro_f1": ("Macro F1", "mean F1, each class counting alike"),
    "roc_auc": ("ROC AUC", "chance that a row of a class ranks above one of another"),
    "log_loss": ("Log loss", "surprise at the true class, in nats"),
    "calibration_error": ("Calibration error", "mean gap between confidence and accuracy"),
    "rmse": ("RMSE", "root mean squared error, in the target’s unit"),
    "mae": ("MAE", "mean absolute error, in the target’s unit"),
    "r2": ("R²", "share of the target’s variance explained"),
}

_MOST_DECIMALS = 8


def metric_name(metric: str) -> str:
    """Name a metric for people."""
    return METRICS[metric][0] if metric in METRICS else metric.replace("_", " ").capitalize()


def number(value: float | None) -> str:
    """Write a number with three significant digits, a large one with commas."""
    if value is None:
        return "–"
    if float(value).is_integer() and abs(value) < 1e15:
        return _minus(f"{int(value):,}")
    return compact(value) if abs(value) < 1000 or abs(value) >= 1e7 else fixed(value, 0)


def compact(value: float) -> str:
    """Write a number with three significant digits in as little room as it takes."""
    mantissa, _, power = f"{value:.3g}".partition("e")
    return _minus(mantissa) + (f"e{_minus(str(int(power)))}" if power else "")


def fixed(value: float, places: int) -> str:
    """Write a number with so many decimals, so that a column of them aligns."""
    return _minus(f"{value:,.{places}f}")


def decimals(row: dict[str, Any]) -> int:
    """Return how many decimals of a metric its interval makes worth reading.

    More where rounding would put the value on the other side of its threshold.
    """
    low, high, value, threshold = (row[key] for key in ("low", "high", "value", "threshold"))
    width = high - low if low is not None and high is not None else 0
    places = 3
    if width > 0:
        places = min(max(1 - math.floor(math.log10(width)), int(width < 100)), _MOST_DECIMALS)
    if value is not None and threshold is not None:
        while places < _MOST_DECIMALS and met(row) != met(row | {"value": round(value, places)}):
            places += 1
    return places


def met(row: dict[str, Any]) -> bool | None:
    """Tell whether a metric keeps its threshold; None where it has none."""
    if row["threshold"] is None:
        return None
    if row["value"] is None:
        return False
    if row["direction"] == "higher":
        return bool(row["value"] >= row["threshold"])
    return bool(row["value"] <= row["threshold"])


def value_text(row: dict[str, Any]) -> str:
    """Write a metric's value."""
    return "not defined" if row["value"] is None else fixed(row["value"], decimals(row))


def interval_text(row: dict[str, Any]) -> str:
    """Write a metric's interval; empty where there is none."""
    if row["low"] is None or row["high"] is None:
        return ""
    places = decimals(row)
    return f"{fixed(row['low'], places)} – {fixed(row['high'], places)}"


def threshold_text(row: dict[str, Any]) -> str:
    """Write a metric's threshold; empty where there is none."""
    if row["threshold"] is None:
        return ""
    bound = "at least" if row["direction"] == "higher" else "at most"
    return f"{bound} {_minus(format(row['threshold'], 'g'))}"


def aligned(numbers: list[str]) -> list[str]:
    """Pad written numbers so that, one below another, their decimal points are too."""
    behind = [len(text) - text.find(".") if "." in text else 0 for text in numbers]
    most = max(behind, default=0)
    padded = [
        text + " " * (most - count) if any(map(str.isdigit, text)) else text
        for text, count in zip(numbers, behind, strict=True)
    ]
    width = max(map(len, padded), default=0)
    return [text.rjust(width) for text in padded]


def _minus(text: str) -> str:
    # As wide as a digit, which the hyphen is not.
    return f"−{text[1:]}" if text.startswith("-") else text
