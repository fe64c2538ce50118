"""What ONNX calls each layer: one function for a kind, as in `live.models` for Gluon.

Explained in the chapter "After MXNet".
"""

from functools import singledispatch
from math import prod

import numpy

from ..errors import ConfigError
from ..structure import arch, slide

ONE = numpy.array(1, "float32")


@singledispatch
def write(layer, graph, x: str, name: str) -> str:
    """Write a layer or block that receives the value `x` into a Graph; return what leaves it.

    Argument: `name`, of the layer's row in `count`, which the node that computes it bears, too.
    """
    raise ConfigError(f"{name}: {layer!r}; expected a layer or block of an architecture.")


def chain(layers, graph, x: str, name: str) -> str:
    """Write layers one after another; none at all are the identity."""
    for short, layer in arch.named(layers):
        x = write(layer, graph, x, f"{name}.{short}")
    return x


# --- windows -------------------------------------------------------------------------------------


@write.register
def _(conv: arch.Conv, graph, x, name):
    inputs = [x, *graph.weights(name, "weight", *["bias"] * conv.use_bias)]
    shape = (conv.channels, *slide(conv, graph.shapes[x], name))
    return graph.node("Conv", inputs, name, shape, group=conv.groups, **window(conv))


@write.register
def _(pool: arch.MaxPool, graph, x, name):
    shape = (graph.shapes[x][0], *slide(pool, graph.shapes[x], name))
    attributes = window(pool)
    if max(attributes.get("pads", [0])) >= pool.kernel:
        raise ConfigError(
            f"{name}: padding {pool.padding} for windows of {pool.kernel}; expected less, since "
            "ONNX has no maximum of padding alone. Pad less."
        )
    return graph.node("MaxPool", [x], name, shape, **attributes)  # what is padded never wins


def window(layer) -> dict:
    """Kernel, strides and padding; "same" stays a rule, which ONNX knows."""
    sizes = {"kernel_shape": [layer.kernel] * 2, "strides": [layer.strides] * 2}
    if layer.padding == "same":
        return {**sizes, "auto_pad": "SAME_UPPER"}  # the odd pixel at the bottom and the right
    padding = 0 if layer.padding == "valid" else layer.padding
    top, bottom, left, right = padding if isinstance(padding, tuple) else [padding] * 4
    return {**sizes, "pads": [top, left, bottom, right]}


@write.register
def _(pool: arch.AvgPool, graph, x, name):
    shape = (graph.shapes[x][0], *slide(pool, graph.shapes[x], name))
    sizes = {"kernel_shape": [pool.kernel] * 2, "strides": [pool.strides] * 2}
    return graph.node("AveragePool", [x], name, shape, **sizes)


@write.register
def _(pool: arch.GlobalAvgPool, graph, x, name):
    return graph.node("GlobalAveragePool", [x], name, (graph.shapes[x][0], 1, 1))


# --- numbers one by one --------------------------------------------------------------------------


@write.register
def _(norm: arch.BatchNorm, graph, x, name):
    epsilon = graph.epsilon()
    kinds = ["gamma"] * norm.scale + ["beta", "running_mean", "running_var"]
    inputs = graph.weights(name, *kinds)
    if not norm.scale:  # then Gluon uses no gamma, whatever is stored
        ones = numpy.ones(graph.shapes[x][:1], "float32")
        inputs.insert(0, graph.tensor(f"{name}.ones", ones))
    return graph.node("BatchNormalization", [x, *inputs], name, epsilon=epsilon)


@write.register
def _(relu: arch.ReLU, graph, x, name):
    return graph.node("Relu", [x], name)


@write.register
def _(sigmoid: arch.Sigmoid, graph, x, name):
    return graph.node("Sigmoid", [x], name)


# --- other shapes --------------------------------------------------------------------------------


@write.register
def _(dense: arch.Dense, graph, x, name):
    flat = graph.node("Flatten", [x], f"{name}.flat", (prod(graph.shapes[x]),))
    inputs = [flat, *graph.weights(name, "weight", "bias")]
    return graph.node("Gemm", inputs, name, (dense.units,), transB=1)


@write.register
def _(pad: arch.Pad, graph, x, name):
    return zeros_around(graph, x, name, 0, pad.top, pad.bottom, pad.left, pad.right)


@write.register
def _(zeros: arch.ZeroChannels, graph, x, name):
    return zeros_around(graph, x, name, zeros.added)


def zeros_around(graph, x, name, channels, top=0, bottom=0, left=0, right=0) -> str:
    """So many channels of zeros after those of x, so many rows and columns on each side."""
    C, H, W = graph.shapes[x]
    shape = (C + channels, top + H + bottom, left + W + right)
    pads = numpy.array([0, 0, top, left, 0, channels, bottom, right])
    return graph.node("Pad", [x, graph.tensor(f"{name}.pads", pads)], name, shape)


# --- blocks --------------------------------------------------------------------------------------


@write.register
def _(block: arch.Residual, graph, x, name):
    x = chain(block.before, graph, x, f"{name}.before")
    y = chain(block.branch, graph, x, name)
    if graph.has_switches:
        y = graph.node("Mul", [y, graph.switch(name)], f"{name}.switched")
    x = chain(block.shortcut, graph, x, f"{name}.shortcut")
    return chain(block.after, graph, graph.node("Add", [y, x], f"{name}.add"), f"{name}.after")


@write.register
def _(block: arch.Plain, graph, x, name):
    y = chain(block.branch, graph, x, name)
    if not graph.has_switches or graph.shapes[y] != graph.shapes[x]:
        return y
    switch = graph.switch(name)
    kept = graph.node("Mul", [y, switch], f"{name}.switched")
    rest = graph.node("Sub", [graph.tensor(f"{name}.one", ONE), switch], f"{name}.rest", ())
    return graph.node("Add", [kept, graph.node("Mul", [x, rest], f"{name}.passed")], f"{name}.out")


@write.register
def _(gate: arch.Gate, graph, x, name):
    factors = chain(gate.gate, graph, x, name)  # (N, C)
    axes, shape = graph.tensor(f"{name}.axes", numpy.array([2, 3])), (*graph.shapes[factors], 1, 1)
    factors = graph.node("Unsqueeze", [factors, axes], f"{name}.factors", shape)
    return graph.node("Mul", [x, factors], f"{name}.scale")
