"""Where a data set lies: the places searched, in order, and what was found in each."""

import os
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError, DataError
from . import sets

DEBIAN = Path("/usr/share/datasets")  # the package dataset-fashion-mnist installs there
# The folders that common programs unpack CIFAR-10 into; "." is the place itself.
FOLDERS = {
    "fashion-mnist": ("fashion-mnist", "."),
    "cifar-10": ("cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin", "."),
}


class Candidate(NamedTuple):
    """One place that was searched: why, where, and the folder that holds the files (or None)."""

    origin: str
    place: Path
    found: Path | None


def cache() -> Path:
    """The user's cache for data sets, where `fetch` writes when it is told nowhere else."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("d2lres", appauthor=False))


def expanded(place, origin: str = "root") -> Path:
    """A folder as a user writes it, in full: `~` and `~name` are home folders.

    Raises ConfigError where nobody of that name has one.  `origin` says who named the folder.
    """
    path = os.path.expanduser(place)
    if str(path).startswith("~"):
        found = f"{origin} {str(place)!r}: no user of that name"
        raise ConfigError(f"{found}; expected a folder. Write its whole path.")
    return Path(path).absolute()


def places(root=None) -> list[tuple[str, Path]]:
    """The folders in which data may lie, best first, each with the reason; an empty name is none.

    Raises what `expanded` raises.
    """
    named = [
        ("--root", root),
        ("$D2LRES_DATA", os.environ.get("D2LRES_DATA")),
        ("user cache", cache()),
        ("Debian", DEBIAN),
    ]
    return [(origin, expanded(place, origin)) for origin, place in named if place]


def file_in(folder: Path, name: str) -> Path | None:
    """The file `name` in `folder`, plain or compressed."""
    for suffix in ("", ".gz"):
        if os.path.isfile(folder / (name + suffix)):  # False too where it may not be looked at
            return folder / (name + suffix)
    return None


def folder_in(place: Path, data_set: sets.DataSet) -> Path | None:
    """The folder at or below `place` that holds every file of the set."""
    for sub in FOLDERS[data_set.name]:
        if all(file_in(place / sub, name) for name, _ in data_set.files):
            return place / sub
    return None


def candidates(name: str, root=None) -> list[Candidate]:
    """Every place searched for the set, best first, and what is there.

    Args: `name`, "fashion-mnist" or "cifar-10"; `root`, a folder to search before all others.
    Raises ConfigError for an unknown name, of a set or of a user's home folder.  Explained in
    "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    return [Candidate(origin, place, folder_in(place, data_set)) for origin, place in places(root)]


def where(name: str, root=None) -> Path | None:
    """The folder that holds the full set, or None.  Arguments and errors as for `candidates`."""
    return next((c.found for c in candidates(name, root) if c.found), None)


def missing(data_set: sets.DataSet, root=None) -> DataError:
    """The error for a set that is in none of the places searched."""
    searched = ", ".join(str(place) for _, place in places(root))
    return DataError(
        f"{data_set.name}: not found in {searched}; expected its {len(data_set.files)} "
        f"files. Run `d2lres data fetch {data_set.name}`, or use the sample."
    )
