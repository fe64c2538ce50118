"""An architecture as plain data.

A residual network is a stem, some stages of residual blocks, and a head.  Each part is a tuple of
layers, and a layer is a frozen dataclass that says what it is and computes nothing.  What can be
computed from the data (shapes, counts, pictures, the live net) is computed elsewhere.

Explained in the chapter "ResNet-18, layer by layer".
"""

from dataclasses import dataclass

from .errors import ConfigError


def _require_positive(layer, *names):
    for name in names:
        value = getattr(layer, name)
        if type(value) is not int or value < 1:
            where = f"{type(layer).__name__}: {name} = {value!r}"
            raise ConfigError(f"{where}; expected a whole number of at least 1.")


@dataclass(frozen=True)
class Conv:
    """A convolution with square kernel.  `padding=None` is `(kernel - 1) // 2` on every side."""

    channels: int
    kernel: int = 3
    strides: int = 1
    padding: int | None = None
    use_bias: bool = False

    def __post_init__(self):
        _require_positive(self, "channels", "kernel", "strides")
        if self.padding is None:
            object.__setattr__(self, "padding", (self.kernel - 1) // 2)


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization: gamma and beta are trained, running mean and variance are buffers."""


@dataclass(frozen=True)
class ReLU:
    """max(x, 0)"""


@dataclass(frozen=True)
class MaxPool:
    """Maximum over square windows.  `padding=None` is `(kernel - 1) // 2` on every side."""

    kernel: int = 3
    strides: int = 2
    padding: int | None = None

    def __post_init__(self):
        _require_positive(self, "kernel", "strides")
        if self.padding is None:
            object.__setattr__(self, "padding", (self.kernel - 1) // 2)


@dataclass(frozen=True)
class GlobalAvgPool:
    """The mean of each channel: (C, H, W) becomes (C, 1, 1)."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer on the flattened input."""

    units: int

    def __post_init__(self):
        _require_positive(self, "units")


@dataclass(frozen=True)
class Residual:
    """`after(branch(x) + shortcut(x))`: an empty shortcut is the identity."""

    branch: tuple
    shortcut: tuple = ()
    after: tuple = (ReLU(),)


@dataclass(frozen=True)
class Architecture:
    """A whole network: `stem`, then `stages` (each a tuple of blocks), then `head`.

    `input_shape` is the usual (C, H, W); counting and building accept any other.
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
        return tuple(
            [layer.channels for layer in blocks[-1].branch if isinstance(layer, Conv)][-1]
            for blocks in self.stages
        )

    @property
    def depth(self) -> int:
        """Layers with weights on the longest path, such as 18.  Projections do not count."""
        layers = [*self.stem, *self.head]
        layers += [layer for blocks in self.stages for block in blocks for layer in block.branch]
        return sum(isinstance(layer, (Conv, Dense)) for layer in layers)


def named(layers) -> list[tuple[str, object]]:
    """Pair each layer with a short name: `conv`, or `conv1`, `conv2` where there are several.

    A block of a stage is called `block1`, `block2`, and so on, even where it is alone.
    """
    kinds = [type(layer).__name__ for layer in layers]
    seen = dict.fromkeys(kinds, 0)
    names = []
    for kind in kinds:
        seen[kind] += 1
        numbered = kind == "Residual" or kinds.count(kind) > 1
        names.append(NAMES[kind] + (str(seen[kind]) if numbered else ""))
    return list(zip(names, layers, strict=True))


#: The short name of each kind of layer, in the names of rows.
NAMES = {
    "Conv": "conv",
    "BatchNorm": "bn",
    "ReLU": "relu",
    "MaxPool": "pool",
    "GlobalAvgPool": "pool",
    "Dense": "dense",
    "Residual": "block",
}
