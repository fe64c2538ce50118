"""The folder for what kernels need while they run: their sockets, which have short names."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from ..errors import ConfigError

PREFIX = "d2lres-"
LONGEST = 75  # bytes: a socket's name has 107 at most, and lies two folders deeper


@contextlib.contextmanager
def scratch_folder():
    """A new folder, removed in the end; first, those whose owner was killed before his end.

    A lock tells who is alive: the system opens it when its process ends, however it ends.
    Raises ConfigError where the folder for temporary files has too long a name.
    """
    place = Path(tempfile.gettempdir())
    if len(os.fsencode(place)) > LONGEST:
        raise ConfigError(
            f"{place}: {len(os.fsencode(place))} bytes for the name of the temporary folder; "
            f"expected at most {LONGEST}, since names of sockets are short. Set TMPDIR to another, "
            "such as /tmp."
        )
    for folder in place.glob(f"{PREFIX}*"):
        remove_orphan(folder)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with open(folder / "new", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.rename(folder / "new", folder / "lock")  # found by others only when it is locked
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_orphan(folder: Path) -> None:
    """Remove the folder where it is ours, and the process that made it is no more."""
    with contextlib.suppress(OSError):
        if folder.lstat().st_uid == os.getuid() and not folder.is_symlink():
            with open(folder / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
