"""Assignments and their grading: `d2lres assignments ...`.  No other room needs this one.

The order of reading is the order of work:

    assignments.py  what there is to hand out, and the students' versions of it
    reference.py    a source notebook as the grader needs it: with and without its solutions
    students.py     whose a file is, and what a name may hold
    handed_in.py    the files of a folder or an archive, which is never unpacked
    submissions.py  one file read as a notebook, whatever wrote it
    collecting.py   who handed in what
    matching.py     the student's cells put beside the source's; the tests put back
    sandbox.py      the kernel that student code runs in, without a network and within limits
    kernel.py       the program inside the sandbox
    running.py      the notebook sent to that kernel, cell by cell
    marks.py        points, counted by nbgrader
    batch.py        many submissions, several at a time, as often as it is interrupted
    tables.py       CSV that no spreadsheet takes for a program
    manual.py       points that the teacher gives
    rendering.py    what students wrote and displayed, as HTML that is safe to look at
    feedback.py     the page that goes back to a student
    exports.py      grades for Moodle and Canvas
    gradebook.py    marks in nbgrader's database
    reports.py      grades as CSV, feedback as HTML

nbgrader clears the solutions and counts the points.  What is added here is what it lacks: the
sandbox, the check before grading, and a test that must prove that it passed.

Explained on the page "For teachers".
"""

from ..names import on_first_use

# nbgrader and what it brings are needed only here, and only by teachers.
_LATER = {
    "list_assignments": "assignments",
    "need_nbgrader": "assignments",
    "release": "assignments",
    "MB": "sandbox",
    "Limits": "sandbox",
    "Settings": "running",
    "collect_check": "batch",
    "grade": "batch",
    "report": "reports",
}
__all__ = [*_LATER]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
