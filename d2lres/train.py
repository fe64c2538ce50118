"""Training and evaluation on one device or several: the loop that the book explains.

Explained in the chapters "Training on Fashion-MNIST" and "A modern recipe, piece by piece".
"""

import math
import re
import sys
import time
from collections import deque
from itertools import chain, islice, repeat

import numpy

from ._mxnet import autograd, gluon, init, mx, nn, np, try_gpu
from .checkpoints import load_checkpoint, save_checkpoint
from .errors import ConfigError, D2lresError, DataError
from .history import Epoch, History

#: Batches that may be under way at once.  MXNet computes in the background; without a bound, the
#: loop would hand over a whole epoch and fill the memory.
IN_FLIGHT = 3


# --- one pass ------------------------------------------------------------------------------------


class CrossEntropy(nn.HybridBlock):
    """Minus the logarithm of the probability of the right class, for each image (N,).

    Argument: `smoothing`, the share of the target that is spread evenly over all classes.
    Source: Szegedy et al. (2016), section 7.  Chapter "A modern recipe, piece by piece".
    """

    def __init__(self, smoothing: float = 0.0):
        super().__init__()
        self._smoothing = smoothing

    def hybrid_forward(self, F, y_hat, y):
        log_p = F.npx.log_softmax(y_hat, axis=-1)
        right = -F.npx.pick(log_p, y, axis=-1)
        if not self._smoothing:
            return right
        return (1 - self._smoothing) * right - self._smoothing * log_p.mean(axis=-1)


