"""Fetch a data set: find it, or download it, check it, and only then give it its name."""

import gzip
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from . import find, sets
from .checksums import digest, edition, verify_folder, wrong_checksum
from .downloading import discard, download, locked, no_space, write, writing
from .formats import Damaged, read_content

SLACK = 1 << 20  # bytes that a compressed file may be longer than its content, or tar headers take


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
        if path.suffix == ".gz":
            path.with_suffix("").unlink(missing_ok=True)  # else a damaged plain file is read first
    sync(path.parent)


def fetch_files(data_set: sets.DataSet, target: Path, urls: list[str], progress: bool) -> None:
    """Download each file of the set as NAME.gz; those that are there and right are left alone."""
    for i, (name, size) in enumerate(data_set.files):

        def check(path, i=i, size=size):
            found = digest(read_content(path, size, data_set.name))
            expected = data_set.copies[0].sha256[i]
            if found != expected:
                raise Damaged(path, f"SHA-256 {found} of the content", expected, data_set.name)

        here = find.file_in(target, name)
        if here:
            try:
                check(here)
                continue
            except Damaged:
                pass  # replace it
        part = target / f"{name}.gz.part"
        download(
            [f"{url}{name}.gz" for url in urls], part, size + SLACK, data_set.disk, check, progress
        )
        install(part, target / f"{name}.gz", data_set)


class Bounded:
    """A file to read from, of no more than `limit` bytes: a decompression bomb ends here."""

    def __init__(self, file, limit: int):
        self.file, self.left = file, limit

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise tarfile.ReadError("far more content than expected")
        return data


def members(archive: Path, data_set: sets.DataSet):
    """Yield (name, content) of the set's files in a .tar.gz; every other member is passed over.

    Only names that we know come out, without their folders, so no member can choose where it is
    written.  Raises Damaged.
    """
    sizes = dict(data_set.files)
    try:
        with gzip.open(archive) as raw:
            limited = Bounded(raw, sum(sizes.values()) + SLACK)
            with tarfile.open(fileobj=limited, mode="r|") as tar:
                for member in tar:
                    name = PurePosixPath(member.name).name
                    if name in sizes and member.isreg():
                        if member.size != sizes[name]:
                            raise Damaged(
                                archive,
                                f"{name} of {member.size:,} bytes",
                                f"{sizes[name]:,}",
                                data_set.name,
                            )
                        yield name, tar.extractfile(member).read()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise Damaged(
            archive, f"damaged archive ({error})", "a complete .tar.gz", data_set.name
        ) from error


def check_archive(archive: Path, data_set: sets.DataSet) -> None:
    """Raise Damaged unless the archive holds one known edition of the set, complete."""
    digests = {name: digest(content) for name, content in members(archive, data_set)}
    names = [name for name, _ in data_set.files]
    if set(digests) != set(names):
        raise Damaged(archive, f"{len(digests)} of the files", ", ".join(names), data_set.name)
    found = [digests[name] for name in names]
    if edition(data_set, found) == "unverified":
        raise wrong_checksum(data_set, [archive] * len(names), found)


def fetch_archive(data_set: sets.DataSet, target: Path, urls: list[str], progress: bool) -> None:
    """Download the archive, check it, and put the files that it holds in its place."""
    archive = target / f"{data_set.archive}.part"
    limit = sum(size for _, size in data_set.files) + SLACK
    download(
        [url + data_set.archive for url in urls],
        archive,
        limit,
        data_set.disk,
        lambda path: check_archive(path, data_set),
        progress,
    )
    parts = {name: target / f"{name}.part" for name, _ in data_set.files}
    try:
        for name, content in members(archive, data_set):
            with writing(target, data_set.disk), open(parts[name], "wb", buffering=0) as file:
                write(file, content)
                os.fsync(file.fileno())
        for name, part in parts.items():
            install(part, target / name, data_set)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    discard(archive)


def fetch(name: str, root=None, progress: bool = True, mirrors=None) -> Path:
    """Return the folder of a complete, verified set: the one found, else a downloaded one.

    Args:
        name: "fashion-mnist" (31 MB to download) or "cifar-10" (170 MB).
        root: the folder to look in and to download into; without it the usual places are searched,
            and the download goes to $D2LRES_DATA or else to the user's cache.
        progress: show a progress bar on stderr.
        mirrors: addresses of folders that hold the files, instead of the known ones and of
            $D2LRES_MIRRORS.

    A download that was interrupted goes on where it stopped.  A damaged set is replaced.  Raises
    ConfigError for an unknown name; DataError where no mirror has the right content, the disk is
    full, or the folder cannot be written.  Explained in "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    _, place = find.places(root)[0]
    found = find.folder_in(place, data_set) if root else find.where(name)
    if found:
        try:
            verify_folder(data_set, found)
            return found
        except Damaged:
            pass  # download it anew; the folder below is searched before the damaged one
    target = place / name
    with writing(target, data_set.disk):
        target.mkdir(parents=True, exist_ok=True)
        here = sum(path.stat().st_size for path in target.iterdir())
    urls = [url.rstrip("/") + "/" for url in mirrors or mirror_folders(data_set)]
    with locked(target):
        if shutil.disk_usage(target).free + here < data_set.disk:
            raise no_space(target, data_set.disk)
        (fetch_archive if data_set.archive else fetch_files)(data_set, target, urls, progress)
    verify_folder(data_set, target)
    return target
