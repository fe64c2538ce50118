"""A recorded run as it lies in its folder: read it, find it by name, write it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, unknown_name
from ..files import write_whole
from ..train import History, Recipe

WEIGHTS, CHECKPOINT = "net.params", "checkpoint"


@dataclass(frozen=True)
class Run:
    """A recorded run: `folder`, the `record` (run.json as read) and its `history`."""

    folder: Path
    record: dict
    history: History

    @property
    def recipe(self) -> Recipe:
        """The recipe that was trained."""
        return Recipe(**self.record["recipe"])

    @property
    def normalization(self) -> tuple | None:
        """The means and the deviations of the channels that its images were normalized with."""
        found = self.record["normalization"]
        return found and (tuple(found["means"]), tuple(found["deviations"]))


#: The parts of a record that others read, and their types.
PARTS = {
    "recipe": dict,
    "settings": {"data": str, "seed": int},
    "data": {"label": str, "sha256": str},
    "normalization": dict | None,
    "machine": dict,
    "commit": str | None,
    "params": int,
    "history": list,
    "final": dict,
}
FINAL = {"test_acc": float, "confusion": list}  # in the end; a run that is under way has nothing


def check_parts(found, parts: dict, place: str = "the record") -> None:
    """Raise ValueError where `found` is no dict with these parts of these types."""
    if not isinstance(found, dict):
        raise ValueError(f"{place} is {found!r}, not a table")
    for name, kind in parts.items():
        if name not in found:
            raise ValueError(f"{place} is without {name!r}")
        if isinstance(kind, dict):
            check_parts(found[name], kind, repr(name))
        elif not isinstance(found[name], (int, float) if kind is float else kind):
            raise ValueError(f"{name!r} of {place} is {found[name]!r:.60}")


def load_run(folder) -> Run:
    """Read a recorded run.  Raises DataError when `folder` holds none, or a damaged one."""
    path = Path(folder) / "run.json"
    try:
        record = json.loads(path.read_text())
        check_parts(record, PARTS)
        if record["final"]:
            check_parts(record["final"], FINAL, "'final'")
        run = Run(Path(folder), record, History.from_list(record["history"]))
        if not run.history.epochs:
            raise ValueError("'history' has no epoch")
        _ = run.recipe, run.normalization  # which fail here, and not later, where they are none
        return run
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file; expected a recorded run. `d2lres train RECIPE --out {folder}` "
            "makes one."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: {error}; expected a recorded run. Record it again.") from error


#: Where the book's recorded runs lie: in a checkout, and in an installed package.
RECORDED = (Path(__file__).parents[2] / "runs", Path(__file__).parents[1] / "recorded")


def recorded(name: str) -> Run:
    """The run called `name` of those that come with the book.

    Raises ConfigError, naming the nearest, where there is none; DataError for a damaged one.
    Chapter "Training on Fashion-MNIST".
    """
    for folder in (root / str(name) for root in RECORDED):
        if os.path.isfile(folder / "run.json"):  # whatever was asked: no name is too long for it
            return load_run(folder)
    names = {
        path.parent.relative_to(root).as_posix()
        for root in RECORDED
        for path in root.rglob("run.json")
    }
    raise unknown_name("recorded run", name, sorted(names))


def find_run(name: str) -> Run:
    """The run in the folder called `name`, or else the one of that name that comes with the book.

    Raises as `load_run` and `recorded`.
    """
    return load_run(name) if Path(name).exists() else recorded(name)


def weights_of(run: Run) -> Path:
    """The file with the weights of a recorded run, or a DataError where it kept none."""
    weights = run.folder / WEIGHTS
    if not weights.exists():
        raise DataError(
            f"{weights}: no such file; expected the weights of the run. Few are kept beside "
            "run.json: record it again with `d2lres train` or `d2lres experiments run`."
        )
    return weights


def write_record(folder: Path, record: dict, advice: str) -> None:
    write_whole(folder / "run.json", (json.dumps(record, indent=1) + "\n").encode(), advice)
