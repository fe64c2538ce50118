"""An architecture with its weights as an ONNX graph: a file that many programs can run.

The graph is written from the data, layer by layer.  Each node bears the name of its row in
`d2lres summary`.

Explained in the chapter "After MXNet".
"""

import json
from pathlib import Path

import numpy

from .. import __version__
from ..errors import ConfigError, MissingDependency
from ..files import write_whole
from ..structure import Architecture, count
from .operators import chain
from .places import entering, expected_shapes, misfit, places

try:
    import onnx
    from onnx import TensorProto, checker, helper, numpy_helper
except ImportError as error:
    raise MissingDependency(
        f"import onnx: {error}; expected the package onnx. Install it: `pip install .[onnx]` in "
        "the checkout, or `pip install onnx`."
    ) from error

OPSET, IR_VERSION = 17, 8  # of 2022: whatever runs ONNX today reads them
EPSILON = 1e-5  # of a normalization in Gluon, where nothing else is said


def export(net, path, parameters=None, **options) -> None:
    """Write a net as an ONNX file, whole or not at all.

    Arguments: `path`, of the file, whose folder is made where it is missing; the rest as for
    `model_of`.
    Raises ConfigError as `model_of`, and for a path that is a folder; DataError where the file
    cannot be written.  Chapter "After MXNet".
    """
    path = Path(path)
    if path.is_dir():
        raise ConfigError(f"{path}: a folder; expected the name of a file, such as net.onnx.")
    write_whole(path, model_of(net, parameters, **options).SerializeToString())


def model_of(
    net, parameters=None, *, input_shape=None, stages=False, switches=False, facts=None
) -> "onnx.ModelProto":
    """The ONNX model of a net for prediction: `images` (N, C, H, W) to `logits` (N, classes).

    Arguments: `net`, one of `d2lres.build` that has its weights, or an Architecture, with its
    `parameters` in NumPy as `read_params` gives them; `input_shape` (C, H, W) of an image (None:
    the architecture's own, with the channels that the weights are for); `stages`, whether what
    leaves each stage is an output, too, called `stage1`, `stage2` and so on; `switches`, whether
    each block has an input of its own, a scalar such as `stage1.block1.switch`: 1 keeps the block,
    0 leaves it out; `facts`, what else whoever runs the file must know, such as {"classes": names,
    "means": numbers, "deviations": numbers}: it is kept in the model's metadata and told in its
    doc_string.
    The switch s of a residual block gives s F(x) + shortcut(x), that of a plain one s F(x) +
    (1 - s) x; a plain block that changes the shape has none.
    A batch may have any size, its images only the one.  Batch normalization has its stored
    statistics.
    Raises ConfigError for a net or parameters that do not fit, or switches where no block can be
    left out; ShapeError for an image that is too small.
    Source: the operators of ONNX, opset 17.  Chapter "After MXNet".
    """
    architecture, layout, epsilons = net, "NCHW", {}
    if not isinstance(net, Architecture):
        architecture, layout, parameters, epsilons = parts_of(net)
    shape = tuple(input_shape or entering(architecture, parameters or {}))
    graph = Graph(architecture, shape, parameters or {}, epsilons, switches)
    x = graph.enter("images", shape, layout)
    for part, layers in architecture.parts.items():
        x = chain(layers, graph, x, part)
        if stages and part.startswith("stage"):
            graph.leave(x, part)
    graph.leave(x, "logits")
    if switches and len(graph.inputs) == 1:
        raise ConfigError(
            f"export: switches, but no block of {architecture.name} can be left out; expected a "
            "net with shortcuts, or with blocks that keep the shape. Leave the switches out."
        )
    return graph.model(architecture.name, about(architecture, shape, layout) | (facts or {}))


def parts_of(net) -> tuple:
    """(architecture, layout, parameters in NumPy, epsilons of its normalizations) of a Gluon net.

    The latter two by the way to the parameter or the layer, such as "1.0.branch.1".
    """
    if not hasattr(net, "architecture"):
        raise ConfigError(
            f"export: {type(net).__name__}; expected an Architecture, or a net from d2lres.build."
        )
    arrays = {}
    for name, parameter in net._collect_params_with_prefix().items():
        if parameter._data is None:
            raise ConfigError(
                f"export: {name} has no numbers yet; expected a net that has seen data. Call "
                "net.initialize() and pass one batch through it, or load its weights."
            )
        arrays[name] = parameter.list_data()[0].asnumpy()
    return net.architecture, net.layout, arrays, dict(epsilons_in(net))


