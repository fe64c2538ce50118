"""Many submissions: several at a time, with progress, and going on where it was interrupted."""

import functools
import sys
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ..errors import ConfigError, D2lresError, DataError
from ..machine import usable_cores
from .client import Settings
from .collecting import find_submissions
from .judges import Judges
from .marks import check, grade_one, key, read_result, result_file, without_marks, write_result
from .reference import COURSE, load_assignment
from .sandbox import MB, Limits, check_sandbox, libraries
from .scratch import scratch_folder
from .students import one_line
from .submissions import Damaged
from .workers import Workers

AROUND = 120  # seconds for what is done before a submission's first cell, and after its last
OWN = 1024 * MB  # memory of a worker itself: the libraries, and the judges' nets


def collect_check(name: str, folder, course=None):
    """Check the submissions before grading: yields (student, ok, lines) for each.

    `lines` are the reason where it cannot be graded, else notes on what was mended.
    """
    assignment = load_assignment(
        name, course
    )  # what is wrong with it is said before any process starts
    submissions, skipped = find_submissions(name, folder, assignment.files)
    jobs = min(usable_cores(), len(submissions))
    with Workers(jobs, (prepare_check, name, course), AROUND, Limits().memory) as workers:
        answers = workers.each([(check_one, name, course, each) for each in submissions])
        for submission, answer in zip(submissions, answers, strict=True):
            if isinstance(answer, Exception):
                answer = False, [f"failed: {answer}"]
            yield submission.student, *answer
    for line in skipped:
        yield "", True, [line]


def grade(name: str, folder, out, *, course=None, settings=None, jobs=None, progress=True):
    """Grade every submission of assignment `name` in `folder`; write OUT/STUDENT.json for each.

    jobs: submissions at a time; default: one for each usable core.
    A submission whose result is there already, of the same content, is not graded again.
    Returns (number graded now, number of all, lines on what was skipped or failed).
    Raises ConfigError for a wrong request, MissingDependency without a sandbox, DataError where
    the reference solution does not pass its own tests.

    Explained on the page "For teachers".
    """
    settings = settings or Settings()
    if jobs is not None and jobs < 1:
        raise ConfigError(f"--jobs: {jobs}; expected 1 or more.")
    assignment = load_assignment(name, course)
    submissions, skipped = find_submissions(name, folder, assignment.files)
    if Path(out).exists() and not Path(out).is_dir():
        raise ConfigError(
            f"{out}: a file; expected a folder for the results. Choose another --out."
        )
    if settings.sandboxed:
        check_sandbox()
    waiting = [each for each in submissions if not is_done(out, assignment, each)]
    jobs = min(jobs or usable_cores(), max(1, len(waiting)))
    lines = [*skipped]
    bar = tqdm(
        total=len(submissions), initial=len(submissions) - len(waiting), unit=" submissions",
        disable=not progress, file=sys.stderr,
    )  # fmt: skip
    with bar, scratch_folder() as scratch:
        settings = replace(
            settings,
            hidden=(*settings.hidden, course or COURSE, folder, out),
            threads=max(1, usable_cores() // jobs),
            scratch=scratch,
            files=tuple(assignment.files.items()),
        )
        each_of = (
            (prepare, name, course, settings.seed), settings.limits.seconds + AROUND,
            settings.limits.memory + OWN, libraries(settings.threads),
        )  # fmt: skip
        with Workers(jobs, *each_of) as workers:
            calls = [(work, name, course, each, settings, out) for each in waiting]
            for submission, failure in zip(waiting, workers.each(calls, bar.update), strict=True):
                if failure:
                    lines.append(f"failed: {submission.student}: {failure}")
                    note_failure(out, assignment, submission, failure)
    return len(waiting), len(submissions), lines


def note_failure(out, assignment, submission, failure) -> None:
    """A result that says what failed; the next call of `grade` tries again."""
    result = without_marks(assignment, submission, f"failed: {failure}") | {"key": ""}
    try:
        write_result(out, result)
    except D2lresError:  # it cannot be written, which is what failed; the line says so
        pass


# --- in a worker ----------------------------------------------------------------------------------

load_once = functools.cache(load_assignment)


@functools.cache
def judges_once(name, course, seed) -> Judges:
    return Judges(load_once(name, course), seed)


def prepare(name, course, seed) -> None:
    judges_once(name, course, seed)


def prepare_check(name, course) -> None:
    load_once(name, course)


def check_one(name, course, submission) -> tuple[bool, list[str]]:
    """Whether a submission can be graded, and notes."""
    try:
        return True, check(load_once(name, course), submission)[1]
    except Damaged as reason:
        return False, [f"{one_line(submission.path.name)}: {reason}"]


def work(name, course, submission, settings, out) -> None:
    """Grade one submission, and write its result."""
    write_result(out, grade_one(judges_once(name, course, settings.seed), submission, settings))


def is_done(out, assignment, submission) -> bool:
    """Whether the result of this submission, as it is now, is there."""
    path = result_file(out, submission.student)
    try:
        return path.exists() and read_result(path)["key"] == key(assignment, submission)
    except (DataError, OSError):
        return False
