"""Recorded runs: train a recipe and write down everything that decided the result.

A run is a folder with `run.json`; the chapters plot those files.  A figure that nobody ran has no
file to come from.  The book's own runs lie in the folder `runs/` of the repository, which an
installed package has as `d2lres/recorded`; this room reads and writes such folders.

The files in the order of explanation: `records` (what lies in the folder), `origin` (the machine
and the commit), `parts` (the net and the images of a recipe), `on_gluon` and `on_torch` (its net in
a framework), `engines` (which of them), `recording` (train and write), `testing` (test the weights
again), `bounds` (how fast it could have been), `exporting` (hand them to other programs);
`experiments`, which runs the book compares, and to answer what.

Explained in the chapter "Training on Fashion-MNIST".
"""

from ..names import on_first_use
from .bounds import check_floor, floor
from .engines import ENGINES, find_engine
from .experiments import (
    EXPERIMENTS,
    Comparison,
    Experiment,
    check_data,
    experiment_names,
    find_experiment,
    missing_runs,
    paired_difference,
    results,
    run_experiment,
    tabulate,
)
from .exporting import FORMS, export_run
from .parts import iterators, normalization, with_photographs
from .recording import confusion, train_recipe
from .records import CHECKPOINT, WEIGHTS, Run, find_run, load_run, recorded, weights_of
from .testing import evaluate_run, recalibrate_run

# These need MXNet, which takes seconds to import.
_LATER = dict.fromkeys(("build_net", "initializer", "load_features", "trained_net"), "on_gluon")
__getattr__, __dir__ = on_first_use(__name__, _LATER)
__all__ = [
    *_LATER,
    "CHECKPOINT",
    "ENGINES",
    "EXPERIMENTS",
    "FORMS",
    "WEIGHTS",
    "Comparison",
    "Experiment",
    "Run",
    "check_data",
    "check_floor",
    "confusion",
    "evaluate_run",
    "experiment_names",
    "export_run",
    "find_engine",
    "find_experiment",
    "find_run",
    "floor",
    "iterators",
    "load_run",
    "missing_runs",
    "normalization",
    "paired_difference",
    "recalibrate_run",
    "recorded",
    "results",
    "run_experiment",
    "tabulate",
    "train_recipe",
    "weights_of",
    "with_photographs",
]
