"""A small course for the tests of grading: one assignment, and submissions for it."""

import json
from pathlib import Path

import nbformat
from nbformat import v4

NAME = "sums"
PNG = (  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
SETUP = "import math\n\nimport numpy as np"
ANSWERS = {
    "mean-answer": "def mean(xs):\n    return sum(xs) / len(xs)",
    "spread-answer": "def spread(xs):\n    return max(xs) - min(xs)",
    "explain": "The mean is moved by one far value, since every value weighs the same.",
}
HIDDEN = "the mean of 1, 2 is no whole number"
MEAN_TEST = f"""found = mean([1, 2, 3])
assert found == 2, "the mean of 1, 2, 3 is 2"
### BEGIN HIDDEN TESTS
from d2lres.classroom import examine


def probe():
    return mean([1, 2])


def judge(found):
    assert found == 1.5, {HIDDEN!r}


examine(probe, judge)
### END HIDDEN TESTS"""
SPREAD_TEST = """np.testing.assert_allclose(spread([3, 1, 7]), 6)
### BEGIN HIDDEN TESTS
from d2lres.classroom import examine


def given(random):
    return random.normal(size=(5, 4)).tolist()


def probe(rows):
    return [spread(xs) for xs in rows]


def judge(found, rows):
    np.testing.assert_allclose(found, np.ptp(rows, axis=1))


examine(probe, judge, given)
### END HIDDEN TESTS"""


def marked(make, grade_id, source, points=None, solution=False):
    """A cell with nbgrader's mark."""
    marks = {
        "grade_id": grade_id, "grade": points is not None, "solution": solution,
        "locked": not solution, "schema_version": 3, "task": False,
    }  # fmt: skip
    if points is not None:
        marks["points"] = points
    return make(source, metadata={"nbgrader": marks})


def source() -> nbformat.NotebookNode:
    """The source notebook: ids setup, mean-*, spread-* and explain; 2 + 3 + 5 points."""
    code, text = v4.new_code_cell, v4.new_markdown_cell
    function, _, body = ANSWERS["mean-answer"].partition("\n")
    mean = f"{function}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
    function, _, body = ANSWERS["spread-answer"].partition("\n")
    spread = f"{function}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
    return v4.new_notebook(
        cells=[
            text("# Sums"),
            marked(code, "setup", SETUP),
            marked(code, "mean-answer", mean, solution=True),
            marked(code, "mean-test", MEAN_TEST, 2),
            marked(code, "spread-answer", spread, solution=True),
            marked(code, "spread-test", SPREAD_TEST, 3),
            text("Why is the mean a poor summary?"),
            marked(text, "explain", ANSWERS["explain"], 5, solution=True),
        ],
    )


def write_course(folder: Path) -> Path:
    """Write the course; return its folder."""
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source(), path)
    return folder


def submission(**answers):
    """What a student hands in: the released notebook with these answers (`_` for `-`)."""
    from d2lres.classroom.assignments import without_answers

    notebook = without_answers(source(), Path())
    answers = ANSWERS | {name.replace("_", "-"): text for name, text in answers.items()}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    return notebook


def cell_text(name: str) -> str:
    """What the released notebook has in the cell of this id."""
    from d2lres.classroom.assignments import without_answers
    from d2lres.classroom.reference import grade_id

    return next(c.source for c in without_answers(source(), Path()).cells if grade_id(c) == name)


def hand_in(folder: Path, student: str, notebook) -> Path:
    """Write a submission as FOLDER/STUDENT/NAME.ipynb; `notebook` may be bytes."""
    path = folder / student / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    path.write_bytes(content)
    return path


def examined(visible: str) -> str:
    """A test cell with a hidden part that the reference solution passes."""
    return f"""{visible}
### BEGIN HIDDEN TESTS
from d2lres.classroom import examine


def probe():
    return mean([1])


def judge(found):
    assert found == 1


examine(probe, judge)
### END HIDDEN TESTS"""


def passed(assignment) -> dict:
    """The verdicts of tests that pass, without running them."""
    return {name: (test.points, "") for name, test in assignment.tests.items()}


def result_maker(here: Path):
    """A function that writes a result as `grade` does, of tests that have not really run.

    HERE/out gets STUDENT.json; `outputs` are those of the tests, by cell id.
    """
    from d2lres.classroom import marks
    from d2lres.classroom.reference import grade_id, load_assignment
    from d2lres.classroom.submissions import Submission

    assignment = load_assignment(NAME, write_course(here / "course"))

    def make(student, outputs=(), notes=(), **answers):
        path = hand_in(here / "in", student, submission(**answers))
        notebook, _ = marks.check(assignment, Submission(student, path))
        for cell in notebook.cells:
            if grade_id(cell) in dict(outputs):
                cell.outputs = dict(outputs)[grade_id(cell)]
        verdicts = passed(assignment)
        for name, found in dict(outputs).items():
            for output in found:
                if output.output_type == "error":
                    verdicts[name] = 0.0, f"{output.ename}: {output.evalue}"
        result = {
            "format": 1, "student": student, "file": path.name, "key": "", "assignment": NAME,
            "sandbox": True, "status": "graded", "notes": list(notes), "seconds": 1.0,
            "cells": marks.marks(notebook, verdicts), "notebook": notebook,
        }  # fmt: skip
        marks.write_result(here / "out", result)
        return result

    return make
