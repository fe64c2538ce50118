"""The book's experiments: `plan` is plain data, `recording` runs them, `results` tabulates them.
`comparing` says which differences are more than chance.

An experiment is a list of recipes and seeds.  Its runs are recorded one after another, in
`runs/RECIPE-SEED`, and can be interrupted and continued at any point.  A run that answers two
questions is recorded once.
Explained in the chapters that show them.
"""

from .comparing import Comparison, paired_difference
from .plan import EXPERIMENTS, Experiment, experiment_names, find_experiment
from .recording import SMALL, check_data, missing_runs, run_experiment
from .results import recorded_runs, results, tabulate

__all__ = [
    "EXPERIMENTS",
    "SMALL",
    "Comparison",
    "Experiment",
    "check_data",
    "experiment_names",
    "find_experiment",
    "missing_runs",
    "paired_difference",
    "recorded_runs",
    "results",
    "run_experiment",
    "tabulate",
]
