"""The files that were handed in: in a folder, or in a zip archive of one, which is never unpacked.

An archive is read where it lies, so no path in it can lead anywhere.  Links are not followed.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from .students import is_of_a_platform, readable

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

    Of a file in an archive, `path` is only what to call it: it is `member` of `archive`.
    """

    parts: tuple[str, ...]
    path: Path
    problem: str = ""
    is_folder: bool = False
    archive: Path | None = None
    member: str = ""

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


def _of_archive(path: Path, at: tuple) -> Iterator[Item]:
    """What is in an archive, as if it had been unpacked where it lies: `at`, its own path."""
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
        if len(members) > MOST:
            raise ValueError(f"it holds {len(members)} files; expected at most {MOST}")
    except Exception as error:  # whatever zipfile meets in a file that anybody has made
        yield Item(at or (path.name,), path, f"{path.name}: no archive that can be read: {error}")
        return
    split = [_parts(member.filename) for member in members]
    above = at[:-1]
    if len(at) == 1 and not any(map(is_of_a_platform, filter(None, split))):
        above = (readable(path.stem),)  # STUDENT.zip; a class of a platform names its students
    roots = {parts[0] for parts in split if parts}
    top = len(roots) == 1 and roots <= {readable(path.stem), "submitted"}  # the folder as a whole
    for member, parts in zip(members, split, strict=True):
        if parts is None:
            yield Item((*above, readable(member.filename)), path, "a path that leads elsewhere")
        elif parts[top:]:
            yield Item(
                (*above, *parts[top:]), path / "/".join(parts), _problem(member, parts[-1]),
                is_folder=member.is_dir(), archive=path, member=member.filename,
            )  # fmt: skip


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
    if name.lower().endswith(".zip"):
        return f"{name}: an archive within an archive; unpack it"
    return ""
