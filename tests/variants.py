"""Every architecture that is registered, in every version and with every shortcut."""

import pytest

from d2lres.structure import architecture_families

VARIANTS = [
    pytest.param(name, version, shortcut, id=f"{name}-{version}-{shortcut}")
    for family in architecture_families()
    for name in family.examples
    for version in family.versions
    for shortcut in family.shortcuts
]
