"""Files that are there whole, or as they were.  Standard library only."""

import os
from pathlib import Path

from .errors import DataError

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
        new.unlink(missing_ok=True)
        raise DataError(f"{path}: {error.strerror}; expected to write it. {advice}") from error
