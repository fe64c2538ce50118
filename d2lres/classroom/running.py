"""A submission run cell by cell: its kernel in the sandbox, everything else out here.

nbclient sends the cells, so student code never sees a test before its turn.  The kernel is the
student's, though: it can say that a test passed which did not.  Two things make that hard:

* a test must prove that it ended: after its last line stands one more, which sends back a random
  word made for this test alone.  No word, no points;
* before each test goes a false one, which must fail.  A kernel that lets it pass hides errors.

Whoever writes an attack against this file in particular can still get past it, since in Python all
code of a process is equal.  The attack then stands in the student's cells, for the teacher to read.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import ValidationError, v4, validate

from ..errors import D2lresError
from . import sandbox

# What the kernel sends beside outputs: the word of a test that passed, and names put back.
PASSED = "application/vnd.d2lres.passed+json"
RESTORED = "application/vnd.d2lres.restored+json"
KERNEL = Path(__file__).with_name("kernel.py")
CHANNEL_BYTES = 32 * sandbox.MB  # one message of a kernel; a larger one closes its connection
MESSAGES = 100  # of those that wait to be read
FLOOD = 50  # times the output that a cell may keep: beyond that, the submission is ended


@dataclass
class Settings:
    """How submissions are run: the limits, whether in a sandbox, what must stay hidden.

    `files` are pairs: where the notebook finds a file that it needs, and the file.
    """

    limits: sandbox.Limits = field(default_factory=sandbox.Limits)
    sandboxed: bool = True
    threads: int = 1
    hidden: tuple = ()
    files: tuple = ()


def run(notebook, imports: list[str], settings: Settings) -> list[str]:
    """Run a matched notebook: its cells get their outputs.  Returns notes for the teacher.

    A test that failed, did not prove that it passed, or was never reached holds an error output
    with the reason.
    """
    proved, notes = asyncio.run(_run(notebook, imports, settings))
    for cell in notebook.cells:
        if is_test(cell) and name_of(cell) not in proved and not failed(cell):
            ended = [note for note in notes if note.startswith("ended early")]
            reason = (ended or ["the test did not run to its end"])[-1]
            cell.outputs.append(error("NotProved", reason))
    return notes


async def _run(notebook, imports, settings: Settings) -> tuple[set, list[str]]:
    """The ids of the tests that proved that they passed, and notes."""
    scratch = Path(tempfile.mkdtemp(prefix="grade-"))  # of a kernel that no sandbox gives its own
    folder = scratch / "kernel"  # of the sockets; a sandbox sees this alone
    folder.mkdir()
    for inside, path in () if settings.sandboxed else settings.files:
        (scratch / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, scratch / inside)
    watchman = sandbox.Watchman(settings.limits, folder)
    context = zmq.asyncio.Context()
    try:
        kernels = manager(folder, context, imports, settings)
        client = Client(notebook, kernels, watchman, settings.limits)
        await start(client, folder, settings)
        try:
            await client.async_execute()
        except Exception as failure:  # whatever a kernel may do or send: the next one is graded
            said = f"{type(failure).__name__}: {failure}".splitlines()[0][:300]
            died = isinstance(failure, DeadKernelError)
            reason = watchman.reason or (
                "its process ended" if died else f"its kernel sent nonsense: {said}"
            )
            client.notes.append(f"ended early: {reason}")
        return client.proved, client.notes
    finally:
        watchman.end()
        context.destroy(linger=0)
        folder.chmod(0o700)
        shutil.rmtree(scratch, ignore_errors=True)


async def start(client, folder: Path, settings: Settings) -> None:
    """Start the kernel, and its watchman.  No student code runs yet: a failure is the system's."""
    variables = sandbox.environment(settings.threads)
    with open(folder / "kernel.log", "w") as log:
        await client.km.start_kernel(
            env=variables, cwd=str(folder.parent), stdout=subprocess.DEVNULL, stderr=log
        )
    client.watchman.watch(client.km.provisioner.pid)
    try:
        await client.async_start_new_kernel_client()
    except RuntimeError as failure:
        said = (folder / "kernel.log").read_text(errors="replace").strip().splitlines()
        raise D2lresError(
            f"the grading kernel: {(said or [str(failure)])[-1]}; expected that it starts before "
            "any student's code. Run `d2lres doctor`, and see that memory and disk are free."
        ) from failure
    folder.chmod(0o550 if os.getuid() else 0o750)  # the sockets are there; nothing else need be


def manager(folder: Path, context, imports: list[str], settings: Settings) -> AsyncKernelManager:
    """A kernel manager whose kernel is the sandboxed one, with sockets in `folder`."""
    root = settings.sandboxed and os.getuid() == 0
    uid = 0x10000000 + secrets.randbelow(0x10000000) if root else 0  # a user nobody else is
    plan = {
        "uid": uid,
        "rlimits": settings.limits.rlimits(settings.sandboxed),
        "imports": imports,
        "output": settings.limits.output,
        "restored": RESTORED,
    }
    (folder / "settings.json").write_text(json.dumps(plan))
    line = [sys.executable, "-P", str(KERNEL), str(folder / "settings.json"), "{connection_file}"]
    if settings.sandboxed:
        variables = sandbox.environment(settings.threads).items()
        walls = sandbox.command(settings.limits, [folder], settings.hidden, settings.files)
        line = [*walls, "env", *(f"{name}={value}" for name, value in variables), *line]
    spec = KernelSpec(argv=line, display_name="graded", interrupt_mode="message")

    class OneKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name):
            return spec

    context.setsockopt(zmq.MAXMSGSIZE, CHANNEL_BYTES)
    context.setsockopt(zmq.RCVHWM, MESSAGES)
    kernels = AsyncKernelManager(
        context=context,
        transport="ipc",
        ip=str(folder / "s"),
        connection_file=str(folder / "kernel.json"),
        kernel_spec_manager=OneKernel(),
    )
    kernels.write_connection_file()
    if uid:  # the folder stays root's: the kernel's user may write into it until it has started
        os.chown(folder / "kernel.json", uid, uid)
        os.chown(folder, 0, uid)
        folder.chmod(0o770)
    return kernels


