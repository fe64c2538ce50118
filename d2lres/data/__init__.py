"""Fashion-MNIST and CIFAR-10: find, fetch, verify, iterate.  Start with `load_fashion_mnist`.

The files in the order of explanation: `sets` (what there is), `formats` and `pickled` (how a file
is read), `find` (where it lies), `contents` (of folders and archives), `checksums` (is it right?),
`dataset` (into memory), `order` (of the images); `decoding` (an image file as RGB), `class_folders`
and `recordio` (where such files lie) and `folder` (photographs, cut to one size); `augment` (random
changes); `iterators` (into batches), `torch_batches` (the same, on the device of a training in
PyTorch); `downloading` and `fetching` (from the network), and `make_samples` (how the samples that
ship in this package were made).
"""

from ..names import on_first_use
from .checksums import FileCheck, verify
from .dataset import Dataset, load
from .fetching import fetch
from .find import Candidate, cache, candidates, where
from .order import check_arguments
from .sets import SETS

# These need MXNet, or PyTorch, which take seconds to import.
_LATER = {
    "BatchIterator": "iterators",
    "load_cifar10": "iterators",
    "load_fashion_mnist": "iterators",
    "augmentation": "augment",
    "PhotoIterator": "iterators",
    "photographs": "folder",
    "TorchBatches": "torch_batches",
    "TorchPhotos": "torch_batches",
}
__all__ = [
    "SETS",
    "Candidate",
    "Dataset",
    "FileCheck",
    "cache",
    "candidates",
    "check_arguments",
    "fetch",
    "load",
    "verify",
    "where",
    *_LATER,
]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
