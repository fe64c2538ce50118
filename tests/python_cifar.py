"""CIFAR-10 for Python, as its author's Python 2 wrote it: pickles of protocol 2.

Python 3 writes other instructions for the same, so they are put together here by hand: the kinds
that cPickle of Python 2.7 writes for such a batch with NumPy 1.16.
"""

import io
import struct
import tarfile
from pathlib import Path


def string(text: bytes) -> bytes:
    """A string of Python 2."""
    short = len(text) < 256
    return (b"U" + bytes([len(text)]) if short else b"T" + struct.pack("<i", len(text))) + text


def number(n: int) -> bytes:
    return b"K" + bytes([n]) if n < 256 else b"M" + struct.pack("<H", n)


def python2_pickle(content: bytes) -> bytes:
    """The pickle with the images and labels of a released file of records."""
    records = [content[at : at + 3073] for at in range(0, len(content), 3073)]
    labels = b"".join(number(record[0]) for record in records)
    pixels = b"".join(record[1:] for record in records)
    names = b"".join(
        string(b"image_%05d.png" % i) + b"r" + struct.pack("<I", 15 + i)
        for i in range(len(records))
    )
    dtype = b"cnumpy\ndtype\nq\x0b" + string(b"u1") + b"K\x00K\x01\x87Rq\x0c"
    dtype += b"(K\x03" + string(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08"
    array += b"K\x00\x85q\x09" + string(b"b") + b"\x87Rq\x0a"
    array += b"(K\x01" + number(len(records)) + number(3072) + b"\x86" + dtype
    array += b"\x89" + string(pixels) + b"tb"  # 0x89, False: row after row
    return (
        b"\x80\x02}q\x01("
        + (string(b"batch_label") + b"q\x02" + string(b"training batch 1 of 5") + b"q\x03")
        + (string(b"labels") + b"q\x04]q\x05(" + labels + b"e")
        + (string(b"data") + b"q\x06" + array)
        + (string(b"filenames") + b"q\x0d]q\x0e(" + names + b"e")
        + b"u."
    )


def write_batches(folder: Path, files: dict[str, bytes]) -> None:
    """`cifar-10-batches-py` of the released files (name: content), in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.removesuffix(".bin")).write_bytes(python2_pickle(content))
    (folder / "batches.meta").write_bytes(b"\x80\x02}.")
    (folder / "readme.html").write_bytes(b"<html>")


def tar_of_folder(folder: Path) -> bytes:
    """The folder as a .tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        tar.add(folder, folder.name)
    return buffer.getvalue()
