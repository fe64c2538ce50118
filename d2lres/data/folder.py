"""Photographs of any size: folders in ImageNet's layout, or RecordIO files, as batches.

A folder holds `train` and `val`, each with a folder a class; or `train.rec` and `val.rec`, each
with its `.idx`, as MXNet's `im2rec` writes them.  The number of classes is that of the data.

Explained in the chapter "A modern recipe, piece by piece".
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy
from PIL import Image

from ..errors import DataError
from ..live import mx, np, npx
from .find import expanded, places

#: Mean and deviation of each channel of ImageNet's photographs, which every published net uses.
STATISTICS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


# --- where the bytes come from -------------------------------------------------------------------


class Folder:
    """The images of one split in a folder a class.  `read(i)` gives (bytes, class number)."""

    def __init__(self, path: Path):
        self.classes = sorted(child.name for child in path.iterdir() if child.is_dir())
        self.files = [
            (file, label)
            for label, name in enumerate(self.classes)
            for file in sorted((path / name).iterdir())
            if file.suffix.lower() in SUFFIXES
        ]

    def __len__(self):
        return len(self.files)

    def names(self):
        """What tells this data from other: the name and size of every file."""
        return (f"{file.parent.name}/{file.name} {file.stat().st_size}" for file, _ in self.files)

    def read(self, i: int) -> tuple[bytes, int]:
        file, label = self.files[i]
        return file.read_bytes(), label

    def name(self, i: int) -> str:
        return str(self.files[i][0])


class Records:
    """The images of one split in a RecordIO file and its index."""

    def __init__(self, path: Path):
        self.path = path
        self.records = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "r")
        self.keys = list(self.records.keys)
        self.turn = Lock()  # a file has one position
        labels = {int(mx.recordio.unpack(self._record(i))[0].label) for i in range(len(self))}
        self.classes = [str(label) for label in range(max(labels, default=-1) + 1)]

    def __len__(self):
        return len(self.keys)

    def names(self):
        return iter([f"{self.path.name} {self.path.stat().st_size}"])

    def _record(self, i: int) -> bytes:
        with self.turn:
            return self.records.read_idx(self.keys[i])

    def read(self, i: int) -> tuple[bytes, int]:
        header, content = mx.recordio.unpack(self._record(i))
        return content, int(header.label)

    def name(self, i: int) -> str:
        return f"{self.path}, record {self.keys[i]}"


def photographs(name: str) -> Path:
    """The folder called `name` where data may lie (see `find.places`); the first where none is."""
    folders = [place / name for _, place in places()]
    return next((folder for folder in folders if os.path.isdir(folder)), folders[0])


def source(root: Path, split: str):
    """The images of a split under `root`, or a DataError that says what is expected there."""
    found = None
    if (root / f"{split}.rec").exists() and (root / f"{split}.idx").exists():
        found = Records(root / f"{split}.rec")
    elif (root / split).is_dir():
        found = Folder(root / split)
    if not found:  # neither, or no image there
        raise DataError(
            f"{root}: no images of {split!r}; expected {split}/CLASS/*.jpg, or {split}.rec and "
            f"{split}.idx. Set $D2LRES_DATA to the folder that holds imagenet/."
        )
    return found


# --- what is done to an image --------------------------------------------------------------------


def random_box(rng, width: int, height: int) -> tuple[float, float, float, float]:
    """A rectangle of 8 to 100 % of the area, 3:4 to 4:3 wide; the middle square if none fits.

    Szegedy et al. (2015), section 6.
    """
    for _ in range(10):
        area = width * height * rng.uniform(0.08, 1)
        ratio = numpy.exp(rng.uniform(numpy.log(3 / 4), numpy.log(4 / 3)))
        w, h = (area * ratio) ** 0.5, (area / ratio) ** 0.5
        left, top = rng.uniform(size=2)
        if w <= width and h <= height:
            left, top = left * (width - w), top * (height - h)
            return left, top, left + w, top + h
    return middle_box(width, height, 1.0)


def middle_box(width: int, height: int, share: float) -> tuple[float, float, float, float]:
    """The square in the middle, of so much of the shorter side."""
    side = share * min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


# --- batches -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Described:
    """What a record says of the data; the digest is of the names and sizes of its files."""

    label: str
    sha256: str
    classes: tuple[str, ...]


class PhotoIterator:
    """Iterate over (X, y): X float32 (N, 3, side, side), normalized, y int32 (N,).

    `side`, in pixels, or a function that gives it for an epoch.
    Training images are cut by a random rectangle and mirrored at random; test images keep the
    middle square of 7/8 of the shorter side.  The order of a pass, and every cut, is a pure
    function of (seed, epoch).  Threads decode the images of a batch; none outlives its pass.
    Raises DataError for an image that cannot be read, naming it.
    """

    def __init__(self, root, split, batch_size, side=224, shuffle=False, seed=0, augment=True):
        self.root = expanded(root)
        self.source = source(self.root, split)
        self.batch_size, self.side, self.shuffle = batch_size, side, shuffle
        self.seed, self.augment, self.normalize, self.epoch = seed, augment, STATISTICS, 0
        digest = hashlib.sha256("\n".join(self.source.names()).encode()).hexdigest()
        label = f"{self.root.name} ({len(self.source):,} photographs)"
        self.dataset = Described(label, digest, tuple(self.source.classes))

    @property
    def num_examples(self) -> int:
        return len(self.source)

    def __len__(self) -> int:
        return -(-self.num_examples // self.batch_size)

    def __iter__(self):
        epoch = self.epoch
        rng = numpy.random.RandomState([self.seed, epoch])
        order = numpy.arange(self.num_examples)
        if self.shuffle:
            rng.shuffle(order)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                seeds = rng.randint(0, 2**31, size=len(batch))  # so that threads need no order
                pairs = list(pool.map(self._image, batch, seeds))
                X = np.array(numpy.stack([image for image, _ in pairs]), dtype="uint8")
                X = npx.image.normalize(npx.image.to_tensor(X), *self.normalize)
                yield X, np.array([label for _, label in pairs], dtype="int32")
        self.epoch = epoch + 1

    def _image(self, i: int, seed: int):
        """Image i as uint8 (side, side, 3), and its class number."""
        content, label = self.source.read(i)
        try:
            image = Image.open(BytesIO(content)).convert("RGB")
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.source.name(i)}: {error}; expected an image. Remove or replace it."
            ) from error
        rng = numpy.random.RandomState(seed)
        box = random_box(rng, *image.size) if self.augment else middle_box(*image.size, 7 / 8)
        side = self.side(self.epoch) if callable(self.side) else self.side
        cut = image.resize((side, side), Image.Resampling.BILINEAR, box=box)
        array = numpy.asarray(cut)
        return (array[:, ::-1] if self.augment and rng.randint(2) else array), label
