"""Images of a data set, with their classes and what a net takes them for."""

from collections.abc import Sequence

import numpy

from ..drawing.look import GREEN, INK, MARGIN, SMALL, VERMILLION, text_width
from ..errors import ConfigError
from .figure import axes_at, ink, sheet, styled

CELL, APART, LINE_HEIGHT = 84, 10, 16  # pixels: about the side of an image, the gap, a line of text


def as_numpy(array) -> numpy.ndarray:
    """An array of NumPy or MXNet as NumPy's."""
    return array.asnumpy() if hasattr(array, "asnumpy") else numpy.asarray(array)


def check_images(images) -> numpy.ndarray:
    """(N, H, W, C) uint8 from (N, C, H, W), uint8 or float from 0 to 1."""
    array = as_numpy(images)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or 0 in array.shape:
        raise ConfigError(
            f"show_images: shape {array.shape}; expected (N, C, H, W) with N of at least 1 and C "
            "1 or 3. Give one image as X[:1]."
        )
    if array.dtype != numpy.uint8:
        if array.dtype.kind != "f" or not (array.min() >= 0 and array.max() <= 1):
            raise ConfigError(
                f"show_images: {array.dtype} from {array.min()} to {array.max()}; expected uint8, "
                "or float from 0 to 1. Undo the normalization first."
            )
        array = numpy.rint(array * 255).astype(numpy.uint8)
    return array.transpose(0, 2, 3, 1)


def class_names(labels, classes, number: int, what: str) -> list[str]:
    """A name for each image: looked up in `classes` for a number."""
    labels = list(as_numpy(labels).tolist())
    if len(labels) != number:
        raise ConfigError(
            f"show_images: {len(labels)} {what} for {number} images; expected as many."
        )
    if classes is None:
        return list(map(str, labels))
    for label in labels:
        if not isinstance(label, int) or not 0 <= label < len(classes):
            raise ConfigError(
                f"show_images: {what}: {label!r}; expected a whole number from 0 to "
                f"{len(classes) - 1}, the number of a class."
            )
    return [classes[label] for label in labels]


@styled
def show_images(
    images,
    labels=None,
    classes: "Sequence[str] | None" = None,
    *,
    predictions=None,
    columns: int = 6,
    title: "str | None" = None,
):
    """Show images in a grid, each under its class and under what a net takes it for.

    Arguments: `images` (N, C, H, W), uint8 or float from 0 to 1, C 1 (gray) or 3 (red, green,
    blue); `labels` and `predictions` (N,), class numbers, or names where `classes` is None;
    `columns`, images a row; `title`, the finding.
    Raises ConfigError for other shapes or values, and for labels that do not match.
    Chapter "Training on Fashion-MNIST".

    >>> show_images(numpy.zeros((2, 1, 28, 28)), [0, 1], ["shirt", "bag"]).alt
    '2 images of 28×28 pixels: shirt, bag.'
    """
    array = check_images(images)
    if type(columns) is not int or columns < 1:
        raise ConfigError(f"show_images: columns = {columns!r}; expected a whole number from 1 up.")
    given = {"labels": labels, "predictions": predictions}
    said = [
        class_names(names, classes, len(array), what)
        for what, names in given.items()
        if names is not None
    ]
    texts = list(zip(*said, strict=True)) or [()] * len(array)
    compared = labels is not None and predictions is not None
    return draw_grid(array, texts, compared, min(columns, len(array)), title)


def draw_grid(array, texts, compared: bool, columns: int, title):
    """The grid; an image has a whole number of screen pixels for each of its own."""
    number, height, width, _ = array.shape
    scale = max(1, round(2 * CELL / height)) / 2
    longest = max((text_width(line, SMALL) for lines in texts for line in lines), default=0)
    across = max(width * scale, longest + 14 * compared) + APART
    lines = len(texts[0])
    down = (lines * LINE_HEIGHT + 2) + height * scale + APART
    rows = -(-number // columns)
    said = ", ".join(" taken for ".join(lines) for lines in texts if lines)
    alt = f"{number} image{'s' * (number > 1)} of {height}×{width} pixels" + f": {said}" * bool(
        said
    )
    figure, top = sheet(columns * across - APART + 2 * MARGIN, rows * down + 4, title, f"{alt}.")
    for i, (image, words) in enumerate(zip(array, texts, strict=True)):
        x = MARGIN + (i % columns) * across + (across - APART - width * scale) / 2
        y = top + (i // columns) * down + (lines * LINE_HEIGHT + 2)
        axes = axes_at(figure, x, y, width * scale, height * scale)
        axes.set_axis_off()
        gray = {"cmap": "gray", "vmin": 0, "vmax": 255} if image.shape[2] == 1 else {}
        axes.imshow(
            image.squeeze(2) if gray else image, interpolation="none", aspect="auto", **gray
        )
        write_above(axes, words, compared, height * scale)
    return figure


def write_above(axes, words, compared: bool, height: float) -> None:
    """The class above an image and the prediction below that, ticked or crossed."""
    for i, word in enumerate(words):
        color = INK
        if compared and i == 1:
            right = words[0] == words[1]
            word = f"{'✓' if right else '✗'} {word}"
            color = ink(GREEN if right else VERMILLION)
        y = 1 + (LINE_HEIGHT * (len(words) - 1 - i) + 5) / height
        axes.text(0.5, y, word, transform=axes.transAxes, ha="center", size=SMALL, color=color)
