"""How long a class of submissions takes to grade: one at a time, and as many as there are cores.

python benchmarks/grading.py [--assignment 2-residual-block] [--submissions 100] [--no-sandbox]

Every submission is the reference solution, so each runs every test to its end.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

from d2lres.classroom import Settings
from d2lres.classroom.batch import grade
from d2lres.classroom.marks import read_result
from d2lres.classroom.reference import COURSE, load_assignment
from d2lres.machine import usable_cores


def seconds(name, course, folder, out, jobs, settings) -> float:
    """Grade the folder; check that every submission got every point that needs no teacher."""
    start = perf_counter()
    grade(name, folder, out, course=course, jobs=jobs, settings=settings)
    took = perf_counter() - start
    for path in Path(out).glob("*.json"):
        result = read_result(path)
        lost = [cell for cell in result["cells"] if cell["score"] not in (None, cell["points"])]
        assert result["status"] == "graded" and not lost, f"{path}: {result['notes']} {lost}"
    return took


def main():
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--assignment", default="2-residual-block")
    words.add_argument("--course", default=str(COURSE), help="folder that holds `source`")
    words.add_argument("--submissions", type=int, default=100)
    words.add_argument("--no-sandbox", action="store_true")
    asked = words.parse_args()
    name, number = asked.assignment, asked.submissions
    load_assignment(name, asked.course)  # so that a wrong name is said before anything is made
    settings = Settings(sandboxed=not asked.no_sandbox)
    print(f"{number} submissions of {name}, {os.cpu_count()} cores")
    took = {}
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(asked.course) / "source" / name / f"{name}.ipynb"
        for student in range(number):
            path = Path(scratch) / "submitted" / f"student-{student:03d}.ipynb"
            path.parent.mkdir(exist_ok=True)
            shutil.copy(source, path)
        for jobs in sorted({1, usable_cores()}):
            out = Path(scratch) / f"out-{jobs}"
            took[jobs] = seconds(name, asked.course, path.parent, out, jobs, settings)
            print(f"{jobs} at a time: {took[jobs]:.0f} s, {took[jobs] / number:.2f} s each")
    if len(took) > 1:
        ratio = took[1] / took[usable_cores()]
        print(f"{usable_cores()} at a time are {ratio:.2f} times as fast as one")


if __name__ == "__main__":
    main()
