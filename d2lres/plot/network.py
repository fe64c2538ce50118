"""A whole network as a picture: the paper's figure 3, drawn from the data."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations, groupby, pairwise

from ..accounting import Row, count
from ..arch import Architecture, BatchNorm, ReLU, Residual, named
from ..errors import ConfigError
from .figure import (
    BLUE,
    GREEN,
    INK,
    LINE,
    MARGIN,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    SOFT,
    ink,
    mix,
    styled,
)
from .sketch import DOTS, Box, Sketch, shortcut_kind, widest, words

STAGES = (SKY, GREEN, ORANGE, PURPLE, BLUE)
# Pixels: a box; arrows within a block, between blocks, and with a shape beside them; the radius of
# an addition; from the name of a part to its boxes, from these to the outermost point of a
# shortcut, and from there to the next column.
BOX, SHORT, LINK, LONG, ADD, NAME, ROOM, BEYOND = 23, 8, 17, 32, 6.5, 24, 24, 22
LEGEND = {"projection": "projection (1×1 conv)", "padding": "zero channels added"}


@dataclass(frozen=True)
class Unit:
    """What is drawn as one: a layer, or a block that follows itself `times` times."""

    texts: tuple[str, ...]
    shortcut: "tuple | None" = None
    times: int = 1
    shape: str = ""  # of what leaves it, where that is to be written


@dataclass(frozen=True)
class Part:
    """The stem, a stage or the head: its name, its color and its units."""

    heading: str
    color: str
    units: "list[Unit]"

    @property
    def lines(self) -> int:
        """Boxes and additions, one below the other."""
        return sum(len(unit.texts) + (unit.shortcut is not None) for unit in self.units)


def drawn(layers) -> tuple[str, ...]:
    """The texts of the layers that get a box: all but normalization and activation."""
    return tuple(words(layer) for layer in layers if not isinstance(layer, (BatchNorm, ReLU)))


def by(row: Row) -> str:
    """The shape of a row as text: C×H×W, or units alone for a dense layer."""
    shape = row.output_shape[:1] if row.op == "Dense" else row.output_shape
    return "×".join(map(str, shape))


def shape_after(rows, name: str) -> str:
    """The shape that leaves a part or a layer, by its name in the accounting."""
    return by([row for row in rows if f"{row.name}.".startswith(f"{name}.")][-1])


def units_of(part: str, layers, rows, collapse: int) -> list[Unit]:
    """The units of a part; `collapse` equal blocks in a row, or more, are one unit."""
    units = []
    for layer, run in groupby(named(layers), key=lambda pair: pair[1]):
        names = [f"{part}.{name}" for name, _ in run]
        if not isinstance(layer, Residual):
            units += [Unit(drawn([layer]), shape=shape_after(rows, name)) for name in names]
        elif len(names) >= collapse:
            units.append(Unit(drawn(layer.branch), layer.shortcut, len(names)))
        else:
            units += [Unit(drawn(layer.branch), layer.shortcut)] * len(names)
    units = [unit for unit in units if unit.texts]
    for i in range(1, len(units)):
        if units[i].shape == units[i - 1].shape:
            units[i - 1] = replace(units[i - 1], shape="")
    return [*units[:-1], replace(units[-1], shape=shape_after(rows, part))]


def heading_of(part: str, layers) -> str:
    """The name of a part as it stands beside it."""
    blocks = sum(isinstance(layer, Residual) for layer in layers)
    name = part.replace("stage", "stage ")
    return f"{name}\n{blocks} block{'s' * (blocks > 1)}" if blocks else name


def part_in_words(name: str, layers, shape: str) -> str:
    """What the picture shows of a part, as a sentence."""
    blocks = [layer for layer in layers if isinstance(layer, Residual)]
    if not blocks:
        return f"{name.capitalize()}: {'; '.join(drawn(layers))}: {shape}."
    kinds = Counter(shortcut_kind(block.shortcut) for block in blocks)
    shortcuts = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    text = f"{heading_of(name, layers)} of {'; '.join(drawn(blocks[-1].branch))}"
    return f"{text} (shortcuts: {shortcuts}): {shape}.".replace("\n", ": ").capitalize()


@styled
def draw_network(
    architecture: Architecture,
    input_shape: "tuple[int, int, int] | None" = None,
    *,
    title: "str | None" = None,
    collapse: int = 3,
    columns: int = 2,
):
    """Draw a whole architecture: stem, stages with their blocks, head.

    Arguments: `input_shape` (C, H, W), None for the usual one; `title`, the finding; `collapse`,
    draw so many equal blocks in a row, or more, once, with their number beside them; `columns`,
    side by side: 1 gives the largest letters on a telephone, 2 fits a screen.
    Convolutions, pooling and dense layers have a box; the shape that leaves each part stands at
    its arrow; a shortcut that changes the shape is dotted.
    Raises ConfigError for what is no architecture, ShapeError for an input that does not fit.
    Source: He et al. (2015), figure 3.  Chapter "ResNet-18, layer by layer".

    >>> from d2lres.zoo import architecture
    >>> draw_network(architecture("resnet18"), (1, 96, 96)).alt[:44]
    'resnet18 from top to bottom. Input 1×96×96. '
    """
    if not isinstance(architecture, Architecture):
        raise ConfigError(
            f"draw_network: {architecture!r}; expected an architecture. "
            "Take one by name: draw_network(architecture('resnet18'))."
        )
    limits = {"collapse": (collapse, 2, 1000), "columns": (columns, 1, len(architecture.parts))}
    for name, (value, low, high) in limits.items():
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(
                f"draw_network: {name} = {value!r}; expected a whole number from {low} to {high}."
            )
    rows = count(architecture, input_shape)
    shape = "×".join(map(str, input_shape or architecture.input_shape))
    said = [part_in_words(p, ls, shape_after(rows, p)) for p, ls in architecture.parts.items()]
    alt = " ".join([f"{architecture.name} from top to bottom. Input {shape}.", *said])
    sketch = Sketch(f"{title}. {alt}" if title else alt)
    parts = [
        Part(heading_of(name, layers), color_of_part(name), units_of(name, layers, rows, collapse))
        for name, layers in architecture.parts.items()
    ]
    return draw_towers(sketch, parts, f"input {shape}", columns, title)


def color_of_part(name: str) -> str:
    return STAGES[(int(name[5:]) - 1) % len(STAGES)] if name.startswith("stage") else LINE


# --- the drawing ---------------------------------------------------------------------------------


def draw_towers(sketch: Sketch, parts: "list[Part]", entry: str, columns: int, title):
    """Draw the parts in columns, joined by an arrow from each to the next."""
    units = [unit for part in parts for unit in part.units]
    box_width = 20 + widest([text for unit in units for text in unit.texts])
    names = widest([part.heading for part in parts], SMALL) + NAME
    times = widest([f"×{unit.times}" for unit in units if unit.times > 1], weight="bold")
    width = names + box_width + ROOM + times + BEYOND
    top = sketch.title(title, columns * width + 2 * MARGIN)
    axes = [MARGIN + i * width + names + box_width / 2 for i in range(columns)]
    towers = [Tower(sketch, x, top + 18, box_width) for x in axes]
    sketch.text(towers[0].x, top + 8, entry, SMALL)
    for tower, column in zip(towers, fold(parts, columns), strict=True):
        for part in column:
            tower.draw(part)
    for tower, following in pairwise(towers):
        foot, gutter = tower.y + LONG, following.x - box_width / 2 - names - 8
        over = [(tower.x, tower.y), (tower.x, foot), (gutter, foot), (gutter, top)]
        sketch.route([*over, (following.x, top), (following.x, top + 18 + LINK)], curve=11)
    last = towers[-1]
    sketch.arrow(last.x, last.y, last.y + LINK + 6)
    bottom = max(tower.y for tower in towers) + LONG
    bottom = legend(sketch, [unit.shortcut for unit in units], bottom)
    return sketch.finish(columns * width - BEYOND + 2 * MARGIN, bottom + MARGIN)


def fold(parts: "list[Part]", columns: int) -> "list[list[Part]]":
    """The parts in so many columns, in order, as equally high as can be."""
    ways = []
    for cuts in combinations(range(1, len(parts)), columns - 1):
        ways.append([parts[a:b] for a, b in pairwise([0, *cuts, len(parts)])])
    return min(ways, key=lambda way: max(sum(part.lines for part in column) for column in way))


def legend(sketch: Sketch, shortcuts, y: float) -> float:
    """Say below `y` what the dotted shortcuts do, where there are any; the y below."""
    kinds = dict.fromkeys(shortcut_kind(shortcut) for shortcut in shortcuts if shortcut)
    if not kinds:
        return y
    y += 12
    sketch.line(MARGIN, y, MARGIN + 26, y, INK, 1.3, DOTS)
    text = "dotted: " + " or ".join(LEGEND[kind] for kind in kinds)
    sketch.text(MARGIN + 33, y, text, SMALL, SOFT, ha="left")
    return y + 10


class Tower:
    """A column of a network, drawn from the top down; `y` is how far it has come."""

    def __init__(self, sketch: Sketch, x: float, y: float, box_width: float):
        self.sketch, self.x, self.y, self.box_width = sketch, x, y, box_width
        self.left, self.right = x - box_width / 2 - NAME, x + box_width / 2 + ROOM
        self.link = LINK

    def draw(self, part: Part) -> None:
        """Draw a part and its name beside it."""
        top = self.y + self.link
        for unit in part.units:
            self._unit(unit, part.color)
        edge, middle = self.left + 11, (top + self.y) / 2
        self.sketch.line(edge, top, edge, self.y, mix(part.color, 0.85), 2.4)
        options = {"size": SMALL, "color": ink(part.color), "ha": "right", "linespacing": 1.35}
        self.sketch.text(edge - 7, middle, part.heading, **options)

    def _unit(self, unit: Unit, color: str) -> None:
        fork = self.y + self.link - 8
        for i, text in enumerate(unit.texts):
            top = self.y + (SHORT if i else self.link)
            self.sketch.arrow(self.x, self.y, top)
            self.y = self.sketch.box(self.x, top, Box(text, color, BOX), self.box_width)
        if unit.shortcut is not None:
            self._shortcut(unit, fork, color)
        self.link = LONG if unit.shape else LINK
        self.sketch.text(self.x + 9, self.y + 13, unit.shape, SMALL, SOFT, ha="left")

    def _shortcut(self, unit: Unit, fork: float, color: str) -> None:
        """The shortcut that left at height `fork`, and the addition."""
        x, y, right = self.x, self.y + SHORT + ADD, self.right
        self.sketch.arrow(x, self.y, y - ADD)
        self.sketch.plus(x, y, ADD)
        kind = shortcut_kind(unit.shortcut)
        around = [(x, fork), (right, fork), (right, y), (x + ADD, y)]
        self.sketch.route(around, kind, kind != "identity", curve=11)
        if unit.times > 1:
            options = {"ha": "left", "weight": "bold", "color": ink(color)}
            self.sketch.text(right + 7, (fork + y) / 2, f"×{unit.times}", **options)
        self.y = y + ADD
