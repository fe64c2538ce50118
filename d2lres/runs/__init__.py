"""Recorded runs: train a recipe and write down everything that decided the result.

A run is a folder with `run.json`; the chapters plot those files.  A figure that nobody ran has no
file to come from.
The files in the order of explanation: `records` (what lies in the folder), `origin` (the machine
and the commit), `parts` (what a recipe trains), `recording` (train and write), `testing` (test the
weights again).

Explained in the chapter "Training on Fashion-MNIST".
"""

from .parts import build_net, initializer, iterators, load_features, normalization
from .recording import confusion, train_recipe
from .records import CHECKPOINT, WEIGHTS, Run, load_run, recorded, weights_of
from .testing import evaluate_run, recalibrate_run

__all__ = [
    "CHECKPOINT",
    "WEIGHTS",
    "Run",
    "build_net",
    "confusion",
    "evaluate_run",
    "initializer",
    "iterators",
    "load_features",
    "load_run",
    "normalization",
    "recalibrate_run",
    "recorded",
    "train_recipe",
    "weights_of",
]
