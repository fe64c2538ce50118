"""Checking, grading and reporting of what students hand in: `d2lres assignments grade`.

The order of reading is the order of work:

    release.py      a source notebook as the grader needs it: with and without its solutions
    submissions.py  the files of a folder, read whatever their encoding
    matching.py     the student's cells put beside the source's; the tests put back
    sandbox.py      the kernel that student code runs in, without a network and within limits
    kernel.py       the program inside the sandbox
    running.py      the notebook sent to that kernel, cell by cell
    marks.py        points, counted by nbgrader
    batch.py        many submissions, several at a time, as often as it is interrupted
    manual.py       points that the teacher gives
    reports.py      grades as CSV, feedback as HTML
    commands.py     the command line

nbgrader clears the solutions, counts the points and lays out the feedback.  What is added here is
what it lacks: the sandbox, the check before grading, and a test that must prove that it passed.

Explained on the page "For teachers".
"""
