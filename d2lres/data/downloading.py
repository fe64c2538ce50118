"""Download one file from the first of several mirrors that has it: resumable, checked, bounded.

What has arrived lies in NAME.part, and NAME.part.json says where from, so a download that was
killed goes on where it stopped.  Nothing gets its real name before its content was checked.
"""

import errno
import json
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from ..errors import DataError
from .formats import Damaged

TIMEOUT = (10, 60)  # seconds to connect, and between two packets
CHUNK = 1 << 18  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT)


class MirrorFailed(Exception):
    """One mirror could not give the file; the message says why.  The next one is tried."""


@contextmanager
def writing(folder: Path, need: int):
    """Turn what the file system refuses in `folder` into a DataError; `need` bytes are wanted."""
    try:
        yield
    except OSError as error:
        elsewhere = "choose another folder with --root DIR or $D2LRES_DATA"
        if error.errno in FULL:
            raise no_space(folder, need) from error
        raise DataError(
            f"{folder}: cannot be written ({error.strerror or error}); expected a "
            f"folder of your own. Make it writable, or {elsewhere}."
        ) from error


def no_space(folder: Path, need: int) -> DataError:
    """The error for a full disk."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return DataError(
        f"{folder}: the disk is full ({free / 1e6:,.0f} MB free); expected "
        f"{need / 1e6:,.0f} MB for this download. Free some space, or choose another "
        "folder with --root DIR or $D2LRES_DATA."
    )


def state_of(part: Path) -> Path:
    """The file beside `part` that says which address its bytes came from."""
    return part.with_name(part.name + ".json")


def discard(part: Path) -> None:
    """Delete a partial file and its state."""
    part.unlink(missing_ok=True)
    state_of(part).unlink(missing_ok=True)


def begun(part: Path) -> dict:
    """What is known of a partial file: `url`, `validator`, `total`, `have` (bytes); or {}."""
    try:
        state = json.loads(state_of(part).read_text())
        return {**state, "have": part.stat().st_size} if "url" in state else {}
    except (OSError, ValueError, TypeError):
        return {}


def validator_of(response) -> str | None:
    """What names this version of the file: a strong ETag, else the date (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def receive(url: str, part: Path, limit: int, need: int, progress: bool) -> bool:
    """Download `url` into `part`, going on where an earlier attempt stopped; True if it did.

    Raises MirrorFailed for whatever the server or the network does, DataError for a full disk.
    """
    import requests
    import urllib3
    from tqdm import tqdm

    state = begun(part)
    have = state["have"] if state.get("url") == url else 0
    if have and have == state.get("total"):
        return True  # all of it had arrived
    headers = {"Accept-Encoding": "identity"}  # the .gz as it is, not unpacked on the way
    if have:
        headers["Range"] = f"bytes={have}-"
        if state.get("validator"):
            headers["If-Range"] = state["validator"]  # if it changed, send all of it (200)
    size, total, handled = have, None, sys.exc_info()[1]
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            status = response.status_code
            if have and status == 416:
                return True  # nothing follows what we have; the check tells whether it is all
            if status == 200:
                size = 0  # the whole file, since it is new or the server cannot resume
            elif not (have and status == 206):
                raise MirrorFailed(f"HTTP {status} {response.reason}")
            length = response.headers.get("Content-Length", "")
            total = size + int(length) if length.isdigit() else None
            if (total or 0) > limit:
                raise MirrorFailed(f"it offers {total:,} bytes, more than {limit:,}")
            with writing(part.parent, need):
                file = open(part, "ab" if size else "wb", buffering=0)
            with (
                file,
                tqdm(
                    desc=part.stem,
                    initial=size,
                    total=total,
                    unit="B",
                    unit_scale=True,
                    disable=not progress,
                ) as bar,
            ):
                with writing(part.parent, need):
                    state_of(part).write_text(
                        json.dumps(
                            {"url": url, "validator": validator_of(response), "total": total}
                        )
                    )
                for chunk in response.raw.stream(CHUNK, decode_content=False):
                    if size + len(chunk) > limit:
                        discard(part)
                        raise MirrorFailed(f"it sent more than {limit:,} bytes")
                    with writing(part.parent, need):
                        write(file, chunk)
                    size += len(chunk)
                    bar.update(len(chunk))
                with writing(part.parent, need):
                    os.fsync(file.fileno())
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        if not (total and "IncompleteRead" in str(error)):
            raise MirrorFailed(root_cause(error, handled)) from error
    if total is not None and size < total:
        raise MirrorFailed(f"truncated: {size:,} of {total:,} bytes")
    return have > 0


def write(file, chunk: bytes) -> None:
    """Write all of `chunk` to an unbuffered file, which may take it in pieces."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


def root_cause(error: BaseException, handled: BaseException | None) -> str:
    """What went wrong at the bottom of a network error, above what was being handled before it."""
    while (below := error.__cause__ or error.__context__) not in (None, handled):
        error = below
    return f"{type(error).__name__}: {error}"


def obtain(url: str, part: Path, limit: int, need: int, progress: bool, check) -> None:
    """Download `url` into `part` and check it; MirrorFailed says what was wrong with it."""
    resumed = receive(url, part, limit, need, progress)
    try:
        return check(part)
    except Damaged as error:
        discard(part)
        if not resumed:
            raise MirrorFailed(f"{error.found}, expected {error.expected}") from error
    obtain(url, part, limit, need, progress, check)  # two attempts did not fit: from the beginning


def download(urls, part: Path, limit: int, need: int, check, progress=True, refused=()) -> None:
    """Fill `part` from the first of `urls` whose bytes pass `check`, which raises Damaged if not.

    Args: `limit`, the most bytes to accept; `need`, the bytes to ask for when the disk is full;
    `refused`, why the copies on this machine will not do.
    Raises DataError, with each mirror's reason, where none will do.  A partial file is kept only
    where it can be resumed; one that proves wrong is deleted.
    """
    reasons = list(refused)
    earlier = begun(part).get("url")
    for url in sorted(urls, key=lambda url: url != earlier):  # resume first; else in their order
        try:
            return obtain(url, part, limit, need, progress, check)
        except MirrorFailed as reason:
            reasons.append(f"{url}: {reason}")
        except DataError:
            discard(part)  # the disk is full: give back what we took
            raise
    raise DataError(
        f"{part.with_suffix('')}: no mirror gave it ({'; '.join(reasons)}); expected "
        "the content with the published checksum. Check the network, name other "
        "servers in $D2LRES_MIRRORS, or put the file there yourself."
    )
