"""A data set in memory, with the name that results must quote."""

import sys
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError, unknown_name
from . import find, formats, sets
from .checksums import digest, edition, fingerprint, wrong_checksum
from .contents import files_of

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, eq=False)  # arrays have no single equality
class Dataset:
    """Images and labels in memory.

    `label` is what every result must quote, e.g. "fashion-mnist (sample)".  `sha256` is one digest
    of the whole content: of what `sha256sum` prints for the decompressed files, in the order of
    `sets`.  Images are uint8 (N, C, H, W), labels int32 (N,).
    """

    name: str
    variant: str  # "full", "sample", "unverified"
    label: str
    classes: tuple[str, ...]
    train_images: np.ndarray = field(repr=False)
    train_labels: np.ndarray = field(repr=False)
    test_images: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    sha256: str
    source: Path = field(repr=False)

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel of the training images, from 0 to 1."""
        channels = self.train_images.transpose(1, 0, 2, 3).reshape(len(self.train_images[0]), -1)
        # counts of the 256 values: exact, and a tenth of the time of float arithmetic
        values = np.arange(256) / 255
        shares = [np.bincount(channel, minlength=256) / channel.size for channel in channels]
        means = [float(share @ values) for share in shares]
        squares = [float(share @ values**2) for share in shares]
        deviations = [(s - m * m) ** 0.5 for s, m in zip(squares, means, strict=True)]
        return tuple(means), tuple(deviations)

    def only(self, classes: tuple[str, ...]) -> "Dataset":
        """The images of some classes, given by name; class 0 is then the first that is named."""
        for name in classes:
            if name not in self.classes:
                raise unknown_name(f"{self.label}: class", name, self.classes)
        if len(classes) < 2 or len(set(classes)) < len(classes):
            raise ConfigError(
                f"{self.label}: classes {', '.join(classes)}; expected at least two, each once."
            )
        number = np.full(len(self.classes), -1, np.int32)  # the new number of each class
        number[[self.classes.index(name) for name in classes]] = range(len(classes))
        kept = {}
        for split in ("train", "test"):
            images, labels = getattr(self, f"{split}_images"), getattr(self, f"{split}_labels")
            chosen = number[labels] >= 0
            kept[f"{split}_images"] = images[chosen]
            kept[f"{split}_labels"] = number[labels][chosen]
        label = f"{self.label}, {len(classes)} of {len(self.classes)} classes"
        return replace(self, label=label, classes=tuple(classes), **kept)

    def validation(self) -> "Dataset":
        """A tenth of the training images, always the same, in place of the test images.

        What is chosen is chosen by them: which net, which rate, how many epochs.  The test images
        are asked once, in the end, and what they say changes nothing any more.
        """
        count = len(self.train_labels) // 10
        order = np.random.RandomState(2009).permutation(len(self.train_labels))
        held_out, rest = np.sort(order[:count]), np.sort(order[count:])
        return replace(
            self,
            label=f"{self.label}, validation",
            train_images=self.train_images[rest],
            train_labels=self.train_labels[rest],
            test_images=self.train_images[held_out],
            test_labels=self.train_labels[held_out],
        )

    def first(self, images: int, draw: int = 0) -> "Dataset":
        """The first so many training images of a fixed shuffle, the same on every machine.

        Arguments: `images`, how many; `draw`, which of many shuffles, from 0.
        """
        if not 0 < images <= len(self.train_labels):
            raise ConfigError(
                f"{self.label}: {images} training images; expected 1 to {len(self.train_labels)}."
            )
        chosen = np.random.RandomState(2015 + draw).permutation(len(self.train_labels))[:images]
        return replace(
            self,
            label=f"{self.label}, {images:,} training images" + f", draw {draw}" * (draw > 0),
            train_images=self.train_images[chosen],
            train_labels=self.train_labels[chosen],
        )


def parse(data_set: sets.DataSet, spec, contents: list[bytes], paths: list[Path]) -> list:
    """The four arrays of Dataset from its files' contents; `spec` is the set or its sample."""
    name, shape, pairs = data_set.name, data_set.image_shape, []
    if spec.format == "cifar":
        pairs = [
            formats.parse_cifar(content, path, name, shape)
            for content, path in zip(contents, paths, strict=True)
        ]
        label_paths = paths
    else:
        for i, count in ((0, spec.train), (2, spec.test)):
            if spec.format == "webp":
                images = np.frombuffer(contents[i], np.uint8)
            else:
                axes = (count, *shape[1:])
                images = formats.parse_idx(contents[i], paths[i], name, formats.IMAGES, axes)
            labels = formats.parse_idx(
                contents[i + 1], paths[i + 1], name, formats.LABELS, (count,)
            )
            pairs.append((images.reshape(count, *shape), labels))
        label_paths = [paths[1], paths[3]]
    pairs = [
        (images, formats.check_labels(labels, len(data_set.classes), path, name))
        for (images, labels), path in zip(pairs, label_paths, strict=True)
    ]
    *train, test = pairs  # CIFAR-10 has five training files
    train = train[0] if len(train) == 1 else [np.concatenate(p) for p in zip(*train, strict=True)]
    return [*train, *test]


