"""A drawing as plain data: a list of shapes, painted one over the other in their order.

Coordinates are CSS pixels, x to the right and y down, as data flows.  A color is "#rrggbb", one of
the names in `look`, a `Mix` of two, or "none".  What has a `tip` tells it to who points at it.
"""

from dataclasses import dataclass
from math import hypot
from pathlib import Path

from ..files import write_whole
from .look import CARD, INK, TEXT, Mix

Color = str | Mix


@dataclass(frozen=True)
class Text:
    """Lines of text at (x, y); `ha` and `va` say which point of them that is."""

    x: float
    y: float
    text: str
    size: float = TEXT
    color: Color = INK
    ha: str = "center"
    va: str = "center"
    weight: str = "normal"
    linespacing: float = 1.2


@dataclass(frozen=True)
class Box:
    """A box with round corners and its text; (x, y) is its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    color: str
    text: Text
    tip: str = ""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle with its upper left corner at (x, y) and a frame of `line` pixels."""

    x: float
    y: float
    width: float
    height: float
    face: Color = CARD
    edge: Color = INK
    line: float = 1
    hatched: bool = False  # with a dashed frame
    label: str = ""  # what it stands for


@dataclass(frozen=True)
class Line:
    """A straight line of `width` pixels."""

    x0: float
    y0: float
    x1: float
    y1: float
    color: Color
    width: float
    dotted: bool = False


@dataclass(frozen=True)
class Route:
    """A line through points, with an arrow head at its end; `curve`, the radius of its corners."""

    points: tuple[tuple[float, float], ...]
    label: str = ""  # what it stands for
    dotted: bool = False
    curve: float = 10
    head: bool = True
    tip: str = ""

    @property
    def bends(self) -> list[tuple]:
        """Each corner between the points where the line leaves the straight way and is back."""
        triples = zip(self.points, self.points[1:], self.points[2:], strict=False)
        return [
            (towards(corner, before, self.curve), corner, towards(corner, after, self.curve))
            for before, corner, after in triples
        ]


@dataclass(frozen=True)
class Vector:
    """An arrow of a color from one point to another, its tip on the second."""

    start: tuple[float, float]
    end: tuple[float, float]
    color: Color


@dataclass(frozen=True)
class Dot:
    """A disk with its centre at (x, y)."""

    x: float
    y: float
    radius: float
    color: Color


@dataclass(frozen=True)
class Circled:
    """A sign in a circle with its centre at (x, y): "+", an addition, or "×", a multiplication."""

    x: float
    y: float
    radius: float
    sign: str
    tip: str = ""

    @property
    def arms(self) -> list[tuple[float, float]]:
        """One end of each of its two strokes, from the centre; the other is opposite."""
        if self.sign == "+":
            return [(0.55 * self.radius, 0), (0, 0.55 * self.radius)]
        arm = 0.42 * self.radius
        return [(arm, arm), (arm, -arm)]


@dataclass(frozen=True)
class Drawing:
    """What is to be seen, in words and as shapes on a sheet of so many pixels.

    A notebook shows it as the value of its cell.
    """

    alt: str
    width: float
    height: float
    shapes: tuple

    def __repr__(self):
        return self.alt

    def _repr_svg_(self) -> str:
        from .svg import to_svg

        return to_svg(self)

    def save(self, path) -> None:
        """Write the drawing into an SVG file, which browsers, text and slide programs show."""
        write_whole(Path(path), self._repr_svg_().encode(), "Choose another folder.")


def towards(start, end, distance: float) -> tuple[float, float]:
    """The point `distance` away from start on the way to end, half-way at most."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = min(0.5, distance / hypot(dx, dy))
    return start[0] + share * dx, start[1] + share * dy
