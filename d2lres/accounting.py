"""Shapes, parameters, buffers, MACs, receptive fields and memory, layer by layer.

Conventions.  A shape is (C, H, W).  MACs are the multiplications of convolution and dense layers;
normalization, activations, pooling and additions count none.  `params` are trained; `buffers` are
the running statistics of batch normalization.  What the paper's table 1 calls FLOPs are MACs.

Explained in the chapters "ResNet-18, layer by layer", "Basic against bottleneck" and "Any input
size".
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch
from math import prod
from typing import NamedTuple

from . import arch
from .errors import ShapeError


class Row(NamedTuple):
    """One operation: what leaves it, and its cost for one image.

    `output_shape` is (C, H, W) or (units,).  `receptive_field` is the side of the square of input
    pixels that one output pixel sees, None where it is the whole image; `stride` is how many input
    pixels lie between two neighbours of the output, None where there are no neighbours.  `held`
    counts the numbers in memory while it runs: what goes in, what comes out, and what waits for a
    sum.
    """

    name: str
    op: str
    output_shape: tuple[int, ...]
    params: int = 0
    buffers: int = 0
    macs: int = 0
    receptive_field: "int | None" = 1
    stride: "int | None" = 1
    held: int = 0


# --- one pure function for each kind of layer ----------------------------------------------------


@singledispatch
def rows_of(layer, x: Row, name: str, waiting: int = 0) -> Iterator[Row]:
    """The rows of one layer that receives what leaves `x`; the last row is what leaves the layer.

    `waiting`: numbers that are kept for later while the layer runs.
    """
    raise TypeError(f"{name}: no accounting for {layer!r}")


def row(name, op, x: Row, shape, waiting, kernel=1, strides=1, **costs) -> Row:
    """The row of an operation that slides a window over the output of `x`."""
    field, stride = x.receptive_field, x.stride
    if field is not None and stride is not None:
        field += (kernel - 1) * stride
    if stride is not None:
        stride *= strides
    held = waiting + prod(x.output_shape) + prod(shape)
    return Row(name, op, shape, receptive_field=field, stride=stride, held=held, **costs)


class TooSmall(ShapeError):
    """An image that has no room for a window.  `count` adds what would be large enough."""


def pads(layer, height: int, width: int) -> tuple[int, int, int, int]:
    """What a layer adds to an image: (top, bottom, left, right)."""
    if isinstance(layer.padding, tuple):
        return layer.padding
    if layer.padding == "same":
        return (*same(height, layer), *same(width, layer))
    return (0 if layer.padding == "valid" else layer.padding,) * 4


def same(size: int, layer) -> tuple[int, int]:
    """SAME: so much that ceil(size / strides) windows fit, the odd pixel at the end."""
    windows = -(-size // layer.strides)
    total = max(0, (windows - 1) * layer.strides + layer.kernel - size)
    return total // 2, total - total // 2


def slide(layer, shape, name) -> tuple[int, int]:
    """Height and width that leave a convolution or a pooling layer."""
    _, height, width = image(shape, name)
    top, bottom, left, right = pads(layer, height, width)
    rows = (height + top + bottom - layer.kernel) // layer.strides + 1
    columns = (width + left + right - layer.kernel) // layer.strides + 1
    if min(rows, columns) < 1:
        least = [max(1, layer.kernel - both) for both in (top + bottom, left + right)]
        raise TooSmall(
            f"{name}: input of {height}x{width} pixels; expected at least {least[0]}x{least[1]} "
            "there."
        )
    return rows, columns


def image(shape, name) -> tuple[int, int, int]:
    """A shape that has height and width, or a ShapeError."""
    if len(shape) != 3:
        raise ShapeError(
            f"{name}: input of shape {shape}; expected (C, H, W). Put it before the dense layer."
        )
    return shape


@rows_of.register
def _(conv: arch.Conv, x, name, waiting=0):
    height, width = slide(conv, x.output_shape, name)
    if x.output_shape[0] % conv.groups:
        raise ShapeError(
            f"{name}: input of {x.output_shape[0]} channels in {conv.groups} groups; expected "
            "groups of equal size. Choose a number of channels that the groups divide."
        )
    weights = conv.channels * (x.output_shape[0] // conv.groups) * conv.kernel**2
    costs = {
        "params": weights + (conv.channels if conv.use_bias else 0),
        "macs": weights * height * width,
    }
    shape = (conv.channels, height, width)
    yield row(name, "Conv", x, shape, waiting, conv.kernel, conv.strides, **costs)


@rows_of.register
def _(norm: arch.BatchNorm, x, name, waiting=0):
    channels = x.output_shape[0]  # gamma and beta are trained; running mean and variance are not
    costs = {"params": channels * (norm.scale + norm.center), "buffers": 2 * channels}
    yield row(name, "BN", x, x.output_shape, waiting, **costs)


@rows_of.register
def _(relu: arch.ReLU, x, name, waiting=0):
    yield row(name, "ReLU", x, x.output_shape, waiting)


@rows_of.register
def _(sigmoid: arch.Sigmoid, x, name, waiting=0):
    yield row(name, "Sigmoid", x, x.output_shape, waiting)


@rows_of.register
def _(pool: arch.MaxPool, x, name, waiting=0):
    shape = (x.output_shape[0], *slide(pool, x.output_shape, name))
    yield row(name, "MaxPool", x, shape, waiting, pool.kernel, pool.strides)


@rows_of.register
def _(pool: arch.GlobalAvgPool, x, name, waiting=0):
    channels, _, _ = image(x.output_shape, name)
    whole = row(name, "AvgPool", x, (channels, 1, 1), waiting)
    yield whole._replace(receptive_field=None, stride=None)


@rows_of.register
def _(dense: arch.Dense, x, name, waiting=0):
    weights = dense.units * prod(x.output_shape)  # the input is flattened
    costs = {"params": weights + dense.units, "macs": weights}
    whole = row(name, "Dense", x, (dense.units,), waiting, **costs)
    yield whole._replace(receptive_field=None, stride=None)


@rows_of.register
def _(pad: arch.Pad, x, name, waiting=0):
    channels, height, width = image(x.output_shape, name)
    shape = (channels, height + pad.top + pad.bottom, width + pad.left + pad.right)
    yield row(name, "Pad", x, shape, waiting)


@rows_of.register
def _(zeros: arch.ZeroChannels, x, name, waiting=0):
    channels, height, width = image(x.output_shape, name)
    yield row(name, "Zeros", x, (channels + zeros.added, height, width), waiting)


@rows_of.register
def _(block: arch.Residual, x, name, waiting=0):
    before = list(chain(block.before, x, f"{name}.before", waiting))
    x = before[-1] if before else x
    branch = list(beside(block.branch, x, name, waiting))
    left = branch[-1] if branch else x
    kept = waiting + prod(left.output_shape)
    shortcut = list(chain(block.shortcut, x, f"{name}.shortcut", kept))
    right = shortcut[-1] if shortcut else x
    if left.output_shape != right.output_shape:
        raise ShapeError(
            f"{name}: the branch gives {left.output_shape} and the shortcut {right.output_shape}; "
            "expected equal shapes, since they are added. Project the shortcut."
        )
    total = sum_row(f"{name}.add", "Add", left, right, waiting)
    return [
        *before,
        *branch,
        *shortcut,
        total,
        *chain(block.after, total, f"{name}.after", waiting),
    ]


@rows_of.register
def _(block: arch.Plain, x, name, waiting=0):
    yield from chain(block.branch, x, name, waiting)


@rows_of.register
def _(gate: arch.Gate, x, name, waiting=0):
    factors = list(beside(gate.gate, x, name, waiting))
    channels = x.output_shape[0]
    found = prod(factors[-1].output_shape) if factors else 0
    if found != channels:
        raise ShapeError(
            f"{name}: {found} factors for {channels} channels; expected one for each. "
            f"End the gate with Dense({channels}) and Sigmoid()."
        )
    return [*factors, sum_row(f"{name}.scale", "Scale", x, factors[-1], waiting)]


def sum_row(name, op, left: Row, right: Row, waiting: int) -> Row:
    """Two outputs become one of the left one's shape, which sees what either saw."""
    fields = (left.receptive_field, right.receptive_field)
    field = None if None in fields else max(fields)
    held = waiting + 2 * prod(left.output_shape) + prod(right.output_shape)
    return Row(name, op, left.output_shape, receptive_field=field, stride=left.stride, held=held)


