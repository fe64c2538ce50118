"""`d2lres doctor`: what this machine has, what is broken, and the command that mends it.

Each check is a small function of what was found, so it can be tested with stand-ins; `run` finds
those things.  Standard library only, and MXNet is imported in another process: the doctor must
work where NumPy is missing, and outlive an import that crashes.

Explained in the appendix "How MXNet runs today".
"""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..machine.nvidia import Card, cards, numbers, objection
from ..machine.setting_up import D2L, MXNET, SYSTEMS, mxnet_build, version_of

PYTHONS = ((3, 11), (3, 12), (3, 13))
ROOT = Path(__file__).parents[2]  # the repository, where this is no installed copy
# The distributions that d2lres, MXNet and d2l import, and that nothing below looks at more closely.
NEEDED = ("click", "matplotlib", "pandas", "pillow", "platformdirs", "requests", "tqdm")
ROOM = 500_000_000  # bytes: the largest data set, downloaded and unpacked, and some weights
CONTAINER = (
    "docker build -t block-by-block . && docker run --rm -p 127.0.0.1:8888:8888 block-by-block"
    "    # or open the notebooks in Colab"
)


@dataclass(frozen=True)
class Check:
    """One thing looked at: its name, whether it is right, what was found, and the fix if not."""

    name: str
    ok: bool
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Probe:
    """What happened when another process imported MXNet: its answers, or how it failed."""

    answers: "dict | None"
    error: str = ""


def pip(*arguments: str) -> str:
    """The command that installs into the running Python, whatever is first on the path."""
    return shlex.join([sys.executable, "-m", "pip", "install", *arguments])


# --- the checks, each a function of what was found -----------------------------------------------


def check_python(version: tuple) -> Check:
    text = ".".join(map(str, version[:3]))
    if tuple(version[:2]) in PYTHONS:
        return Check("Python", True, text)
    text += "; supported: " + ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return Check("Python", False, text, "make PYTHON=python3.12 env")


def check_platform(system: str, machine: str, libc: tuple) -> Check:
    """MXNet 1.9.1 has wheels for Linux with glibc (x86-64, aarch64) and for Intel macOS."""
    text = " ".join(filter(None, (system, machine, *libc)))
    if (system, machine) in SYSTEMS and (system != "Linux" or libc[0] == "glibc"):
        return Check("system", True, text)
    return Check("system", False, f"{text}: there is no MXNet {MXNET} for it", CONTAINER)


def check_numpy(found: "str | None", pinned: "str | None") -> Check:
    """NumPy is there, and nobody raised or lowered it behind the environment's back."""
    wanted = f"numpy=={pinned}" if pinned else "numpy<3"
    if found is None:
        return Check("NumPy", False, "not installed", pip(wanted))
    if pinned and found != pinned:
        text = f"{found}, but this environment was made with {pinned}: something replaced it"
        return Check("NumPy", False, text, pip(wanted))
    if not (1, 23) <= numbers(found) < (3,):
        return Check("NumPy", False, f"{found}; supported: 1.23 to 2.x", pip(wanted))
    return Check("NumPy", True, found)


def check_mxnet(found: "str | None", probe: Probe) -> Check:
    install = pip("--no-deps", f"mxnet=={MXNET}")
    if found is None and probe.answers is None:
        return Check("MXNet", False, "not installed", install)
    if probe.answers is None:
        return Check("MXNet", False, f"does not import: {probe.error}", import_fix(probe.error))
    version = probe.answers["mxnet"]
    if version != MXNET:
        return Check("MXNet", False, f"{version}; the book is written for {MXNET}", install)
    return Check("MXNet", True, version)