class MixedLoss(nn.HybridBlock):
    """The loss of mixed images: y (N, 3) holds two class numbers and the share of the first."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def hybrid_forward(self, F, y_hat, y):
        first, second, share = (y[:, i] for i in range(3))
        return share * self.loss(y_hat, first) + (1 - share) * self.loss(y_hat, second)


def mixed(train_iter, alpha: float, rng):
    """Each batch mixed with itself in another order (MixUp), as `MixedLoss` takes it.

    Source: Zhang et al. (2018), equation 1.  Chapter "A modern recipe, piece by piece".
    """
    for X, y in train_iter:
        share, order = rng.beta(alpha, alpha), np.array(rng.permutation(len(X)), dtype="int32")
        y = y.astype("float32")
        yield (
            share * X + (1 - share) * X[order],
            np.stack([y, y[order], np.full_like(y, share)], axis=1),
        )


def split(batch, devices) -> list:
    """A batch in as many parts as there are devices, each on its device."""
    parts = gluon.utils.split_data(batch, len(devices), even_split=False)
    return [part.as_in_ctx(device) for part, device in zip(parts, devices, strict=True)]


def train_epoch(net, batches, loss, trainer, devices, report, learning_rate):
    """One pass: forward, loss, backward, update.  Returns (mean loss, accuracy, images).

    `report` hears of each batch; `learning_rate` is a function of the number of batches done.
    Sums stay on the device and are read some batches later: to ask at once would make Python wait.
    """
    sums, corrects, seen, pending = [0.0] * len(devices), [0] * len(devices), 0, deque()
    for done, (X, y) in enumerate(batches):
        Xs, ys = split(X, devices), split(y, devices)
        with autograd.record():
            y_hats = [net(part) for part in Xs]
            losses = [loss(y_hat, part) for y_hat, part in zip(y_hats, ys, strict=True)]
        autograd.backward(losses)
        trainer.set_learning_rate(learning_rate(done))
        trainer.step(X.shape[0])
        for i, (y_hat, part, l) in enumerate(zip(y_hats, ys, losses, strict=True)):
            labels = part if part.ndim == 1 else part[:, 0]  # of mixed images: the first
            sums[i] = sums[i] + l.sum()
            corrects[i] = corrects[i] + (y_hat.argmax(axis=1).astype(labels.dtype) == labels).sum()
        seen += X.shape[0]
        pending.append((done + 1, seen, list(sums), list(corrects)))
        if len(pending) > IN_FLIGHT:
            report(*pending.popleft())
    for waiting in pending:
        report(*waiting)
    return sum(map(float, sums)) / seen, sum(map(float, corrects)) / seen, seen


class Progress:
    """The bar of one epoch: loss, accuracy, images a second, time left.  Stops at a loss that is
    no number."""

    def __init__(self, total: int, epoch: int, num_epochs: int, show: bool | None):
        from tqdm import tqdm  # here, since it is only needed when training

        show = sys.stderr.isatty() if show is None else show
        text = f"epoch {epoch}/{num_epochs}"
        self.bar = tqdm(
            total=total, desc=text, unit=" images", disable=not show, leave=False, unit_scale=True
        )
        self.epoch, self.seen = epoch, 0

    def __call__(self, batch: int, seen: int, sums, corrects) -> None:
        loss = sum(map(float, sums)) / seen
        if not math.isfinite(loss):
            raise DataError(
                f"fit, epoch {self.epoch}, batch {batch}: the loss is {loss}; expected a number. "
                "Try a smaller learning rate."
            )
        if self.bar.update(seen - self.seen):  # true when it is drawn anew
            accuracy = sum(map(float, corrects)) / seen
            self.bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.3f}")
        self.seen = seen


# --- a whole training ----------------------------------------------------------------------------


def fit(
    net,
    train_iter,
    test_iter=None,
    *,
    num_epochs: int,
    lr,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    decay_norm: bool = True,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    dtype: str = "float32",
    device=None,
    kvstore: str = "device",
    checkpoint=None,
    resume: bool = False,
    progress: bool | None = None,
    after_epoch=None,
    test_every: int = 1,
) -> History:
    """Train `net` by stochastic gradient descent and return its History.

    Arguments: `train_iter` and `test_iter`, iterators over (X, y) with X (N, C, H, W) float32 and
    y (N,) class numbers; `lr`, the learning rate for the mean loss of a batch, or a function that
    gives it for the number of epochs done, a fraction within an epoch; `momentum`; `weight_decay`,
    of all parameters or, without `decay_norm`, of weights alone; `label_smoothing` and `mixup`, as
    in a Recipe; `dtype`, "float16" to compute in half precision on a GPU; `device`, an MXNet
    context or a list of them (None: the GPU where there is one); `kvstore`, how gradients are
    combined; `checkpoint`, a folder that receives the state after each epoch; `resume`, go on from
    it; `progress`, show a bar (None: only in a terminal); `after_epoch`, a function that is
    called with the History after each epoch; `test_every`, after how many epochs the test images
    are asked: after the last one always, and the others have no test accuracy.
    A net that is not initialized gets Xavier's initialization; an initialized one is trained
    further.  Initialize it after `mx.random.seed` for a run that repeats.
    Raises ConfigError for a number out of range, DataError for a checkpoint that does not fit, a
    loss or weights that are no numbers, or a batch that the device has no memory for.
    Chapter "Training on Fashion-MNIST".
    """
    schedule = lr if callable(lr) else lambda t: lr
    _check_numbers(num_epochs, test_every, lr, momentum, weight_decay, label_smoothing, mixup)
    devices = list(device) if isinstance(device, (list, tuple)) else [device or try_gpu()]
    _prepare(net, devices, dtype)
    loss = CrossEntropy(label_smoothing)
    loss = MixedLoss(loss) if mixup else loss
    loss.hybridize()
    trainer = _trainer(net, momentum, weight_decay, decay_norm, kvstore, dtype)
    history = History()
    if checkpoint and resume:
        history = load_checkpoint(checkpoint, net, trainer, devices)
    for epoch in range(len(history.epochs) + 1, num_epochs + 1):
        if hasattr(train_iter, "epoch"):  # the book's: the order is a function of seed and epoch
            train_iter.epoch = epoch - 1
        start, steps = time.perf_counter(), len(train_iter)
        report = Progress(_images(train_iter), epoch, num_epochs, progress)
        try:
            train_loss, train_acc, seen = train_epoch(
                net,
                _batches(train_iter, epoch, mixup, dtype),
                loss,
                trainer,
                devices,
                report,
                lambda done, t=epoch - 1, n=steps: schedule(t + done / n),
            )
        except mx.MXNetError as error:
            advice = _out_of_memory(error, train_iter)
            if advice is None:
                raise
            raise advice from error
        finally:
            report.bar.close()
        _check_weights(net, epoch)
        seconds = time.perf_counter() - start
        asked = test_iter is not None and (epoch % test_every == 0 or epoch == num_epochs)
        test_acc = evaluate(net, test_iter, devices[0]) if asked else None
        history.epochs.append(
            Epoch(epoch, train_loss, train_acc, test_acc, seconds, examples_per_s=seen / seconds)
        )
        if checkpoint:
            save_checkpoint(checkpoint, net, trainer, history)
        if after_epoch:
            after_epoch(history)
    return history


def _check_numbers(
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


def _prepare(net, devices, dtype: str) -> None:
    """Initialize a net that is not, put it on the devices, and compile it."""
    if dtype not in ("float32", "float16"):
        raise ConfigError(f"fit: dtype = {dtype!r}; expected 'float32' or 'float16'.")
    if dtype == "float16" and any(device.device_type != "gpu" for device in devices):
        raise ConfigError(
            "fit: dtype = 'float16' on the CPU; expected a GPU, which gains by it. Use 'float32'."
        )
    if not any(p._data is not None or p._deferred_init for p in net.collect_params().values()):
        net.initialize(init.Xavier(), ctx=devices)
    net.cast(dtype)
    net.collect_params().reset_ctx(devices)
    net.hybridize(static_alloc=True)


def _trainer(net, momentum, weight_decay, decay_norm, kvstore, dtype):
    options = {"momentum": momentum, "wd": weight_decay, "multi_precision": dtype == "float16"}
    if not decay_norm:
        net.collect_params(".*(gamma|beta|bias)").setattr("wd_mult", 0.0)
    parameters = net.collect_params()
    return gluon.Trainer(parameters, "sgd", options, kvstore=kvstore, update_on_kvstore=False)


def _check_weights(net, epoch: int) -> None:
    """Weights can be lost while the loss stays a number: MXNet's ReLU makes 0 of nan."""
    for name, parameter in net.collect_params().items():
        if not math.isfinite(float(np.abs(parameter.list_data()[0]).sum())):
            raise DataError(
                f"fit, epoch {epoch}: {name} holds values that are no numbers; expected weights. "
                "The loss does not show it. Try a smaller learning rate."
            )


