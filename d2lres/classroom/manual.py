"""Points and comments that the teacher gives: OUT/manual.csv.

    student,cell,points,comment,answer

`report` writes a line for each answer that waits, late ones included, and reads it ever after.  A
line with points counts instead of what the tests gave, so a teacher can also correct a mark.

`answer` tells which answer the points were given for: where that has changed since, they are not
counted until the teacher has looked again.  A line without it is taken to be about the answer that
is there.
"""

import csv
import hashlib
import unicodedata
from pathlib import Path

from ..errors import ConfigError
from ..files import write_whole
from . import tables
from .reference import grade_id
from .submissions import Damaged, decode

COLUMNS = ["student", "cell", "points", "comment", "answer"]


def add_manual(out, results: list[dict]) -> list[str]:
    """Put the teacher's points and comments into the results; return what the teacher should know.

    Raises ConfigError, with the line, for a student, a cell or points that cannot be.
    """
    path = Path(out) / "manual.csv"
    delimiter, told, lines = _read(path) if path.exists() else (",", False, {})
    known = {_same(result["student"]): result for result in results}
    rows, said = [], []
    for (student, cell_id), (where, row) in lines.items():
        result = known.get(student)
        cells = {cell["id"]: cell for cell in result["cells"]} if result else {}
        if result is None or (cells and cell_id not in cells):
            raise ConfigError(
                f"{where}: student {row['student']!r}, cell {row['cell']!r}; expected those of "
                "a graded submission, as in grades.csv. Correct the line."
            )
        if not cells:  # handed in again, and damaged now: no fault of the table
            said.append(f"{where}: {result['student']} has no marks, so the line is not counted")
        else:
            said += _put(where, row, result, cells[cell_id])
        rows.append(row)
    for result in results:
        for cell in result["cells"]:
            place = (_same(result["student"]), cell["id"])
            if cell["score"] is None and place not in lines:
                answer = answer_of(result, cell["id"])
                rows.append(
                    {"student": result["student"], "cell": cell["id"], "points": "", "comment": "",
                     "answer": answer}
                )  # fmt: skip
    table = [COLUMNS, *([tables.harmless(row[name]) for name in COLUMNS] for row in rows)]
    content = tables.written(table, delimiter, told).encode("utf-8-sig")
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content, "Close it where it is open, or make room.")
    return said


def _read(path: Path) -> tuple[str, bool, dict]:
    """How it is delimited, and {(student, cell): (place, fields)}; nothing is dropped."""
    try:
        delimiter, told, rows = tables.read(decode(path.read_bytes())[0])
    except (Damaged, csv.Error, OSError) as error:
        raise ConfigError(
            f"{path}: {error}; expected {', '.join(COLUMNS)}. "
            "Mend it, or delete it and run the command again for an empty one."
        ) from error
    header = [field.strip().casefold() for field in rows[0][1]] if rows else []
    while header and not header[-1]:
        header.pop()
    if not set(COLUMNS[:4]) <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
        raise ConfigError(
            f"{path}: columns {', '.join(header) or 'none'}; expected {', '.join(COLUMNS)}. "
            "Name them so, or delete the file and run the command again for an empty one."
        )
    lines = {}
    for number, fields in rows[1:]:
        where = f"{path}, line {number}"
        if any(field.strip() for field in fields[len(header) :]):
            raise ConfigError(
                f"{where}: {len(fields)} fields; expected {len(header)}. A comment that holds "
                f"{delimiter!r} stands between quotation marks."
            )
        fields += [""] * len(header)
        row = {"answer": "", **dict(zip(header, fields, strict=False))}
        row = {name: tables.harmful(field).strip() for name, field in row.items()}
        place = (_same(row["student"]), row["cell"])
        if place in lines and _is_filled(row) and _is_filled(lines[place][1]):
            raise ConfigError(
                f"{where}: student {row['student']!r}, cell {row['cell']!r} a second time, as in "
                f"{lines[place][0].rpartition(', ')[2]}; expected one line. Delete the other."
            )
        if place not in lines or _is_filled(row):
            lines[place] = (where, row)
    return delimiter, told, lines


def _is_filled(row: dict) -> bool:
    return bool(row["points"] or row["comment"])


def _same(student: str) -> str:
    """A name in the one form in which equal names are equal: systems write accents in two."""
    return unicodedata.normalize("NFC", " ".join(student.split()))


def _put(where: str, row: dict, result: dict, cell: dict) -> list[str]:
    """One line into its cell; returns what the teacher should know."""
    cell["comment"] = row["comment"]
    answer = answer_of(result, cell["id"])
    if not row["points"]:
        row["answer"] = answer
        return []
    given = points(where, row["points"], cell["points"])
    if row["answer"] not in ("", answer):
        cell["score"] = None
        return [
            f"{where}: {result['student']} has changed the answer {cell['id']} since {given:g} "
            "points were given; they are not counted. Look again, and empty the field `answer`."
        ]
    row["answer"] = answer
    cell["score"], cell["why"], cell["by_teacher"] = given, "", True
    return []


def points(where: str, text: str, most: float) -> float:
    """The number in a field, with a decimal point or comma."""
    try:
        found = float(text.strip().replace(",", "."))
        if 0 <= found <= most:
            return found
    except ValueError:
        pass
    raise ConfigError(f"{where}: points {text!r}; expected 0 to {most:g}. Correct the line.")


def answer_of(result: dict, cell_id: str) -> str:
    """What tells one answer from another: of its cell and the student's own cells beside it.

    A test is about all that the student has written.
    """
    cells = result["notebook"].cells
    at = next(i for i, cell in enumerate(cells) if grade_id(cell) == cell_id)
    marks = cells[at].metadata["nbgrader"]
    if marks.get("solution") or marks.get("task"):
        first, last = at, at + 1
        while first and _is_own(cells[first - 1]):
            first -= 1
        while last < len(cells) and _is_own(cells[last]):
            last += 1
        about = cells[first:last]
    else:
        about = [c for c in cells if _is_own(c) or c.metadata.get("nbgrader", {}).get("solution")]
    texts = [cell.source + str(cell.get("attachments", "")) for cell in about if cell.source]
    digest = hashlib.sha256("\0".join(texts).encode(errors="replace")).hexdigest()
    return f"a{digest[:12]}"  # with a letter first: Excel would take 12e45 for a number


def _is_own(cell) -> bool:
    """Whether the student has made the cell."""
    return not grade_id(cell) and not cell.metadata.get("given")
