"""What a copy of a set holds, whoever left it: a folder of files, or an archive of them.

Each file comes out as its authors released it, so that one checksum tells whether it is right.
"""

import os
import tarfile
from collections.abc import Iterator
from math import prod
from pathlib import Path, PurePosixPath

from . import find, sets
from .formats import BROKEN, Damaged, check_size, opened
from .pickled import released

SLACK = 1 << 20  # bytes that a compressed file may be longer than its content, or tar headers take
PICKLE = b"\x80"  # the first byte of a pickle, and no label


def room(data_set: sets.DataSet, size: int) -> int:
    """The most bytes that a file of `size` may take once decompressed: a pickle takes more."""
    return 2 * size + SLACK if data_set.format == "cifar" else size


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


def in_archive(data_set: sets.DataSet, archive: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield (name, path, bytes) of the set's files in a tar file; any other member is passed over.

    Only names that we know come out, without their folders, so no member can choose where it is
    written.  Raises Damaged.
    """
    known = {stored: file for file in data_set.files for stored in find.stored_names(file[0])}
    limit = room(data_set, sum(size for _, size in data_set.files)) + SLACK
    with opened(archive, data_set.name, "a complete .tar.gz") as file:
        bounded = Bounded(file, limit)
        try:
            with tarfile.open(fileobj=bounded, mode="r|") as tar:
                for member in tar:
                    stored = PurePosixPath(member.name).name
                    if stored in known and member.isreg():
                        name, size = known[stored]
                        if not size <= member.size <= room(data_set, size):
                            found = f"{stored} of {member.size:,} bytes"
                            raise Damaged(archive, found, f"{size:,}", data_set.name)
                        yield name, archive / stored, tar.extractfile(member).read()
            while bounded.read(1 << 16):  # to the end, where gzip has a checksum of its own
                pass
        except (tarfile.TarError, ValueError, RecursionError, *BROKEN) as error:
            found = f"damaged archive ({error})"
            raise Damaged(archive, found, "a complete .tar.gz", data_set.name) from error


def in_folder(data_set: sets.DataSet, folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield (name, path, bytes) of the set's files in a folder, decompressed."""
    sizes = dict(data_set.files)
    for name, path in find.files_in(folder, data_set).items():
        with opened(path, data_set.name, f"{sizes[name]:,} bytes once decompressed") as file:
            content = file.read(room(data_set, sizes[name]) + 1)
        yield name, path, content


def files_of(data_set: sets.DataSet, copy: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield (name in `sets`, path, content as released) of every file of the set in a copy of it.

    Args: `copy`, a folder or an archive, as `find.where` gives it.
    Raises Damaged for a file that has another size or does not open, or where one is lacking.
    """
    sizes, image = dict(data_set.files), prod(data_set.image_shape)
    lacking = dict(sizes)
    for name, path, content in (in_folder if os.path.isdir(copy) else in_archive)(data_set, copy):
        size = sizes[name]
        if data_set.format == "cifar" and len(content) != size and content[:1] == PICKLE:
            content = released(content, size // (1 + image), image, path, data_set.name)
        yield name, path, check_size(content, size, path, data_set.name)
        lacking.pop(name, None)
    if lacking:
        found = f"{len(sizes) - len(lacking)} of the files"
        raise Damaged(copy, found, ", ".join(sizes), data_set.name)
