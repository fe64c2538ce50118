"""Boxes and arrows: a sheet to draw networks on, and the words for layers.

Coordinates are CSS pixels, x to the right and y down, as data flows.
"""

from dataclasses import dataclass

from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path

from ..arch import BatchNorm, Conv, Dense, GlobalAvgPool, MaxPool, ReLU
from .figure import (
    BLUE,
    CARD,
    GREEN,
    INCH,
    INK,
    LINE,
    MARGIN,
    ORANGE,
    POINT,
    PURPLE,
    SMALL,
    TEXT,
    TITLE,
    YELLOW,
    mix,
    picture,
    text_width,
    wrap,
)

DOTS = (0, (1, 2.2))


@dataclass(frozen=True)
class Box:
    """A box to draw: its text and its color."""

    text: str
    color: str
    height: float = 30


# --- layers in words -----------------------------------------------------------------------------


def stride_mark(layer) -> str:
    """The paper's mark for a stride: ", /2"."""
    return f", /{layer.strides}" if layer.strides > 1 else ""


WORDS = {
    Conv: lambda c: (
        f"{c.kernel}×{c.kernel} conv, {c.channels}{stride_mark(c)}" + (" + bias" * c.use_bias)
    ),
    BatchNorm: lambda _: "BN",
    ReLU: lambda _: "ReLU",
    MaxPool: lambda p: f"{p.kernel}×{p.kernel} max pool{stride_mark(p)}",
    GlobalAvgPool: lambda _: "global average pool",
    Dense: lambda d: f"dense, {d.units}",
}

COLORS = {Conv: BLUE, ReLU: GREEN, MaxPool: ORANGE, GlobalAvgPool: ORANGE, Dense: PURPLE}


def words(layer) -> str:
    """A layer as the paper's figures write it, such as "3×3 conv, 128, /2"."""
    return WORDS[type(layer)](layer) if type(layer) in WORDS else type(layer).__name__


def color_of(layer) -> str:
    return COLORS.get(type(layer), LINE if isinstance(layer, BatchNorm) else YELLOW)


def shortcut_kind(shortcut) -> str:
    """identity, projection (with weights) or padding (another shape, without weights)."""
    if not shortcut:
        return "identity"
    return "projection" if any(isinstance(layer, Conv) for layer in shortcut) else "padding"


# --- the sheet -----------------------------------------------------------------------------------


class Sketch:
    """A sheet that grows: draw, then `finish` it at the size that was needed."""

    def __init__(self, alt: str):
        self.figure = picture(100, 100, alt)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def finish(self, width: float, height: float):
        """The figure, cut to `width` and `height`."""
        self.figure.set_size_inches(width / INCH, height / INCH)
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        return self.figure

    def text(self, x, y, text, size=TEXT, color=INK, ha="center", va="center", **options):
        return self.axes.text(x, y, text, size=size, color=color, ha=ha, va=va, **options)

    def title(self, text: "str | None", width: float) -> float:
        """Write the title in lines that fit `width`; the y below it."""
        if not text:
            return MARGIN
        lines = wrap(text, width - 2 * MARGIN, TITLE, "bold")
        self.text(MARGIN, MARGIN, lines, TITLE, ha="left", va="top", weight="bold", linespacing=1.3)
        return MARGIN + 20 * (1 + lines.count("\n")) + 8

    def box(self, x: float, y: float, box: Box, width: float) -> float:
        """Draw a box with the middle of its upper edge at (x, y); the y of its lower edge."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y),
                width,
                box.height,
                boxstyle="round,pad=0,rounding_size=5",
                facecolor=mix(box.color, 0.18),
                edgecolor=mix(box.color, 0.85),
                linewidth=1.2 * POINT,
            )
        )
        self.text(x, y + box.height / 2, box.text, TEXT if box.height > 24 else SMALL)
        return y + box.height

    def arrow(self, x: float, y0: float, y1: float) -> None:
        """An arrow down."""
        self.route([(x, y0), (x, y1)])

    def line(self, x0, y0, x1, y1, color, width: float, style="solid") -> None:
        """A line of `width` pixels."""
        self.axes.plot((x0, x1), (y0, y1), color=color, linewidth=width * POINT, linestyle=style)

    def plus(self, x: float, y: float, radius: float = 10) -> None:
        """The addition, a circled plus with its centre at (x, y)."""
        self.axes.add_patch(
            Circle((x, y), radius, facecolor=CARD, edgecolor=INK, linewidth=1.3 * POINT, zorder=3)
        )
        arm = 0.55 * radius
        for dx, dy in ((arm, 0), (0, arm)):
            self.axes.plot(
                (x - dx, x + dx), (y - dy, y + dy), color=INK, linewidth=1.3 * POINT, zorder=4
            )

    def route(self, points, label: str = "", dotted: bool = False, curve: float = 10) -> None:
        """A line through points with an arrow head; `curve`, the radius of its corners."""
        path, codes = [points[0]], [Path.MOVETO]
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            path += [_towards(corner, before, curve), corner, _towards(corner, after, curve)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        self.axes.add_patch(
            PathPatch(
                Path([*path, points[-1]], [*codes, Path.LINETO]),
                fill=False,
                edgecolor=INK,
                linewidth=1.3 * POINT,
                linestyle=DOTS if dotted else "solid",
                capstyle="butt",
                label=label,
            )
        )
        tail = _towards(points[-1], points[-2], 6)
        self.axes.add_patch(
            FancyArrowPatch(
                tail,
                points[-1],
                arrowstyle="-|>",
                mutation_scale=8,
                shrinkA=0,
                shrinkB=0,
                color=INK,
                linewidth=1.3 * POINT,
            )
        )


def _towards(start, end, distance: float) -> tuple[float, float]:
    """The point `distance` away from start on the way to end, half-way at most."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    share = min(0.5, distance / (abs(dx) + abs(dy)))
    return start[0] + share * dx, start[1] + share * dy


def widest(texts, size: float = TEXT, weight: str = "normal") -> float:
    """The width of the longest of some texts, which may have several lines."""
    lines = [line for text in texts for line in text.split("\n")]
    return max((text_width(line, size, weight) for line in lines), default=0.0)
