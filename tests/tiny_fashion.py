"""A set of ten images that passes for the complete Fashion-MNIST."""

import dataclasses
import gzip
import struct

import numpy as np

from d2lres.data import SETS, sets
from d2lres.data.checksums import digest


def idx(array: np.ndarray) -> bytes:
    """An IDX file of `array`, written from the description of the format alone."""
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(np.uint8).tobytes()
    )


def tiny_fashion(monkeypatch, folder, **replaced: bytes) -> list[str]:
    """A set of 6 + 4 images under Fashion-MNIST's name, in `folder`; returns its file names.

    `replaced` gives other content for a file, by the first letters of its name.
    """
    rng = np.random.RandomState(0)
    contents = [
        idx(rng.randint(0, 256, (6, 28, 28))),
        idx(np.arange(6)),
        idx(rng.randint(0, 256, (4, 28, 28))),
        idx(np.arange(4)),
    ]
    names = [name for name, _ in sets.FASHION_MNIST.files]
    monkeypatch.setitem(
        SETS,
        "fashion-mnist",
        dataclasses.replace(
            sets.FASHION_MNIST,
            train=6,
            test=4,
            files=tuple(zip(names, map(len, contents), strict=True)),
            copies=(sets.Copy("full", tuple(map(digest, contents))),),
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents, strict=True):
        other = [v for k, v in replaced.items() if name.startswith(k.replace("_", "-"))]
        (folder / f"{name}.gz").write_bytes(gzip.compress(other[0] if other else content))
    return names
