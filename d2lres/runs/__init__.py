"""Recorded runs: train a recipe and write down everything that decided the result.

A run is a folder with `run.json`; the chapters plot those files.  A figure that nobody ran has no
file to come from.  The book's own runs lie in the folder `runs/` of the repository, which an
installed package has as `d2lres/recorded`; this room reads and writes such folders.

The files in the order of explanation: `records` (what lies in the folder), `origin` (the machine
and the commit), `parts` (what a recipe trains), `recording` (train and write), `testing` (test the
weights again), `exporting` (hand them to other programs); `experiments`, which runs the book
compares, and to answer what.

Explained in the chapter "Training on Fashion-MNIST".
"""

from .experiments import (
    EXPERIMENTS,
    Comparison,
    Experiment,
    check_data,
    experiment_names,
    find_experiment,
    results,
    run_experiment,
    tabulate,
)
from .exporting import FORMS, export_run
from .parts import (
    build_net,
    initializer,
    iterators,
    load_features,
    normalization,
    trained_net,
    with_photographs,
)
from .recording import confusion, train_recipe
from .records import CHECKPOINT, WEIGHTS, Run, find_run, load_run, recorded, weights_of
from .testing import evaluate_run, recalibrate_run

__all__ = [
    "CHECKPOINT",
    "EXPERIMENTS",
    "FORMS",
    "WEIGHTS",
    "Comparison",
    "Experiment",
    "Run",
    "build_net",
    "check_data",
    "confusion",
    "evaluate_run",
    "experiment_names",
    "export_run",
    "find_experiment",
    "find_run",
    "initializer",
    "iterators",
    "load_features",
    "load_run",
    "normalization",
    "recalibrate_run",
    "recorded",
    "results",
    "run_experiment",
    "tabulate",
    "train_recipe",
    "trained_net",
    "weights_of",
    "with_photographs",
]
