"""PyTorch nets from the same architecture data, with the weights of Gluon's nets.

What is torchvision's net has torchvision's names, so its published weights load as they are.
Two conventions differ.  Gluon's momentum of batch normalization, 0.9, is the share of the old
statistics that stays; PyTorch's, 0.1, the share of the new that enters: the same.  But the variance
that enters is that of the batch in Gluon, and n / (n - 1) times as much in PyTorch.
MXNet updates the statistics on the way back, so a first normalization that nothing is trained in,
as in Gluon's v2 nets, keeps in training those that it began with; in PyTorch it does not.
"""

from collections import OrderedDict
from functools import singledispatch
from io import BytesIO
from pathlib import Path

import numpy

from ..errors import ConfigError, ShapeError
from ..files import write_whole
from ..structure import arch, fixed_pads, zoo
from ._torch import functional, nn, torch
from .places import KINDS, Place, entering, expected_shapes, misfit, places, torch_names


def build(data, *, input_shape=None, **options) -> "Twin":
    """The PyTorch net of an architecture; its weights are PyTorch's usual at first.

    Arguments: `data`, a name, with the options of `architecture` (classes, version, shortcut), or
    an Architecture; `input_shape` (C, H, W) of an image (None: the architecture's own): the
    channels decide the first weights, height and width nothing where a head takes means.
    Raises ConfigError for an unknown name or option, or for a padding that depends on the image;
    ShapeError for an image that is too small.

    >>> net = build("resnet18", classes=10)
    >>> net = net.to(memory_format=torch.channels_last)  # often the faster layout
    """
    if isinstance(data, str):
        data = zoo.architecture(data, **options)
    elif options or not isinstance(data, arch.Architecture):
        raise ConfigError(
            f"build: {data!r:.60} with {', '.join(options) or 'no options'}; expected a name with "
            "options, or an architecture alone."
        )
    return Twin(data, input_shape)


class Twin(nn.Module):
    """A whole net: the layers of the stem, the stages, the layers of the head.

    Argument of a call: an image batch (N, C, H, W), in either memory format of PyTorch.
    """

    def __init__(self, architecture: arch.Architecture, input_shape=None):
        super().__init__()
        self.architecture = architecture
        self.channels = (input_shape or architecture.input_shape)[0]
        self.places, self.frozen = places(architecture, input_shape), ()
        shapes = {place.torch: place.shapes for place in self.places}
        stem, ends = len(architecture.stem), (*architecture.stem, *architecture.head)
        ends = chain(torch_names(ends), ends, "", shapes)
        stages = [
            (f"layer{number}", sequential(numbered(blocks, f"layer{number}.", shapes)))
            for number, blocks in enumerate(architecture.stages, 1)
        ]
        for name, layer in (*ends[:stem], *stages, *ends[stem:]):
            self.add_module(name, layer)

    def train(self, mode: bool = True):
        """What is frozen uses the statistics that it has, in training too."""
        super().train(mode)
        for layer in self.frozen:
            layer.eval()
        return self

    def forward(self, X):
        if X.ndim != 4 or X.shape[1] != self.channels:
            raise ShapeError(
                f"{self.architecture.name}: input of shape {tuple(X.shape)}; expected (N, "
                f"{self.channels}, H, W). Build the twin for your images: input_shape=(C, H, W)."
            )
        for layer in self.children():
            X = layer(X)
        return X


def chain(names, layers, prefix: str, shapes: dict) -> list[tuple[str, nn.Module]]:
    """Layers and their names; `shapes` are those of all weights, by `prefix` and name."""
    return [
        (name, torch_layer(layer, prefix + name, shapes))
        for name, layer in zip(names, layers, strict=True)
    ]


def numbered(layers, prefix: str, shapes: dict) -> list[tuple[str, nn.Module]]:
    """Layers whose names are 0, 1, ..."""
    return chain([f"{i}" for i in range(len(layers))], layers, prefix, shapes)


def sequential(layers, kind=nn.Sequential) -> nn.Sequential:
    """Named layers one after another; no layer at all is the identity."""
    return kind(OrderedDict(layers))


# --- blocks --------------------------------------------------------------------------------------


