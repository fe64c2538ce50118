"""Training and evaluation on one device or several: the loop that the book explains.

The files in the order of explanation: `recipes` (everything that decides a training, as data),
`schedules` (learning rates), `history` (what is measured), `labels` (class numbers), `passes` (one
pass over the images), `checkpoints` (the state after an epoch), `epochs` (a whole training, on any
engine), `rates` (what a device can do); in MXNet `batches` (as arrays), `losses` (of a batch),
`testing` (what was learned), `workers` (several processes that share the batches), `gluon_engine`
(one step), `fitting` (all of it); `torch_workers` and `torch_engine` (the same in PyTorch).

Explained in the chapters "Training on Fashion-MNIST", "A modern recipe, piece by piece"
and "Images, targets and seeds".
"""

from ..names import on_first_use
from .history import Epoch, History
from .passes import train_epoch
from .recipes import Recipe, find_recipe, recipe_names
from .schedules import SCHEDULES, constant, cosine, one_cycle, steps

# These need MXNet, which takes seconds to import.
_LATER = {
    "CrossEntropy": "losses",
    "MixedLoss": "losses",
    "mixed": "losses",
    "train_step": "gluon_engine",
    "evaluate": "testing",
    "predict": "testing",
    "recalibrate": "testing",
    "fit": "fitting",
}
__all__ = [
    "SCHEDULES",
    "Epoch",
    "History",
    "Recipe",
    "constant",
    "cosine",
    "find_recipe",
    "one_cycle",
    "recipe_names",
    "steps",
    "train_epoch",
    *_LATER,
]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
