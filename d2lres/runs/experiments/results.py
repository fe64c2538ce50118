"""What is recorded, as a table."""

from pathlib import Path

from ...files import write_whole
from ...structure import Table
from ..records import load_run


def recorded_runs(root) -> dict[str, list]:
    """The runs under a folder by name, those that differ in the seed alone together."""
    groups = {}
    for path in sorted(Path(root).rglob("run.json")):
        run = load_run(path.parent)
        name = path.parent.relative_to(root).as_posix()
        seed = f"-{run.record['settings']['seed']}"
        groups.setdefault(name.removesuffix(seed), []).append(run)
    return groups


def results(root) -> Table:
    """A row a net and data: epochs, and the last accuracies with their spread over the seeds.

    Argument: the folder that holds the runs.
    """
    rows = []
    for name, runs in recorded_runs(root).items():
        first, done = runs[0], min(len(run.history.epochs) for run in runs)
        epochs = (
            f"{done}" if done == first.recipe.num_epochs else f"{done}/{first.recipe.num_epochs}"
        )
        lasts = [run.history.epochs[-1] for run in runs]
        accuracies = (spread([e.train_acc for e in lasts]), spread([e.test_acc for e in lasts]))
        label, params = first.record["data"]["label"], f"{first.record['params']:,}"
        rows.append((name, label, str(len(runs)), epochs, params, *accuracies))
    header = ("run", "data", "seeds", "epochs", "params", "train accuracy", "test or validation")
    return Table("Recorded runs: means, and the lowest and highest", header, tuple(rows), left=2)


def spread(values) -> str:
    """One value, or the mean of several with the lowest and the highest."""
    if None in values:  # a run that is under way, and not tested yet
        return "not yet"
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.4f}"
    return f"{mean:.4f} ({min(values):.4f} to {max(values):.4f})"


MARK = "<!-- made by `d2lres experiments table` -->"


def tabulate(root) -> None:
    """Put the table of results at the end of the folder's README.md, in place of an older one."""
    readme = Path(root) / "README.md"
    text = readme.read_text() if readme.exists() else "# Recorded runs\n\n"
    text = f"{text.split(MARK)[0].rstrip()}\n\n{MARK}\n\n{results(root).to_markdown()}\n"
    write_whole(readme, text.encode())
