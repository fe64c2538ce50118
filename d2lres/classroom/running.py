"""A submission run cell by cell: its kernel in the sandbox, its judges out here.

nbclient sends the cells, so student code never sees a test before its turn.  The kernel is the
student's, and can say whatever it likes: that a test passed, that there was no error.  So nothing
that it says is worth a point.  A test has two parts:

* what students see runs as any cell does, and its errors are shown.  It can only take points away;
* then the probe asks the student's code, with inputs that arrive with it, and its data come out.
  A judge decides about those, in the grader's process (see `judges`).

A cell that ends its kernel is marked; a new kernel runs what precedes without it, and goes on.
"""

import asyncio
import json
import time

from nbclient.exceptions import CellTimeoutError, DeadKernelError

from ..errors import D2lresError
from . import sandbox
from .client import FLOOD, Ended, Settings, started
from .outputs import error, failed, line
from .reference import grade_id, is_test


def run(notebook, judges, settings: Settings) -> tuple[dict, list[str]]:
    """Run a matched notebook: its cells get their outputs.

    Returns the verdict for each test by its id, as (points, why they are not all), and notes for
    the teacher.
    """
    session = Session(notebook, judges, settings.limits)
    asyncio.run(session.run(settings))
    return session.verdicts, session.notes


class Session:
    """A notebook, run by as many kernels as it ends.

    `begin` is the cell that the next kernel goes on with, `ended` are the cells that have ended
    one, and `room` is how many characters of output the notebook may still hold.
    """

    def __init__(self, notebook, judges, limits: sandbox.Limits):
        self.cells, self.judges = notebook.cells, judges
        self.deadline, self.room = time.monotonic() + limits.seconds, FLOOD * limits.output
        self.begin, self.ended, self.verdicts, self.notes = 0, set(), {}, []

    async def run(self, settings: Settings) -> None:
        reason = ""
        while self.begin < len(self.cells) and not reason:
            watchman = sandbox.Watchman(settings.limits, self.deadline)
            async with started(watchman, settings) as client:
                if client:
                    await self.go_on(client)
            reason = watchman.reason if watchman.late else ""
        if reason:
            self.notes.append(f"ended early: {reason}")
        for cell in self.cells:
            if is_test(cell) and grade_id(cell) not in self.verdicts:
                cell.outputs.append(error("NotRun", reason))
                self.verdicts[grade_id(cell)] = 0.0, f"ended early: {reason}"

    async def go_on(self, client) -> None:
        """The cells from `begin` on, after those before it once more, until one ends the kernel."""
        for index, cell in enumerate(self.cells):
            if cell.cell_type != "code" or index in self.ended:
                continue
            try:
                if index < self.begin:
                    await client.send(self.shown(cell))
                elif is_test(cell):
                    await self.examine(client, cell)
                else:
                    await client.send(cell.source, cell.outputs)
                self.measure(cell)
            except D2lresError:  # a judge's fault, not the student's
                raise
            except Exception as failure:  # whatever a kernel may do or send: the rest is graded
                if client.watchman.late:
                    return
                self.mark(index, client.watchman.reason or reason_of(failure, client))
                return
        self.begin = len(self.cells)

    def shown(self, cell) -> str:
        """What runs of a cell as it stands: all, or of a test what students see."""
        tests = self.judges.assignment.tests
        return tests[grade_id(cell)].visible if is_test(cell) else cell.source

    def measure(self, cell) -> None:
        """Take the size of a cell's outputs from `room`; where there is none, only errors stay."""
        self.room -= len(json.dumps(cell.outputs))
        if self.room < 0:
            errors = [error(each.ename, line(each.evalue)) for each in failed(cell.outputs)]
            cell.outputs = errors[:1]

    async def examine(self, client, cell) -> None:
        """A test: what students see, then the probe, then the judge."""
        name = grade_id(cell)
        await client.send(self.shown(cell), cell.outputs)
        for question in self.judges.questions(name):
            if not failed(cell.outputs):
                await client.send(question, cell.outputs)
        if failures := failed(cell.outputs):
            self.verdicts[name] = 0.0, line(f"{failures[0].ename}: {failures[0].evalue}")
            return
        score, why = self.judges.verdict(name, client.found)
        self.verdicts[name] = score, line(why)
        if why:
            cell.outputs.append(error(*why.split(": ", 1)))

    def mark(self, index: int, reason: str) -> None:
        """The cell at `index` has ended its kernel."""
        cell = self.cells[index]
        self.ended.add(index)
        self.begin = max(self.begin, index + 1)
        cell.outputs.append(error("KernelEnded", reason))
        self.notes.append(
            f"cell {grade_id(cell) or index + 1} ended early: {reason}; a new kernel went on "
            "without it"
        )
        if is_test(cell):
            self.verdicts[grade_id(cell)] = 0.0, f"ended early: {reason}"


def reason_of(failure: Exception, client) -> str:
    """Why a kernel is of no use any more, in words."""
    if isinstance(failure, Ended):
        return str(failure)
    if isinstance(failure, DeadKernelError):
        return "its process ended"
    if isinstance(failure, CellTimeoutError):
        return f"{client.late}, and did not stop"
    return line(f"its kernel sent nonsense: {type(failure).__name__}: {failure}")
