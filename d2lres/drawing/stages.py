"""One stage of a network as a picture: its blocks side by side, layer by layer."""

from collections.abc import Sequence
from dataclasses import replace

from ..errors import ConfigError
from ..structure import Architecture, count
from .column import Column, column_of, draw_column, draw_head, fold, in_words, line_width
from .look import MARGIN, PAGE, SMALL, SOFT, widest
from .runs import Run, check, runs_of, summed
from .sketch import Sketch
from .words import written

# Pixels: between two columns, from a title to the line that enters, from there to the block, from a
# arrow to the shape beside it, and the way back to the next line of columns.
APART, HEAD, ENTRY, ASIDE, BACK = 34, 26, 26, 9, 24


def column_of_run(run: Run) -> Column:
    """A run of equal blocks as a column between two shapes."""
    title = f"block {run.first}"
    if run.times > 1:
        title = f"blocks {run.first} to {run.last} (×{run.times})"
    column = column_of(run.layer, run.entry, title, run.name, run.times)
    source = written(run.entry)
    reach = ASIDE + widest([source, run.leaves], SMALL)
    return replace(column, source=source, result=run.leaves, reach=reach)


def draw_stage(
    architecture: Architecture,
    number: int,
    input_shape: "tuple[int, int, int] | None" = None,
    *,
    title: "str | None" = None,
    collapse: int = 3,
):
    """Draw one stage of an architecture, every block layer by layer with its shortcut.

    Arguments: `number` of the stage, from 1; `input_shape` (C, H, W) of the whole net, None for
    the usual one; `title`, the finding; `collapse`, draw so many equal blocks in a row, or more,
    once, with their number.
    The shape of the data stands at every arrow that enters or leaves a block, as C×H×W.  Blocks
    are read from left to right.
    Raises ConfigError for a stage that is not there, ShapeError for an input that does not fit.
    Source: He et al. (2015), figures 3 and 5.  Chapter "Shortcuts".

    >>> from d2lres.structure import architecture
    >>> draw_stage(architecture("resnet18"), 2).alt[:61]
    'resnet18, stage 2 from left to right. Block 1. 64×56×56. Bran'
    """
    check("draw_stage", architecture, collapse=(collapse, 2, 1000))
    stages = len(architecture.stages)
    if type(number) is not int or not 1 <= number <= stages:
        raise ConfigError(
            f"draw_stage: stage {number!r} of {architecture.name}; expected a number from 1 to "
            f"{stages}."
        )
    shape = architecture.input_shape if input_shape is None else input_shape
    rows = summed(count(architecture, shape))
    runs = runs_of(architecture, shape, rows, collapse)[f"stage{number}"]
    columns = [column_of_run(run) for run in runs]
    said = [in_words(replace(c, title=c.title.capitalize())) for c in columns]
    heading = f"{architecture.name}, stage {number} from left to right."
    alt = " ".join([f"{title}." if title else "", heading, *said])
    return draw_linked(columns, title, alt)


def draw_linked(columns: "Sequence[Column]", title: "str | None", alt: str):
    """Columns side by side, the end of each joined to the beginning of the next."""
    sketch = Sketch(alt)
    lines = fold(columns, PAGE - 2 * MARGIN - BACK, APART)
    left = MARGIN + BACK * (len(lines) > 1)  # the way back from line to line is on the left
    width = left + max(line_width(line, APART) for line in lines) + MARGIN
    y, before = sketch.title(title, width), []
    for line in lines:
        y, before = draw_line(sketch, left, y, line, before)
    (x, bottom), (_, foot) = before
    sketch.arrow(x, bottom, foot)
    sketch.text(x + ASIDE, bottom + 14, columns[-1].result, SMALL, SOFT, ha="left")
    return sketch.finish(width, y + MARGIN)


def draw_line(sketch: Sketch, left: float, y: float, columns, before):
    """Draw a line of columns; the y below it, and the beginning of the way that leaves it.

    `before`: the beginning of the way that comes from the line above, if there is one.
    """
    top = y + HEAD
    begin, edge = top + ENTRY, left
    through = max(column.through for column in columns)
    foot = begin + through + max(column.beyond for column in columns) + 4
    for column in columns:
        x, gutter = edge + column.left, edge - APART / 2 if edge > left else MARGIN
        draw_head(sketch, x, y + 8, column)
        around = [*before, (gutter, before[-1][1]), (gutter, top)] if before else []
        sketch.route([*around, (x, top), (x, begin + 1)], head=False)
        sketch.text(x + ASIDE, top + 14, column.source, SMALL, SOFT, ha="left")
        bottom = draw_column(sketch, x, begin, column, through)
        before = [(x, bottom), (x, foot)]
        edge += column.width + APART
    return foot + 28, [(x, bottom), (x, foot + 12)]
