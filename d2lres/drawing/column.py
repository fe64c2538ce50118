"""One block as a column of boxes: what precedes, the branch, the shortcut around it, the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from ..structure import Conv, Dense, Gate, Plain, ReLU, Residual, Row, count_layers, named
from .look import SMALL, SOFT, TEXT, widest, wrap
from .runs import summed
from .sketch import Sketch, Tile
from .words import around_tip, color_of, shortcut_kind, tip, words

# Pixels: an arrow, what it is longer by where a path leaves, the radius of an addition, half a line
# of text, from the boxes to the outermost point of the shortcut, the same of the path past a gate.
GAP, FORK, ADD, LETTERS, ROOM, PAST = 16, 14, 10, 10, 36, 20
GATE = 150  # pixels: a line of text in the box of a gate
# The same where space is short: a line beside a shortcut, ROOM, and what a box adds to its text.
LINE, CLOSE, AROUND = 68, 20, 14
IDENTITY = "x\n(identity)"


@dataclass(frozen=True)
class Column:
    """One block as boxes and words.  `shortcut` is None where there is none."""

    title: str
    source: str
    branch: tuple[Tile, ...]
    shortcut: "str | None"
    after: tuple[Tile, ...]
    result: str
    subtitle: str = ""
    kind: str = "identity"  # of the shortcut
    branch_name: str = ""
    sum_name: str = ""
    before: tuple[Tile, ...] = ()
    times: int = 1  # equal blocks that this one stands for
    forked: bool = True  # whether there is room for a shortcut, so that boxes stand side by side
    room: float = ROOM
    around: float = 28
    reach: float = 0  # pixels that something else needs to the right of the axis
    shortcut_tip: str = ""
    sum_tip: str = ""

    @property
    def box_width(self) -> float:
        texts = [box.text for box in self.before + self.branch + self.after]
        return max(104, widest(texts) + self.around)

    @property
    def half_head(self) -> float:
        """Half the width of what stands above the boxes."""
        title = widest([self.title], weight="bold")
        return max(title, widest([self.source]), widest([self.subtitle], SMALL)) / 2

    @property
    def left(self) -> float:
        """Pixels from the column's left edge to its axis."""
        names = widest([self.branch_name, self.sum_name])
        past = PAST if any(box.factors for box in self.branch) else 0
        return max(self.half_head, self.box_width / 2 + (10 + names if names else past))

    @property
    def right(self) -> float:
        """Pixels from the column's axis to its right edge."""
        bypass = 0 if self.shortcut is None else self.room + 8 + widest([self.shortcut], SMALL)
        return max(self.half_head, self.box_width / 2 + bypass, self.reach)

    @property
    def width(self) -> float:
        return self.left + self.right

    @property
    def through(self) -> float:
        """Pixels from the source to the end of the addition, with arrows of the usual length."""
        boxes = sum(height(box) + GAP for box in self.before + self.branch)
        return boxes + self.forked * (FORK + GAP + 2 * ADD)

    @property
    def gaps(self) -> int:
        """Arrows on that way."""
        return len(self.before) + len(self.branch) + self.forked

    @property
    def beyond(self) -> float:
        """Pixels from there to the result."""
        return sum(box.height + GAP for box in self.after) + GAP


def height(box: Tile) -> float:
    """The height of a box with the path past it, if there is one."""
    return box.height + (FORK + GAP + 2 * ADD if box.factors else 0)


# --- the drawing ---------------------------------------------------------------------------------


def draw_column(sketch: Sketch, x: float, y: float, column: Column, through: float) -> float:
    """Draw a column around the axis `x`, from `y` down to an addition that ends `through` lower.

    Returns the y of its last box or addition.
    """
    end, left = y + through, x - column.box_width / 2 - 10
    gap = GAP + (through - column.through) / column.gaps
    for box in column.before:
        y = draw_box(sketch, x, y, y + gap, box, column)
    fork = y
    for i, box in enumerate(column.branch):
        y = draw_box(sketch, x, y, y + FORK * (i == 0 and column.forked) + gap, box, column)
    first = fork + FORK * column.forked + gap  # the upper edge of the branch
    sketch.text(left, (first + y) / 2, column.branch_name, ha="right")
    if column.shortcut is not None:
        sketch.arrow(x, y, end - 2 * ADD)
        draw_sum(sketch, x, fork + FORK / 2, end - ADD, column)
        sketch.text(left, end - ADD, column.sum_name, ha="right")
        y = end
    for i, box in enumerate(column.after):
        y = draw_box(sketch, x, y, (y if i else end) + GAP, box, column)
    return y


