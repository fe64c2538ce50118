"""The first cell of a chapter: install what is missing, and touch nothing that is there.

A notebook in Colab, or on a class's server, runs in somebody else's environment.  MXNet and d2l
name NumPy versions that newer Pythons never had, so they go in without their own requirements, and
what they import is added only where it is lacking.  Standard library only.

Explained in the appendix "Where it runs".
"""

import importlib
import os
import platform
import re
import shutil
import site
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from ..errors import MissingDependency
from . import nvidia

MXNET, D2L = "1.9.1", "1.0.3"  # their last releases
SYSTEMS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "x86_64")}  # with an MXNet wheel
# The distributions that MXNet and d2l import.
IMPORTED = ("ipython", "matplotlib", "matplotlib-inline", "numpy", "pandas", "requests")


# --- what is here --------------------------------------------------------------------------------


def version_of(distribution: str) -> "str | None":
    """The installed version of a distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def mxnet_build() -> "str | None":
    """The installed build of MXNet, whichever: "mxnet", "mxnet-cu117", ...; None without one."""
    if version_of("mxnet"):  # known at once; the others are looked for among all that is installed
        return "mxnet"
    for found in metadata.distributions():
        if re.fullmatch(r"mxnet(-cu\d+)?", found.metadata["Name"] or ""):
            return found.metadata["Name"]
    return None


def pins_of_what_is_here() -> str:
    """Every installed distribution at its version, as constraints: pip must leave it as it is."""
    found = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    return "".join(f"{name}=={version}\n" for name, version in found.items() if name and version)


# --- pip -----------------------------------------------------------------------------------------

# What pip says, and what that means to the reader: found; expected.  next step.
PIP_SAYS = (
    (
        r"No module named pip\b",
        "this Python has none; expected pip. Run `python -m ensurepip`, then this cell again.",
    ),
    (
        r"No space left on device",
        "the disk is full; expected 1 GB free (6 GB for a GPU). Make room and run this cell again.",
    ),
    (
        r"NewConnectionError|name resolution|nodename nor servname|Connection refused|ProxyError"
        r"|ConnectTimeout|ReadTimeout|Network is unreachable|Max retries exceeded",
        "the package index cannot be reached; expected a network. Check the connection (in Kaggle: "
        "the switch Internet) and run this cell again.",
    ),
    (
        r"externally-managed-environment",
        "this Python belongs to the system, which lets nobody install into it; expected an "
        "environment. Make one with `python -m venv`, or with `make lab` in the repository.",
    ),
    (
        r"Permission denied",
        "the environment cannot be written; expected one of your own. Make one with "
        "`python -m venv`, or with `make lab` in the repository.",
    ),
    (
        r"No matching distribution|not a supported wheel",
        "no such version for this Python, or pip is too old to know its wheels; expected pip 20.3 "
        "or newer. Run `python -m pip install --upgrade pip`, then this cell again.",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "it does not fit the packages that are here, which are left as they are; expected versions "
        "that do. Start from a fresh environment: `make lab` in the repository.",
    ),
)  # fmt: skip


def pip(*arguments: str) -> None:
    """Run this Python's own pip.  Raises MissingDependency with the next step where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode == 0:
        return
    command = f"pip {' '.join(arguments)}"
    for words, meaning in PIP_SAYS:
        if re.search(words, done.stdout):
            raise MissingDependency(f"{command}: {meaning}")
    last = (done.stdout.strip().splitlines() or ["no word of why"])[-1]
    raise MissingDependency(f"{command}: {last}; expected success. Mend that, then try again.")


# --- the steps -----------------------------------------------------------------------------------


def install_imported(names: list[str]) -> None:
    """Install packages that MXNet and d2l import; pip must leave all others as they are."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder, "here.txt")
        pins.write_text(pins_of_what_is_here())
        pip("install", "--constraint", str(pins), *names)


def install_mxnet(build: str) -> None:
    """Install a build of MXNet in place of any other, and CUDA 11 into its folder if it needs that.

    All builds have one folder, so another must go first.
    """
    if (other := mxnet_build()) not in (None, build):
        if folder := nvidia.cuda_folder():
            shutil.rmtree(folder, ignore_errors=True)
        pip("uninstall", "--yes", other)
    pip("install", "--no-deps", f"{build}=={MXNET}")
    importlib.invalidate_caches()
    folder = nvidia.cuda_folder()
    if build == nvidia.FOR_CUDA and not folder.exists():
        half = folder.with_name("cuda11.part")  # an interrupted download is not taken for whole
        shutil.rmtree(half, ignore_errors=True)
        pip("install", "--no-deps", "--target", str(half), *nvidia.CUDA_LIBRARIES)
        os.replace(half, folder)


TRIAL = """
from d2lres import gluon, mx, np, npx
net = gluon.nn.Conv2D(4, kernel_size=3)
net.initialize(ctx=npx.gpu())
net(np.ones((1, 3, 8, 8), ctx=npx.gpu())).wait_to_read()
"""


def trial(timeout: float = 180) -> str:
    """Convolve on the GPU in another process; return what went wrong, or nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRIAL], capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {timeout:.0f} s"
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def install_and_try(build: nvidia.Build) -> str:
    """Install MXNet; go back to the CPU's build where a card fails a trial.  Return the device."""
    install_mxnet(build.name)
    if build.name != nvidia.FOR_CUDA or not (wrong := trial()):
        return build.device
    install_mxnet(nvidia.FOR_CPU)
    return f"the CPU ({build.device} failed a trial: {wrong})"


def setup() -> None:
    """Install MXNet, d2l and what they import, where they are missing; say what was done.

    Silent where nothing is missing.  No package that is here changes its version, and the kernel
    goes on.  Raises MissingDependency where there is no MXNet for the system, or pip fails.
    Explained in the appendix "Where it runs".
    """
    system, machine = platform.system(), platform.machine()
    build = mxnet_build()
    if (folder := nvidia.cuda_folder()) and not folder.exists():
        build = None  # an earlier call was interrupted before MXNet had its CUDA
    missing = [name for name in IMPORTED if version_of(name) is None]
    if build and version_of("d2l") and not missing:
        return
    if (system, machine) not in SYSTEMS:
        raise MissingDependency(
            f"this system: {system} {machine}; expected Linux, or a Mac with an Intel processor, "
            f"since no other has MXNet {MXNET}. Open the chapter in Colab, or use the container."
        )
    started = time.monotonic()
    if missing:
        print(f"Installing {', '.join(missing)}")
        install_imported(missing)
    if not build:
        chosen = nvidia.choose_build(nvidia.cards(), system, machine)
        size = ", with CUDA 11 and cuDNN 8 (2 GB)" if chosen.name == nvidia.FOR_CUDA else ""
        print(f"Installing {chosen.name} {MXNET}{size}")
        device = install_and_try(chosen)
    if not version_of("d2l"):
        print(f"Installing d2l {D2L}")
        pip("install", "--no-deps", f"d2l=={D2L}")
    importlib.invalidate_caches()
    if site.ENABLE_USER_SITE and (own := site.getusersitepackages()) not in sys.path:
        site.addsitedir(own)  # pip made it just now, for a reader who may not write elsewhere
    print(f"Ready after {time.monotonic() - started:.0f} s.")
    if not build:
        print(f"Training will use {device}.")
