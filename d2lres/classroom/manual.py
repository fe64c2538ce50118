"""Points that the teacher gives: OUT/manual.csv, with the columns student, cell, points, comment.

`report` writes it once, with a line for each answer that waits, and reads it ever after.  A line
with points counts instead of what the tests gave, so a teacher can also correct a mark.
"""

import csv
import io
from pathlib import Path

from ..errors import ConfigError
from ..files import write_whole
from .submissions import decode

COLUMNS = ["student", "cell", "points", "comment"]


def add_manual(out, results: list[dict]) -> None:
    """Put the teacher's points and comments into the results.

    Raises ConfigError, with the line, for a student, a cell or points that cannot be.
    """
    path = Path(out) / "manual.csv"
    if not path.exists():
        write_whole(path, form(results).encode("utf-8-sig"))
        return
    cells = {
        (result["student"], cell["id"]): cell for result in results for cell in result["cells"]
    }
    text = decode(path.read_bytes())[0] if path.stat().st_size else ""
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ConfigError(
            f"{path}: columns {rows.fieldnames}; expected {', '.join(COLUMNS)}. "
            "Name them so, or delete the file and run the command again for an empty one."
        )
    for row in rows:
        if row["points"] and row["points"].strip():
            where = f"{path}, line {rows.line_num}"
            cell = cells.get((harmful(row["student"]), row["cell"]))
            if cell is None:
                raise ConfigError(
                    f"{where}: student {row['student']!r}, cell {row['cell']!r}; expected those of "
                    "a graded submission, as in grades.csv. Correct the line."
                )
            cell["score"] = points(where, row["points"], cell["points"])
            cell["why"], cell["comment"] = "", row["comment"] or ""


def points(where: str, text: str, most: float) -> float:
    """The number in a field, with a decimal point or comma."""
    try:
        found = float(text.strip().replace(",", "."))
        if 0 <= found <= most:
            return found
    except ValueError:
        pass
    raise ConfigError(f"{where}: points {text!r}; expected 0 to {most:g}. Correct the line.")


def form(results: list[dict]) -> str:
    """An empty form: a line for each answer that waits for the teacher."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for result in results:
        for cell in result["cells"]:
            if cell["score"] is None:
                lines.writerow([harmless(result["student"]), cell["id"], "", ""])
    return text.getvalue()


def harmless(field: str) -> str:
    """A field that no spreadsheet takes for a formula."""
    return f"'{field}" if field.startswith(("=", "+", "-", "@", "\t", "\r")) else field


def harmful(field: str) -> str:
    """What `harmless` was given."""
    return field[1:] if field.startswith("'") and harmless(field[1:]) == field else field
