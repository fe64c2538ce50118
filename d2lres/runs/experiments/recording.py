"""Record the runs of an experiment, one after another; go on where an earlier try stopped."""

from collections.abc import Callable
from pathlib import Path

from ...data import load
from ...errors import DataError, InUse
from ..recording import train_recipe
from ..records import CHECKPOINT, WEIGHTS, load_run
from .plan import Experiment

#: Weights of at most so many bytes can be kept beside a record, for the chapters to look into.
SMALL = 5_000_000


def finished(folder: Path) -> bool:
    """Whether a folder holds a run that came to its end."""
    if not (folder / "run.json").exists():
        return False
    run = load_run(folder)
    return bool(run.record["final"]) and len(run.history.epochs) == run.recipe.num_epochs


def missing_runs(experiment: Experiment, out) -> list:
    """The (name, recipe, seed) of an experiment's runs that the folder `out` does not have."""
    return [run for run in experiment.runs() if not finished(Path(out) / run[0])]


def check_data(experiment: Experiment, out, data: str | None = None) -> None:
    """See, before hours of training, that the images for the runs that are missing are at hand.

    Arguments as in `run_experiment`.
    Raises DataError where they are not, or are not those that were published.
    """
    choice = data or experiment.data
    missing = missing_runs(experiment, out)
    for name in {recipe.dataset for _, recipe, _ in missing} if choice == "full" else ():
        found = load(name, data="full")
        if found.variant != "full":
            raise DataError(
                f"{found.source}: holds {found.label}; expected {name} (full), the images as they "
                f"were published. `d2lres data fetch {name}` brings them."
            )


def run_experiment(
    experiment: Experiment,
    out,
    *,
    data: str | None = None,
    device=None,
    say: Callable[[str], None] = print,
    progress: bool | None = None,
    keep_weights: bool = False,
    engine: str | None = None,
) -> None:
    """Record the runs of an experiment that are not recorded yet, under the folder `out`.

    Arguments: `data`, "full" or "sample", and `engine`, "mxnet" or "torch" (None: the experiment's
    own); `device` and `progress` as in `train_recipe`; `say`, which is told of every run;
    `keep_weights`, those of every run, of any size (else small ones of the first seed, where the
    experiment says so).  A run that was interrupted goes on where it was; one that another process
    is training is left to it, so that several can share an experiment.
    Raises what `check_data` and `train_recipe` raise.
    """
    check_data(experiment, out, data)
    for name, recipe, seed in experiment.runs():
        folder = Path(out) / name
        if finished(folder):
            say(f"{name}: recorded already")
            continue
        say(f"{name}: {recipe.num_epochs} epochs")
        options = {"data": data or experiment.data, "device": device, "progress": progress}
        options["engine"] = engine or experiment.engine
        try:
            run = train_recipe(recipe, folder, seed=seed, resume=True, **options)
        except InUse:
            say(f"{name}: another process is training it")
            continue
        last = run.history.epochs[-1]
        say(f"{name}: train {last.train_acc:.4f}, test {last.test_acc:.4f}")
        for file in (folder / CHECKPOINT).iterdir():  # its state served its purpose
            file.unlink()
        (folder / CHECKPOINT).rmdir()
        wanted = experiment.weights and seed == experiment.seeds[0]
        small = (folder / WEIGHTS).stat().st_size <= SMALL
        if not (keep_weights or (wanted and small)):
            (folder / WEIGHTS).unlink()
