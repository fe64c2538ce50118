"""Readers for the two layouts: IDX (Fashion-MNIST) and CIFAR's binary records.

Both are headers and raw bytes, so nothing is ever unpickled.  A reader checks everything that the
layout promises, since a file that is merely the right size can still be the wrong one.
"""

import gzip
import lzma
import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError

OPENERS = {".gz": gzip.open, ".xz": lzma.open}
IMAGES, LABELS = 2051, 2049  # IDX magic numbers: 0x08 = unsigned byte, then the number of axes


def damaged(path, found: str, expected: str, name: str) -> DataError:
    """The error for a file that is not what it should be, with the way out."""
    return DataError(f"{path}: {found}; expected {expected}. "
                     f"Delete that file, then run `d2lres data fetch {name}`.")


def read_content(path: Path, size: int, name: str) -> bytes:
    """The decompressed content of `path`, which must be `size` bytes.

    At most one byte more is ever decompressed, so a small file cannot fill the memory.
    """
    try:
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            content = file.read(size + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise damaged(path, f"damaged {path.suffix} file ({error})",
                      f"{size:,} bytes once decompressed", name) from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; expected a readable file. "
                        "Check its permissions.") from error
    if len(content) != size:
        found = f"{len(content):,} bytes" if len(content) < size else f"more than {size:,} bytes"
        raise damaged(path, f"{found} once decompressed", f"{size:,}", name)
    return content


def parse_idx(content: bytes, path, name: str, magic: int, axes: tuple[int, ...]) -> np.ndarray:
    """The array in an IDX file: a magic number, one big-endian count an axis, then the bytes.

    `axes` is the shape to expect, (N, H, W) of images or (N,) of labels.
    """
    header = 4 * (1 + len(axes))
    if len(content) < header:
        raise damaged(path, f"{len(content)} bytes", f"a header of {header}", name)
    found_magic, *found_axes = struct.unpack(f">{1 + len(axes)}I", content[:header])
    if found_magic != magic:
        raise damaged(path, f"magic number {found_magic}", f"{magic}", name)
    if tuple(found_axes) != axes:
        raise damaged(path, f"shape {tuple(found_axes)}", f"{axes}", name)
    if len(content) != header + int(np.prod(axes)):
        raise damaged(path, f"{len(content):,} bytes", f"{header + int(np.prod(axes)):,}", name)
    return np.frombuffer(content, np.uint8, offset=header).reshape(axes)


def parse_cifar(content: bytes, path, name: str, image_shape=(3, 32, 32)):
    """Images (N, C, H, W) and labels (N,) of CIFAR records: <1 label byte><C planes of H x W>."""
    record = 1 + int(np.prod(image_shape))
    if len(content) % record:
        raise damaged(path, f"{len(content):,} bytes", f"a multiple of {record:,}", name)
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    return records[:, 1:].reshape(-1, *image_shape), records[:, 0]


def check_labels(labels: np.ndarray, classes: int, path, name: str) -> np.ndarray:
    """`labels` as int32, once it is known that each is one of 0 ... classes - 1."""
    if labels.size and labels.max() >= classes:
        raise damaged(path, f"label {labels.max()}", f"labels 0 to {classes - 1}", name)
    return labels.astype(np.int32)
