"""Files that are there whole, or as they were; folders for one process.  Standard library only."""

import os
import platform
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import DataError, InUse

ADVICE = "Make room, or choose another --out."


def write_whole(path: Path, content: bytes, advice: str = ADVICE) -> None:
    """Write a file beside `path` and rename it, so that no half of one is ever found.

    Makes the folder where it is missing.  Raises DataError, ending in `advice`, where it cannot.
    """
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(new, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(new, path)
    except OSError as error:
        with suppress(OSError):  # as where a file stands in place of its folder
            new.unlink(missing_ok=True)
        raise DataError(f"{path}: {error.strerror}; expected to write it. {advice}") from error


def check_writable(folder: Path, advice: str = ADVICE) -> None:
    """See, before hours of work, that files can be written in `folder`, which is made if missing.

    Raises DataError, ending in `advice`, where they cannot.
    """
    probe = folder / f".{os.getpid()}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"written")  # a full disk takes a file without content
        probe.unlink()
    except OSError as error:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
        raise DataError(
            f"{folder}: {error.strerror}; expected a folder to write in. {advice}"
        ) from error


@contextmanager
def locked(folder: Path, deed: str):
    """Let one process at a time do its `deed` in `folder`, such as "training into it".

    The lock goes when the process goes.  Raises InUse, saying who does it, for all others.
    """
    try:
        import fcntl
    except ImportError:  # Windows: no lock
        yield
        return
    holder = folder / ".holder"  # for the message alone: a killed process leaves it, but no lock
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                found = holder.read_text(errors="replace") or f"another process is {deed}"
            except OSError:
                found = f"another process is {deed}"
            raise InUse(
                f"{folder}: {found}; expected to be the only one. Wait until it has finished."
            ) from None
        except OSError:
            pass  # a network file system without locks
        with suppress(OSError):  # a full disk
            holder.write_text(f"process {os.getpid()} on {platform.node()} is {deed}")
        try:
            yield
        finally:
            with suppress(OSError):
                holder.unlink(missing_ok=True)
    finally:
        os.close(handle)