class Residual(nn.Module):
    """`after(branch(B) + shortcut(B))` with `B = before(X)`; the layers have a name each."""

    def __init__(self, block: arch.Residual, name: str, shapes: dict):
        super().__init__()
        layers = (*block.before, *block.branch, *block.after)
        names = torch_names(layers)
        for each, layer in chain(names, layers, f"{name}.", shapes):
            self.add_module(each, layer)
        self.downsample = sequential(numbered(block.shortcut, f"{name}.downsample.", shapes))
        start, end = len(block.before), len(block.before) + len(block.branch)
        self.before, self.branch, self.after = names[:start], names[start:end], names[end:]

    def through(self, names, X):
        for name in names:
            X = getattr(self, name)(X)
        return X

    def forward(self, X):
        X = self.through(self.before, X)
        return self.through(self.after, self.through(self.branch, X) + self.downsample(X))


class Gate(nn.Sequential):
    """`X * factors(X)`, one factor for each image and channel."""

    def forward(self, X):
        return X * super().forward(X)[:, :, None, None]  # (N, C, H, W) times (N, C, 1, 1)


# --- layers --------------------------------------------------------------------------------------


class Conv2d(nn.Conv2d):
    """A convolution that may have another padding on every side."""

    def __init__(self, conv: arch.Conv, weight: tuple):
        around, padding = split_padding(conv)
        entering = weight[1] * conv.groups
        sizes = (entering, conv.channels, conv.kernel, conv.strides, padding)
        super().__init__(*sizes, groups=conv.groups, bias=conv.use_bias)
        self.around = around

    def forward(self, X):
        return super().forward(functional.pad(X, self.around) if self.around else X)


