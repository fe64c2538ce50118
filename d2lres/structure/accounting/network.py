"""A whole architecture, row by row.

Explained in the chapter "ResNet-18, layer by layer".
"""

from ...errors import ShapeError
from .. import arch
from .layers import Row, TooSmall, chain


def entering(input_shape) -> Row:
    """The image as a row: three whole numbers of at least 1, or a ShapeError."""
    shape = tuple(input_shape)
    if len(shape) != 3 or any(type(n) is not int or n < 1 for n in shape):
        raise ShapeError(
            f"input shape: {shape}; expected three whole numbers of at least 1: channels, height, "
            "width, such as (3, 224, 224)."
        )
    return Row("input", "", shape)


def count(architecture: arch.Architecture, input_shape=None) -> tuple[Row, ...]:
    """Every operation of an architecture for one image of `input_shape` (C, H, W), in order.

    Without `input_shape`, the architecture's own is taken.
    Raises ShapeError when the shape is none, or too small for a layer: the message names the layer
    and the smallest image that works.
    Chapter "ResNet-18, layer by layer".

    >>> from d2lres.structure import architecture
    >>> sum(row.params for row in count(architecture("resnet18")))
    11689512
    """
    x = entering(architecture.input_shape if input_shape is None else input_shape)
    return tuple(room_for(lambda image: walk(architecture, image), x))


def count_layers(layers, input_shape) -> tuple[Row, ...]:
    """The rows of a few layers or blocks that are no whole net.  Arguments and errors as `count`.

    Chapter "Basic against bottleneck".

    >>> from d2lres.structure import Conv
    >>> count_layers([Conv(64, kernel=3)], (64, 56, 56))[0].params
    36864
    """
    return tuple(room_for(lambda image: list(chain(layers, image, "")), entering(input_shape)))


def walk(architecture: arch.Architecture, x: Row) -> list[Row]:
    """The rows of all parts for an image."""
    rows = [x]
    for part, layers in architecture.parts.items():
        rows += chain(layers, rows[-1], part)
    return rows[1:]


def room_for(rows, x: Row) -> list[Row]:
    """`rows(x)`; where the image is too small, a ShapeError that knows the smallest that is not."""
    try:
        return rows(x)
    except TooSmall as error:
        channels, height, width = x.output_shape
        smallest = smallest_side(rows, channels, max(height, width))
        advice = f"The smallest image that works is {smallest}x{smallest}: use a larger one."
        raise ShapeError(f"{error} {advice if smallest else 'Use less deep a net.'}") from None


def smallest_side(rows, channels: int, side: int) -> "int | None":
    """The side of the smallest square image that `rows` accepts; None where none does."""

    def works(side):
        try:
            return bool(rows(entering((channels, side, side))))
        except TooSmall:
            return False

    large = 1
    while not works(large):
        large *= 2
        if large > LARGEST:
            return None
    low, high = large // 2, large  # too small, large enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


LARGEST = 2**16  # pixels; no image is larger
