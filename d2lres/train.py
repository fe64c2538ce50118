"""Training and evaluation on one device or several: the loop that the book explains.

Explained in the chapter "Training on Fashion-MNIST".
"""

import json
import math
import os
import shutil
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy

from ._mxnet import autograd, gluon, init, np, try_gpu
from .errors import ConfigError, DataError

#: Batches that may be under way at once.  MXNet computes in the background; without a bound, the
#: loop would hand over a whole epoch and fill the memory.
IN_FLIGHT = 3


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.  Loss and train accuracy are means over that pass."""

    epoch: int
    train_loss: float
    train_acc: float
    test_acc: float | None
    seconds: float
    examples_per_s: float


@dataclass
class History:
    """What training measured, an `Epoch` a pass.  Its repr is a table."""

    epochs: list[Epoch] = field(default_factory=list)

    def column(self, name: str) -> list:
        """One figure over the epochs, such as `column("test_acc")`."""
        return [getattr(epoch, name) for epoch in self.epochs]

    def to_list(self) -> list[dict]:
        """Plain data, ready for JSON."""
        return [asdict(epoch) for epoch in self.epochs]

    @classmethod
    def from_list(cls, rows) -> "History":
        return cls([Epoch(**row) for row in rows])

    def __repr__(self):
        lines = ["epoch  train loss  train acc  test acc"]
        for e in self.epochs:
            test = "" if e.test_acc is None else f"{e.test_acc:8.3f}"
            lines.append(f"{e.epoch:5d}  {e.train_loss:10.3f}  {e.train_acc:9.3f}  {test}".rstrip())
        return "\n".join(lines)


def _progress_bar(total: int, text: str, show: bool | None):
    from tqdm import tqdm  # here, since it is only needed when training

    show = sys.stderr.isatty() if show is None else show
    return tqdm(total=total, desc=text, unit="batch", disable=not show, leave=False)


def _check_positive(**numbers):
    for name, value in numbers.items():
        if not isinstance(value, (int, float)) or not value > 0 or not math.isfinite(value):
            raise ConfigError(f"fit: {name} = {value!r}; expected a number above 0.")


def split(batch, devices) -> list:
    """A batch in as many parts as there are devices, each on its device."""
    parts = gluon.utils.split_data(batch, len(devices), even_split=False)
    return [part.as_in_ctx(device) for part, device in zip(parts, devices, strict=True)]


def train_epoch(net, train_iter, loss, trainer, devices, bar):
    """One pass: forward, loss, backward, update.  Returns (mean loss, accuracy, images).

    Sums stay on the device and are read once, at the end: asking for a number after every batch
    would make Python wait for the device each time.
    """
    sums, pending, seen = [0.0] * len(devices), deque(), 0
    corrects = [0] * len(devices)
    for X, y in train_iter:
        Xs, ys = split(X, devices), split(y, devices)
        with autograd.record():
            y_hats = [net(part) for part in Xs]
            losses = [loss(y_hat, part) for y_hat, part in zip(y_hats, ys, strict=True)]
        autograd.backward(losses)
        trainer.step(X.shape[0])
        for i, (y_hat, part, l) in enumerate(zip(y_hats, ys, losses, strict=True)):
            sums[i] = sums[i] + l.sum()
            corrects[i] = corrects[i] + (y_hat.argmax(axis=1).astype(part.dtype) == part).sum()
        seen += X.shape[0]
        pending.append((seen, list(sums)))
        if len(pending) > IN_FLIGHT:
            seen_then, sums_then = pending.popleft()
            sums_then[0].wait_to_read()
            if bar.update():  # true when the bar is drawn anew, some ten times a second
                bar.set_postfix(loss=f"{sum(map(float, sums_then)) / seen_then:.3f}")
    return sum(map(float, sums)) / seen, sum(map(float, corrects)) / seen, seen


def fit(
    net,
    train_iter,
    test_iter=None,
    *,
    num_epochs: int,
    lr: float,
    device=None,
    kvstore: str = "device",
    checkpoint=None,
    resume: bool = False,
    progress: bool | None = None,
    after_epoch=None,
) -> History:
    """Train `net` by stochastic gradient descent and return its History.

    Arguments: `train_iter` and `test_iter`, iterators over (X, y) with X (N, C, H, W) float32 and
    y (N,) class numbers; `lr`, the learning rate for the mean loss of a batch; `device`, an MXNet
    context or a list of them (None: the GPU where there is one); `kvstore`, how gradients are
    combined; `checkpoint`, a folder that receives the state after each epoch; `resume`, go on from
    it; `progress`, show a bar (None: only in a terminal); `after_epoch`, a function that is
    called with the History after each epoch.
    A net that is not initialized gets Xavier's initialization; an initialized one is trained
    further.  Initialize it after `mx.random.seed` for a run that repeats.
    Raises ConfigError for a number out of range, DataError for a checkpoint that does not fit.
    Chapter "Training on Fashion-MNIST".
    """
    _check_positive(num_epochs=num_epochs, lr=lr)
    devices = device if isinstance(device, (list, tuple)) else [device or try_gpu()]
    if not _initialized(net):
        net.initialize(init.Xavier(), ctx=devices)
    net.collect_params().reset_ctx(devices)
    net.hybridize(static_alloc=True)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr}, kvstore=kvstore)
    history = History()
    if checkpoint and resume:
        history = load_checkpoint(checkpoint, net, trainer, devices)
    for epoch in range(len(history.epochs) + 1, num_epochs + 1):
        if hasattr(train_iter, "epoch"):  # the book's: the order is a function of seed and epoch
            train_iter.epoch = epoch - 1
        start = time.perf_counter()
        with _progress_bar(len(train_iter), f"epoch {epoch}/{num_epochs}", progress) as bar:
            train_loss, train_acc, seen = train_epoch(net, train_iter, loss, trainer, devices, bar)
        seconds = time.perf_counter() - start
        if not math.isfinite(train_loss):
            raise DataError(
                f"fit, epoch {epoch}: the loss is {train_loss}; expected a number. "
                f"Try a smaller learning rate than {lr}."
            )
        test_acc = None if test_iter is None else evaluate(net, test_iter, devices[0])
        history.epochs.append(
            Epoch(epoch, train_loss, train_acc, test_acc, seconds, examples_per_s=seen / seconds)
        )
        if checkpoint:
            save_checkpoint(checkpoint, net, trainer, history)
        if after_epoch:
            after_epoch(history)
    return history


def _initialized(net) -> bool:
    return any(p._data is not None or p._deferred_init for p in net.collect_params().values())


def predict(net, data_iter, device=None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The class numbers that `net` predicts and the true ones, two integer arrays (N,)."""
    device = device or next(iter(net.collect_params().values())).list_ctx()[0]
    y_hats, ys = [], []
    for X, y in data_iter:
        y_hats.append(net(X.as_in_ctx(device)).argmax(axis=1))
        ys.append(y)
        if len(y_hats) > IN_FLIGHT:
            y_hats[-IN_FLIGHT].wait_to_read()
    join = lambda parts: np.concatenate(parts).asnumpy().astype(numpy.int64)  # noqa: E731
    return join(y_hats), join(ys)


