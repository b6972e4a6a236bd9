"""The figures of the page: what a run left behind, drawn."""

import math
from dataclasses import dataclass, field

from markupsafe import Markup

from reporting.axes import Axis, linear, logarithmic
from reporting.drawing import BOTTOM, LEFT, RIGHT, TOP, Drawing
from reporting.run import Table
from reporting.words import number

#: Points drawn at most: more than this only make the cloud darker.
MOST_DOTS = 1500
#: A loss that falls further than this is flat on a linear axis.
LOG_RANGE = 20
#: The parts of a point of the training curves; an estimator that holds no rows out has the first.
CURVES = (("train", "training rows"), ("validation", "validation rows, held out of training"))


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption."""

    title: str
    drawing: Markup
    note: str
    #: What the colours mean: the style's class and its name.
    legend: list[tuple[str, str]] = field(default_factory=list)


def training_curves(curves: list[dict[str, float]]) -> Figure:
    """Loss by step, on the rows that were fitted and on those that were held out, if any were."""
    legend = [(part, name) for part, name in CURVES if part in curves[0]]
    losses = [point[part] for point in curves for part, _ in legend]
    ends = f"Training loss ends at {number(curves[-1]['train'])} after {curves[-1]['step']} steps"
    best = min(curves, key=lambda point: point["validation"]) if len(legend) > 1 else None
    note = f"{ends}; no rows were held out."
    if best:
        note = (
            f"Validation loss was lowest in step {best['step']} of {curves[-1]['step']}, at "
            f"{number(best['validation'])}."
        )
    drawing = Drawing(f"Loss by step. {ends}. {note}" if best else f"Loss by step. {note}")
    wide = min(losses) > 0 and max(losses) / min(losses) > LOG_RANGE
    bottom = drawing.height - BOTTOM
    y = (logarithmic if wide else linear)(losses, bottom, TOP + 6)
    x = _counted(curves[-1]["step"])
    drawing.axes(x, y, "step", "loss, log scale" if wide else "loss")
    if best:
        drawing.line(x.at(best["step"]), TOP + 6, x.at(best["step"]), bottom, "guide")
    for part, _ in legend:
        drawing.curve([(x.at(p["step"]), y.at(p[part])) for p in curves], f"curve {part}")
    if best:
        drawing.dot(x.at(best["step"]), y.at(best["validation"]), 4, "best")
    return Figure("Loss by step", drawing.markup(), note, legend)


def predicted_against_actual(rows: Table) -> Figure:
    """Each row's prediction over its true value; a perfect model lies on the diagonal."""
    if not (rows := _finite(rows)):
        return _empty("Predicted against actual")
    actual, predicted = _column(rows, "actual"), _column(rows, "predicted")
    drawing = Drawing(f"{len(rows)} predictions over their true values, around the diagonal.")
    x, y = _square([*actual, *predicted], drawing)
    drawing.axes(x, y, "actual", "predicted")
    drawing.line(x.start, y.start, x.end, y.end, "guide")
    drawing.dots(_thinned(actual, predicted, x, y), "cloud")
    return Figure(
        "Predicted against actual", drawing.markup(), "A perfect model lies on the diagonal."
    )


