"""Do two nets compute the same?  Asked by giving both the same weights.

`respond` is what one net says for itself, as plain data; `apart` compares two such answers.  So the
two nets may be asked in different processes: a student's in one, the paper's in another.

Explained in the chapter "For teachers": the assignments check with it what a student's block
computes, whatever the student calls its layers and in whichever order they are made.
"""

from math import inf
from zlib import crc32

import numpy

from ..errors import ConfigError, ShapeError
from ._mxnet import nn, np
from .blocks import ResidualBlock

#: The parameters that a kind of name ends in, and the range of the numbers that they receive.
RANGES = {
    "running_var": (0.5, 1.5),
    "running_mean": (-0.5, 0.5),
    "gamma": (0.5, 1.5),
    "beta": (-0.5, 0.5),
    "bias": (-0.5, 0.5),
    "weight": (-1, 1),
}


def difference(ours, theirs, X, seed: int = 0) -> float:
    """The largest difference of two nets' outputs for X, as a share of the largest output.

    Both receive new weights first, which a parameter's kind (weight, gamma, ...) and shape decide:
    so layers of the same kind and shape have the same weights, and names and order do not matter.
    Arguments: two nets; `X`, a batch for both; `seed`, for other weights.
    Returns infinity where the nets differ in their parameters or in the shape of their outputs.
    Raises ConfigError for a parameter of no known kind.
    Chapter "For teachers".
    """
    return apart(respond(ours, X, seed), respond(theirs, X, seed))


def respond(net, X, seed: int = 0) -> list:
    """[its parameters as [kind, *shape], sorted; its outputs for X with the weights of `seed`].

    Arguments: as for `difference`; X may be a NumPy array.  The outputs are a NumPy array.
    Raises ConfigError for a parameter of no known kind.
    Chapter "For teachers".
    """
    X = np.array(X, dtype="float32")
    net.initialize(force_reinit=True)
    net(X).wait_to_read()  # the first batch fixes the shapes
    fill(net, seed)
    return [kinds_and_shapes(net), net(X).asnumpy()]


def apart(found, wanted) -> float:
    """The largest difference of two answers of `respond`, as a share of the largest wanted output.

    Infinity where the nets differ in their parameters or in the shape of their outputs.
    Chapter "For teachers".
    """
    (ours, Y), (theirs, Z) = found, wanted
    if ours != theirs or Y.shape != Z.shape:
        return inf
    return float(abs(Y - Z).max() / abs(Z).max())


def copy_weights(source, target) -> None:
    """Give `target` the weights and running statistics of `source`, in the order of their layers.

    Arguments: two initialized nets or blocks that have seen a batch.
    Raises ShapeError where they have not the same parameters; nothing is changed then.
    Chapter "The residual block".
    """
    found = [list(net.collect_params().values()) for net in (source, target)]
    ours, theirs = ([parameter.shape for parameter in each] for each in found)
    if ours != theirs or any(size <= 0 for shape in ours for size in shape or (0,)):
        unequal = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
        first = "{} beside {}".format(*unequal[0]) if unequal else "some not known yet"
        raise ShapeError(
            f"copy_weights: {len(ours)} parameters for {len(theirs)}, {first}; expected equal "
            "shapes. Use two nets of one architecture, and pass a batch through both first."
        )
    for ours, theirs in zip(*found, strict=True):
        theirs.set_data(ours.data())


def hand_on(block) -> None:
    """Let a block give out what it receives, where that is not negative.

    A residual block needs one vector for it: the last gamma becomes zero, and its beta.  A plain
    block needs all of its weights: each channel copies the middle of its own windows, and each
    normalization multiplies by 1 and adds 0, in prediction.
    Argument: a block of a net that has seen a batch, of version v1 or plain.
    Raises ConfigError for a branch that ends in no normalization, as in v2.
    Source: He et al. (2015), section 1.  Chapter "The residual block".
    """
    if isinstance(block, ResidualBlock):
        last = block.branch[-1]
        if not isinstance(last, nn.BatchNorm):
            raise ConfigError(
                "hand_on: a branch that ends in no batch normalization; expected a block of "
                "version v1."
            )
        for parameter in (last.gamma, last.beta):
            parameter.set_data(np.zeros(parameter.shape))
        return
    for name, parameter in block.collect_params().items():
        value = np.zeros(parameter.shape)
        if name.endswith("weight"):  # (channels out, channels in, 3, 3)
            for channel in range(len(value)):
                value[channel, channel, 1, 1] = 1
        elif name.endswith(("gamma", "running_var")):
            value += 1
        parameter.set_data(value)


def deepen(shallow, deep) -> None:
    """Give a deeper net what a shallower one computes: its blocks, and others that hand on.

    Arguments: two nets from `build` that have seen a batch, plain ones or of version v1; `deep` has
    the same stem, head and stages, with as many blocks or more in each.
    Raises ShapeError where they differ in another way, ConfigError where `deep` has fewer blocks.
    Source: He et al. (2015), section 1.  Chapter "The residual block".
    """
    stages = [list(net)[1:-1] for net in (shallow, deep)]
    depths = [[len(stage) for stage in each] for each in stages]
    if len(depths[0]) != len(depths[1]) or any(a > b for a, b in zip(*depths, strict=True)):
        raise ConfigError(
            f"deepen: {depths[0]} blocks in the stages, then {depths[1]}; expected as many or "
            "more. Take the shallower net first."
        )
    for end in (0, -1):  # the stem and the head
        copy_weights(shallow[end], deep[end])
    for theirs, ours in zip(*stages, strict=True):
        for i, block in enumerate(ours):
            if i < len(theirs):
                copy_weights(theirs[i], block)
            else:
                hand_on(block)


def kind_of(name: str) -> str:
    """What a parameter is, by the end of its name."""
    for kind in RANGES:
        if name.endswith(kind):
            return kind
    raise ConfigError(
        f"parameter {name}: of no known kind; expected a name that ends in {', '.join(RANGES)}. "
        "Use Gluon's own layers."
    )


def kinds_and_shapes(net) -> list[list]:
    """Every parameter as [kind, *shape], sorted."""
    return sorted([kind_of(name), *p.shape] for name, p in net.collect_params().items())


def fill(net, seed: int) -> None:
    """Give every parameter the numbers that its kind, its shape and the seed decide."""
    for name, parameter in net.collect_params().items():
        kind, shape = kind_of(name), parameter.shape
        low, high = RANGES[kind]
        numbers = numpy.random.default_rng([seed, crc32(kind.encode()), *shape])
        values = numbers.uniform(low, high, size=shape)
        if kind == "weight":  # He's variance: a deep net keeps the size of its signal
            values *= (6 / (values.size / shape[0])) ** 0.5
        parameter.set_data(np.array(values, dtype="float32"))