class MaxPool2d(nn.MaxPool2d):
    """The largest of a window; what is padded never is."""

    def __init__(self, pool: arch.MaxPool):
        around, padding = split_padding(pool, most=pool.kernel // 2)
        super().__init__(pool.kernel, pool.strides, padding)
        self.around = around

    def forward(self, X):
        if self.around:
            X = functional.pad(X, self.around, value=float("-inf"))
        return super().forward(X)


class SamePool(nn.MaxPool2d):
    """Max pooling with stride 2 and SAME padding, as in `d2lres.live`: seen from the other end."""

    def __init__(self, kernel: int):
        super().__init__(kernel, 2, (kernel - 1) // 2)

    def forward(self, X):
        return super().forward(X.flip(2, 3)).flip(2, 3)


def split_padding(layer, most: "int | None" = None) -> tuple:
    """What is put around the image, (left, right, top, bottom), and the padding of the layer."""
    top, bottom, left, right = fixed_pads(layer)
    if top == bottom == left == right and (most is None or top <= most):
        return (), top
    return (left, right, top, bottom), 0


class Mean(nn.Module):
    """The mean of each channel: (N, C, H, W) -> (N, C, 1, 1)."""

    def forward(self, X):
        return X.mean((2, 3), keepdim=True)


class Linear(nn.Linear):
    """A fully connected layer on the flattened input."""

    def forward(self, X):
        return super().forward(X.flatten(1))


class ZeroChannels(nn.Module):
    """So many channels of zeros after those of X."""

    def __init__(self, added: int):
        super().__init__()
        self.added = added

    def forward(self, X):
        return functional.pad(X, (0, 0, 0, 0, 0, self.added))


# --- from data to a layer ------------------------------------------------------------------------


@singledispatch
def torch_layer(layer, name: str, shapes: dict) -> nn.Module:
    """The PyTorch layer for a layer or block; `shapes[name]` are those of its arrays."""
    raise ConfigError(f"{name}: {layer!r}; expected a layer or block of an architecture.")


@torch_layer.register
def _(conv: arch.Conv, name, shapes):
    return Conv2d(conv, shapes[name]["weight"])


@torch_layer.register
def _(norm: arch.BatchNorm, name, shapes):
    (channels,) = shapes[name]["gamma"]
    layer = nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)  # as Gluon's 1e-5 and 0.9
    layer.weight.requires_grad_(norm.scale)
    layer.bias.requires_grad_(norm.center)
    return layer


@torch_layer.register
def _(relu: arch.ReLU, name, shapes):
    return nn.ReLU()


@torch_layer.register
def _(sigmoid: arch.Sigmoid, name, shapes):
    return nn.Sigmoid()


@torch_layer.register
def _(pool: arch.MaxPool, name, shapes):
    if pool.padding == "same" and pool.strides == 2 and pool.kernel % 2 == 1:
        return SamePool(pool.kernel)
    return MaxPool2d(pool)


@torch_layer.register
def _(pool: arch.AvgPool, name, shapes):
    return nn.AvgPool2d(pool.kernel, pool.strides)


@torch_layer.register
def _(pool: arch.GlobalAvgPool, name, shapes):
    return Mean()


@torch_layer.register
def _(dense: arch.Dense, name, shapes):
    units, entering = shapes[name]["weight"]
    return Linear(entering, units)


@torch_layer.register
def _(pad: arch.Pad, name, shapes):
    return nn.ZeroPad2d((pad.left, pad.right, pad.top, pad.bottom))


@torch_layer.register
def _(zeros: arch.ZeroChannels, name, shapes):
    return ZeroChannels(zeros.added)


@torch_layer.register
def _(block: arch.Residual, name, shapes):
    return Residual(block, name, shapes)


@torch_layer.register
def _(block: arch.Plain, name, shapes):
    return sequential(chain(torch_names(block.branch), block.branch, f"{name}.", shapes))


@torch_layer.register
def _(gate: arch.Gate, name, shapes):
    return sequential(chain(torch_names(gate.gate), gate.gate, f"{name}.", shapes), Gate)


# --- weights, both ways --------------------------------------------------------------------------


def keys(place: Place) -> dict[str, str]:
    """What the arrays of a place are called in a twin, by Gluon's names."""
    return {
        f"{place.gluon}.{kind}": f"{place.torch}.{KINDS.get(kind, kind)}" for kind in place.shapes
    }


def gluon_arrays(twin: Twin) -> dict[str, numpy.ndarray]:
    """A twin's weights and statistics in NumPy, as `net.params` has them: by Gluon's names."""
    state = twin.state_dict()
    return {
        theirs: numpy.array(state[ours].cpu(), "float32")
        for place in twin.places
        for theirs, ours in keys(place).items()
    }


def load_gluon_arrays(twin: Twin, arrays: dict) -> None:
    """Give a twin weights and statistics by Gluon's names, NumPy arrays as `read_params` gives.

    Raises ConfigError where they do not fit, and changes nothing then.
    """
    found = misfit(arrays, expected_shapes(twin.places))
    if found:
        raise ConfigError(
            f"{twin.architecture.name}: {found}; expected the weights of this net. Take those of "
            "the same architecture, version, shortcut, classes and channels."
        )
    state = twin.state_dict()
    with torch.no_grad():
        for place in twin.places:
            for theirs, ours in keys(place).items():
                state[ours].copy_(torch.from_numpy(numpy.array(arrays[theirs], "float32")))
            if not getattr(place.layer, "scale", True):
                state[f"{place.torch}.weight"].fill_(1)  # whatever is stored: Gluon uses none


def from_gluon(net) -> Twin:
    """The twin of a net from `d2lres.build`, with its weights and statistics.

    Raises ShapeError where the net has not seen a batch, so that its shapes are not known;
    ConfigError where it was changed and is not what its architecture says.
    """
    parameters = net._collect_params_with_prefix()
    unknown = [name for name, p in parameters.items() if 0 in (p.shape or (0,)) or p._data is None]
    if unknown:
        raise ShapeError(
            f"from_gluon: {unknown[0]} has no numbers yet; expected a net that has seen data. Call "
            "net.initialize() and pass one batch through it first."
        )
    arrays = {name: parameter.data().asnumpy() for name, parameter in parameters.items()}
    twin = build(net.architecture, input_shape=entering(net.architecture, arrays))
    load_gluon_arrays(twin, arrays)
    return twin


def save(twin: Twin, path) -> None:
    """Write a twin's state dict, which `torch.load` reads, whole or not at all.

    Raises ConfigError for a path that is a folder; DataError where the file cannot be written.
    """
    path, content = Path(path), BytesIO()
    if path.is_dir():
        raise ConfigError(f"{path}: a folder; expected the name of a file, such as net.pth.")
    torch.save(twin.state_dict(), content)
    write_whole(path, content.getvalue())


def to_gluon(twin: Twin, device=None):
    """The Gluon net with a twin's weights and statistics, ready to use.

    Argument: `device`, an MXNet context (None: the CPU).
    """
    from .. import live  # here, since a twin needs no MXNet

    net = live.build(twin.architecture)
    arrays, parameters = gluon_arrays(twin), net._collect_params_with_prefix()
    for name, parameter in parameters.items():
        parameter.shape = arrays[name].shape
    net.initialize(live.init.Zero(), ctx=device or live.npx.cpu())
    for name, parameter in parameters.items():
        parameter.set_data(live.np.array(arrays[name]))
    return net