def draw_box(sketch: Sketch, x: float, y: float, top: float, box: Tile, column: Column) -> float:
    """Draw an arrow from `y` to `top` and a box there; a gate gets its product.  The y below."""
    sketch.arrow(x, y, top + FORK * box.factors)
    if not box.factors:
        return sketch.box(x, top, box, column.box_width)
    fork, left = top - GAP / 2, x - column.box_width / 2 - PAST
    y = sketch.box(x, top + FORK, box, column.box_width)
    middle = y + GAP + ADD
    sketch.arrow(x, y, middle - ADD)
    sketch.times(x, middle, ADD)
    sketch.route([(x, fork), (left, fork), (left, middle), (x - ADD, middle)], "scale")
    return middle + ADD


def draw_sum(sketch: Sketch, x: float, fork: float, y: float, column: Column) -> None:
    """Draw the shortcut, which leaves at height `fork`, and the addition at height `y`."""
    sketch.plus(x, y, ADD, column.sum_tip)
    right = x + column.box_width / 2 + column.room
    around = [(x, fork), (right, fork), (right, y), (x + ADD, y)]
    label, dotted = f"{column.kind} ×{column.times}", column.kind != "identity"
    sketch.route(around, label, dotted, curve=22, tip=column.shortcut_tip)
    sketch.text(right + 8, (fork + y) / 2, column.shortcut, SMALL, ha="left", linespacing=1.35)


def draw_head(sketch: Sketch, x: float, y: float, column: Column) -> None:
    """Draw the title of a column in the middle of a line at `y`, its subtitle a line lower."""
    sketch.text(x, y, column.title, weight="bold")
    sketch.text(x, y + 20, column.subtitle, SMALL, SOFT)


# --- side by side --------------------------------------------------------------------------------


