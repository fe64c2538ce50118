"""An architecture as plain data.

A residual network is a stem, some stages of blocks, and a head.  Each part is a tuple of layers,
and a layer is a frozen dataclass that says what it is and computes nothing.  What can be computed
from the data (shapes, counts, pictures, the live net) is computed elsewhere.

Explained in the chapter "ResNet-18, layer by layer"; padding in "Padding, and what a pixel sees".
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from ..errors import ConfigError


def _require_whole(layer, least: int, *names):
    for name in names:
        value = getattr(layer, name)
        if type(value) is not int or value < least:
            raise ConfigError(
                f"{type(layer).__name__}: {name} = {value!r}; expected a whole number of at "
                f"least {least}."
            )


def _settle_padding(layer):
    """Check `padding`, and put in what None stands for."""
    padding = layer.padding
    if padding is None:
        object.__setattr__(layer, "padding", (layer.kernel - 1) // 2)
    elif isinstance(padding, (tuple, list)):
        object.__setattr__(layer, "padding", tuple(padding))
    sides = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,)
    numbers = all(type(n) is int and n >= 0 for n in sides) and len(sides) in (1, 4)
    if layer.padding not in ("same", "valid") and not numbers:
        raise ConfigError(
            f"{type(layer).__name__}: padding = {padding!r}; expected 'same', 'valid', a whole "
            "number for every side, or (top, bottom, left, right)."
        )


# --- layers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conv:
    """A convolution with a square kernel.

    `padding`: a number of zeros on every side; (top, bottom, left, right); "valid", none at all;
    "same", as many as make the output the input over the stride, rounded up, the odd one at the
    bottom and the right.  None is the symmetric `(kernel - 1) // 2`.
    `groups`: each output channel sees one of so many equal groups of input channels.
    """

    channels: int
    kernel: int = 3
    strides: int = 1
    padding: "int | tuple[int, int, int, int] | str | None" = None
    use_bias: bool = False
    groups: int = 1

    def __post_init__(self):
        _require_whole(self, 1, "channels", "kernel", "strides", "groups")
        _settle_padding(self)
        if self.channels % self.groups:
            raise ConfigError(
                f"Conv: {self.channels} channels in {self.groups} groups; expected groups of "
                "equal size. Choose a number of channels that the groups divide."
            )


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization: gamma and beta are trained, running mean and variance are buffers.

    Without `scale`, gamma stays 1; without `center`, beta stays 0.
    """

    scale: bool = True
    center: bool = True


@dataclass(frozen=True)
class ReLU:
    """max(x, 0)"""


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(-x))"""


@dataclass(frozen=True)
class MaxPool:
    """Maximum over square windows; `padding` as in `Conv`, but what is padded never wins."""

    kernel: int = 3
    strides: int = 2
    padding: "int | tuple[int, int, int, int] | str | None" = None

    def __post_init__(self):
        _require_whole(self, 1, "kernel", "strides")
        _settle_padding(self)


@dataclass(frozen=True)
class AvgPool:
    """The mean over square windows that all lie inside the map: there is no padding."""

    kernel: int
    strides: int = 1

    def __post_init__(self):
        _require_whole(self, 1, "kernel", "strides")


@dataclass(frozen=True)
class GlobalAvgPool:
    """The mean of each channel: (C, H, W) becomes (C, 1, 1)."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer, with biases, on the flattened input."""

    units: int

    def __post_init__(self):
        _require_whole(self, 1, "units")


@dataclass(frozen=True)
class Pad:
    """Zeros around the image, as a layer of its own."""

    top: int
    bottom: int
    left: int
    right: int

    def __post_init__(self):
        _require_whole(self, 0, "top", "bottom", "left", "right")


@dataclass(frozen=True)
class ZeroChannels:
    """So many channels of zeros after those that are there."""

    added: int

    def __post_init__(self):
        _require_whole(self, 1, "added")


# --- blocks: layers that hold layers ---------------------------------------------------------


@dataclass(frozen=True)
class Residual:
    """`after(branch(b) + shortcut(b))` with `b = before(x)`; no layers at all are the identity."""

    branch: tuple
    shortcut: tuple = ()
    after: tuple = (ReLU(),)
    before: tuple = ()


@dataclass(frozen=True)
class Plain:
    """The layers of a block without a shortcut, one after another."""

    branch: tuple


@dataclass(frozen=True)
class Gate:
    """`x * weights(x)`: `gate` gives one factor for each channel."""

    gate: tuple


