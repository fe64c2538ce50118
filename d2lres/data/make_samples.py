"""How the samples in this package were made.  Run again, it writes the same content.

    python -m d2lres.data.make_samples DEST --fashion-mnist DIR --cifar-10-jpegs cifar10.tar.xz

DIR holds the full Fashion-MNIST (default: where it is found).  The archive holds the JPEG copy of
CIFAR-10 as `train/CLASS/NUMBER.jpg` and `test/CLASS/NUMBER.jpg`.  Prints what `sets` must record.

2,000 training and 500 test images, the same number of each class, drawn and shuffled by a fixed
seed.  Fashion-MNIST keeps its IDX layout.  Of CIFAR-10, the JPEG files themselves are kept, one
after another: decoded and compressed without loss, the pixels take 3.7 MB (WebP), 5.5 MB (PNG) or
5.9 MB (xz), the JPEG files 0.8 MB, since xz finds the 623 bytes that begin each of them.  Decoding
needs Pillow, which matplotlib and so d2l need anyway.  Why xz: 0.94 MB for Fashion-MNIST, where
WebP takes 0.96, PNG 0.99 and gzip 1.08 MB; it is in Python's standard library and as quick to read.
"""

import argparse
import lzma
import struct
import tarfile
from pathlib import Path

import numpy as np

from . import formats, sets
from .checksums import digest, fingerprint
from .dataset import load

SEED = 0


def draw(labels: np.ndarray, count: int, rng) -> np.ndarray:
    """Indices of `count` examples, the same number of each class, in random order."""
    classes = np.unique(labels)
    drawn = [rng.permutation(np.flatnonzero(labels == c))[: count // len(classes)] for c in classes]
    return rng.permutation(np.concatenate(drawn))


def fashion_mnist(root) -> list[bytes]:
    """The contents of the four IDX files of the sample."""
    full, sample = load("fashion-mnist", "full", root), sets.FASHION_MNIST.sample
    rng, contents = np.random.RandomState(SEED), []
    for images, labels, count in (
        (full.train_images, full.train_labels, sample.train),
        (full.test_images, full.test_labels, sample.test),
    ):
        chosen = draw(labels, count, rng)
        contents += [
            struct.pack(">4I", formats.IMAGES, count, 28, 28) + images[chosen].tobytes(),
            struct.pack(">2I", formats.LABELS, count) + labels[chosen].astype(np.uint8).tobytes(),
        ]
    return contents


def cifar_10(archive: Path) -> list[bytes]:
    """The contents of the two record files of the sample: see `formats.parse_jpegs`."""
    with tarfile.open(archive) as tar:
        jpegs = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
    sample, rng, contents = sets.CIFAR_10.sample, np.random.RandomState(SEED), []
    for split, count in (("train", sample.train), ("test", sample.test)):
        names = sorted(name for name in jpegs if name.startswith(split + "/"))
        labels = [sets.CIFAR_10.classes.index(name.split("/")[1]) for name in names]
        records = [
            struct.pack(">BH", labels[i], len(jpegs[names[i]])) + jpegs[names[i]]
            for i in draw(np.array(labels), count, rng)
        ]
        contents.append(b"".join(records))
    return contents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dest", type=Path)
    parser.add_argument("--fashion-mnist", metavar="DIR")
    parser.add_argument("--cifar-10-jpegs", metavar="ARCHIVE", type=Path, required=True)
    args = parser.parse_args()
    args.dest.mkdir(parents=True, exist_ok=True)
    for data_set, contents in (
        (sets.FASHION_MNIST, fashion_mnist(args.fashion_mnist)),
        (sets.CIFAR_10, cifar_10(args.cifar_10_jpegs)),
    ):
        for (name, _), content in zip(data_set.sample.files, contents, strict=True):
            (args.dest / f"{data_set.name}-{name}.xz").write_bytes(lzma.compress(content, preset=9))
            print(f"{data_set.name}/{name}: {len(content):_} bytes")
        print("sha256:", fingerprint(data_set.sample.files, map(digest, contents)))


if __name__ == "__main__":
    main()
