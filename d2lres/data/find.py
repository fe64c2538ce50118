"""Where a data set lies: the places searched, in order, and what was found in each.

A place may hold a set as any of the common programs leaves it: as files in a folder, in their own
spelling, or as the archive that holds them.  What they hold is read by `contents`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError, DataError
from . import sets

DEBIAN = Path("/usr/share/datasets")  # the package dataset-fashion-mnist installs there

# The folders that programs make for a set ("." where they make none), and those that lie in these.
HOMES = {
    "fashion-mnist": ("fashion-mnist", "FashionMNIST", "."),  # here, Gluon and Keras; torchvision
    "cifar-10": ("cifar-10", "cifar10", "."),  # here; Gluon; torchvision and Keras
}
INSIDE = {
    "fashion-mnist": (".", "raw"),  # torchvision
    "cifar-10": (
        ".",
        "cifar-10-batches-bin",  # the archives of the set's author
        "cifar-10-batches-py",
        "cifar-10-batches-py/cifar-10-batches-py",  # Keras 3, first and later
        "cifar-10-batches-py-target/cifar-10-batches-py",
    ),
}
# The author's archives: the records; the same for Python, and under the names that Keras gives it.
ARCHIVES = {
    "fashion-mnist": (),
    "cifar-10": (
        "cifar-10-binary.tar.gz",
        "cifar-10-python.tar.gz",
        "cifar-10-batches-py.tar.gz",
        "cifar-10-batches-py-target_archive",
    ),
}
# A file of this kind in the place itself is worth a mention where the set is not found.
RESEMBLES = {
    "fashion-mnist": re.compile("fashion|ubyte", re.IGNORECASE),
    "cifar-10": re.compile("cifar|batch", re.IGNORECASE),
}


# --- places --------------------------------------------------------------------------------------


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


# --- files and archives --------------------------------------------------------------------------


def spelled(name: str) -> str:
    """A file's name as its authors spell it: without a browser's "(1)", a dash for Kaggle's dot."""
    return re.sub(r" ?\(\d+\)", "", name).replace(".idx", "-idx")


def stored_names(name: str) -> tuple[str, ...]:
    """What a file of a set may be called: its name in `sets`, or CIFAR-10's for Python."""
    return (name, name.removesuffix(".bin"))


def entries(folder: Path) -> dict[str, list[Path]]:
    """What lies in `folder` by its authors' name, in any spelling, the shortest first."""
    found = {}
    try:
        names = os.listdir(folder)
    except OSError:  # no folder, or one that may not be looked into
        names = []
    for name in sorted(names, key=lambda name: (len(name), name)):
        found.setdefault(spelled(name), []).append(folder / name)
    return found


def files_called(name: str, found: dict[str, list[Path]]) -> list[Path]:
    """The files of that name among `entries`, and in folders of that name, which Kaggle makes.

    Where there is none, what has the name and is none, such as a folder or a broken link: who reads
    it says so, as of a damaged file.
    """
    paths = found.get(name, [])
    inner = [path for folder in paths for path in entries(folder).get(name, [])]
    return [path for path in (*paths, *inner) if os.path.isfile(path)] or paths


def files_in(folder: Path, data_set: sets.DataSet) -> dict[str, Path]:
    """The set's files in `folder`, by their names in `sets`: plain, compressed, or for Python."""
    there, files = entries(folder), {}
    for name, _ in data_set.files:
        ours = (folder / name, folder / f"{name}.gz")  # as `fetch` leaves them, so they come first
        spellings = dict.fromkeys((name, f"{name}.gz", *stored_names(name)))
        paths = [path for spelling in spellings for path in files_called(spelling, there)]
        if paths:
            files[name] = min(paths, key=lambda path: (not os.path.isfile(path), path not in ours))
    return files


def folders(place: Path, data_set: sets.DataSet) -> list[Path]:
    """The folders at or below `place` in which the set is looked for, best first."""
    name = data_set.name
    return [place / home / inside for home in HOMES[name] for inside in INSIDE[name]]


def copies(place: Path, data_set: sets.DataSet) -> Iterator[Path]:
    """Every copy at or below `place`, best first: folders with all the files, then archives.

    Of both, those come last in which something else has a file's name.
    A place can also be an archive itself, as `where` gives it.
    """
    if ARCHIVES[data_set.name] and os.path.isfile(place):
        yield place
    searched = folders(place, data_set)
    whole = [f for f in searched if len(files_in(f, data_set)) == len(data_set.files)]
    yield from sorted(
        whole, key=lambda f: not all(map(os.path.isfile, files_in(f, data_set).values()))
    )
    archives = []
    for folder in searched:
        there = entries(folder)
        for name in ARCHIVES[data_set.name]:
            # some browsers unpack the .gz
            for spelling in dict.fromkeys((name, name.removesuffix(".gz"))):
                archives += files_called(spelling, there)
    yield from sorted(archives, key=lambda path: not os.path.isfile(path))


# --- what was found ------------------------------------------------------------------------------


class Candidate(NamedTuple):
    """One place that was searched: why, where, and the folder or archive there (or None)."""

    origin: str
    place: Path
    found: Path | None


def candidates(name: str, root=None) -> list[Candidate]:
    """Every place searched for the set, best first, and what is there.

    Args: `name`, "fashion-mnist" or "cifar-10"; `root`, a folder to search before all others.
    Raises ConfigError for an unknown name, of a set or of a user's home folder.  Explained in
    "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    return [
        Candidate(origin, place, next(copies(place, data_set), None))
        for origin, place in places(root)
    ]


def where(name: str, root=None) -> Path | None:
    """The folder or the archive that holds the full set, or None.

    Arguments and errors as for `candidates`.
    """
    return next((c.found for c in candidates(name, root) if c.found), None)


def resembling(place: Path, data_set: sets.DataSet) -> list[str]:
    """What lies at or below `place` and looks like the set, with what it lacks."""
    if os.path.isfile(place):
        return [f"{place}, which is no folder"]
    searched, incomplete, others = folders(place, data_set), [], []
    for folder in searched:
        files = files_in(folder, data_set)
        lacking = [name for name, _ in data_set.files if name not in files]
        if files:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            incomplete.append(f"{folder} without {lacking[0]}{more}")
            continue
        others += [
            str(path)
            for paths in entries(folder).values()
            for path in paths
            if path not in searched
            and (folder != place or RESEMBLES[data_set.name].search(path.name))
        ]
    return incomplete + others


def missing(data_set: sets.DataSet, root=None) -> DataError:
    """The error for a set that is in none of the places searched; it says what was seen there."""
    searched = [place for _, place in places(root)]
    seen = [what for place in searched for what in resembling(place, data_set)]
    if len(seen) > 4:
        seen[4:] = [f"{len(seen) - 4} more"]
    found = f"not found in {', '.join(map(str, searched))}"
    found += f" (seen: {', '.join(seen)})" if seen else ""
    (first, _), *_, (last, _) = data_set.files
    expected = f"its {len(data_set.files)} files, {first} to {last}"
    expected += f", or {data_set.archive}" if data_set.archive else ""
    return DataError(
        f"{data_set.name}: {found}; expected {expected}. "
        f"Run `d2lres data fetch {data_set.name}`, or use the sample."
    )