# --- a whole network -------------------------------------------------------------------------


@dataclass(frozen=True)
class Architecture:
    """A whole network: `stem`, then `stages` (each a tuple of blocks), then `head`.

    `input_shape` is the usual (C, H, W); counting and building accept any other.  `shortcut` is
    the paper's letter A, B or C, or "none" for a plain net.
    """

    name: str
    stem: tuple
    stages: tuple
    head: tuple
    input_shape: tuple[int, int, int]
    version: str
    shortcut: str
    source: str

    @property
    def parts(self) -> dict[str, tuple]:
        """The parts by name, in the order in which data passes through them."""
        stages = {f"stage{i}": blocks for i, blocks in enumerate(self.stages, 1)}
        return {"stem": self.stem, **stages, "head": self.head}

    @property
    def depths(self) -> tuple[int, ...]:
        """Blocks in each stage, such as (2, 2, 2, 2)."""
        return tuple(len(blocks) for blocks in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels that leave each stage, such as (64, 128, 256, 512)."""
        return tuple(out_channels(blocks[-1]) for blocks in self.stages)

    @property
    def depth(self) -> int:
        """Layers with weights on the longest path, such as 18.  Projections do not count."""
        layers = [*self.stem, *self.head]
        layers += [layer for blocks in self.stages for block in blocks for layer in block.branch]
        return sum(isinstance(layer, (Conv, Dense)) for layer in layers)


def out_channels(block) -> int:
    """Channels that leave a block: those of the last convolution of its branch."""
    return [layer for layer in block.branch if isinstance(layer, Conv)][-1].channels


# --- architectures from architectures --------------------------------------------------------


def transform(item, change: Callable):
    """The same architecture, block or tuple of layers with `change(layer)` in place of each layer.

    `change` sees every layer that holds no others, wherever it stands, and returns the layer to
    put there, or None for no layer at all.  Chapter "Padding, and what a pixel sees".

    >>> transform((Conv(8), ReLU()), lambda layer: replace(layer, kernel=5)
    ...           if isinstance(layer, Conv) else layer)[0].kernel
    5
    """
    if isinstance(item, tuple):
        changed = (transform(each, change) for each in item)
        return tuple(each for each in changed if each is not None)
    if isinstance(item, (Architecture, Residual, Plain, Gate)):
        held = {f.name: getattr(item, f.name) for f in fields(item) if f.type in ("tuple", tuple)}
        return replace(item, **{name: transform(value, change) for name, value in held.items()})
    return change(item)


def with_padding(item, padding):
    """The same architecture, block or layers with another padding of convolutions and pooling.

    Argument: `padding`, as that of `Conv`.  Windows of one pixel need none and keep theirs.
    Raises ConfigError for what is no padding.  Chapter "Padding, and what a pixel sees".

    >>> with_padding((Conv(8),), "same")[0].padding
    'same'
    """
    return transform(
        item,
        lambda layer: (
            replace(layer, padding=padding)
            if hasattr(layer, "padding") and layer.kernel > 1
            else layer
        ),
    )


def without_norm(item):
    """The same architecture, block or layers without batch normalization.

    Chapter "What the sum does".

    >>> without_norm((Conv(8), BatchNorm(), ReLU()))[1:]
    (ReLU(),)
    """
    return transform(item, lambda layer: None if isinstance(layer, BatchNorm) else layer)


# --- names -----------------------------------------------------------------------------------


def named(layers) -> list[tuple[str, object]]:
    """Pair each layer with a short name: `conv`, or `conv1`, `conv2` where there are several.

    A block of a stage is called `block1`, `block2`, and so on, even where it is alone.
    """
    names = [NAMES[type(layer).__name__] for layer in layers]
    seen = dict.fromkeys(names, 0)
    pairs = []
    for name, layer in zip(names, layers, strict=True):
        seen[name] += 1
        numbered = name == "block" or names.count(name) > 1
        pairs.append((name + str(seen[name]) if numbered else name, layer))
    return pairs


#: The short name of each kind of layer, in the names of rows.
NAMES = {
    "Conv": "conv",
    "BatchNorm": "bn",
    "ReLU": "relu",
    "Sigmoid": "sigmoid",
    "MaxPool": "pool",
    "AvgPool": "pool",
    "GlobalAvgPool": "pool",
    "Dense": "dense",
    "Pad": "pad",
    "ZeroChannels": "zeros",
    "Residual": "block",
    "Plain": "block",
    "Gate": "gate",
}
