"""Readers for the layouts: IDX (Fashion-MNIST), CIFAR's binary records, a picture of many images.

The first two are a header and raw bytes.  (CIFAR-10 for Python is turned into records first, by
`pickled`.)
A reader checks everything that the layout promises, since a file of the right size can still be
the wrong file.
"""

import gzip
import lzma
import os
import stat
import struct
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import DataError

OPENERS = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open}  # by the first two bytes; else plain
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)  # what they raise
ACROSS = 20  # images in a row of a picture of many
IMAGES, LABELS = 2051, 2049  # IDX magic numbers: 0x08 for unsigned bytes, then the number of axes


class Damaged(DataError):
    """A data file that is not what its name says."""

    def __init__(self, path, found: str, expected: str, name: str):
        super().__init__(
            f"{path}: {found}; expected {expected}. Run `d2lres data fetch {name}` "
            "for a good copy, with the same --root if you gave one."
        )
        self.found, self.expected = found, expected
        self.reason = f"{path}: {found}, expected {expected}"


def kind_of(path: Path) -> str | None:
    """What `path` is where it is no file; None where it is one, or may not be looked at."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        linked = os.path.islink(path)
        return f"a link to no file ({error.strerror})" if linked else None
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


@contextmanager
def opened(path: Path, name: str, expected: str):
    """A file of the set `name`, to read what it holds decompressed.

    Raises Damaged where that breaks off or is no file, and `expected` says what should come;
    DataError where the file may not be read.
    """
    if (other := kind_of(path)) is not None:  # opening a pipe would wait for ever
        raise Damaged(path, other, f"a file: {expected}", name)
    try:
        with open(path, "rb") as file:
            start = file.read(2)
        with OPENERS.get(start, open)(path, "rb") as file:
            yield file
    except BROKEN as error:
        raise Damaged(path, f"damaged compression ({error})", expected, name) from error
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror or error}; expected a readable file. Check its permissions."
        ) from error


def check_size(content: bytes, size: int, path: Path, name: str) -> bytes:
    """`content`, once it is known to be `size` bytes."""
    if len(content) != size:
        found = f"{len(content):,} bytes" if len(content) < size else f"more than {size:,} bytes"
        raise Damaged(path, f"{found} once decompressed", f"{size:,}", name)
    return content


def read_content(path: Path, size: int, name: str) -> bytes:
    """The decompressed content of `path`, a file of the set `name`, which must be `size` bytes.

    At most one byte more is ever decompressed, so a small file cannot fill the memory.
    """
    with opened(path, name, f"{size:,} bytes once decompressed") as file:
        return check_size(file.read(size + 1), size, path, name)


def parse_idx(content: bytes, path, name: str, magic: int, axes: tuple[int, ...]) -> np.ndarray:
    """The array in an IDX file: a magic number, one big-endian count an axis, then the bytes.

    `axes` is the shape to expect, (N, H, W) of images or (N,) of labels.
    """
    header = struct.Struct(f">{1 + len(axes)}I")
    if len(content) != header.size + int(np.prod(axes)):
        raise Damaged(
            path, f"{len(content):,} bytes", f"{header.size + int(np.prod(axes)):,}", name
        )
    found_magic, *found_axes = header.unpack_from(content)
    if found_magic != magic:
        raise Damaged(path, f"magic number {found_magic}", f"{magic}", name)
    if tuple(found_axes) != axes:
        raise Damaged(path, f"shape {tuple(found_axes)}", f"{axes}", name)
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(axes)


def parse_cifar(content: bytes, path, name: str, image_shape: tuple[int, int, int]):
    """Images (N, C, H, W) and labels (N,) of CIFAR records: <1 label byte><C planes of H x W>."""
    record = 1 + int(np.prod(image_shape))
    if len(content) % record:
        raise Damaged(path, f"{len(content):,} bytes", f"a multiple of {record:,}", name)
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    return records[:, 1:].reshape(-1, *image_shape), records[:, 0]


def write_mosaic(images: np.ndarray, path: Path) -> None:
    """Store images (N, C, H, W) as one picture without loss, ACROSS of them in a row."""
    from PIL import Image  # here, since few need it

    N, C, H, W = images.shape
    rows = images.reshape(N // ACROSS, ACROSS, C, H, W).transpose(0, 3, 1, 4, 2)
    picture = Image.fromarray(np.ascontiguousarray(rows.reshape(-1, ACROSS * W, C)))
    picture.save(path, "WEBP", lossless=True, quality=100, method=4)


def read_mosaic(path: Path, image_shape: tuple[int, int, int], size: int, name: str) -> bytes:
    """The images of such a picture again: `size` bytes of (N, C, H, W)."""
    from PIL import Image

    C, H, W = image_shape
    try:
        with Image.open(path, formats=("WEBP",)) as picture:
            rows = np.asarray(picture.convert("RGB")).reshape(-1, H, ACROSS, W, C)
    except (OSError, ValueError) as error:
        raise Damaged(path, str(error), f"a picture of {size:,} bytes", name) from error
    return check_size(rows.transpose(0, 2, 4, 1, 3).tobytes(), size, path, name)


def check_labels(labels: np.ndarray, classes: int, path, name: str) -> np.ndarray:
    """`labels` as int32, once it is known that each is one of 0 ... classes - 1."""
    if labels.max() >= classes:
        raise Damaged(path, f"label {labels.max()}", f"labels 0 to {classes - 1}", name)
    return labels.astype(np.int32)
