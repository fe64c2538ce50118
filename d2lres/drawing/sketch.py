"""A sheet that grows: draw on it, then `finish` it at the size that was needed."""

from dataclasses import dataclass

from .look import MARGIN, SMALL, TEXT, TITLE, wrap
from .shapes import Box, Circled, Dot, Drawing, Line, Rectangle, Route, Text, Vector


@dataclass(frozen=True)
class Tile:
    """A box to draw, wherever it will stand: its text, its color and its tip.

    `factors`: what enters it goes past it, too, and is multiplied by what leaves it.
    """

    text: str
    color: str
    height: float = 30
    factors: bool = False
    tip: str = ""


class Sketch:
    """Shapes in the order in which they are painted."""

    def __init__(self, alt: str):
        self.alt, self.shapes = " ".join(alt.split()), []

    def finish(self, width: float, height: float) -> Drawing:
        """The drawing, cut to `width` and `height`."""
        return Drawing(self.alt, width, height, tuple(self.shapes))

    def text(self, x: float, y: float, text: str, *look, **options) -> None:
        """Write text, if there is any; `look` and `options` as those of `Text`."""
        if text:
            self.shapes.append(Text(x, y, text, *look, **options))

    def title(self, text: "str | None", width: float) -> float:
        """Write the title in lines that fit `width`; the y below it."""
        if not text:
            return MARGIN
        lines = wrap(text, width - 2 * MARGIN, TITLE, "bold")
        self.text(MARGIN, MARGIN, lines, TITLE, ha="left", va="top", weight="bold", linespacing=1.3)
        return MARGIN + 20 * (1 + lines.count("\n")) + 8

    def box(self, x: float, y: float, tile: Tile, width: float) -> float:
        """Draw a box with the middle of its upper edge at (x, y); the y of its lower edge."""
        size = TEXT if tile.height > 24 else SMALL
        text = Text(x, y + tile.height / 2, tile.text, size)
        self.shapes.append(Box(x - width / 2, y, width, tile.height, tile.color, text, tile.tip))
        return y + tile.height

    def rectangle(self, *place, **options) -> None:
        """Draw a rectangle.  Arguments as those of `Rectangle`."""
        self.shapes.append(Rectangle(*place, **options))

    def dot(self, *place) -> None:
        """Draw a disk.  Arguments as those of `Dot`."""
        self.shapes.append(Dot(*place))

    def line(self, *place, **options) -> None:
        """Draw a line.  Arguments as those of `Line`."""
        self.shapes.append(Line(*place, **options))

    def vector(self, *place) -> None:
        """Draw an arrow of a color.  Arguments as those of `Vector`."""
        self.shapes.append(Vector(*place))

    def plus(self, x: float, y: float, radius: float = 10, tip: str = "") -> None:
        """Draw an addition."""
        self.shapes.append(Circled(x, y, radius, "+", tip))

    def times(self, x: float, y: float, radius: float = 10) -> None:
        """Draw a multiplication."""
        self.shapes.append(Circled(x, y, radius, "×"))

    def route(self, points, *look, **options) -> None:
        """Draw a line through points.  Arguments as those of `Route`."""
        self.shapes.append(Route(tuple(points), *look, **options))

    def arrow(self, x: float, y0: float, y1: float) -> None:
        """Draw an arrow down."""
        self.route([(x, y0), (x, y1)])
