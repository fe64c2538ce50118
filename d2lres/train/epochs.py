"""The epochs of a training, the tests between them, the checkpoints: the same on every engine.

An engine is an object that has a net and can
* `batches(train_iter, epoch)`: the (X, y, images of the step) of one pass, as `step` takes them;
* `step(X, y, whole, lr)`: forward, loss, backward, update; returns the sum of the losses and the
  number of right answers, on each device, and how many classes there are;
* `evaluate(data_iter)`: the share of images that it classifies rightly;
* `recalibrate(train_iter)`: measure the statistics of batch normalization anew;
* `state()` and `restore(net, optimizer)`: all that decides the next epoch, as NumPy arrays by name,
  which stay as they are while the training goes on;
  `expected(net)`, the shapes that a state must have, of which the net's may decide the optimizer's;
* `lost_weight()`: the name of a weight that is no number, or None.
It has a `name`, `failures`, the errors of its framework, and `writes`, whether it keeps its state.
"""

import math
import re
import time
from pathlib import Path

from ..errors import ConfigError, D2lresError, DataError
from ..files import check_writable
from .checkpoints import check_new, load_checkpoint, save_checkpoint
from .history import Epoch, History
from .passes import Progress, train_epoch


def run_epochs(
    engine,
    train_iter,
    test_iter,
    *,
    num_epochs: int,
    lr,
    checkpoint=None,
    resume: bool = False,
    belongs_to: dict | None = None,
    progress: bool | None = None,
    after_epoch=None,
    test_every: int = 1,
    recalibrated: bool = False,
    workers: int = 1,
) -> History:
    """Train on an engine.  Arguments and errors as those of `fit`; `workers`, who share a batch."""
    schedule = lr if callable(lr) else lambda t: lr
    history = History()
    if checkpoint and resume:
        history = load_checkpoint(checkpoint, engine, num_epochs, belongs_to)
    for epoch in range(len(history.epochs) + 1, num_epochs + 1):
        if hasattr(train_iter, "epoch"):  # the book's: the order is a function of seed and epoch
            train_iter.epoch = epoch - 1
        start, steps = time.perf_counter(), len(train_iter)
        images = getattr(train_iter, "num_examples", None)
        report = Progress(images and images // workers, epoch, num_epochs, progress)
        try:
            train_loss, train_acc, seen = train_epoch(
                engine,
                engine.batches(train_iter, epoch),
                report,
                lambda done, t=epoch - 1, n=steps: schedule(t + done / n),
            )
        except engine.failures as error:
            advice = out_of_memory(error, train_iter)
            if advice is None:
                raise
            raise advice from error
        finally:
            report.bar.close()
        if (lost := engine.lost_weight()) is not None:  # while the loss stays a number: MXNet's
            raise DataError(  # ReLU makes 0 of nan
                f"fit, epoch {epoch}: {lost} holds values that are no numbers; expected weights. "
                "The loss does not show it. Try a smaller learning rate."
            )
        seconds = time.perf_counter() - start
        asked = test_iter is not None and (epoch % test_every == 0 or epoch == num_epochs)
        test_acc = engine.evaluate(test_iter) if asked else None
        both = asked and recalibrated
        again = test_recalibrated(engine, train_iter, test_iter, epoch) if both else None
        speed = seen / seconds
        history.epochs.append(
            Epoch(epoch, train_loss, train_acc, test_acc, seconds, speed, recalibrated_acc=again)
        )
        if checkpoint and engine.writes:
            save_checkpoint(checkpoint, engine, history, belongs_to)
        if after_epoch:
            after_epoch(history)
    return history


def test_recalibrated(engine, train_iter, test_iter, epoch: int) -> float:
    """The test accuracy with statistics measured anew; those of the training are put back."""
    kept = engine.state()
    if hasattr(train_iter, "epoch"):  # images as large as those of this epoch
        train_iter.epoch = epoch - 1
    engine.recalibrate(train_iter)
    found = engine.evaluate(test_iter)
    engine.restore(*kept)
    return found


def check_folder(checkpoint, resume: bool) -> None:
    """See, before the net is built, that a folder for the state can be used."""
    if checkpoint:
        check_writable(Path(checkpoint))
        if not resume:
            check_new(checkpoint)


def check_numbers(
    num_epochs, test_every, lr, momentum, weight_decay, label_smoothing, mixup
) -> None:
    scheduled = callable(lr)
    lr = lr(0) if scheduled else lr  # a schedule may begin at 0
    rules = (
        ("num_epochs", num_epochs, lambda n: n > 0, "above 0"),
        ("test_every", test_every, lambda n: n > 0, "above 0"),
        ("lr", lr, lambda n: n > 0 or (n == 0 and scheduled), "above 0"),
        ("momentum", momentum, lambda n: 0 <= n < 1, "from 0 to less than 1"),
        ("weight_decay", weight_decay, lambda n: n >= 0, "of 0 or more"),
        ("label_smoothing", label_smoothing, lambda n: 0 <= n < 1, "from 0 to less than 1"),
        ("mixup", mixup, lambda n: n >= 0, "of 0 or more"),
    )
    for name, value, holds, expected in rules:
        number = isinstance(value, (int, float)) and math.isfinite(value)
        if not number or not holds(value):
            raise ConfigError(f"fit: {name} = {value!r}; expected a number {expected}.")


def out_of_memory(error, train_iter) -> D2lresError | None:
    """What to do where a device had too little memory; None for any other error."""
    if not re.search("out of memory|OutOfMemory|CUDNN_STATUS_ALLOC_FAILED", str(error), re.I):
        return None
    size = getattr(train_iter, "batch_size", None)
    smaller = f"Try a batch size of {max(1, size // 2)}." if size else "Try smaller batches."
    found = f"batches of {size} images" if size else "these batches"
    return DataError(f"fit: the device has no memory for {found}; expected room. {smaller}")
