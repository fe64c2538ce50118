"""The result of one submission: points for each graded cell, and why; or why there are none.

Judges give the points of tests (see `judges`), and a person those of written answers.  A result is
one JSON file, written whole or not at all; it holds the executed notebook as well, so that the
feedback can be made from it later.
"""

import hashlib
import json
import time
from pathlib import Path

import nbformat

from ..errors import DataError
from ..files import write_whole
from .judges import Judges
from .matching import match
from .reference import Assignment, grade_id, is_test
from .running import run
from .students import file_name, one_line
from .submissions import Damaged, Submission, read_notebook

FORMAT = 1


def check(assignment: Assignment, submission: Submission):
    """The notebook that would run for a submission, and notes.  Raises Damaged with the reason."""
    notebook, read = read_notebook(submission)
    matched, notes = match(assignment, notebook)
    return matched, read + notes


def grade_one(judges: Judges, submission: Submission, settings) -> dict:
    """Check, run and mark one submission.  A damaged one has its reason and no marks."""
    try:
        notebook, notes = check(judges.assignment, submission)
    except Damaged as reason:
        return without_marks(judges.assignment, submission, str(reason))
    started = time.monotonic()
    verdicts, more = run(notebook, judges, settings)
    return start(judges.assignment, submission) | {
        "status": "graded",
        "sandbox": settings.sandboxed,
        "notes": notes + more,
        "cells": marks(notebook, verdicts),
        "seconds": round(time.monotonic() - started, 1),
        "notebook": notebook,
    }


def start(assignment: Assignment, submission: Submission) -> dict:
    """What every result says."""
    return {
        "format": FORMAT,
        "student": submission.student,
        "file": one_line(submission.path.name),
        "key": key(assignment, submission),
        "assignment": assignment.name,
    }


def without_marks(assignment: Assignment, submission: Submission, reason: str) -> dict:
    """The result of a submission that has no marks, with the reason."""
    return start(assignment, submission) | {"status": "damaged", "notes": [reason], "cells": []}


def marks(notebook, verdicts: dict) -> list[dict]:
    """One entry for each graded cell: points, score (None: by hand), and why points are missing.

    `verdicts`: (score, why) for each test by its id; a test without one has no points.
    """
    from nbgrader.utils import determine_grade, is_grade, is_task

    found = []
    for cell in notebook.cells:
        if is_task(cell):  # read by the teacher, whatever the student has done about it
            points = float(cell.metadata["nbgrader"]["points"])
            found.append({"id": grade_id(cell), "points": points, "score": None, "why": ""})
        if not is_grade(cell) or is_task(cell):
            continue
        name = grade_id(cell)
        if is_test(cell):
            points = float(cell.metadata["nbgrader"]["points"])
            score, why = verdicts.get(name, (0.0, "not run"))
        else:
            score, points = determine_grade(cell)
            why = "" if score is None else "not answered"
        found.append({"id": name, "points": points, "score": score, "why": why})
    return found


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
