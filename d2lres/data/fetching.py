"""Fetch a data set: find it, or download it, check it, and only then give it its name."""

import os
import shutil
from pathlib import Path

from ..files import locked
from . import find, sets
from .checksums import digest, verify_copy
from .contents import SLACK, files_of
from .downloading import discard, download, no_space, write, writing
from .formats import Damaged, read_content


def mirror_folders(data_set: sets.DataSet) -> list[str]:
    """The folders on servers to try: those of $D2LRES_MIRRORS if it is set, else the known ones.

    $D2LRES_MIRRORS holds addresses with blanks between; each has a folder for every set, such as
    ADDRESS/fashion-mnist/train-images-idx3-ubyte.gz.  For schools, and for tests.
    """
    own = os.environ.get("D2LRES_MIRRORS", "").split()
    return [f"{url.rstrip('/')}/{data_set.name}/" for url in own] or list(data_set.mirrors)


def sync(folder: Path) -> None:
    """Make the new names in `folder` survive a power cut, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    except OSError:
        pass


def install(part: Path, path: Path, data_set: sets.DataSet) -> None:
    """Give a checked file its name, at once and in place of what was there."""
    with writing(path.parent, data_set.disk):
        os.replace(part, path)
        discard(part)  # its state
        if path.suffix == ".gz" and os.path.isfile(path.with_suffix("")):
            path.with_suffix("").unlink()  # else a damaged plain file is read first
    sync(path.parent)


def fetch_files(data_set: sets.DataSet, target: Path, urls, progress: bool, refused) -> None:
    """Download each file of the set as NAME.gz; those that are there and right are left alone."""
    there = find.files_in(target, data_set)
    for i, (name, size) in enumerate(data_set.files):

        def check(path, i=i, size=size):
            found = digest(read_content(path, size, data_set.name))
            expected = data_set.copies[0].sha256[i]
            if found != expected:
                raise Damaged(path, f"SHA-256 {found} of the content", expected, data_set.name)

        damaged = []
        if name in there:
            try:
                check(there[name])
                continue
            except Damaged as error:  # replace it
                damaged = [error.reason] if error.reason not in refused else []
        part = target / f"{name}.gz.part"
        download(
            [f"{url}{name}.gz" for url in urls],
            part,
            size + SLACK,
            data_set.disk,
            check,
            progress,
            [*refused, *damaged],
        )
        install(part, target / f"{name}.gz", data_set)


def unpack(data_set: sets.DataSet, copy: Path, target: Path) -> None:
    """Put the files that a checked copy of the set holds into `target`, under their real names."""
    parts = {name: target / f"{name}.part" for name, _ in data_set.files}
    try:
        for name, _, content in files_of(data_set, copy):
            with writing(target, data_set.disk), open(parts[name], "wb", buffering=0) as file:
                write(file, content)
                os.fsync(file.fileno())
        for name, part in parts.items():
            install(part, target / name, data_set)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def fetch_archive(data_set: sets.DataSet, target: Path, urls, progress: bool, refused) -> None:
    """Download the archive, check it, and put the files that it holds in its place."""
    archive = target / f"{data_set.archive}.part"
    download(
        [url + data_set.archive for url in urls],
        archive,
        sum(size for _, size in data_set.files) + SLACK,
        data_set.disk,
        lambda path: verify_copy(data_set, path),
        progress,
        refused,
    )
    unpack(data_set, archive, target)
    discard(archive)


def fetch(name: str, root=None, progress: bool = True, mirrors=None) -> Path:
    """Return the folder or archive of a complete, verified set: one found, else one downloaded.

    Args:
        name: "fashion-mnist" (31 MB to download) or "cifar-10" (170 MB).
        root: the folder to look in and to download into; without it the usual places are searched,
            and the download goes to $D2LRES_DATA or else to the user's cache.
        progress: show a progress bar on stderr.
        mirrors: addresses of folders that hold the files, instead of the known ones and of
            $D2LRES_MIRRORS.

    A download that was interrupted goes on where it stopped.  A damaged set is replaced: by another
    copy on this machine if there is one, else from the network.  Raises ConfigError for an unknown
    name; DataError where no mirror has the right content, the disk is full, or the folder cannot be
    written.  Explained in "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    places = [place for _, place in find.places(root)][: 1 if root else None]
    good, refused = None, []
    for copy in (copy for place in places for copy in find.copies(place, data_set)):
        try:
            verify_copy(data_set, copy)
            good = copy
            break
        except Damaged as error:
            refused.append(error.reason)
    if good and not refused:
        return good
    target = places[0] / name  # searched before whatever is damaged
    with writing(target, data_set.disk):
        target.mkdir(parents=True, exist_ok=True)
        here = sum(path.stat().st_size for path in target.iterdir())
    urls = [url.rstrip("/") + "/" for url in mirrors or mirror_folders(data_set)]
    with locked(target, "downloading into it"):
        if shutil.disk_usage(target).free + here < data_set.disk:
            raise no_space(target, data_set.disk)
        if good:
            unpack(data_set, good, target)
        else:
            download_set = fetch_archive if data_set.archive else fetch_files
            download_set(data_set, target, urls, progress, refused)
    verify_copy(data_set, target)
    return target
