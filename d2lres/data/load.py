"""A data set in memory, with the name that results must quote."""

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from . import find, formats, sets


@dataclass(frozen=True)
class Dataset:
    """Images and labels in memory.

    `label` is what every result must quote, e.g. "fashion-mnist (sample)"; `sha256` is one digest
    of the whole content: that of the text `sha256sum` prints for the decompressed files, in the
    order of `sets`.  Images are uint8 (N, C, H, W), labels int32 (N,).
    """

    name: str
    variant: str  # "full", "sample", "JPEG copy", "unverified"
    label: str
    classes: tuple[str, ...]
    train_images: np.ndarray = field(repr=False)
    train_labels: np.ndarray = field(repr=False)
    test_images: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    sha256: str
    source: Path = field(repr=False)


def edition(data_set: sets.DataSet, contents: list[bytes]) -> str:
    """The variant whose published checksums these contents have, else "unverified"."""
    for copy in data_set.copies:
        if all(hashlib.new(copy.algorithm, content).hexdigest() == digest
               for content, digest in zip(contents, copy.digests)):
            return copy.variant
    return "unverified"


def fingerprint(named_contents) -> str:
    """One SHA-256 for several (name, content): the digest of what `sha256sum` prints for them."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in named_contents)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def parse(data_set: sets.DataSet, contents, paths, train: int, test: int):
    """The four arrays of a set (see Dataset) from its files' contents."""
    name, classes = data_set.name, len(data_set.classes)
    if data_set.format == "idx":
        arrays = []
        for i, count in ((0, train), (2, test)):
            images = formats.parse_idx(contents[i], paths[i], name, formats.IMAGES,
                                       (count, *data_set.image_shape[1:]))
            labels = formats.parse_idx(contents[i + 1], paths[i + 1], name, formats.LABELS,
                                       (count,))
            arrays += [images.reshape(count, *data_set.image_shape),
                       formats.check_labels(labels, classes, paths[i + 1], name)]
        return arrays
    pairs = []
    for content, path in zip(contents, paths):
        images, labels = formats.parse_cifar(content, path, name, data_set.image_shape)
        pairs.append((images, formats.check_labels(labels, classes, path, name)))
    train_images, train_labels = (np.concatenate(parts) for parts in zip(*pairs[:-1]))
    return [train_images, train_labels, *pairs[-1]]


def load_full(data_set: sets.DataSet, folder: Path) -> Dataset:
    """Read and check the complete set in `folder`."""
    paths = [find.file_in(folder, name) for name, _ in data_set.files]
    contents = [formats.read_content(path, size, data_set.name)
                for path, (_, size) in zip(paths, data_set.files)]
    arrays = parse(data_set, contents, paths, data_set.train, data_set.test)
    variant = edition(data_set, contents)
    if variant == "unverified":
        print(f"d2lres: {data_set.name} has the right layout but no known checksum: results are "
              f"labelled '{data_set.name} (unverified)'.", file=sys.stderr)
    names = [name for name, _ in data_set.files]
    return Dataset(data_set.name, variant, f"{data_set.name} ({variant})", data_set.classes,
                   *arrays, sha256=fingerprint(zip(names, contents)), source=folder)


def load(name: str, data: str = "auto", root=None) -> Dataset:
    """Load a data set that is already on this machine; nothing is downloaded.

    Args:
        name: "fashion-mnist" or "cifar-10".
        data: "full", "sample" (the small real sample in this package), or "auto": the full set
            where it is found, else the sample with a notice on stderr.
        root: a folder to search before $D2LRES_DATA, the user cache and Debian's folder.

    Raises ConfigError for an unknown name or value of `data`; DataError where the full set is
    missing or damaged.  Explained in the chapter "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    if data not in ("full", "sample", "auto"):
        raise ConfigError(f"data {data!r}: no such choice; expected 'full', 'sample' or 'auto'. "
                          "Use 'auto' if you are unsure.")
    folder = None if data == "sample" else find.where(name, root)
    if folder is not None:
        return load_full(data_set, folder)
    if data == "full":
        raise DataError(f"{name}: not found on this machine; expected its {len(data_set.files)} "
                        f"files. Run `d2lres data fetch {name}`, or use data='sample'.")
    raise DataError(f"{name}: the sample is not in this package yet; expected data='full'.")