def epsilons_in(block, way=""):
    for name, child in block._children.items():
        yield from epsilons_in(child, f"{way}{name}.")
    epsilon = getattr(block, "_kwargs", {}).get("eps")
    if epsilon is not None:
        yield way[:-1], epsilon


class Graph:
    """What an ONNX graph is made of, while `operators` write it.  A value is known by its name."""

    def __init__(self, architecture, shape, parameters, epsilons, switches):
        self.places = places(architecture, shape)
        if wrong := misfit(parameters, expected_shapes(self.places)):
            raise ConfigError(
                f"export: {wrong}; expected the weights of {architecture.name}. Take those of the "
                "same architecture, version, shortcut, classes and channels."
            )
        self.places.reverse()  # the next one is the last
        self.parameters, self.epsilons, self.has_switches = parameters, epsilons, switches
        self.inputs, self.nodes, self.tensors, self.outputs = [], [], [], []
        self.shapes = {}  # of each value, for one image: (C, H, W) or (units,)

    def enter(self, name, shape, layout) -> str:
        """The input for images, and what the first layer receives of it: (N, C, H, W)."""
        lengths = dict(zip("CHW", shape, strict=True))
        axes = [lengths.get(axis, axis) for axis in layout]
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, axes))
        self.shapes[name] = shape
        if layout == "NHWC":
            return self.node("Transpose", [name], f"{name}.nchw", perm=[0, 3, 1, 2])
        return name

    def leave(self, x, name) -> None:
        """Let the value x be an output, called `name`."""
        self.node("Identity", [x], name)
        axes = ["N", *self.shapes[x]]
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, axes))

    def switch(self, block) -> str:
        """The input that says how much of a block counts."""
        name = f"{block}.switch"
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, []))
        self.shapes[name] = ()
        return name

    def node(self, op, inputs, name, shape=None, **attributes) -> str:
        """An operation that gives the value `name`, of the shape of its first input or another."""
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        self.shapes[name] = self.shapes[inputs[0]] if shape is None else shape
        return name

    def tensor(self, name, values) -> str:
        """Numbers that are kept in the graph."""
        self.tensors.append(numpy_helper.from_array(numpy.ascontiguousarray(values), name))
        return name

    def epsilon(self) -> float:
        """The epsilon of the normalization whose turn it is."""
        return self.epsilons.get(self.places[-1].gluon, EPSILON)

    def weights(self, name, *kinds) -> list[str]:
        """The parameters of the layer whose turn it is."""
        place = self.places.pop()
        arrays = {kind: self.parameters[f"{place.gluon}.{kind}"] for kind in kinds}
        return [self.tensor(f"{name}.{kind}", a.astype("float32")) for kind, a in arrays.items()]

    def model(self, name, facts) -> "onnx.ModelProto":
        model = helper.make_model(
            helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.tensors),
            producer_name="d2lres",
            producer_version=__version__,
            doc_string=told(facts, self.has_switches),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
        helper.set_model_props(model, texts)
        checker.check_model(model, full_check=True)
        return model


# --- what the file says of itself ----------------------------------------------------------------


def about(architecture: Architecture, shape, layout) -> dict:
    """The facts that every file has."""
    rows = count(architecture, shape)
    return {
        "architecture": architecture.name,
        "version": architecture.version,
        "shortcut": architecture.shortcut,
        "input_shape": shape,
        "layout": layout,
        "params": sum(row.params for row in rows),
        "buffers": sum(row.buffers for row in rows),
        "d2lres": __version__,
    }


def told(facts: dict, switches: bool) -> str:
    """The facts in sentences, for whoever opens the file."""
    lengths = dict(zip("CHW", facts["input_shape"], strict=True))
    axes = ", ".join(f"{lengths.get(axis, axis)}" for axis in facts["layout"])
    net = "{architecture}, version {version}, shortcut {shortcut}: {params:,} parameters."
    lines = [
        net.format(**facts),
        f"Input images: ({axes}), float32.",
        "Output logits: the largest is that of the class which the net sees.",
        f"Written by d2lres {facts['d2lres']}.",
    ]
    if facts.get("means"):
        means, deviations = (
            ", ".join(f"{number:.4f}" for number in facts[key]) for key in ("means", "deviations")
        )
        lines[1] += " Pixels from 0 to 1, then (x - mean) / deviation for each channel, with the"
        lines[1] += f" means {means} and the deviations {deviations}."
    elif "means" in facts:
        lines[1] += " Pixels from 0 to 1."
    if facts.get("classes"):
        lines[2] += f" Classes, from 0 on: {', '.join(facts['classes'])}."
    if switches:
        lines.insert(2, "Inputs *.switch, one for each block: 1 keeps it, 0 leaves it out.")
    return "\n".join(lines)
