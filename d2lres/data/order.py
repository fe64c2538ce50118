"""Which images make a batch: the order of a pass, reproducible by a seed, for any framework."""

from numbers import Integral

import numpy

from ..errors import ConfigError
from .dataset import Dataset


def check_arguments(batch_size, resize, seed) -> None:
    """Raise ConfigError for a batch size, side or seed that makes no sense."""
    for argument, value, low, example in (
        ("batch_size", batch_size, 1, 256),
        ("resize", 1 if resize is None else resize, 1, 96),
        ("seed", seed, 0, 0),
    ):
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or not low <= value < 2**32:
            raise ConfigError(
                f"{argument} {value!r}: not possible; expected a whole number of "
                f"{low} or more. Pass e.g. {argument}={example}."
            )


class Order:
    """The batches of a split, as numbers of images.

    `resize`, the side in pixels, or a function that gives it for an epoch (None: as stored).
    The order of a training pass, and what `augment` draws, is a pure function of (seed, epoch).
    `epoch` grows by one at the end of each full pass; set it to resume a training at that epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        batch_size: int,
        resize=None,
        shuffle: bool = False,
        seed: int = 0,
        augment=None,
        normalize=None,
    ):
        check_arguments(batch_size, resize(0) if callable(resize) else resize, seed)
        self.dataset = dataset
        self.images = getattr(dataset, f"{split}_images")
        self.labels = getattr(dataset, f"{split}_labels")
        self.batch_size, self.resize, self.shuffle = batch_size, resize, shuffle
        self.seed, self.augment, self.normalize, self.epoch = seed, augment, normalize, 0

    @property
    def num_examples(self) -> int:
        """Images in one pass."""
        return len(self.labels)

    @property
    def side(self) -> "int | None":
        """The side of an image in this epoch; None: as stored."""
        return self.resize(self.epoch) if callable(self.resize) else self.resize

    def __len__(self) -> int:
        """Batches in one pass."""
        return -(-self.num_examples // self.batch_size)

    def one_pass(self):
        """(numbers of the images of a batch, the random numbers for changing them) of each."""
        epoch = self.epoch
        # RandomState, since NumPy promises that its stream never changes from version to version.
        rng = numpy.random.RandomState([self.seed, epoch])
        order = numpy.arange(self.num_examples)
        if self.shuffle:
            rng.shuffle(order)
        for start in range(0, self.num_examples, self.batch_size):
            yield order[start : start + self.batch_size], rng
        self.epoch = epoch + 1
