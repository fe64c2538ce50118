"""The trusted half of grading: the judges, in a process that no student's code ever enters.

The source is run here once, as a notebook, with its own solutions.  So its judges know what its
cells define, and it is seen before anybody is graded that the reference solution passes every test
with the inputs that everybody is going to get.  Nobody can know those before: their seed is drawn
anew for each call of `grade`.
"""

import contextlib
import hashlib
import io
import sys
from zlib import crc32

import numpy

from ..errors import DataError
from .plain import decode, encode
from .reference import Assignment, grade_id, plain_python


@contextlib.contextmanager
def beside(folder):
    """Files of the assignment are found, as a notebook finds those beside it."""
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(str(folder))


class Judges:
    """`data[name]`: what the probe of a test receives, as text; `verdict`: what its judge says."""

    def __init__(self, assignment: Assignment, seed: int):
        self.assignment, self.seed = assignment, seed
        self.judges, self.data, self.known = {}, {}, {}
        waiting, names = set(assignment.tests), {"__name__": "__main__"}
        with beside(assignment.folder), contextlib.redirect_stdout(io.StringIO()):
            for number, cell in enumerate(assignment.source.cells, 1):
                if cell.cell_type == "code" and waiting:
                    name = grade_id(cell) or f"number {number}"
                    try:
                        self.run(name, cell, names)
                    except DataError:
                        raise
                    except Exception as error:
                        raise self.fault(name, f"{type(error).__name__}: {error}") from error
                    waiting.discard(name)

    def run(self, name: str, cell, names: dict) -> None:
        """A cell of the source; of a test, both parts, with what the reference solution gives."""
        test = self.assignment.tests.get(name)
        exec(compile(plain_python(test.visible if test else cell.source), name, "exec"), names)
        if test:
            exec(compile("\n".join((test.given, test.probe, test.judge)), name, "exec"), names)
            self.judges[name] = names["judge"]
            random = numpy.random.default_rng([self.seed, crc32(name.encode())])
            self.data[name] = [encode(names["given"](random))] if test.given else []
            found = encode(names["probe"](*map(decode, self.data[name])))
            score, why = self.verdict(name, found)
            if score != test.points:
                raise ValueError(f"{score:g} of {test.points:g} points for the reference. {why}")

    def questions(self, name: str) -> list[str]:
        """The cells by which a test asks the student's code."""
        return self.assignment.tests[name].questions(self.data[name])

    def verdict(self, name: str, found: str) -> tuple[float, str]:
        """The points for what a probe gave, and why they are not all.

        Most of a class gives the same right answers, with the same inputs: each is judged once.
        """
        what = name, hashlib.sha256(repr(found).encode()).digest()
        if what not in self.known:
            self.known[what] = self.judge(name, found)
        return self.known[what]

    def judge(self, name: str, found: str) -> tuple[float, str]:
        """As `verdict`, from the judge itself."""
        points = self.assignment.tests[name].points
        try:
            score = self.judges[name](decode(found), *map(decode, self.data[name]))
        except Exception as error:  # what was found is the student's, and so is what comes of it
            return 0.0, f"{type(error).__name__}: {error}"[:2000]
        score = points if score is None else score
        if type(score) not in (int, float) or not 0 <= score <= points:
            raise self.fault(name, f"its judge returns {score!r:.100}, of {points:g} points")
        return float(score), ""

    def fault(self, name: str, found: str) -> DataError:
        return DataError(
            f"{self.assignment.name}: cell {name}: {found}; expected that the source runs, and its "
            "own solutions get all points. Mend the source."
        )
