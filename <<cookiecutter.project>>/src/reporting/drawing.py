"""Inline SVG in the page's own colours: shapes carry classes, the style sheet does the rest."""

from collections.abc import Iterable
from xml.etree import ElementTree

from markupsafe import Markup

from reporting.axes import Axis
from reporting.words import compact, number

Points = Iterable[tuple[float, float]]

#: Figures are drawn at a phone's width, so that text keeps its size there.
WIDTH = 360
LEFT, RIGHT, TOP, BOTTOM = 46, 350, 14, 42


class Drawing:
    """One figure: axes first, then marks on them, in the order in which they are drawn."""

    def __init__(self, description: str, height: int = 270) -> None:
        self.height = height
        self._root = ElementTree.Element(
            "svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": description}
        )

    def axes(self, x: Axis, y: Axis, x_title: str, y_title: str) -> None:
        """Draw the grid, the ticks' numbers and the titles."""
        bottom = self.height - BOTTOM
        for tick in y.ticks:
            self.line(LEFT, y.at(tick), RIGHT, y.at(tick), "grid")
            self.text(LEFT - 7, y.at(tick) + 4, _tick(tick), "tick end")
        for tick in x.ticks:
            self.text(x.at(tick), bottom + 17, _tick(tick), "tick middle")
        self.line(LEFT, bottom, RIGHT, bottom, "axis")
        self.text(RIGHT, self.height - 6, x_title, "title end")
        self.text(4, 9, y_title, "title")

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Draw a straight line."""
        ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
        self._add("line", kind, **ends)

    def curve(self, points: Points, kind: str) -> None:
        """Draw a line through points."""
        self._add("polyline", kind, points=" ".join(f"{x:g},{y:g}" for x, y in points))

    def dots(self, points: Points, kind: str) -> None:
        """Draw many points as one shape, which keeps the page small."""
        self._add("path", kind, d="".join(f"M{x:.1f},{y:.1f}h0" for x, y in points))

    def dot(self, x: float, y: float, radius: float, kind: str) -> None:
        """Draw one point."""
        self._add("circle", kind, cx=x, cy=y, r=round(radius, 2))

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """Draw a rectangle."""
        sides = {"x": x, "y": y, "width": round(width, 2), "height": round(height, 2)}
        self._add("rect", kind, **sides)

    def text(self, x: float, y: float, text: str, kind: str) -> None:
        """Write a word."""
        self._add("text", kind, x=x, y=round(y, 2)).text = text

    def markup(self) -> Markup:
        """Return the drawing as HTML takes it."""
        return Markup(ElementTree.tostring(self._root, encoding="unicode"))

    def _add(self, tag: str, kind: str, **attributes: float | str) -> ElementTree.Element:
        texts = {name: v if isinstance(v, str) else f"{v:g}" for name, v in attributes.items()}
        return ElementTree.SubElement(self._root, tag, {"class": kind, **texts})


def sparkline(counts: list[int]) -> Markup:
    """Return a small histogram that fills whatever space it gets; the text beside it speaks."""
    highest = max(counts, default=0) or 1
    steps = "".join(f"V{20 - 19 * c / highest - (c > 0):.1f}h1" for c in counts)
    root = ElementTree.Element(
        "svg",
        {
            "viewBox": f"0 0 {len(counts) or 1} 20",
            "preserveAspectRatio": "none",
            "class": "sparkline",
            "aria-hidden": "true",
        },
    )
    ElementTree.SubElement(root, "path", {"d": f"M0,20{steps}V20z"})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _tick(value: float) -> str:
    return compact(value) if abs(value) >= 1e5 else number(value)
