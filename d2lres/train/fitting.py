"""A whole training: epochs, tests between them, checkpoints."""

import math
import re
import time
from pathlib import Path

import numpy

from ..errors import ConfigError, D2lresError, DataError
from ..files import check_writable
from ..live import init, mx, np, try_gpu
from .checkpoints import check_new, load_checkpoint, save_checkpoint
from .history import Epoch, History
from .losses import CrossEntropy, MixedLoss, mixed
from .passes import Progress, batches_of, train_epoch
from .testing import evaluate
from .workers import Trainer, key_value_store, share


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
    belongs_to: dict | None = None,
    progress: bool | None = None,
    after_epoch=None,
    test_every: int = 1,
) -> History:
    """Train `net` by stochastic gradient descent and return its History.

    Arguments: `train_iter` and `test_iter`, iterators over (X, y) with X (N, C, H, W) float32 and
    y (N,) class numbers, of MXNet or NumPy; `lr`, the learning rate for the mean loss of a batch,
    or a function that gives it for the number of epochs done, a fraction within an epoch;
    `momentum`; `weight_decay`, of all parameters or, without `decay_norm`, of weights alone;
    `label_smoothing` and `mixup`, as in a Recipe; `dtype`, "float16" to compute in half precision
    on a GPU; `device`, an MXNet context or a list of them (None: the GPU where there is one);
    `kvstore`, how gradients are combined: "local" or "device", or "dist_sync" by several processes,
    each of which takes its share of every batch; `checkpoint`, a folder that receives the state
    after each epoch; `resume`, go on from it; `belongs_to`, plain data that names the training: it
    is kept with the state, and must be the same where that is gone on with; `progress`, show a bar
    (None: only in a terminal); `after_epoch`, a function that is called with the History after each
    epoch; `test_every`, after how many epochs the test images are asked: after the last one always,
    and the others have no test accuracy.
    A net that is not initialized gets Xavier's initialization; an initialized one is trained
    further.  Initialize it after `mx.random.seed` for a run that repeats.
    Raises ConfigError for a number out of range, or a checkpoint with more epochs than are asked
    for, or of another training, or one that is not to be resumed; DataError for a checkpoint that
    does not fit or a folder that cannot be written, a label that is none of the net's classes, a
    loss or weights that are no numbers, or a batch that the device has no memory for or that has
    fewer images than there are devices or workers.
    Labels and losses are read a few steps later, so that no step waits for them.
    Chapter "Training on Fashion-MNIST".
    """
    schedule = lr if callable(lr) else lambda t: lr
    _check_numbers(num_epochs, test_every, lr, momentum, weight_decay, label_smoothing, mixup)
    if checkpoint:
        check_writable(Path(checkpoint))
        if not resume:
            check_new(checkpoint)
    devices = list(device) if isinstance(device, (list, tuple)) else [device or try_gpu()]
    _prepare(net, devices, dtype)
    loss = CrossEntropy(label_smoothing)
    loss = MixedLoss(loss) if mixup else loss
    loss.hybridize()
    store, rank, workers = key_value_store(kvstore)
    trainer = _trainer(net, momentum, weight_decay, decay_norm, store, dtype)
    history = History()
    if checkpoint and resume:
        history = load_checkpoint(checkpoint, net, trainer, devices, num_epochs, belongs_to)
    for epoch in range(len(history.epochs) + 1, num_epochs + 1):
        if hasattr(train_iter, "epoch"):  # the book's: the order is a function of seed and epoch
            train_iter.epoch = epoch - 1
        start, steps = time.perf_counter(), len(train_iter)
        report = Progress(_images(train_iter, workers), epoch, num_epochs, progress)
        try:
            train_loss, train_acc, seen = train_epoch(
                net,
                _batches(train_iter, epoch, mixup, dtype, rank, workers),
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
            save_checkpoint(checkpoint, net, trainer, history, belongs_to)
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


def _trainer(net, momentum, weight_decay, decay_norm, store, dtype):
    options = {"momentum": momentum, "wd": weight_decay, "multi_precision": dtype == "float16"}
    if not decay_norm:
        net.collect_params(".*(gamma|beta|bias)").setattr("wd_mult", 0.0)
    parameters = net.collect_params()
    return Trainer(parameters, "sgd", options, kvstore=store, update_on_kvstore=False)


def _check_weights(net, epoch: int) -> None:
    """Weights can be lost while the loss stays a number: MXNet's ReLU makes 0 of nan."""
    for name, parameter in net.collect_params().items():
        if not math.isfinite(float(np.abs(parameter.list_data()[0]).sum())):
            raise DataError(
                f"fit, epoch {epoch}: {name} holds values that are no numbers; expected weights. "
                "The loss does not show it. Try a smaller learning rate."
            )


def _images(train_iter, workers: int) -> int | None:
    """About how many images of a pass are one worker's, where the iterator says how many it has."""
    images = getattr(train_iter, "num_examples", None)
    return images and images // workers


def _batches(train_iter, epoch: int, mixup: float, dtype: str, rank: int, workers: int):
    """This worker's share of each batch, mixed and in the precision of the net, and its size."""
    rng = numpy.random.RandomState([getattr(train_iter, "seed", 0), epoch, 1])
    batches = batches_of(train_iter)
    for X, y in mixed(batches, mixup, rng) if mixup else batches:
        X_share, y_share = share(X, rank, workers), share(y, rank, workers)
        yield X_share.astype(dtype, copy=False), y_share, len(X)


def _out_of_memory(error, train_iter) -> D2lresError | None:
    """What to do where a device had too little memory; None for any other error."""
    if not re.search("out of memory|OutOfMemory|CUDNN_STATUS_ALLOC_FAILED", str(error), re.I):
        return None
    size = getattr(train_iter, "batch_size", None)
    smaller = f"Try a batch size of {max(1, size // 2)}." if size else "Try smaller batches."
    found = f"batches of {size} images" if size else "these batches"
    return DataError(f"fit: the device has no memory for {found}; expected room. {smaller}")
