"""What a layer with weights is called in Gluon, in PyTorch and in Gluon's model zoo.

One walk through an architecture gives the names of a layer in each of them and the shapes of its
arrays, so that weights go from any of them to any other by name.  No framework is needed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..structure import Row, arch, count

#: What PyTorch calls a kind of layer: the names of torchvision's ResNet, and some of their sort.
NAMES = {
    arch.Conv: "conv",
    arch.BatchNorm: "bn",
    arch.ReLU: "relu",
    arch.Sigmoid: "sigmoid",
    arch.MaxPool: "maxpool",
    arch.AvgPool: "avgpool",
    arch.GlobalAvgPool: "avgpool",
    arch.Dense: "fc",
    arch.Pad: "pad",
    arch.ZeroChannels: "zeros",
    arch.Gate: "se",
    arch.Residual: "block",
    arch.Plain: "block",
}
#: What PyTorch calls a kind of array, where Gluon calls it otherwise.
KINDS = {"gamma": "weight", "beta": "bias"}
NUMBERED = ("conv", "bn")  # conv1 even where there is no conv2


def torch_names(layers) -> list[str]:
    """A name for each layer of a block, or of a net's stem and head: conv1, bn1, ..., fc."""
    names, seen, numbered = [NAMES[type(layer)] for layer in layers], Counter(), []
    for name in names:
        seen[name] += 1
        alone = names.count(name) == 1 and name not in NUMBERED
        numbered.append(name if alone else f"{name}{seen[name]}")
    return numbered


class Place(NamedTuple):
    """A layer with weights: what it is called, and the shapes of its arrays by Gluon's names.

    `gluon`: its place in a net of `d2lres.live`, such as "1.0.branch.0"; `torch`: in a twin, and in
    torchvision's nets, "layer1.0.conv1"; `zoo`: in a net of Gluon's model zoo,
    "features.4.0.body.0"; `older`: in the files that are published for the zoo, "stage1_conv0".
    """

    layer: object
    gluon: str
    torch: str
    zoo: str
    older: str
    shapes: dict[str, tuple[int, ...]]


def places(architecture: arch.Architecture, input_shape=None) -> list[Place]:
    """The layers with weights, in the order in which data passes through them.

    Argument: `input_shape` (C, H, W) of an image (None: the architecture's own).
    Raises ShapeError where it is too small, or where shapes do not fit.
    """
    rows = [row for row in count(architecture, input_shape) if row.op in SHAPES]
    numbers, found = Counter(), []
    for (layer, names), row in zip(walk(architecture), rows, strict=True):
        kind = names.older + OLDER[type(layer)]
        older = f"{kind}{numbers[kind]}"  # the zoo counts the layers of each stage anew
        numbers[kind] += 1
        shapes = SHAPES[row.op](layer, row)
        found.append(Place(layer, names.gluon, names.torch, names.zoo, older, shapes))
    return found


def expected_shapes(found: list[Place]) -> dict[str, tuple[int, ...]]:
    """The shape of each array of a net, by Gluon's name: "1.0.branch.0.weight"."""
    return {
        f"{place.gluon}.{kind}": shape for place in found for kind, shape in place.shapes.items()
    }


@dataclass(frozen=True)
class Misfit:
    """How some arrays are not those of a net; false where they are.  Its text names a few."""

    missing: tuple[str, ...]
    left: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.missing) + len(self.left) + len(self.other)

    def __bool__(self):
        return self.size > 0

    def __str__(self):
        kinds = {"missing": self.missing, "left over": self.left, "of another shape": self.other}
        return "; ".join(
            f"{len(names)} {kind} ({', '.join(names[:3])}{', ...' * (len(names) > 3)})"
            for kind, names in kinds.items()
            if names
        )


def misfit(arrays: dict, expected: dict) -> Misfit:
    """What is missing, left over or of another shape beside `expected_shapes`."""
    return Misfit(
        tuple(name for name in expected if name not in arrays),
        tuple(name for name in arrays if name not in expected),
        tuple(
            f"{name} {tuple(array.shape)} in place of {expected[name]}"
            for name, array in arrays.items()
            if name in expected and tuple(array.shape) != expected[name]
        ),
    )


def entering(architecture: arch.Architecture, arrays: dict) -> tuple[int, int, int]:
    """The architecture's input shape with the channels that its first weights, by Gluon's names,
    take."""
    _, height, width = architecture.input_shape
    layer, names = next(walk(architecture))
    groups = getattr(layer, "groups", 0)  # none: a normalization, with a number for each channel
    first = arrays.get(f"{names.gluon}.{'weight' if groups else 'gamma'}")
    if first is None:
        return architecture.input_shape
    return (first.shape[1] * groups if groups else first.shape[0], height, width)


