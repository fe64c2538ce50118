"""The named architectures, as data.

The files in the order of explanation: `blocks`, `networks` (the founding papers'), `variants`
(named deviations and extensions), and here the names.
Explained in the chapters "ResNet-18, layer by layer" and "From a table to a family".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import ConfigError, unknown_name
from ..arch import Architecture
from .blocks import basic, bottleneck, resnext, squeeze_excite
from .networks import IMAGENET, WIDTHS, cifar, imagenet, stages_of
from .variants import d2l_resnet18, gluon_resnet, resnext50, se_resnet50, tensorflow_resnet34

__all__ = [
    "IMAGENET",
    "WIDTHS",
    "architecture",
    "architecture_names",
    "architecture_families",
    "basic",
    "bottleneck",
    "imagenet",
    "resnext",
    "squeeze_excite",
    "stages_of",
]


@dataclass(frozen=True)
class Family:
    """Architectures that differ in the numbers of their names.  The first option is the usual."""

    pattern: str  # of a name, with a group for each number
    rule: str  # the names in words
    examples: tuple[str, ...]
    make: Callable  # of a name, its numbers, and classes, version, shortcut
    versions: tuple[str, ...] = ("v1",)
    shortcuts: tuple[str, ...] = ("B",)
    classes: int = 1000


def blocks_a_stage(name: str, depth: int, rest: int) -> int:
    """The n of a depth 6n + rest, or a ConfigError that names the nearest depths."""
    blocks = (depth - rest) // 6
    if depth == 6 * blocks + rest and 1 <= blocks <= DEEPEST:
        return blocks
    lower = 6 * min(max(blocks, 1), DEEPEST) + rest
    near = f"{lower} or {lower + 6}" if 1 <= blocks < DEEPEST else str(lower)
    raise ConfigError(
        f"architecture {name!r}: depth {depth}; expected 6n + {rest} with n from 1 to {DEEPEST}. "
        f"The nearest: {near}."
    )


DEEPEST = 200  # blocks a stage: the 1202 layers of He et al. (2015), section 4.2


def cifar_resnet(name, depth, **options):
    return cifar(name, blocks_a_stage(name, depth, 2), **options)


def wide_resnet(name, depth, factor, **options):
    """The depth in the name counts convolutions, those of three projections too: 6n + 4."""
    if factor < 1:
        raise ConfigError(
            f"architecture {name!r}: widening factor {factor}; expected at least 1. Try wrn-28-10."
        )
    return cifar(name, blocks_a_stage(name, depth, 4), factor=factor, **options)


def names(form: str, *numbers) -> tuple[str, ...]:
    return tuple(form.format(number) for number in numbers)


FAMILIES = (
    Family(
        r"resnet(18|34|50|101|152)",
        "the five of He et al. (2015), table 1",
        names("resnet{}", *IMAGENET),
        imagenet,
        versions=("v1", "v1.5", "v2"),
        shortcuts=("B", "A", "C"),
    ),
    Family(
        r"plain(18|34)",
        "the same without shortcuts",
        names("plain{}", 18, 34),
        imagenet,
        shortcuts=("none",),
    ),
    Family(
        r"cifar-resnet(\d+)",
        "any depth 6n + 2 from 8 to 1202",
        names("cifar-resnet{}", 20, 32, 44, 56, 110, 1202),
        cifar_resnet,
        versions=("v1", "v1-no-relu", "v1-one-norm", "v2"),
        shortcuts=("A", "B", "C"),
        classes=10,
    ),
    Family(
        r"cifar-plain(\d+)",
        "the same without shortcuts",
        names("cifar-plain{}", 20, 32, 44, 56),
        cifar_resnet,
        shortcuts=("none",),
        classes=10,
    ),
    Family(
        r"wrn-(\d+)-(\d+)",
        "depth 6n + 4 from 10 to 1204, widening factor",
        ("wrn-16-8", "wrn-28-10", "wrn-40-4"),
        wide_resnet,
        versions=("v2",),
        classes=10,
    ),
    Family(
        r"d2l-resnet18",
        "with d2l's biases",
        ("d2l-resnet18",),
        d2l_resnet18,
        classes=10,
    ),
    Family(
        r"gluon-resnet(18|34|50|101|152)",
        "as in Gluon's model zoo",
        names("gluon-resnet{}", *IMAGENET),
        gluon_resnet,
        versions=("v1", "v2"),
    ),
    Family(
        r"tensorflow-resnet34",
        "after TensorFlow's official models: images of 224x224",
        ("tensorflow-resnet34",),
        tensorflow_resnet34,
    ),
    Family(
        r"resnext50-32x4d",
        "a bottleneck in groups",
        ("resnext50-32x4d",),
        resnext50,
        versions=("v1.5",),
    ),
    Family(
        r"se-resnet50",
        "squeeze and excitation",
        ("se-resnet50",),
        se_resnet50,
        versions=("v1", "v1.5"),
    ),
)


def architecture_families() -> tuple[Family, ...]:
    """The families, with the options that each of them has."""
    return FAMILIES


def architecture_names() -> list[str]:
    """Names that `architecture` knows; of the families without end, the usual members."""
    return [name for family in FAMILIES for name in family.examples]


def family_of(name: str) -> tuple[Family, list[int]]:
    """The family of a name and the numbers in it, or a ConfigError with the nearest names."""
    for family in FAMILIES:
        found = re.fullmatch(family.pattern, str(name), re.ASCII)
        if found:
            return family, [int(number) for number in found.groups()]
    raise unknown_name("architecture", name, architecture_names())


def architecture(
    name: str,
    classes: "int | None" = None,
    version: "str | None" = None,
    shortcut: "str | None" = None,
) -> Architecture:
    """The architecture called `name`, as data.

    Arguments: `classes`, the width of the head; `version`, where stride, normalization and ReLU
    sit: "v1", "v1.5", "v1-no-relu", "v1-one-norm" or "v2"; `shortcut`, how a block adds its input:
    "A", "B" or "C".  None takes the usual: 1000 classes, v1 and B for ImageNet, 10 classes, v1 and
    A for CIFAR.
    Raises ConfigError for an unknown name or option, naming the valid ones.
    Source: the paper that each family names.  Chapter "From a table to a family".

    >>> architecture("resnet18", classes=10).depths
    (2, 2, 2, 2)
    """
    family, numbers = family_of(name)
    classes = family.classes if classes is None else classes
    version = family.versions[0] if version is None else version
    shortcut = family.shortcuts[0] if shortcut is None else shortcut
    if version not in family.versions:
        raise unknown_name(f"version of {name}", version, family.versions)
    if shortcut not in family.shortcuts:
        raise unknown_name(f"shortcut of {name}", shortcut, family.shortcuts)
    if type(classes) is not int or classes < 1:
        raise ConfigError(f"classes: {classes!r}; expected a whole number of at least 1.")
    return family.make(name, *numbers, classes=classes, version=version, shortcut=shortcut)
