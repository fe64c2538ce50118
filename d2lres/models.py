"""From an architecture to a live Gluon net, and the counts of a live net.

Explained in the chapter "ResNet-18, layer by layer".
"""

from functools import singledispatch

from . import arch, zoo
from ._mxnet import init, nn
from .blocks import (
    Gate,
    GlobalAverage,
    Pad,
    ResidualBlock,
    ZeroChannels,
    check_input,
    entry,
    sequential,
)
from .errors import ConfigError, ShapeError, unknown_name


@singledispatch
def layer(data):
    """The Gluon layer for one layer of an architecture."""
    raise TypeError(f"no Gluon layer for {data!r}")


@layer.register
def _(conv: arch.Conv):
    padding, around = split_padding(conv, 0)
    sizes = (conv.channels, conv.kernel, conv.strides, padding)
    return alone(*around, nn.Conv2D(*sizes, groups=conv.groups, use_bias=conv.use_bias))


@layer.register
def _(norm: arch.BatchNorm):
    return nn.BatchNorm(scale=norm.scale, center=norm.center)


@layer.register
def _(relu: arch.ReLU):
    return nn.Activation("relu")


@layer.register
def _(sigmoid: arch.Sigmoid):
    return nn.Activation("sigmoid")


@layer.register
def _(pool: arch.MaxPool):
    padding, around = split_padding(pool, LOWEST)
    return alone(*around, nn.MaxPool2D(pool.kernel, pool.strides, padding))


@layer.register
def _(pool: arch.GlobalAvgPool):
    return GlobalAverage()


@layer.register
def _(dense: arch.Dense):
    return nn.Dense(dense.units)


@layer.register
def _(pad: arch.Pad):
    return Pad(pad.top, pad.bottom, pad.left, pad.right)


@layer.register
def _(zeros: arch.ZeroChannels):
    return ZeroChannels(zeros.added)


@layer.register
def _(block: arch.Residual):
    paths = (block.branch, block.shortcut, block.after, block.before)
    return ResidualBlock(*map(chain, paths))


@layer.register
def _(block: arch.Plain):
    return chain(block.branch)


@layer.register
def _(gate: arch.Gate):
    return Gate(chain(gate.gate))


LOWEST = -3e38  # nearly the least float32: what is padded with it never is the maximum


def split_padding(layer, value):
    """The padding that Gluon's layer can do itself, and a layer before it that does the rest."""
    padding = layer.padding
    if padding == "valid":
        return 0, ()
    if padding == "same" and layer.strides == 1 and layer.kernel % 2 == 1:
        return (layer.kernel - 1) // 2, ()
    if padding == "same":
        raise ConfigError(
            f"{layer}: how much 'same' pads depends on the image; expected numbers. "
            "Put them in first: accounting.explicit(architecture, input_shape)."
        )
    if isinstance(padding, tuple):
        return 0, (Pad(*padding, value),)
    return padding, ()


def alone(*layers):
    """The layers one after another; a single layer as it is."""
    return layers[0] if len(layers) == 1 else sequential(*layers)


def chain(layers) -> nn.HybridSequential:
    """The Gluon layers for a tuple of layers, one after another."""
    return sequential(*map(layer, layers))


class Net(nn.HybridSequential):
    """A live net: one child for the stem, one for each stage, one for the head.

    Argument of a call: an image batch, float32, (N, C, H, W) or, with layout "NHWC", (N, H, W, C).
    Raises ShapeError for anything else.
    """

    def __init__(self, architecture: arch.Architecture, layout: str = "NCHW"):
        super().__init__()
        if layout not in LAYOUTS:
            raise unknown_name("layout", layout, LAYOUTS)
        self.architecture, self.layout = architecture, layout
        self.add(*map(chain, architecture.parts.values()))
        self._entry = entry(self[0])

    def __call__(self, X):
        if hasattr(X, "shape"):  # an array; a symbol, which hybridize passes, has no shape yet
            check_input(self.architecture.name, X, self._entry, self.layout)
        return super().__call__(X)

    def __getitem__(self, key):
        """A part; or some, as a net of their own that shares their weights."""
        if isinstance(key, slice):
            return sequential(*list(self)[key])
        return super().__getitem__(key)

    def hybrid_forward(self, F, X):
        if self.layout == "NHWC":  # once, at the entrance: on the CPU, MXNet convolves NCHW only
            X = F.np.transpose(X, (0, 3, 1, 2))
        return super().hybrid_forward(F, X)


LAYOUTS = ("NCHW", "NHWC")


def build(name_or_architecture, *, layout: str = "NCHW", **options) -> Net:
    """The Gluon net of an architecture, not yet initialized.

    Arguments: a name, with the options of `architecture` (classes, version, shortcut), or an
    Architecture; `layout` of the images that it will receive, "NCHW" or "NHWC".  The number of
    input channels is learnt from the first batch.
    Raises ConfigError for an unknown name or option, or for a padding that depends on the image.
    Chapter "ResNet-18, layer by layer"; layouts in "Any input size".

    >>> net = build("resnet18", classes=10)
    """
    if isinstance(name_or_architecture, arch.Architecture):
        return Net(name_or_architecture, layout)
    return Net(zoo.architecture(name_or_architecture, **options), layout)


def zero_last_gamma(net) -> int:
    """Let every residual branch begin at zero: its last gamma is 0, so each block is its shortcut.

    Argument: a net, before `initialize`.  Returns how many blocks it found.
    Raises ConfigError where no branch ends in a batch normalization, as in v2, or where the net is
    initialized already.
    Source: Goyal et al. (2017), section 5.1.  Chapter "Versions and implementations".
    """
    lasts = []

    def find(block):
        if isinstance(block, ResidualBlock):
            layers = list(block.branch)
            if layers and isinstance(layers[-1], nn.BatchNorm):
                lasts.append(layers[-1].gamma)

    net.apply(find)
    if not lasts:
        raise ConfigError(
            "zero_last_gamma: no branch ends in a batch normalization; expected a net of version "
            "v1 or v1.5."
        )
    for gamma in lasts:
        if gamma._data is not None or gamma._deferred_init:
            raise ConfigError(
                "zero_last_gamma: the net is initialized already; expected a net before "
                "net.initialize(). Call it earlier."
            )
        gamma.init = init.Zero()
    return len(lasts)


def freeze(net) -> None:
    """Keep all that a net has learned, but let its head learn.

    The weights before the head get no gradient, and their normalizations use the statistics that
    they have, in training too.  Argument: a net from `build`.  Chapter "Transfer learning".
    """

    def keep(block):
        if isinstance(block, nn.BatchNorm):
            block._kwargs["use_global_stats"] = True

    features = net[:-1]
    features.apply(keep)
    features.collect_params().setattr("grad_req", "null")


def live_counts(net) -> dict[str, int]:
    """Numbers in a live net: `params` (trained) and `buffers` (running statistics).

    Gluon's `collect_params` mixes the two.  What is neither, such as a gamma that stays 1, does not
    count.
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
        if name.endswith(("running_mean", "running_var")):
            counts["buffers"] += size
        elif parameter.grad_req != "null":
            counts["params"] += size
    return counts
