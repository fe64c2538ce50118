"""Residual blocks as pictures: the paper's figures 2, 3 and 5, drawn from the data."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..accounting import count_layers
from ..arch import Conv, Residual
from ..errors import ConfigError
from .figure import BLUE, GREEN, MARGIN, SMALL, SOFT, styled
from .sketch import Box, Sketch, color_of, shortcut_kind, widest, words

# Pixels: an arrow, what it is longer by where the shortcut leaves, the radius of the addition, half
# a line of text, from the boxes to the outermost point of the shortcut, between two columns.
GAP, FORK, ADD, LETTERS, ROOM, APART = 16, 14, 10, 10, 36, 34
IDENTITY = "x\n(identity)"


@dataclass(frozen=True)
class Column:
    """One block as boxes and words.  `shortcut` is None where there is none."""

    title: str
    source: str
    branch: tuple[Box, ...]
    shortcut: "str | None"
    after: tuple[Box, ...]
    result: str
    subtitle: str = ""
    kind: str = "identity"  # of the shortcut
    branch_name: str = ""
    sum_name: str = ""

    @property
    def box_width(self) -> float:
        return max(104, widest(box.text for box in self.branch + self.after) + 28)

    @property
    def half_head(self) -> float:
        """Half the width of what stands above the boxes."""
        title = widest([self.title], weight="bold")
        return max(title, widest([self.source]), widest([self.subtitle], SMALL)) / 2

    @property
    def left(self) -> float:
        """Pixels from the column's left edge to its axis."""
        names = widest([self.branch_name, self.sum_name])
        return max(self.half_head, self.box_width / 2 + (10 + names if names else 0))

    @property
    def width(self) -> float:
        bypass = 0 if self.shortcut is None else ROOM + 8 + widest([self.shortcut], SMALL)
        return self.left + max(self.half_head, self.box_width / 2 + bypass)

    @property
    def through(self) -> float:
        """Pixels from the source to the end of the addition, with arrows of the usual length."""
        return sum(box.height + GAP for box in self.branch) + FORK + GAP + 2 * ADD

    @property
    def beyond(self) -> float:
        """Pixels from there to the result."""
        return sum(box.height + GAP for box in self.after) + GAP


def draw_column(sketch: Sketch, x: float, y: float, column: Column, through: float) -> None:
    """Draw a column around the axis `x`, from `y` down to an addition that ends `through` lower."""
    end, left = y + through, x - column.box_width / 2 - 10
    gap = GAP + (through - column.through) / (len(column.branch) + 1)
    fork, first = y + FORK / 2, y + FORK + gap
    for i, box in enumerate(column.branch):
        top = y + gap if i else first
        sketch.arrow(x, y, top)
        y = sketch.box(x, top, box, column.box_width)
    sketch.text(left, (first + y) / 2, column.branch_name, ha="right")
    if column.shortcut is not None:
        sketch.arrow(x, y, end - 2 * ADD)
        draw_sum(sketch, x, fork, end - ADD, column)
        sketch.text(left, end - ADD, column.sum_name, ha="right")
        y = end
    draw_end(sketch, x, y, end, column)


def draw_sum(sketch: Sketch, x: float, fork: float, y: float, column: Column) -> None:
    """Draw the shortcut, which leaves at height `fork`, and the addition at height `y`."""
    sketch.plus(x, y, ADD)
    right = x + column.box_width / 2 + ROOM
    around = [(x, fork), (right, fork), (right, y), (x + ADD, y)]
    sketch.route(around, column.kind, column.kind != "identity", curve=22)
    sketch.text(right + 8, (fork + y) / 2, column.shortcut, SMALL, ha="left", linespacing=1.35)


def draw_end(sketch: Sketch, x: float, y: float, end: float, column: Column) -> None:
    """Draw what follows, from `y`; the first arrow ends an arrow's length below `end`."""
    for box in column.after:
        sketch.arrow(x, y, end + GAP)
        y = end = sketch.box(x, end + GAP, box, column.box_width)
    sketch.arrow(x, y, end + GAP)
    sketch.text(x, end + GAP + LETTERS, column.result)


def draw_columns(columns: Sequence[Column], title: "str | None", alt: str):
    """Columns side by side, their additions at the same height."""
    sketch = Sketch(alt)
    width = sum(column.width for column in columns) + APART * (len(columns) - 1) + 2 * MARGIN
    y = sketch.title(title, width)
    titled, subtitled = any(c.title for c in columns), any(c.subtitle for c in columns)
    source = y + 20 * titled + 20 * subtitled + LETTERS
    through = max(column.through for column in columns)
    left = MARGIN
    for column in columns:
        x = left + column.left
        sketch.text(x, y + 8, column.title, weight="bold")
        sketch.text(x, y + 8 + 20 * titled, column.subtitle, SMALL, SOFT)
        sketch.text(x, source, column.source)
        draw_column(sketch, x, source + LETTERS, column, through)
        left += column.width + APART
    beyond = max(column.beyond for column in columns)
    return sketch.finish(width, source + through + beyond + 3 * LETTERS + MARGIN)


# --- from the data -------------------------------------------------------------------------------


def boxes_of(layers, weights) -> tuple[Box, ...]:
    """A box a layer; a convolution is the tallest, and says how many weights it has if told."""
    boxes = []
    for layer in layers:
        text, height = words(layer), 23
        if isinstance(layer, Conv):
            height = 30
            if weights is not None:
                text, height = f"{text}\n{next(weights):,} weights", 44
        boxes.append(Box(text, color_of(layer), height))
    return tuple(boxes)