def is_test(cell) -> bool:
    """Whether a cell is graded by running it."""
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and marks.get("grade", False) and not marks.get("solution")


def kind_of(cell) -> str:
    if is_test(cell):
        return "test"
    marks = cell.metadata.get("nbgrader", {})
    locked = marks.get("locked") and not marks.get("solution")
    return "given" if locked or cell.metadata.get("given") else "student"


def error(name: str, reason: str):
    """An error output that nbgrader counts as a failed test and the feedback shows."""
    return v4.new_output("error", ename=name, evalue=reason, traceback=[f"{name}: {reason}"])


class Client(NotebookClient):
    """nbclient, with tests that must prove that they passed, and output that is cut."""

    def __init__(self, notebook, kernels, watchman, limits):
        super().__init__(
            notebook,
            km=kernels,
            timeout=limits.cell_seconds,
            startup_timeout=min(120, limits.seconds),
            shutdown_kernel="immediate",
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={
                "ename": "TimeoutError",
                "evalue": f"the cell ran longer than {limits.cell_seconds:g} s",
                "traceback": [],
            },
            raise_on_iopub_timeout=False,
            coalesce_streams=True,
            on_cell_executed=self.keep_reply,
        )
        self.watchman, self.limits = watchman, limits
        self.notes, self.proved, self.words, self.reply = [], set(), set(), None
        self.kept = self.received = 0
        self.log.disabled = True

    def keep_reply(self, cell, cell_index, execute_reply):
        self.reply = execute_reply["content"]

    async def async_execute_cell(self, cell, cell_index, **options):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if kind_of(cell) == "test":
            return await self.examine(cell, cell_index, **options)
        return await self.send(cell, cell_index, **options)

    async def send(self, cell, cell_index, kind=None, **options):
        """One cell to the kernel; a cell that took too long holds that as its error."""
        self.kc.session.metadata = {"d2lres": kind or kind_of(cell)}
        self.kept = self.received = 0
        self.reply, self.words = {}, set()
        await super().async_execute_cell(cell, cell_index, **options)
        name, reason = str(self.reply.get("ename", "")), str(self.reply.get("evalue", ""))
        if reason == self.error_on_timeout["evalue"]:  # and not the KeyboardInterrupt that ended it
            cell.outputs = [o for o in cell.outputs if o.output_type != "error"]
        if self.reply.get("status") == "error" and not failed(cell):
            cell.outputs.append(error(name, reason))
        return cell

    async def examine(self, cell, cell_index, **options):
        """A test: errors must be seen, and its last line must have run."""
        a, b = secrets.randbelow(900) + 100, secrets.randbelow(900) + 100
        false, _ = with_proof(f"assert {a} * {b} == {a * b + secrets.choice((-10, 1, 10))}")
        false = v4.new_code_cell(false)
        await self.send(false, cell_index, kind="test", **options)
        seen = failed(false) and self.reply.get("status") == "error" and not self.words
        self.nb.cells[cell_index] = cell
        if not seen:
            cell.outputs = [error("Tampered", "errors no longer reach the grader")]
            self.notes.append(f"cell {name_of(cell)}: the notebook hides errors from the grader")
            return cell
        text = cell.source
        cell.source, word = with_proof(text)
        try:
            await self.send(cell, cell_index, **options)
        finally:
            cell.source = text
        if self.words == {word} and not failed(cell):
            self.proved.add(name_of(cell))
        elif not failed(cell):
            self.notes.append(f"cell {name_of(cell)}: the test did not run to its end")
        return cell

    def process_message(self, msg, cell, cell_index):
        """Only outputs are taken from the kernel, and only so many."""
        if msg["msg_type"].startswith("comm"):
            return None
        return super().process_message(msg, cell, cell_index)

    def output(self, outs, msg, display_id, cell_index):
        content = msg["content"]
        data = content.get("data") or {}
        if PASSED in data:
            self.words.add(data[PASSED])
            return None
        if RESTORED in data:
            names = ", ".join(map(str, data[RESTORED]))[:500]
            cell = self.nb.cells[cell_index]
            self.notes.append(f"before cell {name_of(cell) or cell_index + 1}: put back {names}")
            return None
        length = len(json.dumps(content)) + 100  # the smallest message is not free, either
        self.received += length
        if self.received > FLOOD * self.limits.output:
            self.watchman.end("it printed without end")
        if self.kept + length > 2 * self.limits.output:
            if msg["msg_type"] == "error":
                outs.append(error(str(content.get("ename"))[:100], "a very long error message"))
            return None
        self.kept += length
        try:
            validate(v4.output_from_msg(msg), ref="output", version=4)
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
            return None  # no output of a notebook, and so nothing that the feedback could show
        return super().output(outs, msg, display_id, cell_index)


def with_proof(text: str) -> tuple[str, str]:
    """The text of a test with a last line that sends a random word, and that word."""
    word = secrets.token_hex(16)
    line = f"__import__('IPython').display.publish_display_data({{{PASSED!r}: {word!r}}})"
    return f"{text}\n\n\n\n\n{line}", word


def failed(cell) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)


def name_of(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
