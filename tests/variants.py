"""Every architecture that is registered, in every version and with every shortcut."""

import pytest

from d2lres.structure import architecture, architecture_families

VARIANTS = [
    pytest.param(name, version, shortcut, id=f"{name}-{version}-{shortcut}")
    for family in architecture_families()
    for name in family.examples
    for version in family.versions
    for shortcut in family.shortcuts
]

#: A last pool of fixed windows: smaller images do not fit, and on larger ones the head grows.
FIXED = {"tensorflow-resnet34"}


def fitting(name, shape):
    """A shape to try every net at; for a net of a fixed size, that one."""
    return architecture(name).input_shape if name in FIXED else shape