def column_of(block, in_channels: int, title: str, counts: bool) -> Column:
    """A residual block, or the layers of a plain one, as a column."""
    plain = isinstance(block, tuple)
    layers = block if plain else [block]
    rows = count_layers(layers, (in_channels, 64, 64))  # weights do not depend on 64 x 64
    weights = [row.macs // (row.output_shape[1] * row.output_shape[2]) for row in rows if row.macs]
    remaining = iter(weights) if counts else None
    branch = boxes_of(block if plain else block.branch, remaining)
    shortcut = () if plain else boxes_of(block.shortcut, remaining)
    return Column(
        title=title,
        subtitle=f"{sum(weights):,} weights" if counts else "",
        source=f"x: {in_channels} channels",
        branch=branch,
        shortcut=None if plain else "\n".join(box.text for box in shortcut) or IDENTITY,
        kind="" if plain else shortcut_kind(block.shortcut),
        after=() if plain else boxes_of(block.after, remaining),
        result=f"{rows[-1].output_shape[0]} channels",
    )


def one_line(text: str) -> str:
    return text.replace("\n", ", ")


def in_words(column: Column) -> str:
    """What a column shows, as a sentence."""
    say = lambda boxes: "; ".join(one_line(box.text) for box in boxes)  # noqa: E731
    if column.shortcut is None:
        text = f"{column.title or 'Plain block'}. {column.source}. Layers: {say(column.branch)}. "
    else:
        text = f"{column.title or 'Residual block'}. {column.source}. "
        text += f"Branch: {say(column.branch)}. "
        shortcut = "the identity" if column.kind == "identity" else one_line(column.shortcut)
        text += f"Shortcut: {shortcut}. Both are added. "
    text += f"Then {say(column.after)}. " if column.after else ""
    return text + f"Out: {column.result}."


@styled
def draw_blocks(
    blocks: "Sequence[Residual | tuple]",
    in_channels: "int | Sequence[int]",
    *,
    titles: "Sequence[str] | None" = None,
    title: "str | None" = None,
    counts: bool = False,
):
    """Draw blocks side by side, layer by layer.

    Arguments: `blocks`, residual ones, or tuples of layers for plain ones; `in_channels`, the
    channels that enter: one number for all or one for each; `titles`, a heading for each block;
    `title`, the finding; `counts`, write the number of weights into every convolution and their
    sum above the block.
    A projection is dotted, as in the paper's figure 3.
    Raises ConfigError for what is no block, or for titles or channels that do not match
    the blocks; ShapeError for a block whose two paths cannot be added.
    Source: He et al. (2015), figures 2, 3 and 5.  Chapter "Basic against bottleneck".

    >>> from d2lres.zoo import basic, bottleneck
    >>> draw_blocks([basic(256, 256, 1), bottleneck(256, 64, 1)], 256, titles=["a", "b"]).alt[:40]
    'a. x: 256 channels. Branch: 3×3 conv, 25'
    """
    blocks = list(blocks)
    channels = [in_channels] * len(blocks) if isinstance(in_channels, int) else list(in_channels)
    titles = [""] * len(blocks) if titles is None else list(titles)
    for block in blocks:
        if not isinstance(block, (Residual, tuple)) or not block:
            raise ConfigError(
                f"draw_blocks: {block!r}; expected residual blocks, or tuples of layers. "
                "Take one from an architecture: architecture('resnet18').stages[0][0]."
            )
    if not blocks or not len(blocks) == len(channels) == len(titles):
        raise ConfigError(
            f"draw_blocks: {len(blocks)} blocks, {len(channels)} in_channels and {len(titles)} "
            "titles; expected one block at least, and as many of each."
        )
    columns = [
        column_of(*each, counts=counts) for each in zip(blocks, channels, titles, strict=True)
    ]
    alt = " ".join([f"{title}." if title else "", *map(in_words, columns)])
    return draw_columns(columns, title, alt)


def draw_block(
    block: Residual, in_channels: int, *, title: "str | None" = None, counts: bool = False
):
    """Draw one residual block, layer by layer.  Arguments and errors as `draw_blocks`.

    Source: He et al. (2015), figure 2.  Chapter "The residual block".

    >>> from d2lres.zoo import architecture
    >>> draw_block(architecture("resnet18").stages[1][0], 64).savefig("block.png")  # doctest: +SKIP
    """
    return draw_blocks([block], in_channels, title=title, counts=counts)


# --- the idea ------------------------------------------------------------------------------------


@styled
def draw_idea(title: "str | None" = None):
    """Draw a plain block that must learn H(x) beside a residual one that learns F(x) = H(x) - x.

    Argument: `title`, the finding.
    Source: He et al. (2015), section 3.1 and figure 2.  Chapter "The residual block".
    """
    layer = Box("weight layer", BLUE)
    branch = (layer, Box("ReLU", GREEN, 23), layer)
    relu = (Box("ReLU", GREEN, 23),)
    plain = Column("Plain block", "x", branch, None, relu, "H(x)", "learns H(x)")
    residual = Column(
        "Residual block",
        "x",
        branch,
        IDENTITY,
        relu,
        "H(x)",
        "learns F(x) = H(x) − x",
        branch_name="F(x)",
        sum_name="F(x) + x",
    )
    alt = (
        "Two blocks side by side, each with two weight layers and a ReLU between them. The plain "
        "block must learn the wanted mapping H(x) itself. In the residual block a curved arrow "
        "carries x, the identity, around the two layers; they learn F(x) = H(x) - x, and F(x) + x "
        "is added up before the last ReLU."
    )
    return draw_columns([plain, residual], title, alt)