def evaluate(net, data_iter, device=None) -> float:
    """The share of images that `net` classifies rightly, from 0 to 1.

    Arguments: `data_iter`, an iterator over (X, y); `device`, where to compute (None: where the
    parameters are).  Chapter "Training on Fashion-MNIST".
    """
    y_hat, y = predict(net, data_iter, device)
    return float((y_hat == y).mean())


# --- checkpoints: one folder, replaced as a whole ------------------------------------------------


def save_checkpoint(folder, net, trainer, history: History) -> None:
    """Write weights, optimizer state and history to `folder`; a failed write leaves the old one."""
    folder = Path(folder)
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        net.save_parameters(str(new / "net.params"))
        trainer.save_states(str(new / "trainer.states"))
        (new / "history.json").write_text(json.dumps(history.to_list()))
    except OSError as error:
        raise DataError(
            f"checkpoint {folder}: {error.strerror}; expected to write it. "
            "The last good one is kept."
        ) from error
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder, net, trainer, devices) -> History:
    """Bring `net` and `trainer` back to a saved state; an empty History where none was saved."""
    folder = Path(folder)
    if not folder.exists():  # killed between the two renames of save_checkpoint
        folder = folder.with_name(folder.name + ".old")
    if not folder.exists():
        return History()
    try:
        history = History.from_list(json.loads((folder / "history.json").read_text()))
        net.load_parameters(str(folder / "net.params"), ctx=devices)
        trainer.load_states(str(folder / "trainer.states"))
    except Exception as error:  # MXNet and pickle raise many kinds, down to EOFError
        raise DataError(
            f"checkpoint {folder}: {error}; expected one that this net wrote. "
            "Delete the folder to start anew."
        ) from error
    return history
