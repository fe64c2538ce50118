"""Grades as CSV for the teacher, feedback as HTML for the students.

Whatever one result holds, the others get their rows and pages: it is named instead.
"""

from pathlib import Path

from ..errors import ConfigError
from ..files import write_whole
from ..machine import usable_cores
from .exports import FORMATS
from .feedback import feedback, ready
from .manual import add_manual, answer_of
from .marks import read_result
from .sandbox import MB
from .students import file_name, one_line
from .tables import harmless, written
from .workers import Workers

PAGE_SECONDS = 60  # for one page of feedback; an ordinary one takes less than a second
PAGE_MEMORY = 1024 * MB  # of the process that makes it; an ordinary one takes a third of it


def report(out, *, show_hidden=False, export=None, gradebook=None):
    """Write OUT/grades.csv, and OUT/feedback/STUDENT.html for each student that was graded.

    Arguments: `show_hidden`, print the hidden tests in the feedback; `export`, "canvas" or
    "moodle": write OUT/EXPORT.csv for it, too; `gradebook`, nbgrader's database: add the marks.
    Points of OUT/manual.csv are counted, see `manual`.
    Returns the path of the grades, those of the pages, and lines on what the teacher should know.
    Raises ConfigError where there are no results, or a line of manual.csv that cannot be.

    Explained on the page "For teachers".
    """
    out = Path(out)
    found = sorted(out.glob("*.json")) if out.is_dir() else []
    paths = [path for path in found if not path.name.startswith("._")]
    results = [_sound(path) for path in paths]
    if not results:
        raise ConfigError(
            f"{out}: no results; expected the folder that was --out of "
            "`d2lres assignments grade`. Grade first."
        )
    names = {result["assignment"] for result in results} - {None}
    if len(names) > 1:
        raise ConfigError(
            f"{out}: results of {', '.join(sorted(names))}; expected one assignment. "
            "Grade each into a folder of its own."
        )
    lines = add_manual(out, results)
    pages = _pages(out, paths, results, show_hidden)
    lines += [
        f"failed: {result['student']}: {result['failed']}"
        for result in results
        if result.get("failed")
    ]
    grades = out / "grades.csv"
    _write_table(grades, table(results))
    if export:
        _write_table(out / f"{export}.csv", FORMATS[export](results))
    if gradebook:
        from .gradebook import add_to_gradebook

        lines += add_to_gradebook(gradebook, results)
    return grades, pages, [one_line(line) for line in lines]


def _sound(path: Path) -> dict:
    """A result of which all is there that a report needs; one that says what is wrong with it."""
    try:
        result = read_result(path)
        str(result["assignment"] + result["student"] + result["status"] + "".join(result["notes"]))
        for cell in result["cells"]:
            float(cell["points"] + (cell["score"] or 0)), str(cell["why"] + cell["id"])
            answer_of(result, cell["id"])
        return result | {"student": one_line(result["student"])}
    except Exception as error:  # of one student, in a way that nobody foresaw
        failed = one_line(f"{path.name}: {type(error).__name__}: {error}", 300)
        return {
            "student": one_line(path.stem), "assignment": None, "status": "damaged", "cells": [],
            "notes": ["its result cannot be read; delete the file and grade again"],
            "failed": failed,
        }  # fmt: skip


def _pages(out: Path, paths: list[Path], results: list[dict], show_hidden: bool) -> list[Path]:
    """Write a page for each student that was graded, within limits; the paths of those made."""
    calls, made = [], []
    for path, result in zip(paths, results, strict=True):
        page = out / "feedback" / f"{file_name(result['student'])}.html"
        page.unlink(missing_ok=True)  # it may be of another submission
        if result["status"] == "graded":
            calls.append((result, page, (write_page, path, result["cells"], page, show_hidden)))
    number = max(1, min(usable_cores(), len(calls)))
    with Workers(number, (ready,), PAGE_SECONDS, PAGE_MEMORY) as workers:
        answers = workers.each([call for *_, call in calls])
        for (result, page, _), failure in zip(calls, answers, strict=True):
            if failure:
                result["failed"] = one_line(f"no feedback: {failure}", 300)
            else:
                made.append(page)
    return made


def write_page(path: Path, cells: list[dict], page: Path, show_hidden: bool) -> None:
    """In a worker: the page of the result in a file, with these marks and comments."""
    result = read_result(path) | {"cells": cells}
    result["student"] = one_line(result["student"])
    write_whole(page, feedback(result, show_hidden).encode(errors="replace"))


def _write_table(path: Path, rows: list[list]) -> None:
    content = written([[harmless(str(field)) for field in row] for row in rows])
    write_whole(
        path, content.encode("utf-8-sig", errors="replace")
    )  # so that Excel reads all names


def table(results: list[dict]) -> list[list]:
    """The grades: a row for each student; a damaged submission has its reason and no points."""
    cells = {cell["id"]: cell["points"] for result in results for cell in result["cells"]}
    rows = [["student", *cells, "sum", "of", "needs manual grading", "notes"]]
    for result in results:
        score = {cell["id"]: cell["score"] for cell in result["cells"]}
        by_hand = [name for name in score if score[name] is None]
        graded = result["status"] == "graded"
        rows.append([
            result["student"],
            *("" if score.get(name) is None else number(score[name]) for name in cells),
            number(total(result)) if graded else "",
            number(sum(cells.values())) if graded else "",
            " ".join(by_hand),
            "; ".join(map(one_line, remarks(result))),
        ])  # fmt: skip
    return rows


def total(result: dict) -> float:
    """The points that are known; those that wait for the teacher are not among them."""
    return sum(cell["score"] or 0 for cell in result["cells"])


def remarks(result: dict) -> list[str]:
    """What the teacher should know: damage, notes, and why points are missing."""
    start = ["NOT GRADED"] if result["status"] == "damaged" else []
    start += [f"failed: {result['failed']}"] if result.get("failed") else []
    why = [f"{cell['id']}: {cell['why']}" for cell in result["cells"] if cell["why"]]
    return start + result["notes"] + why


def number(value: float) -> str:
    return f"{value:g}"
