"""A set of twelve images that passes for the complete CIFAR-10."""

import dataclasses

import numpy as np

from d2lres.data import SETS, sets
from d2lres.data.checksums import digest


def tiny_cifar(monkeypatch, folder, last_label=3) -> list[bytes]:
    """A set of 5 x 2 + 2 images under CIFAR-10's name, in `folder`; returns the files' contents."""
    rng = np.random.RandomState(0)
    contents = [
        b"".join(bytes([label]) + rng.bytes(3072) for label in (i, last_label)) for i in range(6)
    ]
    names = [name for name, _ in sets.CIFAR_10.files]
    monkeypatch.setitem(
        SETS,
        "cifar-10",
        dataclasses.replace(
            sets.CIFAR_10,
            train=10,
            test=2,
            files=tuple((name, 2 * 3073) for name in names),
            copies=(sets.Copy("full", tuple(map(digest, contents))),),
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
    return contents
