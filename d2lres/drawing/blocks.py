"""Residual blocks as pictures: the paper's figures 2, 3 and 5, drawn from the data."""

from collections.abc import Sequence

from ..errors import ConfigError
from ..structure import Plain, Residual
from .column import (
    GAP,
    IDENTITY,
    LETTERS,
    Column,
    column_of,
    draw_column,
    draw_head,
    fold,
    in_words,
    line_width,
)
from .look import BLUE, GREEN, MARGIN, PAGE
from .sketch import Sketch, Tile

APART, LINES = 34, 26  # pixels between two columns, and between two lines of columns


def draw_columns(columns: Sequence[Column], title: "str | None", alt: str):
    """Columns side by side, in lines where they are too many for one."""
    sketch = Sketch(alt)
    lines = fold(columns, PAGE - 2 * MARGIN, APART)
    width = max(line_width(line, APART) for line in lines) + 2 * MARGIN
    y = sketch.title(title, width)
    for i, line in enumerate(lines):
        y = draw_line(sketch, y + LINES * (i > 0), line)
    return sketch.finish(width, y + MARGIN)


def draw_line(sketch: Sketch, y: float, columns: Sequence[Column]) -> float:
    """Draw columns side by side, their additions at the same height; the y below them."""
    titled, subtitled = any(c.title for c in columns), any(c.subtitle for c in columns)
    source = y + 20 * titled + 20 * subtitled + LETTERS
    through = max(column.through for column in columns)
    left = MARGIN
    for column in columns:
        x = left + column.left
        draw_head(sketch, x, y + 8 - 20 * (not titled), column)
        sketch.text(x, source, column.source)
        bottom = draw_column(sketch, x, source + LETTERS, column, through)
        end = max(bottom, source + LETTERS + through) + GAP
        sketch.arrow(x, bottom, end)
        sketch.text(x, end + LETTERS, column.result)
        left += column.width + APART
    return source + through + max(column.beyond for column in columns) + 3 * LETTERS


def draw_blocks(
    blocks: "Sequence[Residual | Plain | tuple]",
    in_channels: "int | Sequence[int]",
    *,
    titles: "Sequence[str] | None" = None,
    title: "str | None" = None,
    counts: bool = False,
):
    """Draw blocks side by side, layer by layer.

    Arguments: `blocks`, residual or plain ones, or tuples of layers; `in_channels`, the channels
    that enter: one number for all or one for each; `titles`, a heading for each block; `title`,
    the finding; `counts`, write the number of weights into every convolution and their sum above
    the block.
    A shortcut that is not the identity is dotted, as in the paper's figure 3.  Layers above the
    point where the paths part are shared.  What a gate multiplies goes past it on the left.
    Raises ConfigError for what is no block, or for titles or channels that do not match
    the blocks; ShapeError for a block whose two paths cannot be added.
    Source: He et al. (2015), figures 2, 3 and 5.  Chapter "Basic against bottleneck".

    >>> from d2lres.structure import basic, bottleneck
    >>> draw_blocks([basic(256, 256, 1), bottleneck(64, 256, 1)], 256, titles=["a", "b"]).alt[:40]
    'a. x: 256 channels. Branch: 3×3 conv, 25'
    """
    blocks = list(blocks)
    channels = [in_channels] * len(blocks) if isinstance(in_channels, int) else list(in_channels)
    titles = [""] * len(blocks) if titles is None else list(titles)
    for block in blocks:
        if not isinstance(block, (Residual, Plain, tuple)) or not block:
            raise ConfigError(
                f"draw_blocks: {block!r}; expected blocks, or tuples of layers. "
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
    block: "Residual | Plain | tuple",
    in_channels: int,
    *,
    title: "str | None" = None,
    counts: bool = False,
):
    """Draw one block, layer by layer.  Arguments and errors as `draw_blocks`.

    Source: He et al. (2015), figure 2.  Chapter "The residual block".

    >>> from d2lres.structure import architecture
    >>> draw_block(architecture("resnet18").stages[1][0], 64).save("block.svg")  # doctest: +SKIP
    """
    return draw_blocks([block], in_channels, title=title, counts=counts)


# --- the idea ------------------------------------------------------------------------------------


def draw_idea(title: "str | None" = None):
    """Draw a plain block that must learn H(x) beside a residual one that learns F(x) = H(x) - x.

    H(x) stands before the last ReLU in both: that is where F(x) + x is.
    Argument: `title`, the finding.
    Source: He et al. (2015), section 3.1 and figure 2.  Chapter "The residual block".
    """
    layer = Tile("weight layer", BLUE)
    branch = (layer, Tile("ReLU", GREEN, 23), layer)
    relu = (Tile("ReLU", GREEN, 23),)
    plain = Column(
        "Plain block", "x", branch, None, relu, "ReLU(H(x))", "learns H(x)", branch_name="H(x)"
    )
    residual = Column(
        "Residual block",
        "x",
        branch,
        IDENTITY,
        relu,
        "ReLU(H(x))",
        "learns F(x) = H(x) − x",
        branch_name="F(x)",
        sum_name="F(x) + x\n= H(x)",
    )
    alt = (
        "Two blocks side by side, each with two weight layers, a ReLU between them and a ReLU at "
        "the end. The layers of the plain block must learn the wanted mapping H(x) itself. In the "
        "residual block a curved arrow carries x, the identity, around the two layers; they learn "
        "F(x) = H(x) - x, and the sum F(x) + x = H(x) stands before the last ReLU. Out of both "
        "comes ReLU(H(x))."
    )
    return draw_columns([plain, residual], title, alt)
