"""Fashion-MNIST and CIFAR-10: find, fetch, verify, iterate.  Start with `load_fashion_mnist`.

The files in the order of explanation: `sets` (what there is), `formats` (how a file is read),
`find` (where it lies), `load` (into memory), `iterators` (into batches).
"""

from .find import candidates, where
from .load import Dataset, load
from .sets import SETS
from .verify import FileCheck, verify

ITERATORS = ("BatchIterator", "load_cifar10", "load_fashion_mnist")
__all__ = ["SETS", "Dataset", "FileCheck", "candidates", "load", "verify", "where", *ITERATORS]


def __getattr__(name):
    """The iterators, on first use: only they need MXNet, which takes seconds to import."""
    if name in ITERATORS:
        from . import iterators

        return getattr(iterators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
