"""One pass over the training images, and the bar that shows it.  No framework is needed."""

import math
import sys
from collections import deque

from ..errors import DataError
from .labels import check_labels

#: Batches that may be under way at once.  Frameworks compute in the background; without a bound,
#: the loop would hand over a whole epoch and fill the memory.
IN_FLIGHT = 3

#: Batches for `recalibrate`: each replaces a tenth, and less than a hundredth of the old remains.
ENOUGH = 50


def train_epoch(engine, batches, report, learning_rate):
    """One pass, a step of the engine for each batch.  Returns (mean loss, accuracy, images).

    `batches`: (X, y, how many images make the step, where other workers have a share of it).
    `report` hears of each batch; `learning_rate` is a function of the number of batches done.
    Sums stay on the device, one for each, and are read some batches later, as the labels are: to
    ask at once would make Python wait.
    """
    sums, corrects, seen, pending = (), (), 0, deque()
    for done, (X, y, whole) in enumerate(batches):
        losses, right, classes = engine.step(X, y, whole, learning_rate(done))
        sums, corrects, seen = added(sums, losses), added(corrects, right), seen + len(X)
        pending.append((done + 1, seen, sums, corrects, y, classes))
        if len(pending) > IN_FLIGHT:
            report(*pending.popleft())
    for waiting in pending:
        report(*waiting)
    return sum(map(float, sums)) / seen, sum(map(float, corrects)) / seen, seen


def added(sums, numbers) -> list:
    """The sum of each device and what came to it."""
    return [a + b for a, b in zip(sums, numbers, strict=True)] if sums else list(numbers)


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
        where = f"fit, epoch {self.epoch}, batch {batch}"
        labels = y.asnumpy() if hasattr(y, "asnumpy") else y
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
