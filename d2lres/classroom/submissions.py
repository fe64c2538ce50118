"""What lies in a folder of submissions, and each file read as text whatever wrote it.

A submission that cannot be read raises `Damaged`, with the reason in words: it is reported to the
teacher and gets no mark, which is not the same as zero points.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import v4

from ..errors import ConfigError, DataError

LARGEST = 20_000_000  # bytes; a notebook with many pictures has two or three million


class Damaged(DataError):
    """A submission that cannot be graded.  The message is the reason, for the teacher."""


@dataclass(frozen=True)
class Submission:
    """The notebook that one student handed in.  `problem` says why there is none."""

    student: str
    path: Path
    problem: str = ""


def find_submissions(name: str, folder) -> tuple[list[Submission], list[str]]:
    """The submissions for assignment `name`: FOLDER/STUDENT/NAME.ipynb or FOLDER/STUDENT.ipynb.

    Returns them in the order of the students' names, and a line for everything else that was
    found.  Raises ConfigError where the folder is missing or holds no submission.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; expected the students' submissions in it.")
    found, skipped = {}, []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            submission = _of_folder(name, path)
        elif path.suffix == ".ipynb":
            submission = Submission(path.stem, path, _problem(path))
        else:
            skipped.append(f"{path.name}: skipped, neither a notebook nor a student's folder")
            continue
        if submission.student in found:
            both = f"{found[submission.student].path.name} and {path.name}"
            submission = Submission(submission.student, path, f"two submissions: {both}")
        found[submission.student] = submission
    if not found:
        raise ConfigError(
            f"{folder}: no submission; expected STUDENT/{name}.ipynb or STUDENT.ipynb in it."
        )
    return [found[student] for student in sorted(found)], skipped


def _of_folder(name: str, folder: Path) -> Submission:
    """A student's folder: the notebook called NAME, else the only notebook, whatever its name."""
    path = folder / f"{name}.ipynb"
    if not path.exists() and not path.is_symlink():
        notebooks = sorted(p for p in folder.glob("*.ipynb") if not p.name.startswith("."))
        if len(notebooks) != 1:
            names = ", ".join(p.name for p in notebooks) or "none"
            return Submission(folder.name, path, f"no {name}.ipynb; notebooks found: {names}")
        path = notebooks[0]
    return Submission(folder.name, path, _problem(path))


def _problem(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return f"{path.name} is not a file of its own (a link or a device)"
    return ""


def read_notebook(submission: Submission):
    """The submission as a notebook without outputs, and a list of notes on how it was read.

    Raises Damaged with the reason.
    """
    if submission.problem:
        raise Damaged(submission.problem)
    try:
        if submission.path.stat().st_size > LARGEST:
            raise Damaged(f"larger than {LARGEST // 1_000_000} MB")
        content = submission.path.read_bytes()
    except OSError as error:
        raise Damaged(f"cannot be read: {error.strerror}") from error
    text, notes = decode(content)
    cells = [_clean(number, cell) for number, cell in enumerate(_cells(text), 1)]
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
    try:
        data = json.loads(text)
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


def _clean(number: int, cell):
    """A cell made anew from its type, text and nbgrader mark: nothing else of it is trusted."""
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if kind not in make or not isinstance(source, str):
        raise Damaged(f"cell {number} has no type or no text")
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    source = re.sub("[\ud800-\udfff]", "\ufffd", source)  # halves of characters cannot be written
    return make[kind](source, metadata={"nbgrader": marks} if isinstance(marks, dict) else {})
