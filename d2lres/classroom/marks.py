"""The result of one submission: points for each graded cell, and why; or why there are none.

nbgrader counts the points.  A result is one JSON file, written whole or not at all; it holds the
executed notebook as well, so that the feedback can be made from it later.
"""

import copy
import hashlib
import json
import time
from pathlib import Path

import nbformat

from ..errors import DataError
from ..files import write_whole
from .matching import match
from .reference import Assignment, grade_id
from .running import Settings, is_test, run
from .students import file_name, one_line
from .submissions import Damaged, Submission, read_notebook

FORMAT = 1


def check(assignment: Assignment, submission: Submission):
    """The notebook that would run for a submission, and notes.  Raises Damaged with the reason."""
    notebook, read = read_notebook(submission)
    matched, notes = match(assignment, notebook)
    return matched, read + notes


def grade_one(assignment: Assignment, submission: Submission, settings: Settings) -> dict:
    """Check, run and mark one submission.  A damaged one has its reason and no marks."""
    result = {
        "format": FORMAT,
        "student": submission.student,
        "file": one_line(submission.path.name),
        "key": key(assignment, submission),
        "assignment": assignment.name,
        "sandbox": settings.sandboxed,
    }
    try:
        notebook, notes = check(assignment, submission)
    except Damaged as reason:
        return result | {"status": "damaged", "notes": [str(reason)], "cells": []}
    started = time.monotonic()
    notes = notes + run(notebook, assignment.imports(), settings)
    return result | {
        "status": "graded",
        "notes": notes,
        "cells": marks(notebook),
        "seconds": round(time.monotonic() - started, 1),
        "notebook": notebook,
    }


def marks(notebook) -> list[dict]:
    """One entry for each graded cell: points, score (None: by hand), and why points are missing."""
    from nbgrader.utils import determine_grade, is_grade, is_task

    found = []
    for cell in notebook.cells:
        if is_task(cell):  # read by the teacher, whatever the student has done about it
            points = float(cell.metadata["nbgrader"]["points"])
            found.append({"id": grade_id(cell), "points": points, "score": None, "why": ""})
        if not is_grade(cell) or is_task(cell):
            continue
        score, points = determine_grade(without_streams(cell) if is_test(cell) else cell)
        why = [] if score else [o for o in cell.get("outputs", ()) if o.output_type == "error"]
        entry = {"id": grade_id(cell), "points": points, "score": score, "why": ""}
        if why:
            entry["why"] = f"{why[0].ename}: {why[0].evalue}"[:300]
        elif score == 0 and not is_test(cell):
            entry["why"] = "not answered"
        found.append(entry)
    return found


def without_streams(cell):
    """A test cell as its errors alone decide it.

    nbgrader also takes points for a warning on stderr, and a number that is displayed for points:
    the first is no fault of the student, and the second could be his own number.
    """
    cell = copy.deepcopy(cell)
    cell.outputs = [o for o in cell.outputs if o.output_type == "error"]
    return cell


def key(assignment: Assignment, submission: Submission) -> str:
    """What a result depends on: the content of the submission and of the assignment."""
    return hashlib.sha256((assignment.digest + submission.digest()).encode()).hexdigest()


def result_file(out, student: str) -> Path:
    return Path(out) / f"{file_name(student)}.json"


def write_result(out, result: dict) -> None:
    content = json.dumps(result, indent=1) + "\n"
    write_whole(result_file(out, result["student"]), content.encode())


def read_result(path: Path) -> dict:
    """A result as it was written.  Raises DataError for a file that is none."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT:
            raise ValueError(f"format {result['format']}")
        if "notebook" in result:
            result["notebook"] = nbformat.from_dict(result["notebook"])
        return result
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: {error}; expected a result of `d2lres assignments grade`. "
            "Delete the file and grade again."
        ) from error
