"""Networks that deviate from the papers', each written as its deviation.

Explained in the chapter "Versions and implementations".
"""

from dataclasses import replace

from ..arch import Architecture, AvgPool, BatchNorm, Conv, Residual, transform
from .blocks import basic, bottleneck, resnext, squeeze_excite
from .networks import imagenet


def each_block(architecture: Architecture, change) -> Architecture:
    """The same architecture with `change(block)` in place of each block."""
    stages = tuple(tuple(map(change, stage)) for stage in architecture.stages)
    return replace(architecture, stages=stages)


def biased(layer):
    return replace(layer, use_bias=True) if isinstance(layer, Conv) else layer


def d2l_resnet18(name, *, classes, version, shortcut) -> Architecture:
    """Every convolution has biases, and no projection is normalized.

    Source: Zhang et al., "Dive into Deep Learning", section 8.6.
    """
    net = transform(imagenet(name, 18, classes=classes, version=version, shortcut=shortcut), biased)
    net = each_block(net, lambda block: replace(block, shortcut=block.shortcut[:1]))
    return replace(net, input_shape=(1, 96, 96), source="Dive into Deep Learning, section 8.6")


def tensorflow_resnet34(name, *, classes, version, shortcut) -> Architecture:
    """Every stage begins with a projection; pooling pads SAME, and ends in windows of 7x7.

    So it is made for 224x224: elsewhere the last pool leaves more, or less, than one pixel.
    Source: `official/resnet/resnet_model.py` of github.com/tensorflow/models: the blocks as at
    bebdced, the last pool as at 0273286, whose blocks are of v2.  Chapter "Any input size".
    """
    net = imagenet(name, 34, classes=classes, version=version, shortcut=shortcut)
    *stem, pool = net.stem
    (_, *others), *stages = net.stages
    return replace(
        net,
        stem=(*stem, replace(pool, padding="same")),
        stages=((basic(64, 64, shortcut="C"), *others), *stages),
        head=(AvgPool(kernel=7), *net.head[1:]),
        source="after TensorFlow's official models, official/resnet/resnet_model.py",
    )


def gluon_resnet(name, depth, *, classes, version, shortcut) -> Architecture:
    """Gluon's model zoo: `mxnet.gluon.model_zoo.vision.resnetD_v1` and `_v2`, MXNet 1.9.1.

    v1: the 1x1 convolutions of a bottleneck's branch have biases; 18 and 34 do not deviate.
    v2: the image is normalized first, BN and ReLU follow the first convolution, and the first
    block of 18 and 34 keeps its input as it came.
    """
    net = imagenet(name, depth, classes=classes, version=version, shortcut=shortcut)
    if version == "v2":
        conv, pool = net.stem
        fixed = BatchNorm(scale=False, center=False)
        net = replace(net, stem=(fixed, conv, *net.stages[0][0].before, pool))
        net = each_block(net, unshared)
    elif depth >= 50:
        net = each_block(
            net, lambda block: replace(block, branch=transform(block.branch, biased_1x1))
        )
    return replace(net, source="MXNet 1.9.1, gluon/model_zoo/vision/resnet.py")


def biased_1x1(layer):
    return biased(layer) if getattr(layer, "kernel", 0) == 1 else layer


def unshared(block: Residual) -> Residual:
    """An identity shortcut leaves before the normalization."""
    if block.shortcut:
        return block
    return replace(block, before=(), branch=(*block.before, *block.branch))


# --- the data form carries further ---------------------------------------------------------------


def resnext50(name, *, classes, version, shortcut) -> Architecture:
    """ResNeXt-50: 32 groups, of 4 channels in the first stage.  Xie et al. (2017), table 1."""
    options = {"classes": classes, "version": version, "shortcut": shortcut}
    net = imagenet(name, 50, block=resnext, widths=(128, 256, 512, 1024), **options)
    return replace(net, source="Xie et al. (2017), table 1")


def se_resnet50(name, *, classes, version, shortcut) -> Architecture:
    """ResNet-50 with a gate at the end of every branch.  Hu et al. (2018), table 1."""

    def gated(width, in_channels, strides, **options):
        return squeeze_excite(bottleneck(width, in_channels, strides, **options), 4 * width)

    options = {"classes": classes, "version": version, "shortcut": shortcut}
    net = imagenet(name, 50, block=gated, **options)
    return replace(net, source="Hu et al. (2018), table 1")
