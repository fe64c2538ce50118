"""Shapes, parameters, buffers and MACs of an architecture, layer by layer.

Conventions.  A shape is (C, H, W).  MACs are the multiplications of convolution and dense layers;
normalization, activations, pooling and additions count none.  `params` are trained; `buffers` are
the running statistics of batch normalization.  What the paper's table 1 calls FLOPs are MACs.

Explained in the chapters "ResNet-18, layer by layer" and "Basic against bottleneck".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from math import prod

from . import arch
from .errors import ShapeError


@dataclass(frozen=True)
class Row:
    """One operation: the shape that leaves it, (C, H, W) or (units,), and its cost per image."""

    name: str
    op: str
    output_shape: tuple[int, ...]
    params: int = 0
    buffers: int = 0
    macs: int = 0


# --- one pure function for each kind of layer ----------------------------------------------------


@singledispatch
def rows_of(layer, shape, name) -> Iterator[Row]:
    """The rows of one layer that receives `shape`; the last row has the shape that leaves it."""
    raise TypeError(f"{name}: no accounting for {layer!r}")


def window(size: int, kernel: int, strides: int, padding: int) -> int:
    """How many windows of `kernel` fit along `size` when both ends are padded."""
    return (size + 2 * padding - kernel) // strides + 1


def slide(layer, shape, name) -> tuple[int, int]:
    """Height and width that leave a convolution or a pooling layer."""
    _, *sides = shape
    after = [window(side, layer.kernel, layer.strides, layer.padding) for side in sides]
    if min(after) < 1:
        smallest = layer.kernel - 2 * layer.padding
        raise ShapeError(
            f"{name}: input of {sides[0]}x{sides[1]} pixels; expected at least "
            f"{smallest}x{smallest} here. Use a larger image."
        )
    return tuple(after)


@rows_of.register
def _(conv: arch.Conv, shape, name):
    height, width = slide(conv, shape, name)
    weights = conv.channels * shape[0] * conv.kernel**2
    biases = conv.channels if conv.use_bias else 0
    out = (conv.channels, height, width)
    yield Row(name, "Conv", out, params=weights + biases, macs=weights * height * width)


@rows_of.register
def _(norm: arch.BatchNorm, shape, name):
    channels = shape[0]  # gamma and beta are trained; the running mean and variance are not
    yield Row(name, "BN", shape, params=2 * channels, buffers=2 * channels)


@rows_of.register
def _(relu: arch.ReLU, shape, name):
    yield Row(name, "ReLU", shape)


@rows_of.register
def _(pool: arch.MaxPool, shape, name):
    yield Row(name, "MaxPool", (shape[0], *slide(pool, shape, name)))


@rows_of.register
def _(pool: arch.GlobalAvgPool, shape, name):
    yield Row(name, "AvgPool", (shape[0], 1, 1))


@rows_of.register
def _(dense: arch.Dense, shape, name):
    weights = dense.units * prod(shape)  # the input is flattened
    yield Row(name, "Dense", (dense.units,), params=weights + dense.units, macs=weights)


@rows_of.register
def _(block: arch.Residual, shape, name):
    branch = list(chain(block.branch, shape, name))
    shortcut = list(chain(block.shortcut, shape, f"{name}.shortcut"))
    left = branch[-1].output_shape if branch else shape
    right = shortcut[-1].output_shape if shortcut else shape
    if left != right:
        raise ShapeError(
            f"{name}: the branch gives {left} and the shortcut {right}; expected equal shapes, "
            "since they are added. Project the shortcut."
        )
    yield from branch
    yield from shortcut
    yield Row(f"{name}.add", "Add", left)
    yield from chain(block.after, left, f"{name}.after")


def chain(layers, shape, prefix) -> Iterator[Row]:
    """The rows of layers one after another, each named after `prefix`."""
    for name, layer in arch.named(layers):
        for row in rows_of(layer, shape, f"{prefix}.{name}" if prefix else name):
            yield row
        shape = row.output_shape


# --- a whole architecture ------------------------------------------------------------------------


def check_shape(input_shape) -> tuple[int, int, int]:
    """Three whole numbers of at least 1, or a ShapeError."""
    shape = tuple(input_shape)
    if len(shape) != 3 or any(type(n) is not int or n < 1 for n in shape):
        raise ShapeError(
            f"input shape: {shape}; expected three whole numbers of at least 1: channels, height, "
            "width, such as (3, 224, 224)."
        )
    return shape


def count(architecture: arch.Architecture, input_shape=None) -> tuple[Row, ...]:
    """Every operation of an architecture for one image of `input_shape` (C, H, W), in order.

    Without `input_shape`, the architecture's own is taken.
    Raises ShapeError when the shape is none, or too small for a layer, which is named.
    Chapter "ResNet-18, layer by layer".

    >>> from d2lres.zoo import architecture
    >>> sum(row.params for row in count(architecture("resnet18")))
    11689512
    """
    shape = check_shape(architecture.input_shape if input_shape is None else input_shape)
    rows = []
    for part, layers in architecture.parts.items():
        rows += chain(layers, shape, part)
        shape = rows[-1].output_shape
    return tuple(rows)


def count_layers(layers, input_shape) -> tuple[Row, ...]:
    """The rows of a few layers or blocks that are no whole net.  Arguments and errors as `count`.

    Chapter "Basic against bottleneck".

    >>> from d2lres.arch import Conv
    >>> count_layers([Conv(64, kernel=3)], (64, 56, 56))[0].params
    36864
    """
    return tuple(chain(layers, check_shape(input_shape), ""))