def residuals(rows: Table) -> Figure:
    """Each row's error over its prediction; a fair model spreads evenly around zero."""
    if not (rows := _finite(rows)):
        return _empty("Residuals")
    predicted, errors = _column(rows, "predicted"), _column(rows, "residual")
    drawing = Drawing(f"{len(rows)} residuals over their predictions, around zero.")
    x = linear(predicted, LEFT, RIGHT)
    y = linear([*errors, 0.0], drawing.height - BOTTOM, TOP + 6)
    drawing.axes(x, y, "predicted", "actual − predicted")
    drawing.line(LEFT, y.at(0), RIGHT, y.at(0), "guide")
    drawing.dots(_thinned(predicted, errors, x, y), "cloud")
    sizes = sorted(map(abs, errors))
    half, most = number(sizes[len(sizes) // 2]), number(sizes[len(sizes) * 9 // 10])
    note = f"Half of the rows are within {half} of the truth, nine in ten within {most}."
    return Figure("Residuals", drawing.markup(), note)


def class_calibration(rows: Table) -> Figure:
    """How often the model is right when it is so sure; dots grow with their rows."""
    if not (rows := _finite(rows)):
        return _empty("Accuracy by confidence")
    sure, right, counts = (_column(rows, key) for key in ("confidence", "accuracy", "rows"))
    drawing = Drawing(
        "Accuracy by confidence: "
        + "; ".join(
            f"{c:.0%} sure, {a:.0%} right, {n:.0f} rows"
            for c, a, n in zip(sure, right, counts, strict=True)
        )
    )
    x = linear((0, 1), LEFT, RIGHT, steps=5)
    y = linear((0, 1), drawing.height - BOTTOM, TOP + 6, steps=5)
    drawing.axes(x, y, "confidence", "accuracy")
    drawing.line(x.start, y.start, x.end, y.end, "guide")
    for c, a, n in zip(sure, right, counts, strict=True):
        drawing.line(x.at(c), y.at(c), x.at(c), y.at(a), "gap")
        drawing.dot(x.at(c), y.at(a), 3 + 8 * (n / sum(counts)) ** 0.5, "bubble")
    note = (
        "On the diagonal, the model is right as often as it is sure. A larger dot stands for more "
        f"rows, {sum(counts):,.0f} in all."
    )
    return Figure("Accuracy by confidence", drawing.markup(), note)


def number_calibration(rows: Table) -> Figure:
    """Mean truth by mean prediction, in ten groups of like predictions."""
    if not (rows := _finite(rows)):
        return _empty("Truth by prediction")
    pairs = sorted(zip(_column(rows, "predicted"), _column(rows, "actual"), strict=True))
    size = max(len(pairs) / 10, 1)
    groups = [pairs[round(i * size) : round((i + 1) * size)] for i in range(10)]
    means = [
        (sum(p for p, _ in group) / len(group), sum(a for _, a in group) / len(group))
        for group in groups
        if group
    ]
    drawing = Drawing(
        "Mean of the true values by mean prediction: "
        + "; ".join(f"{number(a)} where {number(p)} was predicted" for p, a in means)
    )
    x, y = _square([value for pair in means for value in pair], drawing)
    drawing.axes(x, y, "mean prediction", "mean of the true values")
    drawing.line(x.start, y.start, x.end, y.end, "guide")
    for p, a in means:
        drawing.line(x.at(p), y.at(p), x.at(p), y.at(a), "gap")
        drawing.dot(x.at(p), y.at(a), 4.5, "bubble")
    note = (
        f"Test rows in {len(means)} groups of like predictions. On the diagonal, predictions are "
        "right on average."
    )
    return Figure("Truth by prediction", drawing.markup(), note)


def _finite(rows: Table) -> Table:
    return [row for row in rows if all(math.isfinite(float(value)) for value in row.values())]


def _empty(title: str) -> Figure:
    return Figure(title, Markup(), "Nothing to draw: no prediction is a number.")


def _column(rows: Table, name: str) -> list[float]:
    return [float(row[name]) for row in rows]


def _counted(last: float) -> Axis:
    axis = linear((0, max(last, 4)), LEFT, RIGHT)
    return Axis(0, max(last, 4), tuple(t for t in axis.ticks if t <= max(last, 4)), LEFT, RIGHT)


def _square(values: list[float], drawing: Drawing) -> tuple[Axis, Axis]:
    return linear(values, LEFT, RIGHT), linear(values, drawing.height - BOTTOM, TOP + 6)


def _thinned(across: list[float], up: list[float], x: Axis, y: Axis) -> list[tuple[float, float]]:
    every = -(-len(across) // MOST_DOTS)
    points = list(zip(across, up, strict=True))[::every]
    return [(x.at(a), y.at(b)) for a, b in points]
