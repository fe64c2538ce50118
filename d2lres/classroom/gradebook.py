"""The marks in nbgrader's own database, so that its formgrader shows them.

What the tests gave is nbgrader's automatic score, what the teacher gave its manual one.
"""

import contextlib
import copy
import os
import sys
import warnings
from pathlib import Path

from ..errors import DataError
from .assignments import QUIET, folder_and_file
from .students import one_line


def add_to_gradebook(path, results: list[dict]) -> list[str]:
    """Add the marks of one assignment to a gradebook, made where there is none.

    Returns a line for each student of whom that failed.
    Raises DataError for a file that is no gradebook, or of another version of the assignment.
    """
    from nbgrader.api import Gradebook

    path = Path(path)
    graded = [result for result in results if result["status"] == "graded"]
    if not graded:
        return []
    failed = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _quiet(), Gradebook(f"sqlite:///{path.absolute()}") as book:
            _add_assignment(book, path, graded[0])
            for result in graded:
                try:
                    _add_marks(book, result)
                except Exception as error:  # one student stops no other
                    book.db.rollback()
                    said = one_line(f"{type(error).__name__}: {error}", 200)
                    failed.append(f"failed: {result['student']}: not in the gradebook: {said}")
    except Exception as error:  # whatever SQLAlchemy finds wrong with a file
        raise DataError(
            f"{path}: {one_line(str(error), 300)}; expected nbgrader's gradebook.db, with this "
            "assignment as it was graded, or none. Name another file with --gradebook."
        ) from error
    return failed


@contextlib.contextmanager
def _quiet():
    """nbgrader calls `alembic`, which need not be on the path, and makes SQLAlchemy warn."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ["PATH"] = before


def _add_assignment(book, path: Path, result: dict) -> None:
    """The assignment and its cells, unless `nbgrader generate_assignment` has put them there."""
    from nbgrader.api import MissingEntry
    from nbgrader.preprocessors import SaveCells

    name, notebook = folder_and_file(result["assignment"])
    try:
        book.find_notebook(notebook, name)
    except MissingEntry:
        book.update_or_create_assignment(name)
        where = {"notebook": notebook, "assignment": name, "db_url": f"sqlite:///{path.absolute()}"}
        SaveCells(log=QUIET).preprocess(copy.deepcopy(result["notebook"]), {"nbgrader": where})
        book.db.expire_all()


def _add_marks(book, result: dict) -> None:
    (name, notebook), student = folder_and_file(result["assignment"]), result["student"]
    book.update_or_create_student(student)
    book.update_or_create_submission(name, student)
    for cell in result["cells"]:
        grade = book.find_grade(cell["id"], notebook, name, student)
        by_teacher = cell.get("by_teacher", False)
        grade.auto_score = None if by_teacher else cell["score"]
        grade.manual_score = cell["score"] if by_teacher else None
        grade.needs_manual_grade = cell["score"] is None
        marks = next(c for c in result["notebook"].cells if _id(c) == cell["id"]).metadata.nbgrader
        if cell.get("comment") and (marks.get("solution") or marks.get("task")):
            comment = book.find_comment(cell["id"], notebook, name, student)
            comment.manual_comment = cell["comment"]
    book.db.commit()


def _id(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