def fold(columns: "Sequence[Column]", width: float, apart: float) -> "list[list[Column]]":
    """Columns, `apart` pixels apart, in as few lines of at most `width` pixels as it takes."""
    columns = aligned(columns)
    narrowed = [narrow(column) for column in columns]
    for lines in range(1, len(columns) + 1):
        each = -(-len(columns) // lines)
        for candidates in (columns, narrowed):
            folded = [candidates[i : i + each] for i in range(0, len(columns), each)]
            if max(line_width(line, apart) for line in folded) <= width:
                return folded
    return folded


def aligned(columns: "Sequence[Column]") -> "list[Column]":
    """Plain blocks alone need no room for a shortcut; beside residual ones they have it."""
    forked = any(column.shortcut is not None for column in columns)
    return [replace(column, forked=forked) for column in columns]


def narrow(column: Column) -> Column:
    """The same column in less space."""
    shortcut = column.shortcut
    if shortcut is not None:
        lines = [wrap_after(" conv", line, LINE, SMALL) for line in shortcut.split("\n")]
        shortcut = "\n".join(lines)
    return replace(column, shortcut=shortcut, room=CLOSE, around=AROUND)


def wrap_after(word: str, text: str, width: float, size: float = TEXT) -> str:
    """Wrap `text`, but not at the blank of `word`."""
    return wrap(text.replace(word, word.replace(" ", "_")), width, size).replace("_", " ")


def line_width(columns: "Sequence[Column]", apart: float) -> float:
    return sum(column.width for column in columns) + apart * (len(columns) - 1)


# --- from the data -------------------------------------------------------------------------------


def box_of(layer, weights, tip: str) -> Tile:
    """A layer as a box; a convolution is taller, and says how many weights it has if told."""
    text, tall = words(layer), 30 if isinstance(layer, Conv) else 23
    gate = isinstance(layer, Gate)
    if gate:
        text = wrap_after("dense ", text, GATE)
    weighted = [each for each in (layer.gate if gate else [layer]) if type(each) in (Conv, Dense)]
    if weights is not None and weighted:
        text += f"\n{sum(next(weights) for _ in weighted):,} weights"
    lines = text.count("\n")
    height = 28 + 16 * lines if lines else tall
    return Tile(text, color_of(layer), height, factors=gate, tip=tip)


def weights_of(row: Row) -> int:
    """The weights of a convolution or dense layer, without biases: each works at every position."""
    return row.macs // prod(row.output_shape[1:])


def paths(block, prefix: str) -> tuple:
    """A block, or a tuple of layers, as before, branch, shortcut and after: layers by name.

    The last ReLU of a plain block stands where that of a residual one does.
    """

    def by_name(layers, path=""):
        return {f"{prefix}{path}{name}": layer for name, layer in named(layers)}

    if isinstance(block, Residual):
        before, after = by_name(block.before, "before."), by_name(block.after, "after.")
        return before, by_name(block.branch), by_name(block.shortcut, "shortcut."), after
    layers = list(by_name(block.branch if isinstance(block, Plain) else block).items())
    last = len(layers) - (len(layers) > 1 and isinstance(layers[-1][1], ReLU))
    return {}, dict(layers[:last]), None, dict(layers[last:])


def column_of(block, entry, title="", name="block", times=1, counts=False) -> Column:
    """A residual block, or the layers of a plain one, as a column.

    Arguments: `entry`, the shape that enters, or its channels alone; the `name` of the block in the
    accounting of its network, and how many `times` it is there.
    """
    placed, loose = isinstance(entry, tuple), isinstance(block, tuple)
    shape = entry if placed else (entry, 64, 64)  # the weights do not depend on 64 x 64
    rows = count_layers(block if loose else [block], shape)
    named = (row if loose else row._replace(name=name + row.name[len("block1") :]) for row in rows)
    by_name, prefix = summed(named), "" if loose else f"{name}."
    weights = [weights_of(row) for row in rows if row.macs]
    remaining = iter(weights) if counts else None

    def boxes(layers: dict) -> tuple[Tile, ...]:
        found = []
        for path, layer in layers.items():
            told = tip(words(layer), by_name[path], times, placed)
            found.append(box_of(layer, remaining, told))
        return tuple(found)

    before, branch, around, after = paths(block, prefix)
    residual = around is not None
    before, branch = boxes(before), boxes(branch)  # in the order of the weights
    shortcut = "\n".join(box.text for box in boxes(around or {})) or IDENTITY
    column = Column(
        title=title,
        subtitle=f"{sum(weights):,} weights" if counts else "",
        source=f"x: {shape[0]} channels",
        before=before,
        branch=branch,
        shortcut=shortcut if residual else None,
        kind=shortcut_kind(block.shortcut) if residual else "",
        after=boxes(after),
        result=f"{rows[-1].output_shape[0]} channels",
        times=times,
    )
    if not residual:
        return column
    return replace(
        column,
        shortcut_tip=around_tip(block.shortcut, by_name, name, times, placed),
        sum_tip=tip("addition", by_name[f"{prefix}add"], times, placed),
    )


def one_line(text: str) -> str:
    return text.replace(",\n", ", ").replace("\n", ", ")


def say(boxes) -> str:
    return "; ".join(one_line(box.text) for box in boxes)


def in_words(column: Column) -> str:
    """What a column shows, as a sentence."""
    if column.shortcut is None:
        text = f"{column.title or 'Plain block'}. {column.source}. Layers: {say(column.branch)}. "
    else:
        text = f"{column.title or 'Residual block'}. {column.source}. "
        text += f"Before the paths part: {say(column.before)}. " if column.before else ""
        text += f"Branch: {say(column.branch) or 'the identity'}. "
        shortcut = "the identity" if column.kind == "identity" else one_line(column.shortcut)
        text += f"Shortcut: {shortcut}. Both are added. "
    text += f"Then {say(column.after)}. " if column.after else ""
    return text + f"Out: {column.result}."