def import_fix(error: str) -> str:
    """The command that cures a failed `import mxnet`, told from what it said."""
    if re.search(r"libgomp|libquadmath", error):
        return "apt-get install libgomp1 libquadmath0    # Fedora: dnf install libgomp libquadmath"
    if "libarmpl" in error:  # see scripts/link_blas.py
        return "apt-get install libopenblas0-pthread liblapacke && make distclean env"
    if re.search(r"lib(cuda|cudart|cudnn|cublas|nccl)", error):  # a GPU wheel without its driver
        return pip("--force-reinstall", "--no-deps", f"mxnet=={MXNET}")
    if (missing := re.search(r"No module named '(\w+)", error)) and missing[1] != "mxnet":
        return pip(missing[1])
    return pip("--force-reinstall", "--no-deps", f"mxnet=={MXNET}")


def check_repairs(repaired: list) -> Check:
    """What `d2lres` gave back so that MXNet imports: a fact, never a fault."""
    text = f"{len(repaired)}: {', '.join(repaired)}" if repaired else "none needed"
    return Check("repaired names", True, text)


def check_d2l(found: "str | None") -> Check:
    if found == D2L:
        return Check("d2l", True, found)
    text = f"{found}; the book is written for {D2L}" if found else "not installed"
    return Check("d2l", False, text, pip("--no-deps", f"d2l=={D2L}"))


def check_packages(found: dict) -> Check:
    """`found` maps each name of NEEDED to its version, or to None."""
    missing = [name for name, version in found.items() if version is None]
    if missing:
        return Check("packages", False, f"missing: {', '.join(missing)}", pip(*missing))
    return Check("packages", True, ", ".join(f"{name} {found[name]}" for name in found))


def check_plotting(ipython: "str | None", matplotlib: "str | None") -> Check:
    """matplotlib before 3.9 asks IPython for `backend2gui`, which IPython 9 dropped."""
    text = f"IPython {ipython or 'not installed'}, matplotlib {matplotlib or 'not installed'}"
    if ipython and matplotlib and numbers(ipython) >= (9,) and numbers(matplotlib) < (3, 9):
        return Check("plots", False, f"{text}: they do not fit together", pip("ipython<9"))
    return Check("plots", True, text)


def check_threads(threads: int, binding: str, cores: int) -> Check:
    """OpenMP as it is after MXNet was imported.  Fewer threads than cores may be on purpose."""
    text = f"{threads} on {cores} cores, OMP_PROC_BIND={binding}"
    if threads > cores:
        text += ": more threads than cores wait for each other"
        return Check("threads", False, text, "unset OMP_NUM_THREADS")
    if threads < cores:
        text += f" (for all of them: export OMP_NUM_THREADS={cores})"
    return Check("threads", True, text)


def check_gpus(usable: int, found: list[Card]) -> Check:
    """Cards that MXNet does not use, and why: a fact, never a fault."""
    text = f"{usable} usable by MXNet"
    if found and not usable:
        text += "; the CPU trains. The driver shows " + ", ".join(
            f"{card.name} ({objection(card) or 'mxnet-cu117 can use it'})" for card in found
        )
    return Check("GPUs", True, text)


def check_data(name: str, candidates: list, sample: bool) -> Check:
    """The data set is found, or else its sample is; a D2LRES_DATA that is no folder is a fault."""
    for place in candidates:
        if "D2LRES_DATA" in place.origin and not os.path.isdir(place.place):
            text = f"D2LRES_DATA={place.place}: no such folder"
            return Check(name, False, text, "unset D2LRES_DATA")
    for place in candidates:
        if place.found:
            return Check(name, True, f"{place.found} ({place.origin})")
    if not sample:
        text = "neither the set nor its sample, which belongs to d2lres"
        here = (ROOT / ".git").exists()
        fix = f"git -C {shlex.quote(str(ROOT))} checkout -- d2lres/data/samples"
        return Check(name, False, text, fix if here else "make clean && pip install .")
    return Check(name, True, f"the sample only (all of it: d2lres data fetch {name})")


def check_disk(folder: Path, free: int, writable: bool) -> Check:
    text = f"{free / 1e9:.1f} GB free in {folder}"
    elsewhere = "export XDG_CACHE_HOME=$HOME/d2lres-cache    # or any folder with room"
    if not writable:
        return Check("disk", False, f"{folder} cannot be written", elsewhere)
    if free < ROOM:
        return Check("disk", False, f"{text}; {ROOM / 1e9:.1f} GB wanted", elsewhere)
    return Check("disk", True, text)


