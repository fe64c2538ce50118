"""The program inside the sandbox: an IPython kernel that has given up its rights.

    python -P kernel.py SETTINGS CONNECTION_FILE

It starts before any code of the student, and sets the limits that hold for each process.  After
that it is the student's: nothing that it says is believed.  It needs ipykernel alone.
"""

import ctypes
import gc
import json
import os
import platform
import resource
import struct
import sys
from types import SimpleNamespace

gc.disable()  # nothing of what is imported is garbage; `main` goes on with it

# What completes, debugs and talks to a terminal takes a third of the time to start, and nobody asks
# for it here.
LEFT_OUT = ("jedi", "debugpy")
sys.modules |= dict.fromkeys(LEFT_OUT)
sys.modules["IPython.terminal.embed"] = SimpleNamespace(embed=None)  # which IPython itself imports

from ipykernel.iostream import OutStream  # noqa: E402
from ipykernel.kernelapp import IPKernelApp  # noqa: E402

# System calls that the kernel forgets.  The first ones hold memory that no process maps, where
# nobody would count it: memfd_create, memfd_secret, shmget, msgget, semget, mq_open.  The others
# make new namespaces, with file systems that nobody limits: unshare, setns, clone3 (for which the
# C library takes clone).
CALLS = {
    "x86_64": (0xC000003E, 56, (319, 447, 29, 68, 64, 240, 272, 308, 435)),
    "aarch64": (0xC00000B7, 220, (279, 447, 194, 186, 190, 180, 97, 268, 435)),
}  # machine: (its name for the filter, clone, the calls)
NAMESPACES = 0x7E020000  # the flags of clone that ask for a new one
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 38  # 38: ENOSYS, "function not implemented"


def give_up_rights(settings: dict) -> None:
    """Become a user without rights where root started us, then limit each process."""
    if settings["uid"]:
        os.setgroups([])
        os.setresgid(*[settings["uid"]] * 3)
        os.setresuid(*[settings["uid"]] * 3)
    for name, value in settings["rlimits"].items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))
    if settings["sealed"] and platform.machine() in CALLS:
        forget(*CALLS[platform.machine()])


def forget(machine: int, clone: int, calls: tuple) -> None:
    """From now on these system calls fail, here and in every process that follows (seccomp)."""
    load, equal, at_least, any_bit, end = 0x20, 0x15, 0x35, 0x45, 0x06
    # Each test: (operation, number) that leads to `refuse`; "not" leads there where it is untrue.
    steps = [(load, 4), (equal, machine, "not"), (load, 0), (at_least, 0x40000000)]
    steps += [(equal, call) for call in calls]
    steps += [(equal, clone, "allow"), (load, 16), (any_bit, NAMESPACES)]
    program = b""
    for at, (operation, number, *then) in enumerate(steps):
        allow = len(steps) - at - 1
        yes, no = {"not": (0, allow + 1), "allow": (0, allow)}.get(*then or [""], (allow + 1, 0))
        if operation == load:
            yes = no = 0
        program += struct.pack("HBBI", operation, yes, no, number)
    program += struct.pack("HBBI", end, 0, 0, ALLOW) + struct.pack("HBBI", end, 0, 0, REFUSE)
    code = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for arguments in ((38, 1, 0, 0, 0), (22, 2, header, 0, 0)):  # no new rights; the filter
        if prctl(*(a if isinstance(a, bytes) else ctypes.c_ulong(a) for a in arguments)):
            raise OSError(ctypes.get_errno(), "seccomp")


class Stream(OutStream):
    """stdout or stderr that drops what a cell prints beyond `most` characters."""

    most = 0
    left = 0

    def write(self, text):
        if self.left > 0:
            cut = len(text) > self.left
            kept = text[: self.left] + "\n[the rest of the output was dropped]\n" * cut
            self.left -= len(text)
            super().write(kept)
        return len(text)


def main(settings_file: str, connection_file: str) -> None:
    with open(settings_file) as file:
        settings = json.load(file)
    give_up_rights(settings)
    Stream.most = settings["output"]
    app = IPKernelApp.instance(outstream_class=f"{__name__}.Stream")
    app.initialize(["-f", connection_file, "--HistoryManager.enabled=False"])
    for name in LEFT_OUT:
        sys.modules.pop(name, None)  # a student may import them
    if "" not in sys.path:  # files beside the notebook; newer IPythons leave it out under -P
        sys.path.insert(0, "")
    streams = sys.stdout, sys.stderr

    def begin(*_):
        for stream in streams:
            stream.left = Stream.most

    app.kernel.shell.events.register("pre_execute", begin)
    gc.freeze()
    gc.enable()
    app.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
