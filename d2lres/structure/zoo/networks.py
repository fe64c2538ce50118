"""The networks of the founding papers, as data: a stem, stages of blocks, a head.

Explained in the chapters "ResNet-18, layer by layer" and "From a table to a family".
"""

from ..arch import Architecture, BatchNorm, Conv, Dense, GlobalAvgPool, MaxPool, ReLU, out_channels
from .blocks import basic, bottleneck


def stages_of(block, in_channels, depths, widths, **options) -> tuple:
    """Stages of blocks, each as data.

    Every stage but the first halves height and width, in its first block.
    """
    stages, channels = [], in_channels
    for i, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        stage = []
        for j in range(depth):
            strides, first = 2 if i > 0 and j == 0 else 1, i == j == 0
            stage.append(block(width, channels, strides, first=first, **options))
            channels = out_channels(stage[-1])
        stages.append(tuple(stage))
    return tuple(stages)


def stem_of(conv, version: str, pool=()) -> tuple:
    """The first layers.  v2 leaves BN and ReLU to the first block."""
    return (conv, *pool) if version == "v2" else (conv, BatchNorm(), ReLU(), *pool)


def head_of(classes: int, version: str) -> tuple:
    """The last layers.  In v2 nothing has normalized the last sum yet."""
    last = (GlobalAvgPool(), Dense(classes))
    return (BatchNorm(), ReLU(), *last) if version == "v2" else last


# --- for ImageNet: He et al., "Deep Residual Learning for Image Recognition" (2015), table 1 -----

WIDTHS = (64, 128, 256, 512)

IMAGENET = {
    18: (basic, (2, 2, 2, 2)),
    34: (basic, (3, 4, 6, 3)),
    50: (bottleneck, (3, 4, 6, 3)),
    101: (bottleneck, (3, 4, 23, 3)),
    152: (bottleneck, (3, 8, 36, 3)),
}


def imagenet(name, depth, *, classes, version, shortcut, block=None, widths=WIDTHS) -> Architecture:
    """A net of table 1; or another `block` and other `widths` in its places."""
    usual, depths = IMAGENET[depth]
    conv, pool = Conv(64, kernel=7, strides=2), MaxPool(kernel=3, strides=2)
    options = {"version": version, "shortcut": shortcut}
    return Architecture(
        name=name,
        stem=stem_of(conv, version, (pool,)),
        stages=stages_of(block or usual, 64, depths, widths, **options),
        head=head_of(classes, version),
        input_shape=(3, 224, 224),
        version=version,
        shortcut=shortcut,
        source="He et al. (2015), table 1",
    )


# --- for CIFAR: section 4.2 of the same paper; wider: Zagoruyko and Komodakis (2016), table 1 -----


def cifar(name, blocks, *, classes, version, shortcut, factor=1) -> Architecture:
    """Three stages of so many basic blocks, at 32x32, 16x16 and 8x8, `factor` times as wide."""
    widths = [factor * width for width in (16, 32, 64)]
    options = {"version": version, "shortcut": shortcut}
    return Architecture(
        name=name,
        stem=stem_of(Conv(16), version),
        stages=stages_of(basic, 16, [blocks] * 3, widths, **options),
        head=head_of(classes, version),
        input_shape=(3, 32, 32),
        version=version,
        shortcut=shortcut,
        source="He et al. (2015), section 4.2" if factor == 1 else "Wide ResNets (2016), table 1",
    )
