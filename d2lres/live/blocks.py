"""Residual blocks in Gluon, to be read beside figures 2 and 5 of He et al. (2015).

Explained in the chapters "The residual block" and "Basic against bottleneck".
"""

import re

import numpy

from ..errors import ShapeError
from ._mxnet import mx, nn, np


def relu(F, x):
    """max(x, 0), by oneDNN's kernel: `npx.relu` takes a slower one on the CPU."""
    return F.npx.activation(x, act_type="relu")


def add(F, x, y):
    """x + y where the shapes are equal, and an error where they are not.

    `+` would broadcast: (N, 1, 28, 28) + (N, 64, 28, 28) is a wrong network without a word.
    MXNet's older `elemwise_add` never broadcasts, and is faster.
    """
    return F.elemwise_add(x.as_nd_ndarray(), y.as_nd_ndarray()).as_np_ndarray()


def sequential(*layers) -> nn.HybridSequential:
    """The layers one after another; no layer at all is the identity."""
    block = nn.HybridSequential()
    block.add(*layers)
    return block


def conv3x3(channels, in_channels=0, strides=1):
    return nn.Conv2D(
        channels, 3, strides, padding=1, use_bias=False, in_channels=in_channels
    )  # the batch normalization that follows has a bias (beta) of its own


def conv1x1(channels, in_channels=0, strides=1):
    return nn.Conv2D(channels, 1, strides, use_bias=False, in_channels=in_channels)


def projection(channels, in_channels, strides):
    """The shortcut, chosen by shape: a 1x1 convolution where it changes, else the identity.

    Arguments: `channels` out, `in_channels` in, `strides` of the convolution.
    Source: He et al. (2015), section 3.3, shortcut B.  Chapter "The residual block".
    """
    if in_channels == channels and strides == 1:
        return sequential()
    return sequential(conv1x1(channels, in_channels, strides), nn.BatchNorm(in_channels=channels))


def entry(*blocks) -> tuple:
    """The first parameter of some blocks and the first weight, None where there is none.

    The first tells how many channels enter.  The weight tells which numbers do: a normalization
    stays in float32 when a net is cast to float16.  Ask once: it is slow.
    """
    parameters = [p for block in blocks for p in block.collect_params().values()]
    weights = [p for p in parameters if p.name.endswith("weight")]
    return next(iter(parameters), None), next(iter(weights), None)


def images(name, X, entry, layout="NCHW"):
    """X as the MXNet array that a block with this `entry` takes.

    NumPy's floating numbers and MXNet's older arrays become one.  A symbol, which hybridize passes,
    has no shape yet and stays what it is.
    Raises ShapeError where X is no image batch, or has other channels or another type of numbers.
    """
    if isinstance(X, mx.sym.Symbol):
        return X
    first, weight = entry
    axes, dtype = ", ".join(layout), numpy.dtype(weight.dtype if weight else "float32")
    if not isinstance(X, (numpy.ndarray, mx.nd.NDArray)):
        raise ShapeError(
            f"{name}: input of type {type(X).__name__}; expected an array ({axes}) of {dtype}. "
            "Make one: np.array(X)."
        )
    shape = X.shape
    if len(shape) != 4:
        raise ShapeError(
            f"{name}: input of shape {shape}; expected ({axes}). One image is a batch of one: "
            "X[None]."
        )
    if 0 in shape:
        raise ShapeError(
            f"{name}: input of shape {shape} is empty; expected at least one image. Leave empty "
            "batches out."
        )
    found = shape[layout.index("C")]
    # (channels, in_channels, h, w) of a convolution, (channels,) of a normalization
    known = first.shape if first else (found,)
    expected = known[1] if len(known) > 1 else known[0]
    if expected > 0 and found != expected:  # -1 until the first batch, which decides
        raise ShapeError(
            f"{name}: input of shape {shape} has {found} channel{'s' * (found != 1)}; expected "
            f"{expected}. Convert the images, check their layout, or build anew."
        )
    check_floating(name, X, dtype)
    if isinstance(X, numpy.ndarray):
        return as_array(X, dtype, ctx=first and first.list_ctx()[0])
    if weight and X.dtype != dtype:
        raise ShapeError(
            f"{name}: input of {numpy.dtype(X.dtype)}; expected {dtype}. Convert it: "
            f"X.astype('{dtype}')."
        )
    return as_array(X)


