"""A whole network as a picture: the paper's figure 3, drawn from the data."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from ..structure import Architecture, BatchNorm, Dense, Gate, ReLU, Residual, Row, count
from .column import paths
from .look import INK, MARGIN, SMALL, SOFT, Mix, color_of_part, ink, widest
from .runs import Run, check, is_block, runs_of, summed
from .shapes import Drawing
from .sketch import Sketch, Tile
from .words import around_tip, shortcut_kind, tip, words, written

# Pixels: a box; arrows within a block, between blocks, and with a shape beside them; the radius of
# an addition; from the name of a part to its boxes, from these to the outermost point of a
# shortcut, and from there to the next column.
BOX, SHORT, LINK, LONG, ADD, NAME, ROOM, BEYOND = 23, 8, 17, 32, 6.5, 24, 24, 22
LEGEND = {"projection": "projection (1×1 conv)", "padding": "zero channels added"}


@dataclass(frozen=True)
class Unit:
    """What is drawn as one: a layer, or a block that follows itself `times` times."""

    tiles: tuple[Tile, ...]
    shortcut: "tuple | None" = None
    times: int = 1
    shape: str = ""  # of what leaves it, where that is to be written
    before: tuple[Tile, ...] = ()  # what stands above the point where the shortcut leaves
    after: tuple[Tile, ...] = ()  # and below the addition
    shortcut_tip: str = ""
    sum_tip: str = ""

    @property
    def boxes(self) -> tuple[Tile, ...]:
        return self.before + self.tiles + self.after


@dataclass(frozen=True)
class Part:
    """The stem, a stage or the head: its name, its color and its units."""

    heading: str
    color: str
    units: "list[Unit]"

    @property
    def lines(self) -> int:
        """Boxes and additions, one below the other."""
        return sum(len(unit.boxes) + (unit.shortcut is not None) for unit in self.units)


def brief(layer) -> str:
    """A layer in words; of a gate, only its dense layers."""
    if not isinstance(layer, Gate):
        return words(layer)
    units = ", ".join(str(each.units) for each in layer.gate if isinstance(each, Dense))
    return f"scale by gate ({units})"


def shown(layer, every: bool) -> bool:
    """Whether a layer gets a box: all but normalization and activation do, or `every` one."""
    return every or not isinstance(layer, (BatchNorm, ReLU))


def said(layers, every: bool) -> str:
    return "; ".join(brief(layer) for layer in layers if shown(layer, every))


@dataclass(frozen=True)
class Maker:
    """Makes units from runs; `rows` say by name what each layer gives and costs."""

    rows: dict[str, Row]
    every: bool

    def units(self, runs: "list[Run]", color: str) -> list[Unit]:
        """The units of a part, each with the shape that leaves it where that changes."""
        units = [self.unit(run, color) for run in runs]
        units = [unit for unit in units if unit.boxes or unit.shortcut is not None]
        for i in range(1, len(units)):
            if units[i].shape == units[i - 1].shape:
                units[i - 1] = replace(units[i - 1], shape="")
        return [*units[:-1], replace(units[-1], shape=runs[-1].leaves)]

    def unit(self, run: Run, color: str) -> Unit:
        """A layer, or equal blocks, as a unit."""

        def tiles(layers: dict) -> tuple[Tile, ...]:
            return tuple(
                Tile(brief(layer), color, BOX, tip=tip(brief(layer), self.rows[name], run.times))
                for name, layer in layers.items()
                if shown(layer, self.every)
            )

        if not is_block(run.layer):
            return Unit(tiles({run.name: run.layer}), shape=run.leaves)
        before, branch, around, after = paths(run.layer, f"{run.name}.")
        if around is None:
            return Unit(tiles(branch | after), times=run.times)
        total = self.rows[f"{run.name}.add"]
        return Unit(
            tiles(branch),
            run.layer.shortcut,
            run.times,
            before=tiles(before),
            after=tiles(after),
            shortcut_tip=around_tip(run.layer.shortcut, self.rows, run.name, run.times),
            sum_tip=tip("addition", total, run.times),
        )


def heading_of(part: str, layers) -> str:
    """The name of a part as it stands beside it."""
    blocks = sum(map(is_block, layers))
    name = part.replace("stage", "stage ")
    return f"{name}\n{blocks} block{'s' * (blocks > 1)}" if blocks else name


def part_in_words(name: str, layers, shape: str, every: bool) -> str:
    """What the picture shows of a part, as a sentence."""
    blocks = [layer for layer in layers if is_block(layer)]
    if not blocks:
        return f"{name.capitalize()}: {said(layers, every)}: {shape}."
    residual = [block for block in blocks if isinstance(block, Residual)]
    kinds = Counter(shortcut_kind(block.shortcut) for block in residual)
    shortcuts = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    text = f"{heading_of(name, layers)} of {said(blocks[-1].branch, every)}"
    text += f" (shortcuts: {shortcuts or 'none'}): {shape}."
    return text.replace("\n", ": ").replace("stage", "Stage", 1)


def draw_network(
    architecture: Architecture,
    input_shape: "tuple[int, int, int] | None" = None,
    *,
    title: "str | None" = None,
    collapse: int = 3,
    columns: int = 2,
    every_layer: bool = False,
) -> Drawing:
    """Draw a whole architecture: stem, stages with their blocks, head.

    Arguments: `input_shape` (C, H, W), None for the usual one; `title`, the finding; `collapse`,
    draw so many equal blocks in a row, or more, once, with their number beside them; `columns`,
    side by side: 1 gives the largest letters on a telephone, 2 fits a screen; `every_layer`, give
    normalization and ReLU a box, too.
    Convolutions, pooling, dense layers and gates have a box in any case.  The shape that leaves
    each part stands at its arrow; a shortcut that is not the identity is dotted.
    Raises ConfigError for what is no architecture, ShapeError for an input that does not fit.
    Source: He et al. (2015), figure 3.  Chapter "ResNet-18, layer by layer".

    >>> from d2lres.structure import architecture
    >>> draw_network(architecture("resnet18"), (1, 96, 96)).alt[:44]
    'resnet18 from top to bottom. Input 1×96×96. '
    """
    columns_of = (columns, 1, len(getattr(architecture, "parts", "")))
    check("draw_network", architecture, collapse=(collapse, 2, 1000), columns=columns_of)
    shape = architecture.input_shape if input_shape is None else input_shape
    rows = summed(count(architecture, shape))
    runs = runs_of(architecture, shape, rows, collapse)
    in_words = [
        part_in_words(name, layers, runs[name][-1].leaves, every_layer)
        for name, layers in architecture.parts.items()
    ]
    alt = " ".join([f"{architecture.name} from top to bottom. Input {written(shape)}.", *in_words])
    sketch, make = Sketch(f"{title}. {alt}" if title else alt), Maker(rows, every_layer)
    parts = []
    for name, layers in architecture.parts.items():
        color = color_of_part(name)
        parts.append(Part(heading_of(name, layers), color, make.units(runs[name], color)))
    return draw_towers(sketch, parts, f"input {written(shape)}", columns, title)


# --- the drawing ---------------------------------------------------------------------------------


def draw_towers(sketch: Sketch, parts: "list[Part]", entry: str, columns: int, title) -> Drawing:
    """Draw the parts in columns, joined by an arrow from each to the next."""
    units = [unit for part in parts for unit in part.units]
    box_width = 20 + widest([tile.text for unit in units for tile in unit.boxes])
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
    sketch.line(MARGIN, y, MARGIN + 26, y, INK, 1.3, dotted=True)
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
        self.sketch.line(edge, top, edge, self.y, Mix(part.color, 0.85), 2.4)
        options = {"size": SMALL, "color": ink(part.color), "ha": "right", "linespacing": 1.35}
        self.sketch.text(edge - 7, middle, part.heading, **options)

    def _unit(self, unit: Unit, color: str) -> None:
        top = self.y + self.link
        self._boxes(unit.before)
        fork = self.y + self.link - 8
        self._boxes(unit.tiles)
        if unit.shortcut is not None:
            self._shortcut(unit, fork)
            self._boxes(unit.after)
        if unit.times > 1:
            options = {"ha": "left", "weight": "bold", "color": ink(color)}
            right = self.right if unit.shortcut is not None else self.right - ROOM
            self.sketch.text(right + 7, (top + self.y) / 2, f"×{unit.times}", **options)
        self.link = LONG if unit.shape else LINK
        self.sketch.text(self.x + 9, self.y + 13, unit.shape, SMALL, SOFT, ha="left")

    def _boxes(self, tiles) -> None:
        """Boxes one below the other; another arrow's length follows the last."""
        for i, tile in enumerate(tiles):
            top = self.y + (SHORT if i else self.link)
            self.sketch.arrow(self.x, self.y, top)
            self.y = self.sketch.box(self.x, top, tile, self.box_width)
        if tiles:
            self.link = LINK

    def _shortcut(self, unit: Unit, fork: float) -> None:
        """The shortcut that left at height `fork`, and the addition."""
        x, y, right = self.x, self.y + SHORT + ADD, self.right
        self.sketch.arrow(x, self.y, y - ADD)
        self.sketch.plus(x, y, ADD, unit.sum_tip)
        kind = shortcut_kind(unit.shortcut)
        around = [(x, fork), (right, fork), (right, y), (x + ADD, y)]
        label = f"{kind} ×{unit.times}"
        dotted, tip = kind != "identity", unit.shortcut_tip
        self.sketch.route(around, label, dotted, curve=11, tip=tip)
        self.y, self.link = y + ADD, SHORT
