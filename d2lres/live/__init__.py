"""Gluon nets: what an architecture becomes when it computes.  The only room that imports MXNet.

The files in the order of explanation: `_mxnet` (imports MXNet and hands out its names), `blocks`
(residual blocks), `models` (from data to a net), `equivalence` (do two nets compute the same?).
"""

from ._mxnet import autograd, find_device, gluon, init, mx, nn, np, npx, num_gpus, try_gpu
from .blocks import (
    BasicBlock,
    Bottleneck,
    GlobalAverage,
    ResidualBlock,
    conv1x1,
    conv3x3,
    projection,
    sequential,
)
from .equivalence import apart, copy_weights, deepen, difference, hand_on, respond
from .models import Net, build, freeze, live_counts, zero_last_gamma

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "GlobalAverage",
    "Net",
    "ResidualBlock",
    "apart",
    "autograd",
    "build",
    "conv1x1",
    "conv3x3",
    "copy_weights",
    "deepen",
    "difference",
    "find_device",
    "freeze",
    "gluon",
    "hand_on",
    "init",
    "live_counts",
    "mx",
    "nn",
    "np",
    "npx",
    "num_gpus",
    "projection",
    "respond",
    "sequential",
    "try_gpu",
    "zero_last_gamma",
]
