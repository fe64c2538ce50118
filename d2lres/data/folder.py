"""Photographs of any size: folders in ImageNet's layout, or RecordIO files, as batches.

A folder holds `train` and `val`, each with a folder a class; or `train.rec` and `val.rec`, each
with its `.idx`, as MXNet's `im2rec` writes them.  The classes are those of `train`; how the files
are read is told in `class_folders`, `recordio` and `decoding`.  Up to here no framework is needed;
`iterators` and `torch_batches` make its arrays of the cut images.

Explained in the chapter "Images, targets and seeds".
"""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy
from PIL import Image, UnidentifiedImageError

from ..errors import DataError
from .class_folders import Folder, shown
from .decoding import decoded
from .find import expanded, places
from .recordio import Records

#: Mean and deviation of each channel of ImageNet's photographs, which every published net uses.
STATISTICS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


# --- where the bytes come from -------------------------------------------------------------------


def photographs(name: str) -> Path:
    """The folder called `name` where data may lie (see `find.places`); the first where none is.

    A full path is that folder itself.
    """
    folders = [place / name for _, place in places()]
    return next((folder for folder in folders if os.path.isdir(folder)), folders[0])


def source(root: Path, split: str, classes=None):
    """The images of a split under `root`, or a DataError that says what is expected there.

    Arguments: `classes`, whose positions are the class numbers (None: those of "train").
    """
    if split != "train" and classes is None:
        classes = source(root, "train").classes
    found = None
    if all(os.path.isfile(root / f"{split}.{kind}") for kind in ("rec", "idx")):
        found = Records(root / f"{split}.rec", classes)
    elif os.path.isdir(root / split):
        found = Folder(root / split, classes)
    if not found:  # neither, or no image there
        raise DataError(
            f"{shown(root)}: no images of {split!r}; expected {split}/CLASS/*.jpg, or {split}.rec "
            f"and {split}.idx. Name the folder that holds them with --data-folder, or set "
            "$D2LRES_DATA to the folder that holds imagenet/."
        )
    return found


def report_passed(split: str, found) -> None:
    """One line on stderr about what is no image of a class, if there is any."""
    names = [
        shown(path.relative_to(found.path)) + "/" * os.path.isdir(path) for path in found.passed
    ]
    if names:
        more = f", and {len(names) - 5:,} more" if len(names) > 5 else ""
        count = "1 file" if len(names) == 1 else f"{len(names):,} files"
        said = f"{count} passed over: {', '.join(names[:5])}{more}"
        print(f"d2lres: {split}: {said}", file=sys.stderr)


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


def described(root: Path, *sources) -> Described:
    """The images of these splits, together; the classes are those of the first."""
    names = b"\n\n".join(b"\n".join(source.names()) for source in sources)
    numbers = " + ".join(f"{len(source):,}" for source in sources)
    label = f"{shown(root.name)} ({numbers} photographs)"
    return Described(label, hashlib.sha256(names).hexdigest(), tuple(sources[0].classes))


class Photos:
    """The batches of a split, in NumPy: X uint8 (N, side, side, 3), y int32 (N,).

    `side`, in pixels, or a function that gives it for an epoch.
    Training images are cut by a random rectangle and mirrored at random; test images keep the
    middle square of 7/8 of the shorter side.  The order of a pass, and every cut, is a pure
    function of (seed, epoch).  Threads decode the images of a batch; none outlives its pass.
    `classes`, the names that y numbers (None: those of "train").  What is no image of a class is
    listed in a line on stderr.
    Raises DataError for an image that cannot be read, naming it, and for a class that is none.
    """

    def __init__(
        self, root, split, batch_size, side=224, shuffle=False, seed=0, augment=True, classes=None
    ):
        self.root = expanded(root)
        self.source = source(self.root, split, classes)
        report_passed(split, self.source)
        self.batch_size, self.side, self.shuffle = batch_size, side, shuffle
        self.seed, self.augment, self.normalize, self.epoch = seed, augment, STATISTICS, 0
        self.dataset = described(self.root, self.source)

    @property
    def num_examples(self) -> int:
        return len(self.source)

    def __len__(self) -> int:
        return -(-self.num_examples // self.batch_size)

    def one_pass(self):
        """(X, y) of each batch; `epoch` grows by one at the end."""
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
                images, labels = zip(*pairs, strict=True)
                yield numpy.stack(images), numpy.array(labels, dtype="int32")
        self.epoch = epoch + 1

    def _image(self, i: int, seed: int):
        """Image i as uint8 (side, side, 3), and its class number."""
        try:
            content, label = self.source.read(i)
            image = decoded(content)
        except Exception as error:  # a decoder raises what it likes
            raise DataError(
                f"{self.source.name(i)}: {_said(error)}; expected an image. Remove or replace it."
            ) from error
        rng = numpy.random.RandomState(seed)
        box = random_box(rng, *image.size) if self.augment else middle_box(*image.size, 7 / 8)
        side = self.side(self.epoch) if callable(self.side) else self.side
        cut = image.resize((side, side), Image.Resampling.BILINEAR, box=box)
        array = numpy.asarray(cut)
        return (array[:, ::-1] if self.augment and rng.randint(2) else array), label


def _said(error: Exception) -> str:
    """What an error says, without the path and the addresses that some put in."""
    if isinstance(error, UnidentifiedImageError):
        return "none of the known formats"
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__
