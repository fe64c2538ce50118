"""What processor this process has, found without MXNet: the grader and the records ask as well."""

import os
import platform
from pathlib import Path


def usable_cores() -> int:
    """Processor cores that this process may use (not those that the machine has)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """The name that the system gives its processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
