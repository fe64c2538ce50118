"""A file that a student handed in, read as a notebook whatever wrote it.

A submission that cannot be read raises `Damaged`, with the reason in words: it is reported to the
teacher and gets no mark, which is not the same as zero points.  Whatever the file holds, nothing
but `Damaged` is raised: no submission stops another.

Of a notebook, only the texts of its cells, their nbgrader ids and their pasted images are taken.
"""

import base64
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from nbformat import v4

from ..errors import DataError
from .handed_in import TooLarge, content_of, read_whole
from .students import one_line

TEXT = 5_000_000  # characters of all cells together
PARTS = 5_000_000  # lists and dictionaries: each takes fifty times the memory of its two bytes
PASTED = 10_000_000  # characters of all pasted images together
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Damaged(DataError):
    """A submission that cannot be graded.  The message is the reason, for the teacher."""


@dataclass(frozen=True)
class Submission:
    """The notebook that one student handed in.  `problem` says why there is none.

    `path` is the file, or what to call it where a `way` leads to it, through archives.
    `notes` is what its name and the files beside it say about it.
    """

    student: str
    path: Path
    problem: str = ""
    way: tuple = ()
    notes: tuple[str, ...] = ()

    def content(self) -> bytes:
        """The bytes of the file.  Raises Damaged for one that is too large, before it is read."""
        if self.problem:
            raise Damaged(self.problem)
        try:
            return content_of(self.way) if self.way else self._content()
        except OSError as error:
            raise Damaged(f"cannot be read: {error.strerror}") from error
        except TooLarge as reason:
            raise Damaged(str(reason)) from None
        except Exception as error:  # whatever zipfile finds wrong with an archive
            raise Damaged(f"cannot be read from its archive: {error}") from error

    def _content(self) -> bytes:
        number = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with open(number, "rb") as file:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, "it is not a file")
            return read_whole(file, status.st_size)

    def digest(self) -> str:
        """The SHA-256 of what it holds, or of the reason why that is not known."""
        try:
            content = self.content()
        except Damaged as reason:
            content = str(reason).encode(errors="replace")
        return hashlib.sha256(content).hexdigest()


def read_notebook(submission: Submission):
    """The submission as a notebook without outputs, and a list of notes on how it was read.

    Raises Damaged with the reason.
    """
    try:
        return _read(submission)
    except Damaged:
        raise
    except Exception as error:  # of a file that anybody has made, in ways that nobody foresaw
        said = one_line(f"{type(error).__name__}: {error}", 200)
        raise Damaged(f"cannot be read as a notebook: {said}") from error


def _read(submission: Submission):
    text, notes = decode(submission.content())
    notes = [*submission.notes, *notes]
    pasted = _Pasted(notes)
    cells = [_clean(number, cell, pasted) for number, cell in enumerate(_cells(text), 1)]
    size = sum(len(cell.source) for cell in cells)
    if size > TEXT:
        raise Damaged(f"{size} characters in its cells; expected at most {TEXT}")
    if any("\r" in cell.source for cell in cells):
        notes.append("Windows line ends were taken out of its cells")
        for cell in cells:
            cell.source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
    return v4.new_notebook(cells=cells), notes


def decode(content: bytes) -> tuple[str, list[str]]:
    """The bytes of a file as text, and a note where they are not UTF-8.

    JSON begins with `{`, so the zero bytes beside it tell UTF-16.  Anything else that is no UTF-8
    was written by a Windows editor in its own code page.
    """
    if not content.strip():
        raise Damaged("the file is empty")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in content[:2]:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    for attempt in (encoding, "cp1252"):
        try:
            text = content.decode(attempt)
        except UnicodeDecodeError:
            continue
        plain = attempt == "utf-8-sig" and not content.startswith(b"\xef\xbb\xbf")
        return text, [] if plain else [f"read as {attempt}"]
    raise Damaged("neither UTF-8, UTF-16 nor Windows-1252 text")


def _cells(text: str) -> list:
    if (parts := text.count("[") + text.count("{")) > PARTS:
        raise Damaged(f"no notebook: {parts} brackets; expected at most {PARTS}")
    try:
        data = json.loads(text, object_hook=_without_outputs)
    except json.JSONDecodeError as error:
        if text[error.pos :].strip() == "" or error.msg.startswith("Unterminated"):
            raise Damaged(
                f"truncated: the file ends in the middle, in line {error.lineno}"
            ) from None
        raise Damaged(f"no JSON: {error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise Damaged("no notebook: JSON that is nested too deeply") from None
    if isinstance(data, dict) and "cells" not in data and isinstance(data.get("worksheets"), list):
        raise Damaged("a notebook of version 3; open it in Jupyter and save it again")
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise Damaged("JSON, but no notebook: it has no cells")
    return data["cells"]


def _without_outputs(found: dict) -> dict:
    found.pop("outputs", None)  # at once: they can be most of the memory that a notebook takes
    return found


def _clean(number: int, cell, pasted):
    """A cell made anew from its type, text, id and images: nothing else of it is trusted."""
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(kind, str) or kind not in make or not isinstance(source, str):
        raise Damaged(f"cell {number} has no type or no text")
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    source = re.sub("[\ud800-\udfff]", "\ufffd", source)  # halves of characters cannot be written
    marks = {"nbgrader": {"grade_id": name}} if isinstance(name, str) else {}
    new = make[kind](source, metadata=marks)
    if kind != "code" and (images := pasted.images(number, cell.get("attachments"))):
        new.attachments = images
    return new


class _Pasted:
    """The images that were pasted into cells; what is left out is noted."""

    def __init__(self, notes: list[str]):
        self.notes, self.left = notes, PASTED

    def images(self, number: int, attachments) -> dict:
        """The attachments of a cell: {name: {type: base64}}, only images among them."""
        found = {}
        for name, kinds in attachments.items() if isinstance(attachments, dict) else ():
            kept = {}
            for kind, data in kinds.items() if isinstance(kinds, dict) else ():
                data = "".join(map(str, data)) if isinstance(data, list) else str(data)
                if kind in IMAGES and len(data) <= self.left and _is_base64(data):
                    kept[kind], self.left = data, self.left - len(data)
            if kept:
                found[name] = kept
            else:
                said = f"cell {number}: what was pasted as {one_line(name, 80)!r} was left out"
                self.notes.append(f"{said}: no image, or too large")
        return found


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data.replace("\n", ""), validate=True))
    except ValueError:
        return False
