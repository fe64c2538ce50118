"""Where the windows of a convolution or pooling layer lie on a line of pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ConfigError
from ..structure import Conv, MaxPool, pads, slide
from .look import (
    BLUE,
    CARD,
    FAINT,
    INK,
    LINE,
    MARGIN,
    PAGE,
    SMALL,
    SOFT,
    VERMILLION,
    Mix,
    widest,
)
from .sketch import Sketch

# Pixels: a cell at its largest, from the cells to the windows, a window and from one to the next
# below it, a heading's two lines, between two layers, from the cells to the count, the legend.
CELL, DROP, BAR, PITCH, HEAD, APART, ASIDE, LEGEND = 28, 8, 8, 14, 42, 26, 16, 30
LONGEST, MOST = 24, 32  # pixels of an image, and with padding: smaller cells cannot be numbered


@dataclass(frozen=True)
class Line:
    """A line of pixels, numbered from 1, with padding on both sides and windows over it."""

    size: int
    kernel: int
    strides: int
    padding: tuple[int, int]
    number: int  # of windows
    title: str
    subtitle: str

    @property
    def firsts(self) -> list[int]:
        """The first pixel of each window; below 1 in the padding."""
        return [1 - self.padding[0] + i * self.strides for i in range(self.number)]

    @property
    def middles(self) -> list[float]:
        """The middle of each window; between two pixels where the kernel is even."""
        return [first + (self.kernel - 1) / 2 for first in self.firsts]

    @property
    def unused(self) -> list[int]:
        """The pixels that lie in no window."""
        used = {first + i for first in self.firsts for i in range(self.kernel)}
        return [pixel for pixel in range(1, self.size + 1) if pixel not in used]

    @property
    def levels(self) -> int:
        """How many windows stand below each other so that none covers another."""
        return min(self.number, -(-self.kernel // self.strides))

    @property
    def height(self) -> float:
        return DROP + PITCH * self.levels


def line_of(size, layer, title: "str | None") -> Line:
    """A line for one layer, or an error that says what does not fit."""
    if not isinstance(layer, (Conv, MaxPool)):
        raise ConfigError(
            f"draw_windows: {layer!r}; expected convolutions and max pooling, such as "
            "Conv(1, kernel=3, strides=2, padding='same')."
        )
    if type(size) is not int or not 1 <= size <= LONGEST:
        raise ConfigError(
            f"draw_windows: size {size!r}; expected a whole number from 1 to {LONGEST}."
        )
    padding = pads(layer, size, size)[2:]
    if size + sum(padding) > MOST:
        raise ConfigError(
            f"draw_windows: {size} pixels and {sum(padding)} of padding; expected at most {MOST} "
            "together. Take a smaller size or kernel."
        )
    number = slide(layer, (1, size, size), "draw_windows")[1]
    subtitle = f"kernel {layer.kernel}, stride {layer.strides}, {padding_words(layer, padding)}"
    title = pixels(size) if title is None else title
    return Line(size, layer.kernel, layer.strides, padding, number, title, subtitle)


def padding_words(layer, padding: tuple[int, int]) -> str:
    """How a layer pads, and how much that is on the left and on the right."""
    much = f"{padding[0]} left, {padding[1]} right" if any(padding) else "none"
    kind = f"“{layer.padding}” padding" if isinstance(layer.padding, str) else "padding"
    return f"{kind}: {much}"


def pixels(number: int) -> str:
    return f"{number} pixel{'s' * (number > 1)}"


def windows(number: int) -> str:
    return f"{number} window{'s' * (number > 1)}"


def in_words(line: Line) -> str:
    """What is drawn of a line, as a sentence."""
    middles = ", ".join(f"{middle:g}" for middle in line.middles)
    unused = ", ".join(map(str, line.unused))
    heading = f"{line.title}: " if line.title != pixels(line.size) else ""
    text = f"{heading}{pixels(line.size)}, {line.subtitle}: {windows(line.number)}, "
    text += f"middle{'s' * (line.number > 1)} at {middles}; "
    return text + (f"no window uses {unused}." if unused else "every pixel is used.")


def draw_windows(
    size: "int | Sequence[int]",
    layers: "Sequence[Conv | MaxPool]",
    *,
    titles: "Sequence[str] | None" = None,
    title: "str | None" = None,
):
    """Draw where the windows of some layers lie on a line of pixels, one line a layer.

    Arguments: `size`, 1 to 24 pixels: one number for all lines or one for each; `layers`,
    convolutions or max pooling with their padding; `titles`, a heading for each line; `title`, the
    finding.
    Pixels are numbered from 1.  Padding is hatched, a bar is one window, the dot is its middle,
    and a pixel in no window is crossed out.  What is drawn is one row of the image: an image of
    so many columns and rows has as many windows in both directions, where its padding is the same.
    Raises ConfigError for other layers, sizes or numbers of titles, ShapeError where a window does
    not fit.
    Source: the numbers are those of `accounting.pads`.  Chapter "Padding, and what a pixel sees".

    >>> from d2lres.structure import Conv
    >>> draw_windows([8, 9], [Conv(1, strides=2, padding="same")] * 2).alt[:63]
    '8 pixels, kernel 3, stride 2, “same” padding: 0 left, 1 right: '
    """
    layers = list(layers) if isinstance(layers, (list, tuple)) else [layers]
    sizes = list(size) if isinstance(size, (list, tuple)) else [size] * len(layers)
    titles = [None] * len(layers) if titles is None else list(titles)
    if not layers or not len(layers) == len(sizes) == len(titles):
        raise ConfigError(
            f"draw_windows: {len(layers)} layers, {len(sizes)} sizes and {len(titles)} titles; "
            "expected one layer at least, and as many of each."
        )
    lines = [line_of(*each) for each in zip(sizes, layers, titles, strict=True)]
    alt = " ".join([f"{title}." if title else "", *map(in_words, lines)])
    return draw_lines(lines, title, alt)


# --- the drawing ---------------------------------------------------------------------------------


def draw_lines(lines: Sequence[Line], title: "str | None", alt: str):
    """The lines below each other, pixel 1 of each at the same place."""
    sketch = Sketch(alt)
    before = max(line.padding[0] for line in lines)
    cells = before + max(line.size + line.padding[1] for line in lines)
    count = widest([windows(line.number) for line in lines], weight="bold")
    cell = min(CELL, (PAGE - 2 * MARGIN - ASIDE - count) / cells)
    heads = max(
        widest([line.title for line in lines], weight="bold"),
        widest([line.subtitle for line in lines], SMALL),
    )
    right = MARGIN + cell * cells
    width = max(right + ASIDE + count, MARGIN + heads, 330) + MARGIN
    y = sketch.title(title, width)
    for line in lines:
        sketch.text(MARGIN, y + 8, line.title, weight="bold", ha="left")
        sketch.text(MARGIN, y + 27, line.subtitle, SMALL, SOFT, ha="left")
        y += HEAD
        draw_pixels(sketch, MARGIN + cell * before, y, cell, line)
        draw_bars(sketch, MARGIN + cell * before, y + cell + DROP, cell, line)
        sketch.text(right + ASIDE, y + cell / 2, windows(line.number), ha="left", weight="bold")
        y += cell + line.height + APART
    return sketch.finish(width, draw_legend(sketch, y - APART, lines) + MARGIN)


def draw_pixels(sketch: Sketch, x: float, y: float, cell: float, line: Line) -> None:
    """Draw the cells of a line, pixel 1 at `x`: middles of windows tinted, unused ones crossed."""
    before, after = line.padding
    for i in [*range(-before, 0), *range(line.size, line.size + after)]:
        draw_padding(sketch, x + i * cell, y, cell)
    for pixel in range(1, line.size + 1):
        left, unused = x + (pixel - 1) * cell, pixel in line.unused
        face = Mix(BLUE, 0.18) if pixel in line.middles else FAINT if unused else CARD
        sketch.rectangle(left, y, cell, cell, face, LINE, label="pixel")
        if unused:
            draw_cross(sketch, left, y, cell)
        color = SOFT if unused else INK
        sketch.text(left + cell / 2, y + cell / 2, str(pixel), SMALL, color)


def draw_padding(sketch: Sketch, x: float, y: float, cell: float) -> None:
    sketch.rectangle(x, y, cell, cell, CARD, Mix(LINE, 0.6), hatched=True, label="padding")


def draw_cross(sketch: Sketch, x: float, y: float, cell: float) -> None:
    for y0, y1 in ((y, y + cell), (y + cell, y)):
        sketch.line(x, y0, x + cell, y1, Mix(LINE, 0.45), 1)


def draw_bars(sketch: Sketch, x: float, y: float, cell: float, line: Line) -> None:
    """Draw the windows below a line of pixels, each with its middle."""
    for i, (first, middle) in enumerate(zip(line.firsts, line.middles, strict=True)):
        top, left = y + PITCH * (i % line.levels), x + (first - 1) * cell + 2
        long = line.kernel * cell - 4
        sketch.rectangle(left, top, long, BAR, Mix(BLUE, 0.35), BLUE, label="window")
        draw_middle(sketch, x + (middle - 0.5) * cell, top + BAR / 2)


def draw_middle(sketch: Sketch, x: float, y: float) -> None:
    sketch.dot(x, y, 4, VERMILLION)


def draw_legend(sketch: Sketch, y: float, lines: Sequence[Line]) -> float:
    """Say below `y` what padding, dots and crosses are, where there are any; the y below."""
    x, cell = MARGIN, 14
    y += LEGEND - cell
    entries = [("middle of a window", lambda: draw_middle(sketch, x + 7, y + 7))]
    if any(sum(line.padding) for line in lines):
        entries.append(("padding", lambda: draw_padding(sketch, x, y, cell)))
    if any(line.unused for line in lines):
        entries.append(("in no window", lambda: draw_cross(sketch, x, y, cell)))
    for text, draw in entries:
        draw()
        sketch.text(x + 20, y + 7, text, SMALL, SOFT, ha="left")
        x += 20 + widest([text], SMALL) + 22
    return y + cell
