"""From an architecture to a live Gluon net, and the counts of a live net.

Explained in the chapter "ResNet-18, layer by layer".
"""

from functools import singledispatch

from ..errors import ConfigError, ShapeError, unknown_name
from ..structure import arch, count, fixed_pads, zoo
from ._mxnet import init, mx, nn
from .blocks import (
    Gate,
    GlobalAverage,
    Pad,
    ResidualBlock,
    SamePool,
    TakesImages,
    ZeroChannels,
    sequential,
)


@singledispatch
def gluon_layer(data):
    """The Gluon layer, not yet initialized, for a layer or block, or for a tuple of them."""
    raise ConfigError(
        f"build: {data!r}; expected a name, an architecture, a layer of one, or a tuple of layers."
    )


@gluon_layer.register(tuple)
@gluon_layer.register(list)
def _(layers):
    return sequential(*map(gluon_layer, layers))


@gluon_layer.register
def _(conv: arch.Conv):
    padding, around = split_padding(conv, 0)
    sizes = (conv.channels, conv.kernel, conv.strides, padding)
    return after(around, nn.Conv2D(*sizes, groups=conv.groups, use_bias=conv.use_bias))


@gluon_layer.register
def _(norm: arch.BatchNorm):
    return nn.BatchNorm(scale=norm.scale, center=norm.center)


@gluon_layer.register
def _(relu: arch.ReLU):
    return nn.Activation("relu")


@gluon_layer.register
def _(sigmoid: arch.Sigmoid):
    return nn.Activation("sigmoid")


@gluon_layer.register
def _(pool: arch.MaxPool):
    if pool.padding == "same" and pool.strides == 2 and pool.kernel % 2 == 1:
        return SamePool(pool.kernel)  # for every size
    padding, around = split_padding(pool, LOWEST)
    return after(around, nn.MaxPool2D(pool.kernel, pool.strides, padding))


@gluon_layer.register
def _(pool: arch.AvgPool):
    return nn.AvgPool2D(pool.kernel, pool.strides)


@gluon_layer.register
def _(pool: arch.GlobalAvgPool):
    return GlobalAverage()


@gluon_layer.register
def _(dense: arch.Dense):
    return nn.Dense(dense.units)


@gluon_layer.register
def _(pad: arch.Pad):
    return Pad(pad.top, pad.bottom, pad.left, pad.right)


@gluon_layer.register
def _(zeros: arch.ZeroChannels):
    return ZeroChannels(zeros.added)


@gluon_layer.register
def _(block: arch.Residual):
    paths = (block.branch, block.shortcut, block.after, block.before)
    return ResidualBlock(*map(gluon_layer, paths))


@gluon_layer.register
def _(block: arch.Plain):
    return gluon_layer(block.branch)


@gluon_layer.register
def _(gate: arch.Gate):
    return Gate(gluon_layer(gate.gate))


LOWEST = -3e38  # nearly the least float32: what is padded with it never is the maximum


def split_padding(layer, value):
    """The padding that Gluon's layer can do itself, and a layer before it that does the rest."""
    sides = fixed_pads(layer)
    if isinstance(layer.padding, tuple):
        return 0, (Pad(*sides, value),)
    return sides[0], ()


def after(around: tuple, layer):
    """A layer, with the padding around the image before it where it needs one."""
    return sequential(*around, layer) if around else layer


class Net(TakesImages, nn.HybridSequential):
    """A live net: one child for the stem, one for each stage, one for the head.

    Argument of a call: an image batch, (N, C, H, W) or, with layout "NHWC", (N, H, W, C); an array
    of MXNet in the net's own type, float32 unless it was cast, or of NumPy in any floating type.
    Raises ShapeError for anything else, and for an image that is too small.
    """

    def __init__(self, architecture: arch.Architecture, layout: str = "NCHW"):
        super().__init__()
        self.architecture, self.layout = architecture, layout
        self.add(*map(gluon_layer, architecture.parts.values()))

    @property
    def layout(self) -> str:
        """The order of the images' axes, "NCHW" or "NHWC"; it may be set at any time."""
        return self._layout

    @layout.setter
    def layout(self, layout: str):
        if layout not in LAYOUTS:
            raise unknown_name("layout", layout, LAYOUTS)
        self._layout = layout
        self._clear_cached_op()  # its graph is one for the other layout

    def __call__(self, X):
        X = self.images(self.architecture.name, X, self[0], layout=self.layout)
        try:
            return super().__call__(X)
        except (mx.MXNetError, ValueError):  # the latter where the first batch decides the shapes
            size = dict(zip(self.layout, X.shape, strict=True))
            count(self.architecture, tuple(size[axis] for axis in "CHW"))  # names what is too small
            raise

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


def build(data, *, layout: str = "NCHW", **options):
    """The Gluon net of an architecture, or the layer of any part of one; not yet initialized.

    Arguments: `data`, a name, with the options of `architecture` (classes, version, shortcut), an
    Architecture, a layer or block as data, or a tuple of those; `layout` of the images that a
    whole net will receive, "NCHW" or "NHWC".  The first batch tells how many channels enter.
    Raises ConfigError for an unknown name or option, or for a padding that depends on the image.
    Chapter "ResNet-18, layer by layer"; layouts in "Any input size".

    >>> net = build("resnet18", classes=10)
    """
    if isinstance(data, str):
        return Net(zoo.architecture(data, **options), layout)
    if options:
        raise ConfigError(f"build: {', '.join(options)} with data; expected a name beside options.")
    return Net(data, layout) if isinstance(data, arch.Architecture) else gluon_layer(data)


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
    they have, in training too; from now on, in a hybridized net as well.
    Argument: a net from `build`.  Chapter "Transfer learning".
    """

    def keep(block):
        if isinstance(block, nn.BatchNorm):
            block._kwargs["use_global_stats"] = True
            block._clear_cached_op()  # and with it every graph that holds this layer

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
