"""Drawings as matplotlib figures: one rule for each shape."""

from functools import singledispatch, wraps

from matplotlib import lines, patches, text
from matplotlib.path import Path

from .. import drawing
from ..drawing.look import CARD, INK, POINT, Mix
from ..drawing.shapes import (
    Box,
    Circled,
    Dot,
    Drawing,
    Line,
    Rectangle,
    Route,
    Text,
    Vector,
    towards,
)
from .figure import Picture, picture, styled

DOTS, DASHES = (0, (1, 2.2)), (0, (3, 2))


def as_figure(layout):
    """The function that shows as a figure what `layout` draws."""

    @styled
    @wraps(layout)
    def draw(*args, **kwargs):
        return to_figure(layout(*args, **kwargs))

    return draw


def to_figure(drawing: Drawing) -> Picture:
    """A drawing as a figure of its size."""
    figure = picture(drawing.width, drawing.height, drawing.alt)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.set(xticks=(), yticks=())  # hidden, but else they take most of the time
    for order, shape in enumerate(drawing.shapes):
        for artist in artists(shape):
            axes.add_artist(artist).set_zorder(order)
    return figure


def rgb(color) -> str:
    return color.hex if isinstance(color, Mix) else color


# --- one rule for each shape ---------------------------------------------------------------------


@singledispatch
def artists(shape) -> list:
    """A shape as matplotlib's artists."""
    raise TypeError(f"{shape!r}; expected a shape of d2lres.drawing")


@artists.register
def _(shape: Text) -> list:
    names = ("x", "y", "text", "size", "ha", "va", "weight", "linespacing")
    look = {name: getattr(shape, name) for name in names}
    return [text.Text(**look, color=rgb(shape.color))]


@artists.register
def _(shape: Box) -> list:
    box = patches.FancyBboxPatch(
        (shape.x, shape.y),
        shape.width,
        shape.height,
        boxstyle="round,pad=0,rounding_size=5",
        facecolor=Mix(shape.color, 0.18).hex,
        edgecolor=Mix(shape.color, 0.85).hex,
        linewidth=1.2 * POINT,
    )
    return [box, *artists(shape.text)]


@artists.register
def _(shape: Rectangle) -> list:
    look = {"facecolor": rgb(shape.face), "edgecolor": rgb(shape.edge), "label": shape.label}
    if shape.hatched:
        look |= {"hatch": "////", "linestyle": DASHES}
    place = (shape.x, shape.y), shape.width, shape.height
    return [patches.Rectangle(*place, linewidth=shape.line * POINT, **look)]


@artists.register
def _(shape: Line) -> list:
    look = {"color": rgb(shape.color), "linestyle": DOTS if shape.dotted else "solid"}
    ends = (shape.x0, shape.x1), (shape.y0, shape.y1)
    return [lines.Line2D(*ends, linewidth=shape.width * POINT, **look)]


@artists.register
def _(shape: Route) -> list:
    points, codes = [shape.points[0]], [Path.MOVETO]
    for bend in shape.bends:
        points += bend
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path = Path([*points, shape.points[-1]], [*codes, Path.LINETO])
    look = {"edgecolor": INK, "linewidth": 1.3 * POINT, "capstyle": "butt"}
    style = DOTS if shape.dotted else "solid"
    line = patches.PathPatch(path, fill=False, linestyle=style, label=shape.label, **look)
    if not shape.head:
        return [line]
    end, before = shape.points[-1], shape.points[-2]
    options = {"mutation_scale": 8, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.3 * POINT}
    head = patches.FancyArrowPatch(
        towards(end, before, 6), end, arrowstyle="-|>", color=INK, **options
    )
    return [line, head]


@artists.register
def _(shape: Vector) -> list:
    look = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": 0}
    look |= {"color": rgb(shape.color), "linewidth": 2 * POINT, "joinstyle": "miter"}
    return [patches.FancyArrowPatch(shape.start, shape.end, **look)]


@artists.register
def _(shape: Dot) -> list:
    return [patches.Circle((shape.x, shape.y), shape.radius, color=rgb(shape.color), linewidth=0)]


@artists.register
def _(shape: Circled) -> list:
    x, y, width = shape.x, shape.y, 1.3 * POINT
    arms = (lines.Line2D((x - dx, x + dx), (y - dy, y + dy), color=INK, linewidth=width)
            for dx, dy in shape.arms)  # fmt: skip
    circle = patches.Circle((x, y), shape.radius, facecolor=CARD, edgecolor=INK, linewidth=width)
    return [circle, *arms]


# --- the drawings of `d2lres.drawing` ------------------------------------------------------------

draw_block = as_figure(drawing.draw_block)
draw_blocks = as_figure(drawing.draw_blocks)
draw_deflections = as_figure(drawing.draw_deflections)
draw_fields = as_figure(drawing.draw_fields)
draw_idea = as_figure(drawing.draw_idea)
draw_network = as_figure(drawing.draw_network)
draw_stage = as_figure(drawing.draw_stage)
draw_windows = as_figure(drawing.draw_windows)
plot_stages = as_figure(drawing.plot_stages)