def as_array(X, dtype=None, ctx=None):
    """An array of NumPy, or of MXNet's older kind, as one of MXNet."""
    if isinstance(X, numpy.ndarray):
        return np.array(X, dtype=dtype or X.dtype, ctx=ctx)
    return X if isinstance(X, np.ndarray) else X.as_np_ndarray()


def check_floating(name, X, dtype) -> None:
    """Raise ShapeError for whole numbers: pixels from 0 to 255, on which no net was trained."""
    found = numpy.dtype(X.dtype)
    if found.kind != "f":
        raise ShapeError(
            f"{name}: input of {found}; expected {dtype}. Scale pixels to [0, 1]: "
            f"X.astype('{dtype}') / 255."
        )


class TakesImages(nn.HybridBlock):
    """A block that says in words which images it cannot take."""

    _entry = None

    def _clear_cached_op(self):
        super()._clear_cached_op()
        self._entry = None  # other layers may stand there now

    def images(self, name, X, *entrance, layout="NCHW"):
        """X for the layers of `entrance`, which it meets first; raises as the function does."""
        if self._entry is None:
            self._entry = entry(*entrance)
        return images(name, X, self._entry, layout)


class ResidualBlock(TakesImages):
    """`after(branch(B) + shortcut(B))` with `B = before(X)`: the shape of every residual block.

    Arguments: `branch`, `shortcut`, `after` and `before`, Gluon blocks; branch and shortcut must
    map (N, C, H, W) to the same shape.  Without `before`, both receive X itself.
    Raises ShapeError when they do not: nothing is ever broadcast.  And for what is no batch of
    images, (N, C, H, W) in floating numbers.
    Source: He et al. (2015), figure 2 and equations 1 and 2.  Chapter "The residual block".
    """

    def __init__(self, branch, shortcut, after, before=None):
        super().__init__()
        self.before = sequential() if before is None else before
        self.branch, self.shortcut, self.after = branch, shortcut, after

    def __call__(self, X):
        X = self.images("residual block", X, self.before, self.branch)
        try:
            return super().__call__(X)
        except (mx.MXNetError, ValueError) as error:
            found = re.search(r"elemwise_add.*expected \[(.*)\], got \[(.*)\]", str(error))
            if found is None:
                raise
            raise self._unequal(*found.groups()) from error  # a hybridized block's own finding

    def hybrid_forward(self, F, X):
        X = self.before(X)
        Y, X = self.branch(X), self.shortcut(X)
        if F is mx.nd and Y.shape != X.shape:
            raise self._unequal(Y.shape, X.shape)
        return self.after(add(F, Y, X))

    @staticmethod
    def _unequal(branch, shortcut):
        return ShapeError(
            f"residual block: the branch gives {branch} and the shortcut {shortcut}; expected "
            "equal shapes, since they are added. Make the shortcut a 1x1 convolution with the "
            "branch's channels and stride."
        )


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions and a shortcut: (N, in_channels, H, W) -> (N, channels, H/s, W/s).

    Arguments: `channels` out, `in_channels` in, `strides` s of the first convolution.
    Source: He et al. (2015), figure 5, left.  Chapter "The residual block".
    """

    def __init__(self, channels, in_channels, strides=1):
        super().__init__(
            branch=sequential(
                conv3x3(channels, in_channels, strides),
                nn.BatchNorm(in_channels=channels),
                nn.Activation("relu"),
                conv3x3(channels, channels),
                nn.BatchNorm(in_channels=channels),
            ),
            shortcut=projection(channels, in_channels, strides),
            after=nn.Activation("relu"),
        )


class Bottleneck(ResidualBlock):
    """1x1 down, 3x3, 1x1 up: (N, in_channels, H, W) -> (N, 4 * width, H/s, W/s).

    Arguments: `width`, the channels of the 3x3 convolution; `in_channels`; `strides` s, which sits
    on the first 1x1 convolution (version v1).
    Source: He et al. (2015), figure 5, right.  Chapter "Basic against bottleneck".
    """

    def __init__(self, width, in_channels, strides=1):
        super().__init__(
            branch=sequential(
                conv1x1(width, in_channels, strides),
                nn.BatchNorm(in_channels=width),
                nn.Activation("relu"),
                conv3x3(width, width),
                nn.BatchNorm(in_channels=width),
                nn.Activation("relu"),
                conv1x1(4 * width, width),
                nn.BatchNorm(in_channels=4 * width),
            ),
            shortcut=projection(4 * width, in_channels, strides),
            after=nn.Activation("relu"),
        )


# --- the pieces that heads, shortcut A, other paddings and gates need ----------------------------


class GlobalAverage(nn.HybridBlock):
    """The mean of each channel: (N, C, H, W) -> (N, C, 1, 1).

    The same numbers as Gluon's `GlobalAvgPool2D`.  That one hands its gradient back in a memory
    format for which oneDNN 2.4 has only reference kernels on processors with AVX-512.  Shortcuts
    hand that on, and normalizations of the stage before take them, too: `benchmarks/kernels.py`.
    """

    def hybrid_forward(self, F, X):
        return F.np.mean(X, axis=(2, 3), keepdims=True)


class SamePool(nn.HybridBlock):
    """Max pooling with an odd kernel, stride 2 and SAME padding, on maps of any size.

    With stride 2, SAME puts the middle of the last window on the last pixel; symmetric padding puts
    that of the first on the first.  So SAME is symmetric padding, seen from the other end.
    Source: TensorFlow's `padding="SAME"`.  Chapter "Padding, and what a pixel sees".
    """

    def __init__(self, kernel):
        super().__init__()
        self.pool = nn.MaxPool2D(kernel, strides=2, padding=(kernel - 1) // 2)

    def hybrid_forward(self, F, X):
        return F.np.flip(self.pool(F.np.flip(X, axis=(2, 3))), axis=(2, 3))


class Pad(nn.HybridBlock):
    """A `value`, usually 0, around the image: so many rows and columns on each side."""

    def __init__(self, top, bottom, left, right, value=0):
        super().__init__()
        self._widths, self._value = (0, 0, 0, 0, top, bottom, left, right), value

    def hybrid_forward(self, F, X):  # MXNet's older `pad`: `np.pad` takes every constant for 0
        options = {"mode": "constant", "pad_width": self._widths, "constant_value": self._value}
        return F.pad(X.as_nd_ndarray(), **options).as_np_ndarray()


class ZeroChannels(nn.HybridBlock):
    """So many channels of zeros after those of X: (N, C, H, W) -> (N, C + added, H, W).

    Source: He et al. (2015), section 3.3, option A.  Chapter "Shortcuts".
    """

    def __init__(self, added):
        super().__init__()
        self._widths = ((0, 0), (0, added), (0, 0), (0, 0))

    def hybrid_forward(self, F, X):
        return F.np.pad(X, self._widths, mode="constant", constant_values=0)


class Gate(nn.HybridBlock):
    """`X * factors(X)`, one factor for each image and channel.

    Argument: `factors`, a Gluon block from (N, C, H, W) to (N, C).
    Source: Hu et al. (2018), section 3.  Chapter "Versions and implementations".
    """

    def __init__(self, factors):
        super().__init__()
        self.factors = factors

    def hybrid_forward(self, F, X):
        factors = F.np.expand_dims(F.np.expand_dims(self.factors(X), axis=-1), axis=-1)
        return X * factors  # (N, C, H, W) times (N, C, 1, 1)
