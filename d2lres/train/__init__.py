"""Training and evaluation on one device or several: the loop that the book explains.

The files in the order of explanation: `recipes` (everything that decides a training, as data),
`schedules` (learning rates), `history` (what is measured), `labels` (class numbers), `losses` (of
a batch), `passes` (one pass over the images), `testing` (what was learned), `workers` (several
processes that share the batches), `checkpoints` (the state after an epoch), `fitting` (a whole
training).

Explained in the chapters "Training on Fashion-MNIST", "A modern recipe, piece by piece"
and "Images, targets and seeds".
"""

from ..names import on_first_use
from .history import Epoch, History
from .recipes import Recipe, find_recipe, recipe_names
from .schedules import SCHEDULES, constant, cosine, one_cycle, steps

# These need MXNet, which takes seconds to import.
_LATER = {
    "CrossEntropy": "losses",
    "MixedLoss": "losses",
    "mixed": "losses",
    "train_epoch": "passes",
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
    *_LATER,
]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
