"""Names that are imported when they are first used (PEP 562), so that nobody waits for the rest."""

import sys
from importlib import import_module


def on_first_use(package: str, homes: dict[str, str]):
    """The functions `__getattr__` and `__dir__` of a package.

    Arguments: `package`, its name; `homes`, the module below it that each name comes from.
    """
    here = vars(sys.modules[package])

    def __getattr__(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{homes[name]}", package), name)
        here[name] = value  # the next look-up does not come here
        return value

    return __getattr__, lambda: sorted({*here, *homes})
