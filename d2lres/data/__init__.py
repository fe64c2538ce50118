"""Fashion-MNIST and CIFAR-10: find, fetch, verify, iterate.  Start with `load_fashion_mnist`.

The files in the order of explanation: `sets` (what there is), `formats` (how a file is read),
`find` (where it lies), `checksums` (is it right?), `dataset` (into memory), `iterators` (into
batches); `downloading` and `fetching` (from the network), and `make_samples` (how the samples that
ship in this package were made).
"""

from .checksums import FileCheck, verify
from .dataset import Dataset, load
from .fetching import fetch
from .find import Candidate, candidates, where
from .sets import SETS

ITERATORS = ("BatchIterator", "load_cifar10", "load_fashion_mnist")
__all__ = [
    "SETS",
    "Candidate",
    "Dataset",
    "FileCheck",
    "candidates",
    "fetch",
    "load",
    "verify",
    "where",
    *ITERATORS,
]


def __getattr__(name):
    """The iterators, on first use: only they need MXNet, which takes seconds to import."""
    if name in ITERATORS:
        from . import iterators

        return getattr(iterators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
