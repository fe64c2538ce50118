"""What a run was made with: versions, processor, commit."""

import os
import platform
import subprocess
from pathlib import Path

from ..machine import processor_name, usable_cores

PACKAGES = {"mxnet": ("mxnet", "numpy", "d2l"), "torch": ("torch", "numpy")}


def machine(engine: str = "mxnet") -> dict:
    """The versions and the processor that a run of this engine was made with."""
    from importlib.metadata import PackageNotFoundError, version

    def installed(package):
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    return {
        "python": platform.python_version(),
        **{package: installed(package) for package in PACKAGES[engine]},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": usable_cores(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "OMP_PROC_BIND": os.environ.get("OMP_PROC_BIND"),
    }


def commit() -> str | None:
    """The commit of the source that runs, with "+" where its files differ from it, or None."""
    here = Path(__file__).parents[1]

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("diff", "HEAD", "--name-only", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
