"""From an architecture to a live Gluon net, and the counts of a live net.

Explained in the chapter "ResNet-18, layer by layer".
"""

from functools import singledispatch

from . import arch, zoo
from ._mxnet import nn
from .blocks import ResidualBlock, check_input, entry, sequential
from .errors import ShapeError


@singledispatch
def layer(data):
    """The Gluon layer for one layer of an architecture."""
    raise TypeError(f"no Gluon layer for {data!r}")


@layer.register
def _(conv: arch.Conv):
    return nn.Conv2D(conv.channels, conv.kernel, conv.strides, conv.padding, use_bias=conv.use_bias)


@layer.register
def _(norm: arch.BatchNorm):
    return nn.BatchNorm()


@layer.register
def _(relu: arch.ReLU):
    return nn.Activation("relu")


@layer.register
def _(pool: arch.MaxPool):
    return nn.MaxPool2D(pool.kernel, pool.strides, pool.padding)


@layer.register
def _(pool: arch.GlobalAvgPool):
    return nn.GlobalAvgPool2D()


@layer.register
def _(dense: arch.Dense):
    return nn.Dense(dense.units)


@layer.register
def _(block: arch.Residual):
    return ResidualBlock(chain(block.branch), chain(block.shortcut), chain(block.after))


def chain(layers) -> nn.HybridSequential:
    """The Gluon layers for a tuple of layers, one after another."""
    return sequential(*map(layer, layers))


class Net(nn.HybridSequential):
    """A live net: one child for the stem, one for each stage, one for the head.

    Argument of a call: an image batch (N, C, H, W), float32.  Raises ShapeError for anything else.
    """

    def __init__(self, architecture: arch.Architecture):
        super().__init__()
        self.architecture = architecture
        self.add(*map(chain, architecture.parts.values()))
        self._entry = entry(self[0])

    def __call__(self, X):
        if hasattr(X, "shape"):  # an array; a symbol, which hybridize passes, has no shape yet
            check_input(self.architecture.name, X, self._entry)
        return super().__call__(X)


def build(name_or_architecture, **options) -> Net:
    """The Gluon net of an architecture, not yet initialized.

    Arguments: a name, with the options of `architecture` (classes, version, shortcut), or an
    Architecture.  The number of input channels is learnt from the first batch.
    Raises ConfigError for an unknown name or option.
    Chapter "ResNet-18, layer by layer".

    >>> net = build("resnet18", classes=10)
    """
    if isinstance(name_or_architecture, arch.Architecture):
        return Net(name_or_architecture)
    return Net(zoo.architecture(name_or_architecture, **options))


def live_counts(net) -> dict[str, int]:
    """Numbers in a live net: `params` (trained) and `buffers` (running statistics).

    Gluon's `collect_params` mixes the two: a buffer is a parameter without a gradient.
    Raises ShapeError while a shape is unknown, which is before the first batch.
    """
    counts = {"params": 0, "buffers": 0}
    for name, parameter in net.collect_params().items():
        size = 1
        for length in parameter.shape or (0,):
            size *= length
        if size <= 0:
            raise ShapeError(
                f"{name}: shape {parameter.shape} is not known yet; expected a net that has seen "
                "data. Call net.initialize() and pass one batch through it first."
            )
        counts["buffers" if parameter.grad_req == "null" else "params"] += size
    return counts
