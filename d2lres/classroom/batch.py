"""Many submissions: several at a time, with progress, and going on where it was interrupted."""

import functools
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ..errors import ConfigError, D2lresError, DataError
from ..machine import usable_cores
from .collecting import find_submissions
from .marks import check, grade_one, key, read_result, result_file, write_result
from .reference import COURSE, load_assignment
from .running import Settings
from .sandbox import check_sandbox
from .students import one_line
from .submissions import Damaged


def collect_check(name: str, folder, course=None):
    """Check the submissions before grading: yields (student, ok, lines) for each.

    `lines` are the reason where it cannot be graded, else notes on what was mended.
    """
    assignment = load_assignment(name, course)
    submissions, skipped = find_submissions(name, folder, assignment.files)
    for submission in submissions:
        try:
            _, notes = check(assignment, submission)
            yield submission.student, True, notes
        except Damaged as reason:
            yield submission.student, False, [one_line(f"{submission.path.name}: {reason}")]
    for line in skipped:
        yield "", True, [line]


def grade(name: str, folder, out, *, course=None, settings=None, jobs=None, progress=True):
    """Grade every submission of assignment `name` in `folder`; write OUT/STUDENT.json for each.

    jobs: submissions at a time; default: one for each usable core.
    A submission whose result is there already, of the same content, is not graded again.
    Returns (number graded now, number of all, lines on what was skipped).
    Raises ConfigError for a wrong request, MissingDependency without a sandbox.

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
    settings = replace(
        settings,
        hidden=(*settings.hidden, course or COURSE, folder, out),
        threads=max(1, usable_cores() // jobs),
        files=tuple(assignment.files.items()),
    )
    bar = tqdm(
        total=len(submissions), initial=len(submissions) - len(waiting), unit=" submissions",
        disable=not progress, file=sys.stderr,
    )  # fmt: skip
    # "spawn": each worker starts clean, without the threads that this process may have.
    with (
        bar,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), begin_work) as pool,
    ):
        try:
            tasks = [pool.submit(work, name, course, each, settings) for each in waiting]
            for task in as_completed(tasks):
                write_result(out, task.result())
                bar.update()
        except BrokenProcessPool as error:
            raise D2lresError(
                "grading: a worker process was ended from outside (too little memory?); expected "
                "it to finish. Run the command again: it goes on. --jobs 1 needs less memory."
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return len(waiting), len(submissions), skipped


def begin_work() -> None:
    """In a new worker: leave Ctrl-C to the process that the user sees, and end when that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent():
        multiprocessing.parent_process().join()
        os._exit(1)  # the sandbox ends with this process

    threading.Thread(target=end_with_parent, daemon=True).start()


def work(name, course, submission, settings) -> dict:
    """In a worker process: one submission."""
    return grade_one(assignment_once(name, course), submission, settings)


assignment_once = functools.cache(load_assignment)


def is_done(out, assignment, submission) -> bool:
    """Whether the result of this submission, as it is now, is there."""
    path = result_file(out, submission.student)
    try:
        return path.exists() and read_result(path)["key"] == key(assignment, submission)
    except DataError:
        return False