def beside(layers, x: Row, name: str, waiting: int) -> Iterator[Row]:
    """The rows of layers after whose first one `x` is still needed."""
    for i, each in enumerate(chain(layers, x, name, waiting)):
        yield each._replace(held=each.held + prod(x.output_shape)) if i else each


def chain(layers, x: Row, prefix: str, waiting: int = 0) -> Iterator[Row]:
    """The rows of layers one after another, each named after `prefix`."""
    for name, layer in arch.named(layers):
        for each in rows_of(layer, x, f"{prefix}.{name}" if prefix else name, waiting):
            yield each
        x = each


# --- a whole architecture ------------------------------------------------------------------------


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

    >>> from d2lres.zoo import architecture
    >>> sum(row.params for row in count(architecture("resnet18")))
    11689512
    """
    x = entering(architecture.input_shape if input_shape is None else input_shape)
    return tuple(room_for(lambda image: walk(architecture, image), x))


def count_layers(layers, input_shape) -> tuple[Row, ...]:
    """The rows of a few layers or blocks that are no whole net.  Arguments and errors as `count`.

    Chapter "Basic against bottleneck".

    >>> from d2lres.arch import Conv
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


# --- padding as numbers --------------------------------------------------------------------------


def explicit(architecture: arch.Architecture, input_shape=None) -> arch.Architecture:
    """The same architecture with the padding that "same" and "valid" stand for at one input shape.

    A live net needs numbers: how much "same" pads depends on the image.  Arguments and errors as
    `count`.  Chapter "Any input size".

    >>> from d2lres.arch import with_padding
    >>> from d2lres.zoo import architecture
    >>> explicit(with_padding(architecture("resnet18"), "same")).stem[0].padding
    (2, 3, 2, 3)
    """
    count(architecture, input_shape)  # the errors that count has
    x = entering(architecture.input_shape if input_shape is None else input_shape)
    stages = []
    stem, x = settled(architecture.stem, x)
    for stage in architecture.stages:
        stage, x = settled(stage, x)
        stages.append(stage)
    head, _ = settled(architecture.head, x)
    return replace(architecture, stem=stem, stages=tuple(stages), head=head)


