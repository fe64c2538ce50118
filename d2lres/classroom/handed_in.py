"""The files that were handed in: in a folder, or in a zip archive of one, which is never unpacked.

An archive is read where it lies, so no path in it can lead anywhere.  Links are not followed.  The
archive of a class may hold those of its students, and those hold no other.
"""

import io
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZipFile

from .students import is_of_a_platform, readable

LARGEST = 100_000_000  # bytes of a file; outputs, most of a notebook, are thrown away
DEEPEST = 8  # folders within folders
MOST = 100_000  # files in an archive
LINK = "is not a file of its own (a link or a device)"
# What systems and editors leave beside the files of a person.
LITTER = re.compile(
    r"__MACOSX|\.DS_Store|\._.*|\.Spotlight-V100|\.Trashes|\.fseventsd|Thumbs\.db|desktop\.ini"
    r"|\.ipynb_checkpoints|__pycache__|\.git|~\$.*|timestamp\.txt",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Item:
    """A file or a folder.  `parts` are the names from the top down; `problem`, why it is not read.

    Of a file in an archive, `path` is only what to call it.  `way` is the archive, the member of
    it, and where that is an archive, too, the member of that.
    """

    parts: tuple[str, ...]
    path: Path
    problem: str = ""
    is_folder: bool = False
    way: tuple = ()

    @property
    def is_litter(self) -> bool:
        return any(LITTER.fullmatch(part) for part in self.parts)


def handed_in(folder: Path) -> Iterator[Item]:
    """Everything in a folder or in an archive, the archives of a folder included."""
    yield from _of_folder(folder, ()) if folder.is_dir() else _of_archive(folder, ())


def _of_folder(folder: Path, above: tuple) -> Iterator[Item]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Item(above, folder, f"the folder cannot be opened: {error.strerror}", is_folder=True)
        return
    for entry in entries:
        parts, path = (*above, readable(entry.name)), Path(entry.path)
        if LITTER.fullmatch(entry.name):
            yield Item(parts, path)
        elif entry.is_dir(follow_symlinks=False):
            yield Item(parts, path, is_folder=True)
            if len(parts) < DEEPEST:
                yield from _of_folder(path, parts)
            else:
                yield Item((*parts, "..."), path, "folders nested too deeply")
        elif not entry.is_file(follow_symlinks=False):
            yield Item(parts, path, f"{parts[-1]} {LINK}")
        elif path.suffix.lower() == ".zip":
            yield from _of_archive(path, parts)
        else:
            yield Item(parts, path)


class TooLarge(ValueError):
    """A file of more than LARGEST bytes."""


def read_whole(file, size: int) -> bytes:
    """What an open file holds, which says to have this size.  Raises TooLarge, if possible before.

    What an archive says of a size need not be true.
    """
    content = file.read(LARGEST + 1) if size <= LARGEST else b""
    if size > LARGEST or len(content) > LARGEST:
        raise TooLarge(f"larger than {LARGEST // 1_000_000} MB")
    return content


def content_of(way: tuple) -> bytes:
    """The bytes at the end of a way, see `Item`.  Raises TooLarge, and what zipfile raises."""
    archive, *members = way
    for member in members:
        with ZipFile(archive) as opened, opened.open(member) as file:
            content = read_whole(file, opened.getinfo(member).file_size)
        archive = io.BytesIO(content)
    return content


def _of_archive(path: Path, at: tuple, way: tuple = ()) -> Iterator[Item]:
    """What is in an archive, as if it had been unpacked where it lies: `at`, its own path.

    `way` leads to one that is in an archive itself.
    """
    try:
        with ZipFile(io.BytesIO(content_of(way)) if way else path) as archive:
            members = archive.infolist()
        if len(members) > MOST:
            raise ValueError(f"it holds {len(members)} files; expected at most {MOST}")
    except Exception as error:  # whatever zipfile meets in a file that anybody has made
        yield Item(at or (path.name,), path, f"{path.name}: no archive that can be read: {error}")
        return
    split, stem = [_parts(member.filename) for member in members], readable(path.stem)
    names_students = len(at) < 2 and any(map(is_of_a_platform, filter(None, split)))
    of_class = not way and (names_students or not at)
    above = at[:-1]
    if len(at) == 1 and not of_class:
        above = (stem,)  # STUDENT.zip
    roots = {parts[0] for parts in split if parts}
    top = len(roots) == 1 and roots <= {stem, "submitted"}  # the folder as a whole
    for member, parts in zip(members, split, strict=True):
        if parts is None:
            yield Item((*above, readable(member.filename)), path, "a path that leads elsewhere")
        elif parts[top:]:
            item = Item(
                (*above, *parts[top:]), path / "/".join(parts), _problem(member, parts[-1]),
                is_folder=member.is_dir(), way=(*(way or (path,)), member.filename),
            )  # fmt: skip
            if item.problem or item.is_litter or not is_archive(item):
                yield item
            elif of_class:
                yield from _of_archive(item.path, item.parts, item.way)
            else:
                said = f"{parts[-1]}: an archive within an archive; unpack it"
                yield replace(item, problem=said)


def is_archive(item: Item) -> bool:
    return item.parts[-1].lower().endswith(".zip") and not item.is_folder


def _parts(name: str) -> tuple | None:
    """The names in a member's path; None where it would leave the archive's folder."""
    names = name.replace("\\", "/").split("/")  # Windows programs write both
    parts = tuple(readable(name) for name in names if name not in ("", "."))
    leaves = ".." in parts or name.startswith(("/", "\\")) or not parts or ":" in parts[0]
    return None if leaves else parts


def _problem(member, name: str) -> str:
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"{name} {LINK}"
    if member.flag_bits & 1:
        return f"{name} has a password"
    return ""
