"""The file in which Gluon keeps weights, `net.params`, read and written without MXNet.

A list of arrays and a list of their names, little-endian: what MXNet's `src/ndarray/ndarray.cc`
writes.  Its three older layouts of an array are read, too: Gluon's model zoo was published in them.
MXNet itself ends the process at some damaged files; here they are named.
"""

import struct
from pathlib import Path

import numpy

from ..errors import DataError
from ..files import write_whole

LIST, V1, V2, V3 = 0x112, 0xF993FAC8, 0xF993FAC9, 0xF993FACA
TYPES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64")


def write_params(path, arrays: dict) -> None:
    """Write arrays by name as `net.save_parameters` does, for `net.load_parameters` to read.

    Raises DataError where the file cannot be written; what was there is kept.
    """
    parts = [struct.pack("<QQQ", LIST, 0, len(arrays))]
    for name, array in arrays.items():
        kept = numpy.ascontiguousarray(array).reshape(array.shape)  # of a single number: ()
        if kept.dtype.name not in TYPES:
            raise DataError(
                f"{path}: {name} of {kept.dtype}; expected one of {', '.join(TYPES)}. Convert it."
            )
        shape = struct.pack(f"<i{kept.ndim}q", kept.ndim, *kept.shape)
        about = struct.pack("<iii", 1, 0, TYPES.index(kept.dtype.name))  # on the CPU, number 0
        parts += [struct.pack("<Ii", V3, 0), shape, about, kept.tobytes()]
    parts.append(struct.pack("<Q", len(arrays)))
    for name in map(str.encode, arrays):
        parts += [struct.pack("<Q", len(name)), name]
    write_whole(Path(path), b"".join(parts))


def read_params(path) -> dict[str, numpy.ndarray]:
    """The arrays of such a file by name.

    Raises DataError where there is none, or where it is damaged or of another kind.
    """
    try:
        content = Reader(Path(path).read_bytes())
        if content.numbers("QQ") != (LIST, 0):
            raise ValueError("it does not begin as Gluon's weights do")
        arrays = [content.array() for _ in range(content.number("Q"))]
        names = [content.take(content.number("Q")).decode() for _ in range(content.number("Q"))]
        if content.left or len(set(names)) != len(arrays):
            raise ValueError(f"{len(arrays)} arrays, {len(names)} names, {content.left} bytes more")
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror}; expected a file of weights. Check the name."
        ) from error
    except (ValueError, struct.error) as error:
        raise DataError(
            f"{path}: {error}; expected a whole file from net.save_parameters. Get it again."
        ) from error
    return dict(zip(names, arrays, strict=True))


class Reader:
    """The bytes of a file, taken one piece after another."""

    def __init__(self, content: bytes):
        self.content, self.place = memoryview(content), 0

    @property
    def left(self) -> int:
        return len(self.content) - self.place

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError(f"it ends {size - self.left} bytes too early")
        self.place += size
        return bytes(self.content[self.place - size : self.place])

    def numbers(self, kinds: str) -> tuple:
        return struct.unpack("<" + kinds, self.take(struct.calcsize("<" + kinds)))

    def number(self, kind: str) -> int:
        return self.numbers(kind)[0]

    def array(self) -> numpy.ndarray:
        magic = self.number("I")
        if magic in (V2, V3):
            if self.number("i") != 0:
                raise ValueError("an array in it is sparse")
        old = magic not in (V1, V2, V3)  # the oldest layout has no number of its own
        axes = magic if old else self.number("i")
        if not 0 <= axes <= 32:
            raise ValueError(f"an array in it has {axes} axes")
        shape = self.numbers(f"{axes}{'I' if old else 'q'}")
        _, _, kind = self.numbers("iii")
        if kind not in range(len(TYPES)) or min(shape, default=1) < 0:
            raise ValueError(f"an array in it has the shape {shape} and the type {kind}")
        dtype, size = numpy.dtype(TYPES[kind]).newbyteorder("<"), 1
        for length in shape:
            size *= length
        return numpy.frombuffer(self.take(size * dtype.itemsize), dtype).reshape(shape)