# --- shapes, from what is counted ----------------------------------------------------------------


def shapes_of_conv(conv: arch.Conv, row: Row) -> dict:
    biases = conv.channels * conv.use_bias
    entering = (row.params - biases) // (conv.channels * conv.kernel**2)  # channels of one group
    shapes = {"weight": (conv.channels, entering, conv.kernel, conv.kernel)}
    return shapes | ({"bias": (conv.channels,)} if conv.use_bias else {})


def shapes_of_norm(_, row: Row) -> dict:
    return dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), row.output_shape[:1])


def shapes_of_dense(dense: arch.Dense, row: Row) -> dict:
    return {"weight": (dense.units, row.params // dense.units - 1), "bias": (dense.units,)}


SHAPES = {"Conv": shapes_of_conv, "BN": shapes_of_norm, "Dense": shapes_of_dense}

# --- names, on a walk that meets the layers in the order of the rows -----------------------------

OLDER = {arch.Conv: "conv", arch.BatchNorm: "batchnorm", arch.Dense: "dense"}


class Names(NamedTuple):
    """The names of what the walk has come to; of the older ones, the stage."""

    gluon: str
    torch: str
    zoo: str
    older: str

    def of(self, gluon: str, torch: str, zoo: str) -> "Names":
        """The names of what is held by it."""
        return Names(
            f"{self.gluon}.{gluon}", f"{self.torch}.{torch}", f"{self.zoo}.{zoo}", self.older
        )


def walk(architecture: arch.Architecture) -> Iterator[tuple[object, Names]]:
    """Each layer with weights and its names."""
    stem, head, stages = architecture.stem, architecture.head, architecture.stages
    ends = torch_names((*stem, *head))
    for i, layer in enumerate(stem):
        yield from within(layer, Names(f"0.{i}", ends[i], f"features.{i}", ""))
    for number, blocks in enumerate(stages, 1):
        part = Names(f"{number}", f"layer{number}", f"features.{len(stem) + number - 1}", "")
        for i, block in enumerate(blocks):
            names = part.of(f"{i}", f"{i}", f"{i}")
            yield from within(block, names._replace(older=f"stage{number}_"))
    before = len(stem) + len(stages)
    for i, layer in enumerate(head):
        zoo = "output" if isinstance(layer, arch.Dense) else f"features.{before + i}"
        names = Names(f"{len(stages) + 1}.{i}", ends[len(stem) + i], zoo, "")
        yield from within(layer, names)


def within(layer, names: Names) -> Iterator[tuple[object, Names]]:
    """A layer with weights itself, or those that it holds."""
    if type(layer) in OLDER:
        padded = isinstance(getattr(layer, "padding", 0), tuple)  # Gluon's stands behind a Pad
        yield layer, names._replace(gluon=names.gluon + ".1") if padded else names
    for path, name, zoo, each in held(layer):
        yield from within(each, names.of(path, name, zoo))


def held(layer) -> list[tuple[str, str, str, object]]:
    """(Gluon's path, PyTorch's name, the zoo's path, layer) of all that a block or gate holds."""
    if isinstance(layer, arch.Residual):
        return held_by_residual(layer)
    layers, path = getattr(layer, "branch", ()), ""
    if isinstance(layer, arch.Gate):
        layers, path = layer.gate, "factors."
    names = torch_names(layers)
    paths = [f"{path}{i}" for i in range(len(layers))]
    return list(zip(paths, names, paths, layers, strict=True))


def held_by_residual(block: arch.Residual) -> list[tuple[str, str, str, object]]:
    """The main path is named as one; the shortcut, which is counted before the sum, apart."""
    layers = (*block.before, *block.branch, *block.after)
    names = torch_names(layers)
    paths = [
        f"{path}.{i}"
        for path in ("before", "branch", "after")
        for i in range(len(getattr(block, path)))
    ]
    preactivated = isinstance(layers[0], arch.BatchNorm)  # there the zoo names layer by layer
    zoo = names if preactivated else [path.replace("branch", "body") for path in paths]
    main = list(zip(paths, names, zoo, layers, strict=True))
    shortcut = [
        (f"shortcut.{i}", f"downsample.{i}", f"downsample.{i}", each)
        for i, each in enumerate(block.shortcut)
    ]
    if len(shortcut) == 1 and preactivated:
        shortcut = [(path, name, "downsample", each) for path, name, _, each in shortcut]
    sum_at = len(block.before) + len(block.branch)
    return main[:sum_at] + shortcut + main[sum_at:]
