"""The walls around student code: bubblewrap, limits, and a watchman.

Inside, a submission sees Python, its packages and `d2lres`, all read-only, and an empty scratch
folder in memory; no network, no other process, no home folder, no assignment, no gradebook.  The
kernel talks to the grader through sockets in one folder that both see.

| what is limited   | by what                                                                  |
|-------------------|--------------------------------------------------------------------------|
| time              | the watchman, who ends the whole tree of processes                        |
| memory, a process | RLIMIT_DATA: private memory.  RLIMIT_AS would count what MXNet only maps  |
| memory, together  | a cgroup, where systemd gives one; and the watchman adds up what all      |
|                   | processes map.  Memory that nobody maps (memfd, System V) does not exist:  |
|                   | a filter refuses those system calls, see `kernel`                         |
| processes         | RLIMIT_NPROC.  It does not bind root, so root's sandbox runs as a user    |
|                   | that nobody else is                                                       |
| disk              | scratch folders in memory, of a fixed size; RLIMIT_FSIZE for one file     |
| files             | the watchman counts them: an empty file has no size, but needs memory     |
"""

import contextlib
import functools
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, MissingDependency

MB = 1 << 20
PACKAGE = Path(__file__).parents[1]
INSTALL = "Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap"

WAY_TO_SYSTEMD = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds, bytes of memory and disk, processes, characters, files.

    `cell_seconds` holds for each cell, `seconds` for all of them together; `output` for what a
    cell prints, beyond which it is cut.  Raises ConfigError for what is no limit.
    """

    cell_seconds: float = 120
    seconds: float = 600
    memory: int = 4096 * MB
    processes: int = 256
    disk: int = 256 * MB
    output: int = 100_000
    files: int = 20_000

    def __post_init__(self):
        for name in ("cell_seconds", "seconds", "memory"):
            value = getattr(self, name)
            if not 0 < value < math.inf:  # nan is not, either
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(f"{option}: {value}; expected a number above 0.")

    def rlimits(self, sandboxed: bool) -> dict:
        """The limits of a process; outside a sandbox, its user's other processes would count."""
        limits = {
            "RLIMIT_DATA": self.memory, "RLIMIT_FSIZE": self.disk, "RLIMIT_CORE": 0,
            "RLIMIT_MSGQUEUE": 0,
        }  # fmt: skip
        return limits | ({"RLIMIT_NPROC": self.processes} if sandboxed else {})


def check_sandbox() -> None:
    """Raises MissingDependency, with the fix, where bubblewrap is missing or cannot work here."""
    if not shutil.which("bwrap"):
        raise MissingDependency(
            "bubblewrap: not found; grading runs student code only in a sandbox. "
            f"Install it ({INSTALL}), or grade with --no-sandbox code that you trust."
        )
    trial = [*command(Limits(), [], []), "true"]
    done = subprocess.run(trial, capture_output=True, text=True, timeout=60)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise MissingDependency(
            f"bubblewrap: {said}; expected version 0.8 or newer, and a system that lets it make "
            "namespaces (some containers and kernels forbid it). Grade on another system, or use "
            "--no-sandbox for code that you trust."
        )


def command(limits: Limits, shared: list, hidden: list, files=()) -> list[str]:
    """The bwrap command up to the program: `shared` folders are writable, `hidden` ones empty.

    `files` are pairs: where the notebook finds it, and the file.
    """
    root = os.getuid() == 0
    # As root, a user namespace would leave the processes to root, whom RLIMIT_NPROC does not bind.
    rights = (
        ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        if root
        else ["--unshare-user", "--disable-userns"]
    )
    small = ["--perms", "1777", "--size", str(limits.disk), "--tmpfs"]
    line = [
        "bwrap", *rights, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--clearenv", "--proc", "/proc", "--dev", "/dev", *small, "/dev/shm", *small, "/tmp",
    ]  # fmt: skip
    seen = []
    # bwrap makes missing parents for their owner alone; the student is somebody else.
    folders = {each for path in [*visible(), *shared] for each in Path(path).parents}
    for folder in sorted(folders - {Path("/"), Path("/tmp")}):
        line += ["--perms", "0755", "--dir", str(folder)]
    for path in visible():
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), str(path)]
        else:
            line += ["--ro-bind", str(path), str(path)]
            seen.append(path)
    for path in map(Path, hidden):
        path = path.resolve()
        if path.exists() and any(path.is_relative_to(place.resolve()) for place in seen):
            line += ["--perms", "0555", "--size", "4096", "--tmpfs", str(path)]
            line += ["--remount-ro", str(path)]
    for path in shared:
        line += ["--bind", str(path), str(path)]
    for inside, path in files:
        for folder in reversed(Path("/tmp", inside).parents[:-2]):
            line += ["--perms", "0755", "--dir", str(folder)]
        line += ["--ro-bind", str(path), f"/tmp/{inside}"]
    ends = ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--"]
    return [*scope(limits), *line, *ends]