def load_full(data_set: sets.DataSet, copy: Path) -> Dataset:
    """Read and check the complete set in a folder or an archive."""
    read = {name: (path, content) for name, path, content in files_of(data_set, copy)}
    paths, contents = zip(*(read[name] for name, _ in data_set.files), strict=True)
    arrays = parse(data_set, data_set, contents, paths)
    digests = [digest(content) for content in contents]
    variant = edition(data_set, digests)
    if variant == "unverified":
        if data_set.strict:
            raise wrong_checksum(data_set, paths, digests)
        print(
            f"d2lres: {data_set.name} has the right layout but no known checksum, so results are "
            f"labelled '{data_set.name} (unverified)'.",
            file=sys.stderr,
        )
    return Dataset(
        data_set.name,
        variant,
        f"{data_set.name} ({variant})",
        data_set.classes,
        *arrays,
        sha256=fingerprint(data_set.files, digests),
        source=copy,
    )


@cache
def load_sample(data_set: sets.DataSet, folder: Path) -> Dataset:
    """Read the sample that ships in this package, once: it can be read and not written to."""
    sample = data_set.sample
    paths, contents = [], []
    for name, size in sample.files:
        picture = name.endswith(".webp")
        path = folder / f"{data_set.name}-{name}{'' if picture else '.xz'}"
        paths.append(path)
        try:
            contents.append(
                formats.read_mosaic(path, data_set.image_shape, size, data_set.name)
                if picture
                else formats.read_content(path, size, data_set.name)
            )
        except DataError as damage:  # a download would not replace it
            found = str(damage).partition(";")[0]
            raise DataError(
                f"{found}; expected the sample that comes with d2lres. Install d2lres again."
            ) from damage
    found = fingerprint(sample.files, map(digest, contents))
    if found != sample.sha256:
        raise DataError(
            f"{folder}: SHA-256 {found} of the {data_set.name} sample; expected "
            f"{sample.sha256}. Install d2lres again."
        )
    arrays = parse(data_set, sample, contents, paths)
    for array in arrays:
        array.flags.writeable = False
    return Dataset(
        data_set.name,
        "sample",
        sample.label,
        data_set.classes,
        *arrays,
        sha256=found,
        source=folder,
    )


def load(name: str, data: str = "auto", root=None) -> Dataset:
    """Load a data set that is already on this machine; nothing is downloaded.

    Args:
        name: "fashion-mnist" or "cifar-10".
        data: "full", "sample" (the small real sample in this package), or "auto": the full set
            where it is found, else the sample, with a notice on stderr.
        root: a folder to search before $D2LRES_DATA, the user cache and Debian's folder.

    Raises ConfigError for an unknown name or value of `data`; DataError where the full set is
    missing or damaged.  Explained in the chapter "Training on Fashion-MNIST".
    """
    data_set = sets.get(name)
    if data not in ("full", "sample", "auto"):
        raise ConfigError(
            f"data {data!r}: no such choice; expected 'full', 'sample' or 'auto'. "
            "Use 'auto' if you are unsure."
        )
    if data == "sample":
        return load_sample(data_set, SAMPLES)
    copy = find.where(name, root)
    if copy is not None:
        return load_full(data_set, copy)
    if data == "full":
        raise find.missing(data_set, root)
    sample = data_set.sample
    print(
        f"d2lres: {name} was not found in full, so this is the SAMPLE: {sample.train:,} training "
        f"and {sample.test:,} test images.  Expect lower accuracies; for all images run "
        f"`d2lres data fetch {name}`.",
        file=sys.stderr,
    )
    return load_sample(data_set, SAMPLES)
