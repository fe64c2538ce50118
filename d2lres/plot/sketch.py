"""Boxes and arrows: a sheet to draw networks on, and the words for layers.

Coordinates are CSS pixels, x to the right and y down, as data flows.
"""

from dataclasses import dataclass

from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from ..structure import (
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Gate,
    GlobalAvgPool,
    MaxPool,
    Pad,
    ReLU,
    Sigmoid,
    ZeroChannels,
)
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
    """A box to draw: its text and its color.

    `factors`: what enters it goes past it, too, and is multiplied by what leaves it.
    """

    text: str
    color: str
    height: float = 30
    factors: bool = False


# --- layers in words -----------------------------------------------------------------------------


def marks(layer) -> str:
    """The paper's mark for a stride, ", /2", and a padding that is not the usual one."""
    stride = f", /{layer.strides}" if layer.strides > 1 else ""
    padding, usual = layer.padding, (layer.kernel - 1) // 2
    if isinstance(padding, str):
        return stride + f", {padding}" * (layer.kernel > 1)
    return stride if sides_words(padding) == str(usual) else f"{stride}, pad {sides_words(padding)}"


def sides_words(padding) -> str:
    """One number where all sides have it, else top/bottom/left/right."""
    sides = padding if isinstance(padding, tuple) else (padding,)
    return str(sides[0]) if len(set(sides)) == 1 else "/".join(map(str, sides))


def conv_words(conv: Conv) -> str:
    groups = f", {conv.groups} groups" if conv.groups > 1 else ""
    bias = " + bias" if conv.use_bias else ""
    return f"{conv.kernel}×{conv.kernel} conv, {conv.channels}{groups}{marks(conv)}{bias}"


def norm_words(norm: BatchNorm) -> str:
    missing = [name for name, there in (("γ", norm.scale), ("β", norm.center)) if not there]
    return "BN without " + ", ".join(missing) if missing else "BN"


def mean_words(pool: AvgPool) -> str:
    stride = f", /{pool.strides}" if pool.strides > 1 else ""
    return f"{pool.kernel}×{pool.kernel} average pool{stride}"


def pool_words(pool: MaxPool) -> str:
    """A window of one pixel only skips pixels: that is how shortcut A halves a map."""
    if pool.kernel == 1 and pool.strides > 1:
        return f"every {pool.strides}{ORDINAL.get(pool.strides, 'th')} pixel"
    return f"{pool.kernel}×{pool.kernel} max pool{marks(pool)}"


def pad_words(pad: Pad) -> str:
    return f"zeros around: {sides_words((pad.top, pad.bottom, pad.left, pad.right))}"


def gate_words(gate: Gate) -> str:
    said = [words(layer).replace("dense,", "dense") for layer in gate.gate]
    return "gate: " + ", ".join(said).replace("global average pool", "pool")


ORDINAL = {2: "nd", 3: "rd"}
WORDS = {
    Conv: conv_words,
    BatchNorm: norm_words,
    ReLU: lambda _: "ReLU",
    Sigmoid: lambda _: "sigmoid",
    MaxPool: pool_words,
    AvgPool: mean_words,
    GlobalAvgPool: lambda _: "global average pool",
    Dense: lambda d: f"dense, {d.units}",
    Pad: pad_words,
    ZeroChannels: lambda z: f"+{z.added} zero channels",
    Gate: gate_words,
}

COLORS = {
    Conv: BLUE,
    BatchNorm: LINE,
    ReLU: GREEN,
    Sigmoid: GREEN,
    MaxPool: ORANGE,
    AvgPool: ORANGE,
    GlobalAvgPool: ORANGE,
    Dense: PURPLE,
    Gate: PURPLE,
}


def words(layer) -> str:
    """A layer as the paper's figures write it, such as "3×3 conv, 128, /2"."""
    return WORDS[type(layer)](layer) if type(layer) in WORDS else type(layer).__name__


def color_of(layer) -> str:
    return COLORS.get(type(layer), YELLOW)


def shortcut_kind(shortcut) -> str:
    """identity, projection (with weights) or padding (another shape, without weights)."""
    if not shortcut:
        return "identity"
    return "projection" if any(isinstance(layer, Conv) for layer in shortcut) else "padding"


# --- the sheet -----------------------------------------------------------------------------------


class Sketch:
    """A sheet that grows: draw, then `finish` it at the size that was needed.

    `add_artist` and not `add_patch`, which keeps track of limits that only `finish` knows.
    """

    def __init__(self, alt: str):
        self.figure = picture(100, 100, alt)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set(xticks=(), yticks=())  # hidden, but else they take most of the time

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
        self.axes.add_artist(
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

    def rectangle(self, x, y, width, height, face, edge, **options) -> None:
        """A rectangle with its upper left corner at (x, y); a line of one pixel unless told."""
        options = {"linewidth": POINT, "facecolor": face, "edgecolor": edge, **options}
        self.axes.add_artist(Rectangle((x, y), width, height, **options))

    def dot(self, x: float, y: float, radius: float, color) -> None:
        self.axes.add_artist(Circle((x, y), radius, color=color, linewidth=0, zorder=4))

    def arrow(self, x: float, y0: float, y1: float) -> None:
        """An arrow down."""
        self.route([(x, y0), (x, y1)])

    def line(self, x0, y0, x1, y1, color, width: float, style="solid") -> None:
        """A line of `width` pixels."""
        options = {"color": color, "linewidth": width * POINT, "linestyle": style}
        self.axes.add_artist(Line2D((x0, x1), (y0, y1), **options))

    def vector(self, start, end, color) -> None:
        """An arrow of a color from one point to another, its tip on the second."""
        look = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": 0}
        look |= {"color": color, "linewidth": 2 * POINT, "joinstyle": "miter"}
        self.axes.add_artist(FancyArrowPatch(start, end, **look))

    def plus(self, x: float, y: float, radius: float = 10) -> None:
        """The addition, a circled plus with its centre at (x, y)."""
        arm = 0.55 * radius
        self._circled(x, y, radius, ((arm, 0), (0, arm)))

    def times(self, x: float, y: float, radius: float = 10) -> None:
        """The multiplication, a circled cross with its centre at (x, y)."""
        arm = 0.42 * radius
        self._circled(x, y, radius, ((arm, arm), (arm, -arm)))

    def _circled(self, x, y, radius, arms) -> None:
        self.axes.add_artist(
            Circle((x, y), radius, facecolor=CARD, edgecolor=INK, linewidth=1.3 * POINT, zorder=3)
        )
        for dx, dy in arms:
            ends = (x - dx, x + dx), (y - dy, y + dy)
            line = Line2D(*ends, color=INK, linewidth=1.3 * POINT, zorder=4)
            self.axes.add_artist(line)

    def route(self, points, label="", dotted=False, curve: float = 10, head=True) -> None:
        """A line through points, with an arrow head; `curve`, the radius of its corners."""
        path, codes = [points[0]], [Path.MOVETO]
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            path += [_towards(corner, before, curve), corner, _towards(corner, after, curve)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        self.axes.add_artist(
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
        if not head:
            return
        tail = _towards(points[-1], points[-2], 6)
        self.axes.add_artist(
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