def _images(train_iter) -> int | None:
    """How many images a pass has, where the iterator says so."""
    return getattr(train_iter, "num_examples", None)


def _batches(train_iter, epoch: int, mixup: float, dtype: str):
    """The batches of an epoch, mixed and in the precision of the net."""
    rng = numpy.random.RandomState([getattr(train_iter, "seed", 0), epoch, 1])
    for X, y in mixed(train_iter, mixup, rng) if mixup else train_iter:
        yield X.astype(dtype, copy=False), y


def _out_of_memory(error, train_iter) -> D2lresError | None:
    """What to do where a device had too little memory; None for any other error."""
    if not re.search("out of memory|OutOfMemory|CUDNN_STATUS_ALLOC_FAILED", str(error), re.I):
        return None
    size = getattr(train_iter, "batch_size", None)
    smaller = f"Try a batch size of {max(1, size // 2)}." if size else "Try smaller batches."
    found = f"batches of {size} images" if size else "these batches"
    return DataError(f"fit: the device has no memory for {found}; expected room. {smaller}")


# --- what it learned -----------------------------------------------------------------------------


def predict(net, data_iter, device=None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The class numbers that `net` predicts and the true ones, two integer arrays (N,)."""
    parameter = next(iter(net.collect_params().values()))
    device, dtype = device or parameter.list_ctx()[0], parameter.dtype
    y_hats, ys = [], []
    for X, y in data_iter:
        y_hats.append(net(X.as_in_ctx(device).astype(dtype, copy=False)).argmax(axis=1))
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


#: Batches for `recalibrate`: each replaces a tenth, and less than a hundredth of the old remains.
ENOUGH = 50


def recalibrate(net, train_iter, batches: int = ENOUGH, device=None) -> int:
    """Measure the means and variances of batch normalization anew, with the weights at rest.

    Returns how many images that took.

    BN keeps an average over the last batches for prediction.  In training the weights move on, and
    the average lags behind.  Here `batches` batches pass through the net, and no weight changes;
    gradients are overwritten.
    Arguments: `train_iter`, an iterator over (X, y); `device`, as for `evaluate`.
    Source: Wu and Johnson (2021), section 3.  Chapter "Training on Fashion-MNIST".
    """
    device = device or next(iter(net.collect_params().values())).list_ctx()[0]
    images = 0
    for X, _ in islice(chain.from_iterable(repeat(train_iter)), batches):
        X = X.as_in_ctx(device)
        X.attach_grad()
        with autograd.record():
            y_hat = net(X)
        y_hat.backward()  # MXNet updates the statistics in the backward pass
        X.grad.wait_to_read()
        images += len(X)
    return images
