"""Batches for training, from memory: no worker processes, and every order reproducible by a seed.

d2l's loader resizes image by image, about 10,000 a second at 96x96; here a whole batch is resized
by one call.  MXNet runs that call beside the training step, so no worker is needed to hide it.
"""

import numpy

from ..errors import ConfigError
from ..live import np, npx
from .dataset import load
from .folder import Photos
from .order import Order, check_arguments


class BatchIterator(Order):
    """Iterate over (X, y): X float32 (N, C, H, W) in [0, 1], y int32 (N,), the last batch partial.

    `resize`, the side in pixels, or a function that gives it for an epoch (None: as stored).
    `normalize`, a pair of means and deviations of the channels: X is (X - mean) / deviation then.
    The order of a training pass, and what `augment` draws, is a pure function of (seed, epoch).
    `epoch` grows by one at the end of each full pass; set it to resume a training at that epoch.
    """

    def __iter__(self):
        for batch, rng in self.one_pass():
            X = self.images[batch]  # uint8 (N, C, H, W)
            if self.augment is not None:
                X = self.augment(X, rng)  # uint8 (N, C, H', W')
                if X.dtype != numpy.uint8:  # else 0.5 would become 0 without a word
                    raise ConfigError(
                        f"augment: it returned {X.dtype}; expected uint8, 0 to 255. "
                        "End it with .astype('uint8')."
                    )
            yield self.to_mxnet(X), np.array(self.labels[batch], dtype="int32")

    def to_mxnet(self, X):
        """(N, C, H, W) uint8 NumPy to (N, C, H', W') float32 in [0, 1], as d2l's transforms do."""
        X = np.array(numpy.ascontiguousarray(X.transpose(0, 2, 3, 1)), dtype="uint8")  # N, H, W, C
        if self.side:
            X = npx.image.resize(X, int(self.side), False, 1)  # 1 = bilinear
        X = npx.image.to_tensor(X)  # N, C, H, W
        return npx.image.normalize(X, *self.normalize) if self.normalize else X


class PhotoIterator(Photos):
    """Iterate over (X, y): X float32 (N, 3, side, side), normalized, y int32 (N,).

    Arguments and errors as those of `Photos`.
    """

    def __iter__(self):
        for X, y in self.one_pass():
            X = npx.image.to_tensor(np.array(X, dtype="uint8"))  # N, C, H, W
            yield npx.image.normalize(X, *self.normalize), np.array(y, dtype="int32")


def load_iterators(name, batch_size, resize=None, data="auto", seed=0, root=None, augment=None):
    """The (train_iter, test_iter) of a set; arguments as for `load_fashion_mnist`."""
    check_arguments(batch_size, resize, seed)  # at once, before the data is read
    dataset = load(name, data=data, root=root)
    return (
        BatchIterator(dataset, "train", batch_size, resize, True, seed, augment),
        BatchIterator(dataset, "test", batch_size, resize),
    )


def load_fashion_mnist(batch_size, resize=None, data="auto", seed=0, root=None, augment=None):
    """Fashion-MNIST as (train_iter, test_iter), which d2l.train_ch6 takes unchanged.

    Args:
        batch_size: images a batch; the last batch of a pass holds what remains.
        resize: side in pixels to resize to (bilinear), or None to keep 28.
        data, root: which copy, as for `load`.
        seed: of the shuffling; the order of a pass depends on the seed and the epoch alone.
        augment: None, or a function of (X, rng) applied to each training batch before the resize,
            X uint8 NumPy (N, C, H, W) to the same, rng a numpy RandomState.

    Each batch is X float32 (N, 1, H, W) in [0, 1] and y int32 (N,).  Raises ConfigError for a bad
    argument, DataError where the data is missing or damaged.  Source: Xiao et al. 2017,
    arXiv:1708.07747.  Explained in the chapter "Training on Fashion-MNIST".
    """
    return load_iterators("fashion-mnist", batch_size, resize, data, seed, root, augment)


def load_cifar10(batch_size, resize=None, data="auto", seed=0, root=None, augment=None):
    """CIFAR-10 as (train_iter, test_iter); X is (N, 3, 32, 32) unless resized.

    Arguments, errors and chapter as for `load_fashion_mnist`.  Source: Krizhevsky 2009, technical
    report, University of Toronto.
    """
    return load_iterators("cifar-10", batch_size, resize, data, seed, root, augment)
