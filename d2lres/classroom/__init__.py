"""Assignments and their grading: `d2lres assignments ...`.  No other room needs this one.

The order of reading is the order of work:

    plain.py        data as text, read again without trust in who sent it
    judging.py      a hidden test in two halves: the probe and the judge
    assignments.py  what there is to hand out, and the students' versions of it
    reference.py    a source notebook as the grader needs it: with and without its solutions
    judges.py       the source run in a trusted process, and the verdicts of its judges
    students.py     whose a file is, and what a name may hold
    handed_in.py    the files of a folder or an archive, which is never unpacked
    submissions.py  one file read as a notebook, whatever wrote it
    collecting.py   who handed in what
    matching.py     the student's cells put beside the source's; the tests put back
    outputs.py      what of a kernel's messages is kept
    sandbox.py      the walls around a kernel that student code runs in
    kernel.py       the program inside the sandbox
    client.py       a kernel started, and sent cells
    running.py      the notebook sent to kernels, cell by cell, and its tests judged
    marks.py        the result: points for each cell, and why
    scratch.py      the folder for what kernels need
    workers.py      processes that work for us, each a bulkhead
    batch.py        many submissions, several at a time, as often as it is interrupted
    tables.py       CSV that no spreadsheet takes for a program
    manual.py       points that the teacher gives
    formulas.py     TeX as a picture
    rendering.py    what students wrote and displayed, as HTML that is safe to look at
    feedback.py     the page that goes back to a student
    preloaded.py    what every worker needs, imported once
    exports.py      grades for Moodle and Canvas
    gradebook.py    marks in nbgrader's database
    reports.py      grades as CSV, feedback as HTML

nbgrader clears the solutions and lays out the feedback.  What is added here is what it lacks: the
sandbox, the check before grading, and a verdict that student code has no part in.

Explained on the page "For teachers".
"""

from ..names import on_first_use

# nbgrader and what it brings are needed only here, and only by teachers.
_LATER = {
    "examine": "judging",
    "list_assignments": "assignments",
    "need_nbgrader": "assignments",
    "release": "assignments",
    "MB": "sandbox",
    "Limits": "sandbox",
    "Settings": "client",
    "memory_limit": "sandbox",
    "collect_check": "batch",
    "grade": "batch",
    "report": "reports",
}
__all__ = [*_LATER]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
