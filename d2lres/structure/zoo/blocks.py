"""Residual blocks as data.

Explained in the chapters "The residual block", "Shortcuts" and "Versions and implementations".
"""

from dataclasses import replace
from math import prod

from ...errors import ConfigError, unknown_name
from ..arch import (
    BatchNorm,
    Conv,
    Dense,
    Gate,
    GlobalAvgPool,
    MaxPool,
    Plain,
    ReLU,
    Residual,
    Sigmoid,
    ZeroChannels,
)

VERSIONS = ("v1", "v1.5", "v1-no-relu", "v1-one-norm", "v2")
SHORTCUTS = ("A", "B", "C", "none")


def basic(channels, in_channels, strides=1, *, version="v1", shortcut="B", first=False):
    """Two 3x3 convolutions.  He et al. (2015), figure 5, left.

    Arguments: `channels` that leave; `in_channels` that enter; `strides` of the first convolution;
    `version` "v1", "v1.5" (the same here), "v1-no-relu" (without the ReLU after the sum),
    "v1-one-norm" (nor with a normalization right before it, on either path) or "v2"; `shortcut`
    "A", "B", "C" or "none"; `first`, whether it is the first block of a net, which matters to v2.
    """
    convs = (Conv(channels, strides=strides), Conv(channels))
    return block_of(convs, in_channels, version, shortcut, first)


def bottleneck(width, in_channels, strides=1, *, version="v1", shortcut="B", first=False):
    """1x1 down to `width`, 3x3, 1x1 up to four times `width`.  Figure 5, right.

    The stride is on the first 1x1 in the paper (v1) and on the 3x3 in v1.5.  In v2 it is on the 3x3
    as well, as in Gluon's zoo; the authors' own code for v2 keeps it on the 1x1.
    Arguments as those of `basic`, but four times `width` channels leave.
    """
    squeeze, middle = (1, strides) if version in ("v1.5", "v2") else (strides, 1)
    convs = (
        Conv(width, kernel=1, strides=squeeze),
        Conv(width, strides=middle),
        Conv(4 * width, kernel=1),
    )
    return block_of(convs, in_channels, version, shortcut, first)


def block_of(convs, in_channels, version, shortcut, first):
    """The block around some convolutions: normalization, ReLU and the shortcut of a version."""
    if version not in VERSIONS:
        raise unknown_name("version", version, VERSIONS)
    if shortcut not in SHORTCUTS:
        raise unknown_name("shortcut", shortcut, SHORTCUTS)
    if version == "v2":
        branch = tuple(layer for conv in convs for layer in (BatchNorm(), ReLU(), conv))
    else:
        branch = tuple(layer for conv in convs for layer in (conv, BatchNorm(), ReLU()))
    if shortcut == "none":
        return Plain(branch)
    channels, strides = convs[-1].channels, prod(conv.strides for conv in convs)
    normalized = version not in ("v1-one-norm", "v2")
    around = path(shortcut, channels, in_channels, strides, normalized)
    if version == "v2":
        return preactivated(branch, around, shared=first or around != ())
    if version == "v1-one-norm":
        return Residual(branch[:-2], around, after=())
    after = () if version == "v1-no-relu" else branch[-1:]
    return Residual(branch[:-1], around, after)


def preactivated(branch, shortcut, shared):
    """BN and ReLU before every convolution, and nothing after the sum: version v2.

    `shared`: the first BN and ReLU come before the two paths part, so that a projection sees what
    the branch sees.  He et al. (2016), figure 4 (e) and the appendix.
    """
    before, branch = (branch[:2], branch[2:]) if shared else ((), branch)
    return Residual(branch, shortcut, after=(), before=before)


# --- shortcuts: He et al. (2015), section 3.3 and table 3 ----------------------------------------


def path(shortcut, channels, in_channels, strides, normalized=True):
    """The layers of a shortcut; none at all are the identity.

    A: every stride-th pixel and channels of zeros where the shape changes.  B: a 1x1 convolution
    where the shape changes.  C: a 1x1 convolution in every block.
    """
    changes = in_channels != channels or strides > 1
    if shortcut == "C" or (shortcut == "B" and changes):
        return projection(channels, strides, normalized)
    if not changes:
        return ()
    if channels < in_channels:
        raise ConfigError(
            f"shortcut A: {in_channels} channels in, {channels} out; expected no fewer out than "
            "in, since zeros can only be added. Use shortcut B."
        )
    skip = (MaxPool(kernel=1, strides=strides),) if strides > 1 else ()
    zeros = (ZeroChannels(channels - in_channels),) if channels > in_channels else ()
    return skip + zeros


def projection(channels, strides, normalized=True):
    """A 1x1 convolution and, but in v2 and v1-one-norm, its normalization.  Equation 2."""
    conv = Conv(channels, kernel=1, strides=strides)
    return (conv, BatchNorm()) if normalized else (conv,)


# --- two blocks that came after ------------------------------------------------------------------


def resnext(width, in_channels, strides=1, *, groups=32, shortcut="B", **_):
    """A bottleneck whose 3x3 runs in groups; twice `width` channels leave.

    Source: Xie et al. (2017), figure 3 (c) and table 1.
    """
    convs = (
        Conv(width, kernel=1),
        Conv(width, strides=strides, groups=groups),
        Conv(2 * width, kernel=1),
    )
    return block_of(convs, in_channels, "v1.5", shortcut, first=False)


def squeeze_excite(block: Residual, channels: int, reduction: int = 16):
    """The same block with a factor for each channel before the sum.

    Source: Hu et al. (2018), figure 3 and section 3.3.
    """
    squeeze = (GlobalAvgPool(), Dense(channels // reduction), ReLU())
    excite = (Dense(channels), Sigmoid())
    return replace(block, branch=(*block.branch, Gate(squeeze + excite)))
