"""Training a Gluon net: what one step is, and what the state of a training is, in MXNet."""

import math

import numpy

from ..live import autograd, mx, np, npx
from .batches import batches_of, split
from .losses import mixed
from .rates import Rates, best_rate
from .testing import evaluate, recalibrate
from .workers import share


def train_step(net, X, y, whole, loss, trainer, devices):
    """Forward, loss, backward, update, for a batch in as many parts as there are devices.

    `whole`: how many images make the step, of which X may be one worker's share.
    Returns the sum of the losses and the number of right answers, of each device; how many classes.
    """
    Xs, ys = split(X, devices), split(y, devices)
    with autograd.record():
        y_hats = [net(part) for part in Xs]
        losses = [loss(y_hat, part) for y_hat, part in zip(y_hats, ys, strict=True)]
    autograd.backward(losses)
    trainer.step(whole)
    corrects = []
    for y_hat, part in zip(y_hats, ys, strict=True):
        labels = part if part.ndim == 1 else part[:, 0]  # of mixed images: the first
        corrects.append((y_hat.argmax(axis=1).astype(labels.dtype) == labels).sum())
    return [l.sum() for l in losses], corrects, y_hats[0].shape[1]


class GluonEngine:
    """A Gluon net, its loss and its trainer, as `run_epochs` takes an engine."""

    name, failures, writes = "mxnet", mx.MXNetError, True

    def __init__(self, net, loss, trainer, devices, mixup=0.0, dtype="float32", rank=0, workers=1):
        self.net, self.loss, self.trainer, self.devices = net, loss, trainer, devices
        self.mixup, self.dtype, self.rank, self.workers = mixup, dtype, rank, workers

    def batches(self, train_iter, epoch: int):
        """This worker's share of each batch, mixed and in the precision of the net."""
        rng = numpy.random.RandomState([getattr(train_iter, "seed", 0), epoch, 1])
        batches = batches_of(train_iter)
        for X, y in mixed(batches, self.mixup, rng) if self.mixup else batches:
            X_share, y_share = (share(each, self.rank, self.workers) for each in (X, y))
            yield X_share.astype(self.dtype, copy=False), y_share, len(X)

    def step(self, X, y, whole: int, lr: float):
        self.trainer.set_learning_rate(lr)
        return train_step(self.net, X, y, whole, self.loss, self.trainer, self.devices)

    def evaluate(self, data_iter) -> float:
        return evaluate(self.net, data_iter, self.devices[0])

    def recalibrate(self, train_iter) -> None:
        recalibrate(self.net, train_iter, device=self.devices[0])

    def lost_weight(self) -> str | None:
        for name, parameter in self.net.collect_params().items():
            if not math.isfinite(float(np.abs(parameter.list_data()[0]).sum())):
                return name
        return None

    def state(self) -> tuple[dict, dict]:
        net = {name: p.data().asnumpy() for name, p in parameters(self.net).items()}
        return net, optimizer_arrays(self.net, self.trainer)

    def expected(self, found: dict) -> tuple[dict, dict]:
        shapes = {name: parameter.shape for name, parameter in parameters(self.net).items()}
        keys = optimizer_keys(self.net, self.trainer)  # each as large as the parameter it is for
        return shapes, {key: found.get(key.rpartition("/")[0]) for key in keys}

    def restore(self, net: dict, optimizer: dict) -> None:
        for name, parameter in parameters(self.net).items():
            parameter.set_data(np.array(net[name], dtype=net[name].dtype))
        restore_optimizer(self.net, self.trainer, optimizer, self.devices)


def parameters(net) -> dict:
    """The parameters of a net by their place in it, such as "1.0.branch.0.weight"."""
    return net._collect_params_with_prefix()


# --- what the optimizer keeps for each parameter: momentum; in float16, a float32 copy too --------


def optimizer_keys(net, trainer) -> list[str]:
    """The names of `optimizer_arrays` after a step: the parameter, and 0 or 1 for which of both."""
    optimizer, names = trainer._updaters[0].optimizer, names_by_number(net, trainer)
    trained = [(names[i], p) for i, p in enumerate(trainer._params) if p.grad_req != "null"]
    return [
        f"{name}/{place}"
        for name, parameter in trained
        for place, kept in enumerate(
            (
                optimizer.momentum,
                optimizer.multi_precision and numpy.dtype(parameter.dtype) == "float16",
            )
        )
        if kept
    ]


def optimizer_arrays(net, trainer) -> dict:
    """The optimizer's arrays, by the parameter's place in the net; those of the first device."""
    arrays, names = {}, names_by_number(net, trainer)
    for i, state in trainer._updaters[0].states.items():
        for place, array in enumerate(state if isinstance(state, tuple) else [state]):
            if array is not None:
                arrays[f"{names[i]}/{place}"] = array.asnumpy()
    return arrays


def restore_optimizer(net, trainer, arrays: dict, devices) -> None:
    """Put the optimizer's arrays where it would have made them."""
    for updater, device in zip(trainer._updaters, devices, strict=True):
        for i, name in names_by_number(net, trainer).items():
            momentum, copy = (
                None if a is None else mx.nd.array(a, ctx=device, dtype=a.dtype)
                for a in (arrays.get(f"{name}/0"), arrays.get(f"{name}/1"))
            )
            if momentum is not None or copy is not None:
                updater.states[i] = momentum if copy is None else (momentum, copy)
                updater.states_synced[i] = True


def names_by_number(net, trainer) -> dict:
    """The place in `net` of each parameter, by the number that `trainer` knows it by.

    The numbers are no names to keep: they follow Gluon's own names of the parameters, which count
    the layers that the process made before.
    """
    return {trainer._param2idx[p.name]: name for name, p in parameters(net).items()}


def rates(device) -> Rates:
    """What a device reaches in float32, and with a copy.  Half a second.

    The product is that of a dense layer, which oneDNN computes; `np.dot` goes another way, and
    reached a fifth of that on two cores with AVX-512.
    """
    n, size = (8192, 2**26) if device.device_type == "gpu" else (2048, 2**25)
    a, long = (np.ones(shape, ctx=device) for shape in ((n, n), (size,)))
    there = long.copy()

    def product():
        npx.fully_connected(a, a, num_hidden=n, no_bias=True).wait_to_read()

    def move():
        long.copyto(there).wait_to_read()

    return Rates(best_rate(2 * n**3, product), best_rate(2 * 4 * size, move))  # read and written