def settled(layers, x: Row) -> tuple[tuple, Row]:
    """Layers with their padding as numbers, and what leaves them."""
    done = []
    for layer in layers:
        *_, out = rows_of(layer, x, "")
        if isinstance(layer, arch.Residual):
            before, entry = settled(layer.before, x)
            branch, _ = settled(layer.branch, entry)
            shortcut, _ = settled(layer.shortcut, entry)
            after, _ = settled(layer.after, out)
            layer = arch.Residual(branch, shortcut, after, before)
        elif isinstance(layer, arch.Plain):
            layer = arch.Plain(settled(layer.branch, x)[0])
        elif hasattr(layer, "padding"):
            sides = pads(layer, *x.output_shape[1:])
            layer = replace(layer, padding=sides[0] if len(set(sides)) == 1 else sides)
        done.append(layer)
        x = out
    return tuple(done), x


# --- memory --------------------------------------------------------------------------------------


class Memory(NamedTuple):
    """Bytes.  Weights once; activations for a whole batch, in float32."""

    weights_float32: int
    weights_float16: int
    training: int
    inference: int


def memory(rows, batch_size: int = 1) -> Memory:
    """The memory of counted rows, for `batch_size` images.

    Weights are the parameters and buffers; in float16, batch normalization stays in float32, as
    Gluon's `cast` leaves it.  Training keeps the output of every operation for the backward pass.
    Inference keeps what is still needed: the largest sum of input, output and what waits for an
    addition.  Nothing is counted as done in place, and no workspace of a convolution is counted.
    Raises ShapeError for a batch size below 1.  Chapter "Any input size".

    >>> from d2lres.zoo import architecture
    >>> memory(count(architecture("resnet18"))).weights_float32
    46796448
    """
    if type(batch_size) is not int or batch_size < 1:
        raise ShapeError(f"batch size: {batch_size!r}; expected a whole number of at least 1.")
    numbers = sum(row.params + row.buffers for row in rows)
    halved = sum(row.params for row in rows if row.op != "BN")
    return Memory(
        weights_float32=4 * numbers,
        weights_float16=4 * numbers - 2 * halved,
        training=4 * batch_size * sum(prod(row.output_shape) for row in rows),
        inference=4 * batch_size * max(row.held for row in rows),
    )