def scope(limits: Limits) -> list[str]:
    """The command that puts what follows into a cgroup with these limits; nothing without one."""
    return systemd_scope(limits.memory, limits.processes) if has_cgroup() else []


def systemd_scope(memory: int, processes: int) -> list[str]:
    return [
        "systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", f"MemoryMax={memory}",
        "-p", "MemorySwapMax=0", "-p", f"TasksMax={processes}", "--",
    ]  # fmt: skip


@functools.cache
def has_cgroup() -> bool:
    """Whether systemd gives us a cgroup whose limit of memory is really set."""
    asks = "cat /sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.max"
    try:
        trial = [*systemd_scope(64 * MB, 16), "sh", "-c", asks]
        done = subprocess.run(trial, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == str(64 * MB)


def memory_limit() -> str:
    """How the memory of all processes together is limited here, in words."""
    return "a cgroup" if has_cgroup() else "the grader, who adds it up; systemd gives no cgroup"


def visible() -> list[Path]:
    """What the sandbox can read: the system's libraries, Python, its packages, and d2lres."""
    system = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
    settings = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts", "localtime")
    paths = [Path(p) for p in system] + [Path("/etc") / name for name in settings]
    paths += [Path(sys.base_prefix), Path(sys.prefix), PACKAGE]
    return [path for path in dict.fromkeys(paths) if path.exists() or path.is_symlink()]


def environment(threads: int) -> dict[str, str]:
    """The environment of the kernel: nothing of the teacher's goes in."""
    return {
        "PATH": "/usr/bin:/bin", "HOME": "/tmp", "USER": "student", "LANG": "C.UTF-8",
        "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1",
        "NBGRADER_EXECUTION": "autograde", **libraries(threads),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # plots become outputs
    }  # fmt: skip


def libraries(threads: int) -> dict[str, str]:
    """What the libraries find in the environment, in a kernel and in a worker."""
    return {
        "MPLBACKEND": "Agg", "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false",
    }  # fmt: skip


class Watchman(threading.Thread):
    """Ends a tree of processes that holds too much or takes too long; `reason` says which."""

    def __init__(self, limits: Limits, deadline: float):
        super().__init__(daemon=True)
        self.limits, self.deadline = limits, deadline
        self.pid, self.reason, self.late, self.done = None, "", False, threading.Event()

    def watch(self, pid: int, folder: Path) -> None:
        """Begin: `pid` is the first process of the tree, `folder` what it shares with us."""
        self.pid, self.folder = pid, folder
        self.start()

    def run(self):
        limits = self.limits
        while not self.done.wait(0.1):
            processes = tree(self.pid)
            if time.monotonic() > self.deadline:
                self.late = True
                self.end(f"it ran longer than {limits.seconds:g} s")
            elif holds_more(processes, limits.memory):
                self.end(f"it used more than {limits.memory // MB} MB of memory")
            elif has_more_files(processes, limits.files):
                self.end(f"it made more than {limits.files:,} files")
            elif size(self.folder) > MB:
                self.end("it filled the folder of the kernel's sockets")

    def end(self, reason: str = "") -> None:
        """End the processes, all of them, and stop watching.  The first reason counts."""
        self.reason = self.reason or reason
        self.done.set()
        for pid in [*tree(self.pid), self.pid] if self.pid else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """The descendants of a process, from /proc; none where the system has no /proc."""
    children = {}
    for each in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{each}/stat", "rb", 0) as stat:
            parent = int(stat.read(1024).rpartition(b")")[2].split(None, 2)[1])
            children.setdefault(parent, []).append(int(each))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def holds_more(processes: list[int], limit: int) -> bool:
    """Whether these processes hold more memory together than `limit` bytes.

    Resident pages are quickly added up, but those that processes share count for each of them;
    only where that sum is too much are the shares asked for, which takes the kernel longer.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    held = {each: field(each, "statm", r"\d+ (\d+)", page) for each in processes}
    if sum(held.values()) <= limit:
        return False
    shares = [field(each, "smaps_rollup", r"Pss:\s+(\d+)", 1024) for each in processes]
    return sum(shares) > limit


def has_more_files(processes: list[int], limit: int) -> bool:
    """Whether more than `limit` files are in the scratch folders that these processes see."""
    with contextlib.suppress(OSError, IndexError):
        root = f"/proc/{processes[0]}/root"
        if not os.path.samefile(root, "/"):
            places = [os.statvfs(f"{root}{place}") for place in ("/tmp", "/dev/shm")]
            return sum(place.f_files - place.f_ffree for place in places) > limit
    return False


def field(pid: int, file: str, pattern: str, unit: int) -> int:
    """A number out of a file of /proc, in bytes; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        found = re.search(pattern, Path(f"/proc/{pid}/{file}").read_text())
        return int(found[1]) * unit if found else 0
    return 0


def size(folder: Path) -> int:
    """Bytes on disk of the files in a folder, those of its folders included; links not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512 + 512
    return total
