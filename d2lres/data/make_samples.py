"""How the samples in this package were made.  Run again, it writes the same content.

    python -m d2lres.data.make_samples DEST [--root DIR]

Both full sets must be on this machine (in DIR, or where they are found).  Prints what `sets` must
record.

2,000 training and 500 test images, the same number of each class, drawn and shuffled by a fixed
seed.  Labels, and the images of Fashion-MNIST, are IDX files as in the full set, by xz:
0.94 MB, where WebP takes 0.96, PNG 0.99 and gzip 1.08 MB.  The images of CIFAR-10 have color, which
WebP stores best of what keeps every pixel: 4.2 MB as two pictures of many images, 4.5 MB as a file
an image, 5.5 MB as PNG and 5.9 MB by xz.  Pillow reads it, which matplotlib and so d2l need anyway.
"""

import argparse
import lzma
import struct
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


def idx_images(images: np.ndarray) -> bytes:
    """An IDX file of images (N, 1, H, W)."""
    header = (formats.IMAGES, len(images), *images.shape[2:])
    return struct.pack(">4I", *header) + images.tobytes()


def idx_labels(labels: np.ndarray) -> bytes:
    """An IDX file of labels (N,)."""
    return struct.pack(">2I", formats.LABELS, len(labels)) + labels.astype(np.uint8).tobytes()


def write_sample(data_set: sets.DataSet, dest: Path, root) -> None:
    """Draw the sample of a set, write its files into `dest`, and print what `sets` must record."""
    full, sample, rng = (
        load(data_set.name, "full", root),
        data_set.sample,
        np.random.RandomState(SEED),
    )
    contents = []
    for split, count in (("train", sample.train), ("test", sample.test)):
        images, labels = getattr(full, f"{split}_images"), getattr(full, f"{split}_labels")
        chosen = draw(labels, count, rng)
        contents += [images[chosen], idx_labels(labels[chosen])]
        if sample.format == "idx":
            contents[-2] = idx_images(contents[-2])
    for i, (name, _) in enumerate(sample.files):
        path = dest / f"{data_set.name}-{name}"
        if name.endswith(".webp"):
            formats.write_mosaic(contents[i], path)
            contents[i] = contents[i].tobytes()
        else:
            path.with_name(f"{path.name}.xz").write_bytes(lzma.compress(contents[i], preset=9))
        print(f"{data_set.name}/{name}: {len(contents[i]):_} bytes")
    print("sha256:", fingerprint(sample.files, map(digest, contents)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dest", type=Path)
    parser.add_argument("--root", metavar="DIR")
    args = parser.parse_args()
    args.dest.mkdir(parents=True, exist_ok=True)
    for data_set in sets.SETS.values():
        write_sample(data_set, args.dest, args.root)


if __name__ == "__main__":
    main()
