"""One pass over the training images, and the bar that shows it."""

import math
import sys
from collections import deque

from ..errors import DataError
from ..live import autograd, gluon
from ..live.blocks import as_array, check_floating
from .labels import check_labels

#: Batches that may be under way at once.  MXNet computes in the background; without a bound, the
#: loop would hand over a whole epoch and fill the memory.
IN_FLIGHT = 3


def batches_of(data_iter):
    """The (X, y) of an iterator, as arrays of MXNet.

    Raises ShapeError where X are whole numbers, DataError unless each image has one label.
    """
    number = 0
    for number, batch in enumerate(data_iter, 1):
        X, y = map(as_array, batch)
        check_floating(f"batch {number}", X, "float32")
        if y.shape != (len(X),):
            raise DataError(
                f"batch {number}: labels of shape {y.shape} for {len(X)} images; expected "
                f"({len(X)},), a class number for each. Flatten a column: y.reshape(-1); take the "
                "largest of a row: y.argmax(axis=1)."
            )
        yield X, y
    if not number:
        raise DataError(
            "batches: none came; expected images and labels. A generator gives its batches once: "
            "pass a list, or an iterator that begins anew."
        )


def split(batch, devices) -> list:
    """A batch in as many parts as there are devices, each on its device."""
    if len(batch) < len(devices):  # a device without images has no gradients to add
        raise DataError(
            f"fit: a batch of {len(batch)} images for {len(devices)} devices; expected one for "
            "each. Take another batch size, or fewer devices."
        )
    parts = gluon.utils.split_data(batch, len(devices), even_split=False)
    return [part.as_in_ctx(device) for part, device in zip(parts, devices, strict=True)]


def train_epoch(net, batches, loss, trainer, devices, report, learning_rate):
    """One pass: forward, loss, backward, update.  Returns (mean loss, accuracy, images).

    `batches`: (X, y, how many images make the step, where other workers have a share of it).
    `report` hears of each batch; `learning_rate` is a function of the number of batches done.
    Sums stay on the device and are read some batches later, as the labels are: to ask at once would
    make Python wait.
    """
    sums, corrects, seen, pending = [0.0] * len(devices), [0] * len(devices), 0, deque()
    for done, (X, y, whole) in enumerate(batches):
        Xs, ys = split(X, devices), split(y, devices)
        with autograd.record():
            y_hats = [net(part) for part in Xs]
            losses = [loss(y_hat, part) for y_hat, part in zip(y_hats, ys, strict=True)]
        autograd.backward(losses)
        trainer.set_learning_rate(learning_rate(done))
        trainer.step(whole)
        for i, (y_hat, part, l) in enumerate(zip(y_hats, ys, losses, strict=True)):
            labels = part if part.ndim == 1 else part[:, 0]  # of mixed images: the first
            sums[i] = sums[i] + l.sum()
            corrects[i] = corrects[i] + (y_hat.argmax(axis=1).astype(labels.dtype) == labels).sum()
        seen += len(X)
        pending.append((done + 1, seen, list(sums), list(corrects), y, y_hats[0].shape[1]))
        if len(pending) > IN_FLIGHT:
            report(*pending.popleft())
    for waiting in pending:
        report(*waiting)
    return sum(map(float, sums)) / seen, sum(map(float, corrects)) / seen, seen


class Progress:
    """The bar of one epoch: loss, accuracy, images a second, time left.  Stops at a loss that is
    no number and at a label that is no class."""

    def __init__(self, total: int, epoch: int, num_epochs: int, show: bool | None):
        from tqdm import tqdm  # here, since it is only needed when training

        show = sys.stderr.isatty() if show is None else show
        text = f"epoch {epoch}/{num_epochs}"
        self.bar = tqdm(
            total=total, desc=text, unit=" images", disable=not show, leave=False, unit_scale=True
        )
        self.epoch, self.seen = epoch, 0

    def __call__(self, batch: int, seen: int, sums, corrects, y, classes: int) -> None:
        where, labels = f"fit, epoch {self.epoch}, batch {batch}", y.asnumpy()
        check_labels(where, labels if labels.ndim == 1 else labels[:, :2], classes)  # else mixed
        loss = sum(map(float, sums)) / seen
        if not math.isfinite(loss):
            raise DataError(
                f"{where}: the loss is {loss}; expected a number. Try a smaller learning rate."
            )
        if self.bar.update(seen - self.seen):  # true when it is drawn anew
            accuracy = sum(map(float, corrects)) / seen
            self.bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.3f}")
        self.seen = seen
