"""The named architectures, as data.

Explained in the chapter "ResNet-18, layer by layer"; the family in "Basic against bottleneck".
"""

from .arch import Architecture, BatchNorm, Conv, Dense, GlobalAvgPool, MaxPool, ReLU, Residual
from .errors import ConfigError, unknown_name

# --- blocks: He et al., "Deep Residual Learning for Image Recognition" (2015) --------------------


def projection(in_channels: int, channels: int, strides: int) -> tuple:
    """Shortcut B: the identity, or a 1x1 convolution where the shape changes.  Equation 2."""
    if in_channels == channels and strides == 1:
        return ()
    return (Conv(channels, kernel=1, strides=strides), BatchNorm())


def basic(in_channels: int, width: int, strides: int) -> Residual:
    """Two 3x3 convolutions.  Figure 5, left."""
    branch = (
        Conv(width, strides=strides), BatchNorm(), ReLU(),
        Conv(width), BatchNorm(),
    )  # fmt: skip
    return Residual(branch, projection(in_channels, width, strides))


def bottleneck(in_channels: int, width: int, strides: int) -> Residual:
    """1x1 down to `width`, 3x3, 1x1 up to four times `width`.  Figure 5, right.

    The stride is on the first 1x1, as in the paper (version v1).
    """
    branch = (
        Conv(width, kernel=1, strides=strides), BatchNorm(), ReLU(),
        Conv(width), BatchNorm(), ReLU(),
        Conv(4 * width, kernel=1), BatchNorm(),
    )  # fmt: skip
    return Residual(branch, projection(in_channels, 4 * width, strides))


def out_channels(block: Residual) -> int:
    """Channels that leave a block: those of the last convolution of its branch."""
    return [layer for layer in block.branch if isinstance(layer, Conv)][-1].channels


# --- networks for ImageNet: table 1 of the same paper --------------------------------------------

STEM = (Conv(64, kernel=7, strides=2), BatchNorm(), ReLU(), MaxPool(kernel=3, strides=2))
WIDTHS = (64, 128, 256, 512)

IMAGENET = {
    "resnet18": (basic, (2, 2, 2, 2)),
    "resnet34": (basic, (3, 4, 6, 3)),
    "resnet50": (bottleneck, (3, 4, 6, 3)),
    "resnet101": (bottleneck, (3, 4, 23, 3)),
    "resnet152": (bottleneck, (3, 8, 36, 3)),
}


def imagenet_resnet(name: str, classes: int) -> Architecture:
    block, depths = IMAGENET[name]
    stages, channels = [], STEM[0].channels
    for i, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True)):
        stage = []
        for j in range(depth):
            # every stage but the first halves height and width, in its first block
            stage.append(block(channels, width, strides=2 if i > 0 and j == 0 else 1))
            channels = out_channels(stage[-1])
        stages.append(tuple(stage))
    return Architecture(
        name=name,
        stem=STEM,
        stages=tuple(stages),
        head=(GlobalAvgPool(), Dense(classes)),
        input_shape=(3, 224, 224),
        version="v1",
        shortcut="B",
        source="He et al. (2015), table 1",
    )


# --- by name -------------------------------------------------------------------------------------

VERSIONS = ("v1",)
SHORTCUTS = ("B",)


def architecture_names() -> list[str]:
    """Every name that `architecture` knows."""
    return list(IMAGENET)


def architecture(name: str, classes: int = 1000, version: str = "v1", shortcut: str = "B"):
    """The architecture called `name`, as data.

    Arguments: `classes`, the width of the head; `version`, where stride and ReLU sit; `shortcut`,
    how a block adds its input where the shape changes.
    Raises ConfigError for an unknown name or option, naming the valid ones.
    Source: He et al. (2015), table 1.  Explained in the chapter "ResNet-18, layer by layer".

    >>> architecture("resnet18", classes=10).depths
    (2, 2, 2, 2)
    """
    if name not in IMAGENET:
        raise unknown_name("architecture", name, architecture_names())
    if version not in VERSIONS:
        raise unknown_name(f"version of {name}", version, VERSIONS)
    if shortcut not in SHORTCUTS:
        raise unknown_name(f"shortcut of {name}", shortcut, SHORTCUTS)
    if type(classes) is not int or classes < 1:
        raise ConfigError(f"classes: {classes!r}; expected a whole number of at least 1.")
    return imagenet_resnet(name, classes)
