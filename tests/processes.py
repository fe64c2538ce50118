"""Python code in a process of its own, where nothing is imported yet and no thread is set."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python(code: str, *flags: str, **environment) -> str:
    """What the code prints; it must end well, and soon."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
    done = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True, text=True, cwd=ROOT, env=inherited | environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
