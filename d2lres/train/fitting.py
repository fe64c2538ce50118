"""A whole training of a Gluon net."""

from ..errors import ConfigError
from ..live import init, try_gpu
from .epochs import check_folder, check_numbers, run_epochs
from .gluon_engine import GluonEngine
from .history import History
from .losses import CrossEntropy, MixedLoss
from .workers import Trainer, key_value_store


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
    recalibrated: bool = False,
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
    and the others have no test accuracy; `recalibrated`, ask them a second time each, with the
    statistics of batch normalization measured anew (`recalibrate`), which the training is not told.
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
    check_numbers(num_epochs, test_every, lr, momentum, weight_decay, label_smoothing, mixup)
    check_folder(checkpoint, resume)
    devices = list(device) if isinstance(device, (list, tuple)) else [device or try_gpu()]
    _prepare(net, devices, dtype)
    loss = CrossEntropy(label_smoothing)
    loss = MixedLoss(loss) if mixup else loss
    loss.hybridize()
    store, rank, workers = key_value_store(kvstore)
    trainer = _trainer(net, momentum, weight_decay, decay_norm, store, dtype)
    engine = GluonEngine(net, loss, trainer, devices, mixup, dtype, rank, workers)
    return run_epochs(
        engine,
        train_iter,
        test_iter,
        num_epochs=num_epochs,
        lr=lr,
        checkpoint=checkpoint,
        resume=resume,
        belongs_to=belongs_to,
        progress=progress,
        after_epoch=after_epoch,
        test_every=test_every,
        recalibrated=recalibrated,
        workers=workers,
    )


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
