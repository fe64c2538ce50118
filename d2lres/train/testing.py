"""What a net learned: its predictions, its accuracy, and the statistics that it predicts with."""

from itertools import chain, islice, repeat

import numpy

from ..live import autograd, np
from ..live.blocks import as_array, check_floating, entry
from .batches import batches_of
from .labels import check_labels
from .passes import ENOUGH, IN_FLIGHT


def predict(net, data_iter, device=None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The class numbers that `net` predicts and the true ones, two integer arrays (N,).

    Arguments as for `evaluate`.
    Raises DataError for a label that is none of the net's classes.
    """
    device, dtype = place(net, device)
    y_hats, ys = [], []
    for X, y in batches_of(data_iter):
        scores = net(X.as_in_ctx(device).astype(dtype, copy=False))
        y_hats.append(scores.argmax(axis=1))
        ys.append(y)
        if len(y_hats) > IN_FLIGHT:
            y_hats[-IN_FLIGHT].wait_to_read()
    y_hat, y = (np.concatenate(parts).asnumpy() for parts in (y_hats, ys))
    check_labels("predict", y, scores.shape[1])
    return y_hat.astype(numpy.int64), y.astype(numpy.int64)


def place(net, device=None) -> tuple:
    """The device and the floating type that a net computes in."""
    first, weight = entry(net)
    return device or first.list_ctx()[0], (weight or first).dtype


def evaluate(net, data_iter, device=None) -> float:
    """The share of images that `net` classifies rightly, from 0 to 1.

    Arguments: `data_iter`, an iterator over (X, y); `device`, where to compute (None: where the
    parameters are).
    Raises DataError for a label that is none of the net's classes.
    Chapter "Training on Fashion-MNIST".
    """
    y_hat, y = predict(net, data_iter, device)
    return float((y_hat == y).mean())


def recalibrate(net, train_iter, batches: int = ENOUGH, device=None) -> int:
    """Measure the means and variances of batch normalization anew, with the weights at rest.

    Returns how many images that took.

    BN keeps an average over the last batches for prediction.  In training the weights move on, and
    the average lags behind.  Here `batches` batches pass through the net, and no weight changes;
    gradients are overwritten.
    Arguments: `train_iter`, an iterator over (X, y); `device`, as for `evaluate`.
    Source: Wu and Johnson (2021), section 3.  Chapter "Training on Fashion-MNIST".
    """
    device, dtype = place(net, device)
    images = 0
    for X, _ in islice(chain.from_iterable(repeat(train_iter)), batches):
        check_floating("recalibrate", X, dtype)
        X = as_array(X).as_in_ctx(device).astype(dtype, copy=False)
        X.attach_grad()
        with autograd.record():
            y_hat = net(X)
        y_hat.backward()  # MXNet updates the statistics in the backward pass
        X.grad.wait_to_read()
        images += len(X)
    return images
