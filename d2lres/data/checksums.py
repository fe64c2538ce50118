"""Check files against the published checksums: which edition of a data set do they hold?"""

import hashlib
from pathlib import Path
from typing import NamedTuple

from . import find, formats, sets
from .contents import files_of


class FileCheck(NamedTuple):
    """One file that was checked: where, the SHA-256 of its content as released, which edition.

    The path of a file in an archive is that of the archive and the file's name.
    """

    path: Path
    sha256: str
    variant: str


def digest(content: bytes) -> str:
    """The SHA-256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def fingerprint(files, digests) -> str:
    """One SHA-256 for several files: the digest of what `sha256sum` prints for them."""
    lines = [f"{d}  {name}\n" for (name, _), d in zip(files, digests, strict=True)]
    return digest("".join(lines).encode())


def edition(data_set: sets.DataSet, digests) -> str:
    """The variant whose published checksums these are, else "unverified"."""
    return next(
        (copy.variant for copy in data_set.copies if copy.sha256 == tuple(digests)), "unverified"
    )


def wrong_checksum(data_set: sets.DataSet, paths, digests) -> formats.Damaged:
    """The error for files that are no edition we know; it names the first that differs."""
    for path, found, expected in zip(paths, digests, data_set.copies[0].sha256, strict=True):
        if found != expected:
            return formats.Damaged(path, f"SHA-256 {found} of the content", expected, data_set.name)


def verify_copy(data_set: sets.DataSet, copy: Path) -> list[FileCheck]:
    """As `verify`, for the files in one folder or archive."""
    found = {name: (path, digest(content)) for name, path, content in files_of(data_set, copy)}
    paths, digests = zip(*(found[name] for name, _ in data_set.files), strict=True)
    variant = edition(data_set, digests)
    if variant == "unverified":
        raise wrong_checksum(data_set, paths, digests)
    return [FileCheck(path, sha256, variant) for path, sha256 in zip(paths, digests, strict=True)]


def verify(name: str, root=None) -> list[FileCheck]:
    """Check every file of the set that `load` would read, and say which edition it is.

    Args: `name`, "fashion-mnist" or "cifar-10"; `root`, a folder to search before all others.
    Raises ConfigError for an unknown name; DataError for a set that is not found, or for the first
    file that is damaged or unknown.  Explained in the chapter "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    copy = find.where(name, root)
    if copy is None:
        raise find.missing(data_set, root)
    return verify_copy(data_set, copy)
