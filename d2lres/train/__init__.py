"""Training and evaluation on one device or several: the loop that the book explains.

The files in the order of explanation: `losses` (of a batch), `passes` (one pass over the images),
`testing` (what was learned), `workers` (several processes that share the batches), `fitting` (a
whole training).

Explained in the chapters "Training on Fashion-MNIST" and "A modern recipe, piece by piece".
"""

from .fitting import fit
from .losses import CrossEntropy, MixedLoss, mixed
from .passes import train_epoch
from .testing import evaluate, predict, recalibrate

__all__ = [
    "CrossEntropy",
    "MixedLoss",
    "evaluate",
    "fit",
    "mixed",
    "predict",
    "recalibrate",
    "train_epoch",
]
