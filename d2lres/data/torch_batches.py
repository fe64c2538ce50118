"""Batches for a training in PyTorch: the images lie on its device, and are changed there.

The same order, the same random numbers and so the same images as those of `iterators`.
"""

from ..twins._torch import torch
from .augment import augmentation
from .folder import Photos
from .order import Order


def crop(X, rng, fill, pixels: int = 4):
    """Shift each image of a tensor by up to `pixels`, as `augment.crop` does."""
    n, channels, height, width = X.shape
    padded = X.new_empty((n, channels, height + 2 * pixels, width + 2 * pixels))
    padded[:] = torch.as_tensor(fill, device=X.device).to(X.dtype).view(1, channels, 1, 1)
    padded[:, :, pixels : pixels + height, pixels : pixels + width] = X
    tops, lefts = torch.from_numpy(rng.randint(0, 2 * pixels + 1, size=(2, n))).to(X.device)
    rows = tops[:, None] + torch.arange(height, device=X.device)  # (N, H)
    columns = lefts[:, None] + torch.arange(width, device=X.device)  # (N, W)
    image = torch.arange(n, device=X.device)[:, None, None]
    shifted = padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return shifted.permute(0, 3, 1, 2)  # of (N, H, W, C)


def flip(X, rng, fill=None):
    """Mirror every image of a tensor with probability one half, as `augment.flip` does."""
    mirrored = torch.from_numpy(rng.randint(0, 2, size=len(X)).astype(bool)).to(X.device)
    return torch.where(mirrored[:, None, None, None], X.flip(3), X)


def resize(X, side: int):
    """Images of another side, bilinear, to the last bit as MXNet resizes them.

    MXNet calls OpenCV, which computes with whole numbers, 2048 for 1, and drops bits twice
    (modules/imgproc/src/resize.cpp): a pixel in eight is one less than an exact sum would be.
    """
    height, width = X.shape[2:]
    if height == width == 2 * side:  # there it takes the mean of four
        X = X.unflatten(3, (side, 2)).unflatten(2, (side, 2))
        return (X.sum((3, 5), dtype=torch.int32) + 2) >> 2
    (left, right), across = neighbours(width, side, X.device)
    (top, bottom), down = neighbours(height, side, X.device)
    down, X = down[:, :, None], X.int()
    X = (X[..., left] * across[0] + X[..., right] * across[1]) >> 4
    X = ((X[:, :, top] * down[0]) >> 16) + ((X[:, :, bottom] * down[1]) >> 16)
    return (X + 2) >> 2


def neighbours(size: int, side: int, device):
    """Which two of `size` pixels each of `side` new ones lies between, and their shares."""
    at = ((torch.arange(side, dtype=torch.float64) + 0.5) * (size / side) - 0.5).float()
    first = at.floor()
    pixels = torch.stack([first, first + 1]).long().clamp(0, size - 1)
    shares = torch.stack([1 - (at - first), at - first]).mul(2048).round().int()
    return pixels.to(device), shares.to(device)


class TorchBatches(Order):
    """Iterate over (X, y): X float32 (N, C, H, W) on `device`, channels last; y of NumPy, (N,).

    Arguments as those of `BatchIterator`; `augment`, the names of changes, such as ("crop",
    "flip"), and `fill`, what enters at a border.
    """

    def __init__(self, dataset, split, *args, device="cpu", augment=(), fill=0, **options):
        changes = augmentation(augment, fill, {"crop": crop, "flip": flip})
        super().__init__(dataset, split, *args, augment=changes, **options)
        self.device = torch.device(device)
        self.stored = torch.tensor(self.images, device=self.device)

    def __iter__(self):
        for batch, rng in self.one_pass():
            X = self.stored[torch.from_numpy(batch).to(self.device)]  # uint8 (N, C, H, W)
            if self.augment is not None:
                X = self.augment(X, rng)
            yield self.to_float(X), self.labels[batch]

    def to_float(self, X):
        """(N, C, H, W) uint8 to (N, C, H', W') float32 in [0, 1], or normalized."""
        if self.side:
            X = resize(X, int(self.side))
        return normalized(X, self.normalize)


class TorchPhotos(Photos):
    """Iterate over (X, y): X float32 (N, 3, side, side) on `device`, channels last; y of NumPy.

    Arguments and errors as those of `Photos`.  A batch goes to the device as bytes.
    """

    def __init__(self, *args, device="cpu", **options):
        super().__init__(*args, **options)
        self.device = torch.device(device)

    def __iter__(self):
        for X, y in self.one_pass():
            X = torch.from_numpy(X).to(self.device).permute(0, 3, 1, 2)  # of (N, H, W, C)
            yield normalized(X, self.normalize), y


def normalized(X, statistics):
    """Bytes as float32 in [0, 1], less the means and over the deviations, if any; channels last."""
    X = X.float() / 255
    if statistics:
        means, deviations = (
            torch.tensor(each, dtype=X.dtype, device=X.device).view(1, -1, 1, 1)
            for each in statistics
        )
        X = (X - means) / deviations
    return X.contiguous(memory_format=torch.channels_last)
