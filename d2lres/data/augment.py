"""Random changes of training images, a whole batch at a time.

Each takes X, uint8 NumPy (N, C, H, W), and a numpy RandomState, and returns images of equal shape.
Explained in the chapter "Images, targets and seeds".
"""

import numpy


def crop(X, rng, fill, pixels: int = 4):
    """Shift each image by up to `pixels` in either direction; `fill` (C,) enters at the border.

    The same as a crop of the image's size from one with a border.  He et al. (2015), section 4.2.
    """
    n, channels, height, width = X.shape
    padded = numpy.empty((n, channels, height + 2 * pixels, width + 2 * pixels), X.dtype)
    padded[:] = numpy.asarray(fill, X.dtype).reshape(1, channels, 1, 1)
    padded[:, :, pixels : pixels + height, pixels : pixels + width] = X
    tops, lefts = rng.randint(0, 2 * pixels + 1, size=(2, n))
    shifted = numpy.empty_like(X)
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        shifted[i] = padded[i, :, top : top + height, left : left + width]
    return shifted


def flip(X, rng, fill=None):
    """Mirror every image, left to right, with probability one half."""
    mirrored = rng.randint(0, 2, size=len(X)).astype(bool)
    X = X.copy()
    X[mirrored] = X[mirrored, :, :, ::-1]
    return X


AUGMENTATIONS = {"crop": crop, "flip": flip}


def augmentation(names, fill, changes=AUGMENTATIONS):
    """One function of (X, rng) that does what `names` say, one after another; None for no name.

    `fill`: the value of each channel (C,) that enters at a border; `changes`: who does it.
    """
    steps = [changes[name] for name in names]

    def augment(X, rng):
        for step in steps:
            X = step(X, rng, fill)
        return X

    return augment if steps else None