# --- finding things ------------------------------------------------------------------------------


def pinned_numpy(prefix: str = sys.prefix) -> "str | None":
    """NumPy's pin, where the running Python is an environment that `make` made here, else None."""
    pins = ROOT / "constraints" / f"{sys.version_info[0]}.{sys.version_info[1]}.txt"
    made_here = Path(prefix).is_relative_to(ROOT) and (Path(prefix) / ".complete").exists()
    if not made_here or not pins.exists():
        return None
    found = re.search(r"^numpy==(\S+)", pins.read_text(), re.MULTILINE)
    return found and found[1]


QUESTION = """
import ctypes, json, os
from d2lres.live import _mxnet
try:
    threads = ctypes.CDLL("libgomp.so.1").omp_get_max_threads()
except OSError:  # macOS has another OpenMP
    threads = int(os.environ.get("OMP_NUM_THREADS", 1))
print(json.dumps({"mxnet": _mxnet.mx.__version__, "repaired": _mxnet.REPAIRED, "threads": threads,
                  "binding": os.environ.get("OMP_PROC_BIND", "unset"), "gpus": _mxnet.num_gpus()}))
"""


def probe_mxnet(timeout: float = 120) -> Probe:
    """Import MXNet in another process and ask it; a crash or a hang there is an answer here."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        done = subprocess.run(
            [sys.executable, "-c", QUESTION],
            capture_output=True, text=True, timeout=timeout, env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Probe(None, f"no answer in {timeout:.0f} s")
    if done.returncode < 0:
        return Probe(None, f"the import crashed (signal {-done.returncode})")
    try:
        return Probe(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        inner = re.search(r"import mxnet: (.*?); expected", last)  # the form of MissingDependency
        return Probe(None, inner[1] if inner else last)


def look_at_data() -> list[Check]:
    """The data sets and the folder that holds them: they can be looked at only with NumPy there."""
    try:
        from .. import data
        from ..data.find import cache
    except ImportError as error:
        return [Check("data", False, f"cannot be looked for: {error}", import_fix(str(error)))]
    checks = []
    for name in data.SETS:
        files = list((Path(data.__file__).parent / "samples").glob(f"{name}-*"))
        whole = len(files) == len(data.SETS[name].sample.files)
        try:
            checks.append(check_data(name, data.candidates(name), whole))
        except ConfigError as error:
            checks.append(Check(name, False, str(error), "unset D2LRES_DATA"))
    folder = cache()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    return [*checks, check_disk(folder, free, os.access(there, os.W_OK))]


def run() -> tuple[list[Check], bool]:
    """Look at everything; return the checks, and whether all are right."""
    probe = probe_mxnet()
    checks = [
        check_python(sys.version_info),
        check_platform(platform.system(), platform.machine(), platform.libc_ver()),
        check_numpy(version_of("numpy"), pinned_numpy()),
        check_mxnet((build := mxnet_build()) and version_of(build), probe),
        check_d2l(version_of("d2l")),
        check_packages({name: version_of(name) for name in NEEDED}),
        check_plotting(version_of("ipython"), version_of("matplotlib")),
    ]
    if probe.answers:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        answers = probe.answers
        checks += [
            check_repairs(answers["repaired"]),
            check_threads(answers["threads"], answers["binding"], cores),
            check_gpus(answers["gpus"], cards()),
        ]
    checks += look_at_data()
    return checks, all(check.ok for check in checks)


def report(checks: list[Check]) -> str:
    """The checks as text: one line each, and under a broken one what to do."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{'ok' if check.ok else 'BROKEN':6}  {check.name:{width}}  {check.found}")
        if not check.ok:
            lines.append(f"{'':6}  {'':{width}}  fix: {check.fix}")
    broken = sum(not check.ok for check in checks)
    lines.append(f"\n{broken} of {len(checks)} broken." if broken else "\nNothing is broken.")
    return "\n".join(lines)
