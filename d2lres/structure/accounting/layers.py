"""One pure function for each kind of layer: what leaves it and what it costs.

Explained in the chapter "ResNet-18, layer by layer".
"""

from collections.abc import Iterator
from functools import singledispatch
from math import prod
from typing import NamedTuple

from ...errors import ShapeError
from .. import arch
from .padding import pads


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


class TooSmall(ShapeError):
    """An image that has no room for a window.  `count` adds what would be large enough."""


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


# --- layers -----------------------------------------------------------------------------------


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


@rows_of.register(arch.MaxPool)
@rows_of.register(arch.AvgPool)
def _(pool, x, name, waiting=0):
    shape = (x.output_shape[0], *slide(pool, x.output_shape, name))
    yield row(name, type(pool).__name__, x, shape, waiting, pool.kernel, pool.strides)


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


# --- blocks -----------------------------------------------------------------------------------


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
