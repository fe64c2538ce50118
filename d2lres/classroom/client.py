"""A kernel in the sandbox, and the client that sends it cells and believes nothing that it says.

Each kernel has a folder of its own for its sockets, and ends with it.
"""

import contextlib
import json
import math
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
from nbclient.client import CellExecutionComplete
from nbformat import v4

from ..errors import D2lresError
from . import sandbox
from .judging import FOUND
from .outputs import clean, error, failed, line

KERNEL = Path(__file__).with_name("kernel.py")
CHANNEL_BYTES = 8 * sandbox.MB  # one message of a kernel; a larger one closes its connection
MESSAGES = 50  # of those that wait to be read
FLOOD = 50  # times the output of a cell: all may keep as much, and a cell that sends more is ended
STOPPING = 10  # seconds for a cell that has been told to stop


@dataclass
class Settings:
    """How submissions are run: the limits, whether in a sandbox, and what must stay hidden.

    `files` are pairs: where the notebook finds a file that it needs, and the file.  `seed` decides
    the inputs of the tests; `scratch` is the folder for what kernels need.
    """

    limits: sandbox.Limits = field(default_factory=sandbox.Limits)
    sandboxed: bool = True
    threads: int = 1
    hidden: tuple = ()
    files: tuple = ()
    seed: int = field(default_factory=lambda: secrets.randbits(60))
    scratch: Path | None = None


class Ended(Exception):
    """A cell has ended its kernel."""


@contextlib.asynccontextmanager
async def started(watchman, settings: Settings):
    """A client with a new kernel; None where the time is over before it has started."""
    scratch = Path(tempfile.mkdtemp("", "", settings.scratch))
    folder = scratch / "k"  # of the sockets; a sandbox sees this alone
    folder.mkdir()
    for inside, path in () if settings.sandboxed else settings.files:
        (scratch / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, scratch / inside)
    context = zmq.asyncio.Context()
    client = Client(manager(folder, context, settings), watchman, settings.limits)
    try:
        try:
            await start(client, folder, settings)
        except D2lresError:
            if not watchman.late:
                raise
            yield None
            return
        yield client
    finally:
        watchman.end()
        if client.kc:
            client.kc.stop_channels()
        context.destroy(linger=0)
        folder.chmod(0o700)
        shutil.rmtree(scratch, ignore_errors=True)


async def start(client, folder: Path, settings: Settings) -> None:
    """Start the kernel, and its watchman.  No student code runs yet: a failure is the system's."""
    # What starts the sandbox may need the way to systemd; inside, all variables are new.
    way = {name: os.environ[name] for name in sandbox.WAY_TO_SYSTEMD if name in os.environ}
    variables = sandbox.environment(settings.threads) | way
    with open(folder / "kernel.log", "w") as log:
        await client.km.start_kernel(
            env=variables, cwd=str(folder.parent), stdout=subprocess.DEVNULL, stderr=log
        )
    client.watchman.watch(client.km.provisioner.pid, folder)
    try:
        await client.async_start_new_kernel_client()
    except RuntimeError as failure:
        said = (folder / "kernel.log").read_text(errors="replace").strip().splitlines()
        raise D2lresError(
            f"the grading kernel: {(said or [str(failure)])[-1]}; expected that it starts before "
            "any student's code. Run `d2lres doctor`, and see that memory and disk are free."
        ) from failure
    folder.chmod(0o550 if os.getuid() else 0o750)  # the sockets are there; nothing else need be


def manager(folder: Path, context, settings: Settings) -> AsyncKernelManager:
    """A kernel manager whose kernel is the sandboxed one, with sockets in `folder`."""
    root = settings.sandboxed and os.getuid() == 0
    uid = 0x10000000 + secrets.randbelow(0x10000000) if root else 0  # a user nobody else is
    plan = {
        "uid": uid,
        "rlimits": settings.limits.rlimits(settings.sandboxed),
        "sealed": settings.sandboxed,
        "output": settings.limits.output,
    }
    (folder / "settings.json").write_text(json.dumps(plan))
    argv = [sys.executable, "-P", str(KERNEL), str(folder / "settings.json"), "{connection_file}"]
    if settings.sandboxed:
        variables = sandbox.environment(settings.threads).items()
        walls = sandbox.command(settings.limits, [folder], settings.hidden, settings.files)
        argv = [*walls, "env", *(f"{name}={value}" for name, value in variables), *argv]
    spec = KernelSpec(argv=argv, display_name="graded", interrupt_mode="message")

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


class Client(NotebookClient):
    """nbclient, which takes from a kernel only outputs, only so many, and a probe's data."""

    def __init__(self, kernels, watchman, limits):
        self.late = f"the cell ran longer than {limits.cell_seconds:g} s"
        super().__init__(
            v4.new_notebook(),
            km=kernels,
            timeout_func=lambda cell: limits.cell_seconds,
            startup_timeout=math.ceil(min(120, limits.seconds)),
            shutdown_kernel="immediate",
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": "TimeoutError", "evalue": self.late, "traceback": []},
            iopub_timeout=STOPPING,
            raise_on_iopub_timeout=True,
            record_timing=False,
            coalesce_streams=True,
            on_cell_executed=self.keep_reply,
        )
        self.watchman, self.limits = watchman, limits
        self.found, self.reply, self.kept, self.received = "", {}, 0, 0
        self.log.disabled = True

    def keep_reply(self, cell, cell_index, execute_reply):
        self.reply = execute_reply["content"]

    async def send(self, source: str, outputs=None) -> None:
        """Run this text; add its outputs.  Raises whatever shows that the kernel has ended."""
        cell = v4.new_code_cell(source)
        self.nb.cells = [cell]
        self.found, self.reply, self.kept, self.received = "", {}, 0, 0
        try:
            await self.async_execute_cell(cell, 0)
        finally:
            if outputs is not None:
                outputs += cell.outputs
        if any(each.get("source") == "ask_exit" for each in self.reply.get("payload") or ()):
            raise Ended("it called exit()")
        if outputs is not None and self.reply.get("status") == "error":
            sent = clean("error", self.reply)
            if sent.evalue == self.late:  # and not the KeyboardInterrupt that ended it
                outputs[:] = [each for each in outputs if each not in failed(cell.outputs)]
            if sent.evalue == self.late or not failed(cell.outputs):
                outputs.append(sent)

    def process_message(self, msg, cell, cell_index):
        """Only outputs are taken from the kernel, and only so many."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            if content["execution_state"] == "idle":
                raise CellExecutionComplete
            return
        if kind == "clear_output":
            cell.outputs.clear()
            return
        if kind in ("display_data", "execute_result") and FOUND in content["data"]:
            self.found = content["data"][FOUND]
            return
        length = len(json.dumps(content)) + 100  # the smallest message is not free, either
        self.received += length
        if self.received > FLOOD * self.limits.output:
            self.watchman.end("it printed without end")
        if self.kept + length <= 2 * self.limits.output:
            output = clean(kind, content)
        elif kind == "error":  # without its traceback, which may be what is too long
            output = error(line(content.get("ename"), 100), line(content.get("evalue")))
        else:
            output = None
        if output:
            self.kept += length
            cell.outputs.append(output)
