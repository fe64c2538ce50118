"""NVIDIA's cards: what the driver tells, which build of MXNet runs on them, and CUDA 11 for it.

MXNet's builds for CUDA hold machine code for a few architectures, and nothing that a driver could
translate for later ones.  Which build to take is a pure function of what the driver tells.
Standard library only: all of this comes before MXNet.

Explained in the appendix "Where it runs".
"""

import ctypes
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..errors import MissingDependency

FOR_CPU, FOR_CUDA = "mxnet", "mxnet-cu117"  # the distributions; the second is CUDA 11.7's
CODE_FOR = ((5, 0), (6, 0), (7, 0), (8, 0), (8, 6))  # the compute capabilities in mxnet-cu117
# The driver of CUDA 11.7.  Any since 450.80.02 loads its libraries, but MXNet also compiles fused
# operators while it runs, and an older driver refuses what this CUDA's compiler writes.
OLDEST_DRIVER = (515, 43, 4)

# What libmxnet.so of mxnet-cu117 asks for beyond the driver, and the package that holds it.  Each
# library finds the rest of its own package, and cuBLAS, beside itself.
CUDA_LIBRARIES = {
    "nvidia-cublas-cu11==11.10.3.66": "libcublas.so.11",
    "nvidia-cuda-nvrtc-cu11==11.7.99": "libnvrtc.so.11.2",
    "nvidia-cuda-runtime-cu11==11.7.99": "libcudart.so.11.0",
    "nvidia-cudnn-cu11==8.5.0.96": "libcudnn.so.8",
    "nvidia-cufft-cu11==10.9.0.58": "libcufft.so.10",
    "nvidia-curand-cu11==10.2.10.91": "libcurand.so.10",
    "nvidia-cusolver-cu11==11.4.0.1": "libcusolver.so.11",
    "nvidia-cusparse-cu11==11.7.4.91": "libcusparse.so.11",
    "nvidia-nccl-cu11==2.14.3": "libnccl.so.2",
    "nvidia-nvtx-cu11==11.7.91": "libnvToolsExt.so.1",
}


# --- the cards -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """One card: its name, compute capability (None where the driver does not tell), and driver."""

    name: str
    capability: tuple[int, int] | None
    driver: tuple[int, ...]


def numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version: 535.104.05 is (535, 104, 5)."""
    return tuple(map(int, re.findall(r"\d+", text)))


def ask_driver(fields: str) -> list[list[str]]:
    """What nvidia-smi says, a list a card; none where it is missing, fails or hangs."""
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode:
        return []
    rows = [line.rsplit(", ", fields.count(",")) for line in done.stdout.splitlines()]
    return [row for row in rows if len(row) == fields.count(",") + 1]


def cards() -> list[Card]:
    """The NVIDIA cards that the driver shows; none without a driver."""
    rows = ask_driver("name,compute_cap,driver_version")
    if not rows:  # a driver older than CUDA 11.6 does not know the word compute_cap
        rows = [(name, "", driver) for name, driver in ask_driver("name,driver_version")]
    return [
        Card(name, numbers(cap) if re.fullmatch(r"\d+\.\d+", cap) else None, numbers(driver))
        for name, cap, driver in rows
    ]


# --- the choice ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Build:
    """A build of MXNet: the distribution to install, and in words where it trains and why."""

    name: str
    device: str


def has_code_for(capability: tuple[int, int]) -> bool:
    """Machine code runs on its own compute capability and later ones of the same first number."""
    major, minor = capability
    return any(major == built and minor >= least for built, least in CODE_FOR)


def objection(card: Card) -> str:
    """Why MXNet's build for CUDA cannot use the card; empty where it can."""
    if card.driver < OLDEST_DRIVER:
        return f"driver {'.'.join(map(str, card.driver))} is older than 515.43.04: update it"
    if card.capability is None:
        return "the driver does not tell its compute capability"
    if not has_code_for(card.capability):
        return "MXNet has no code for compute capability {}.{}".format(*card.capability)
    return ""


def choose_build(found: list[Card], system: str, machine: str) -> Build:
    """The build of MXNet for a machine with these cards.

    Args: `found`, what `cards()` tells; `system` and `machine`, as the module `platform` has them.
    One card that MXNet cannot use decides for the CPU: MXNet counts cards in an order of its own,
    and would fail on that one in the middle of a training.

    Explained in the appendix "Where it runs".
    """
    if not found:
        return Build(FOR_CPU, "the CPU (no NVIDIA driver answers)")
    if (system, machine) != ("Linux", "x86_64"):
        return Build(FOR_CPU, "the CPU (MXNet for CUDA exists for Linux on x86-64 alone)")
    for card in found:
        if why := objection(card):
            return Build(FOR_CPU, f"the CPU ({card.name}: {why})")
    name, (major, minor) = found[0].name, found[0].capability
    return Build(FOR_CUDA, f"the GPU ({name}, compute capability {major}.{minor})")


# --- CUDA 11 -------------------------------------------------------------------------------------


def cuda_folder() -> Path | None:
    """Where the CUDA libraries of the installed build lie: inside MXNet's folder; None for the CPU.

    Not among the other packages: a runtime may have those of CUDA 12 there, for other libraries,
    and some files of the two bear the same name.
    """
    try:
        return Path(metadata.distribution(FOR_CUDA).locate_file("mxnet")) / "cuda11"
    except metadata.PackageNotFoundError:
        return None


def load_cuda(folder: Path) -> None:
    """Load the CUDA libraries, so that libmxnet.so finds them by name when it is loaded after.

    Raises MissingDependency for one that is missing or does not load.
    """
    for package, name in CUDA_LIBRARIES.items():
        try:
            ctypes.CDLL(next(folder.glob(f"nvidia/*/lib/{name}"), folder / name))
        except OSError as error:
            raise MissingDependency(
                f"{name}: does not load ({error}); expected {package} in {folder}. "
                "Delete that folder and call `d2lres.setup()`."
            ) from error
