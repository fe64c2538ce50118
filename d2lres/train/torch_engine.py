"""Training a twin in PyTorch: what one step is, what its state is, and a whole training.

The steps are those of Gluon's SGD.  There the learning rate enters the velocity, v = m v + lr g; in
PyTorch the velocity is multiplied with it, and the two part where the rate changes.  Here PyTorch's
rate is 1, and the loss and the weight decay are multiplied with the rate.  (The two kinds: Goyal et
al., 2017, section 2.3.)

On a GPU with CUDA the net is compiled, where a compiler works, and multiplies in the half precision
that the GPU has units for; weights, statistics and sums stay in float32.
"""

import math
import sys
import textwrap
from contextlib import nullcontext
from itertools import chain, islice, repeat

import numpy

from ..errors import D2lresError, DataError
from ..twins._torch import find_device, functional, torch
from . import torch_workers
from .epochs import check_folder, check_numbers, run_epochs
from .history import History
from .labels import check_labels
from .passes import ENOUGH
from .rates import Rates, best_rate


class TorchEngine:
    """A twin and its optimizer on a device, as `run_epochs` takes an engine."""

    name, failures = "torch", RuntimeError

    def __init__(
        self,
        net,
        device,
        momentum=0.0,
        weight_decay=0.0,
        decay_norm=True,
        label_smoothing=0.0,
        mixup=0.0,
    ):
        self.net = net.to(device, memory_format=torch.channels_last)
        self.device, self.momentum, self.mixup = device, momentum, mixup
        self.smoothing = label_smoothing
        self.rank, self.workers = torch_workers.number(), torch_workers.workers()
        self.forward = self.plain = torch_workers.joined(net, device)
        self.usual = None  # images in a batch that the net is compiled for
        self.compute_in(precision(device))
        if device.type == "cuda":
            self.compile()
        trained = [p for p in net.parameters() if p.requires_grad]
        weights, others = (
            [p for p in trained if (p.ndim > 1 or decay_norm) == decays] for decays in (True, False)
        )
        groups = [
            {"params": weights, "decay": weight_decay},
            {"params": others, "decay": 0.0},
        ]
        self.optimizer = torch.optim.SGD(groups, lr=1.0, momentum=momentum)
        for p in self.momenta().values():  # 0 at first, whether or not float16 lets a step pass
            self.optimizer.state[p]["momentum_buffer"] = torch.zeros_like(p)

    def compute_in(self, precision: str) -> None:
        """What convolutions and products are computed in.

        Gradients below 6e-8 are 0 in float16.  So the loss is multiplied with a large factor there,
        and the gradients divided by it; where it made one too large, the step is left out and the
        factor halved (Micikevicius et al., 2018, section 3.2).  It begins anew with each training
        that goes on.
        """
        self.dtype = getattr(torch, precision)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "float16")

    def compile(self) -> None:
        """Compile the net with its first batch.  Where that fails, it is trained as it is.

        A batch of fewer images, the last of an epoch, is not worth a compilation of its own.
        """
        try:
            self.forward = torch.compile(self.plain, mode="reduce-overhead", dynamic=False)
        except Exception as error:
            self.train_as_it_is(error)

    def train_as_it_is(self, error: Exception) -> None:
        """Say in a line why the net is not compiled.  PyTorch's own reasons fill screens."""
        self.forward = self.plain
        lines = [line for line in str(error).splitlines() if line.strip()]
        lines = [line for line in lines if not line.endswith("raised:")] or [type(error).__name__]
        if self.writes:
            found = textwrap.shorten(lines[0].removesuffix("."), 120)
            advice = "trained without, which takes longer"
            print(f"d2lres: torch.compile: {found}; the net is {advice}.", file=sys.stderr)

    @property
    def writes(self) -> bool:
        """Whether this worker keeps the state; all have the same."""
        return self.rank == 0

    def batches(self, train_iter, epoch: int):
        self.net.train()
        rng = numpy.random.RandomState([getattr(train_iter, "seed", 0), epoch, 1])
        for number, (X, y) in enumerate(as_tensors(train_iter, self.device), 1):
            check_labels(f"fit, epoch {epoch}, batch {number}", y, classes_of(self.net))
            if self.mixup:  # with the random numbers of `losses.mixed`
                share, order = rng.beta(self.mixup, self.mixup), rng.permutation(len(X))
                X = share * X + (1 - share) * X[torch.from_numpy(order).to(self.device)]
                y = numpy.stack([y, y[order], numpy.full(len(y), share)], axis=1).astype("float32")
            if len(X) < self.workers:
                raise DataError(
                    f"fit: a batch of {len(X)} images for {self.workers} workers; expected one for "
                    "each. Take another batch size, or fewer workers."
                )
            own = slice(self.rank, None, self.workers)
            yield X[own], numpy.ascontiguousarray(y[own]), len(X)

    def step(self, X, y, whole: int, lr: float):
        y = torch.from_numpy(y).to(self.device, non_blocking=True)
        share = lr * self.workers / whole  # workers take the mean of their gradients
        try:
            y_hat, losses = self.backward(X, y, share)
        except (D2lresError, torch.cuda.OutOfMemoryError):
            raise
        except Exception as error:  # a compiler raises what it likes, and may on the way back, when
            if self.fitting(X) is self.plain:  # running statistics have seen the batch once already
                raise
            self.train_as_it_is(error)
            y_hat, losses = self.backward(X, y, share)
        for group in self.optimizer.param_groups:
            group["weight_decay"] = lr * group["decay"]
        self.scaler.step(self.optimizer)
        self.scaler.update()
        labels = y if y.ndim == 1 else y[:, 0]  # of mixed images: the first
        right = (y_hat.argmax(dim=1) == labels).sum()
        return [losses.sum()], [right], y_hat.shape[1]

    def backward(self, X, y, share: float):
        """The output and the loss of each image; the gradients are `share` times the losses'."""
        torch.compiler.cudagraph_mark_step_begin()  # what the last step gave is not needed any more
        half = self.dtype != torch.float32
        with torch.autocast(self.device.type, self.dtype) if half else nullcontext():
            y_hat = self.fitting(X)(X)
        losses = self.losses(y_hat.float(), y)
        self.optimizer.zero_grad()
        self.scaler.scale(losses.sum() * share).backward()
        return y_hat.detach(), losses.detach()

    def fitting(self, X):
        """The compiled net for a batch of the size that it is compiled for, else the plain one."""
        self.usual = self.usual or len(X)
        return self.forward if len(X) == self.usual else self.plain

    def losses(self, y_hat, y):
        """The loss of each image (N,); y (N,), or of mixed images (N, 3) as in `MixedLoss`."""

        def cross_entropy(labels):
            options = {"reduction": "none", "label_smoothing": self.smoothing}
            return functional.cross_entropy(y_hat, labels.long(), **options)

        if y.ndim == 1:
            return cross_entropy(y)
        share = y[:, 2].to(y_hat.dtype)
        return share * cross_entropy(y[:, 0]) + (1 - share) * cross_entropy(y[:, 1])

    def evaluate(self, data_iter) -> float:
        y_hat, y = predict(self.net, data_iter, self.device)
        return float((y_hat == y).mean())

    def recalibrate(self, train_iter) -> None:
        recalibrate(self.net, train_iter)

    def lost_weight(self) -> str | None:
        for name, array in self.net.state_dict().items():
            if not math.isfinite(array.float().abs().sum().item()):
                return name
        return None

    # --- all that decides the next epoch ---

    def momenta(self) -> dict:
        """The trained parameters by the name of what the optimizer keeps for them, if anything."""
        parameters = self.net.named_parameters() if self.momentum else ()
        return {f"{name}/0": p for name, p in parameters if p.requires_grad}

    def state(self) -> tuple[dict, dict]:
        kept = {name: self.optimizer.state[p] for name, p in self.momenta().items()}
        return (  # copies: on the CPU, a tensor's own memory would change with it
            {name: numpy.array(array.cpu()) for name, array in self.net.state_dict().items()},
            {name: numpy.array(kept[name]["momentum_buffer"].cpu()) for name in kept},
        )

    def expected(self, found: dict) -> tuple[dict, dict]:
        return tuple(
            {name: tuple(array.shape) for name, array in arrays.items()}
            for arrays in (self.net.state_dict(), self.momenta())
        )

    def restore(self, net: dict, optimizer: dict) -> None:
        with torch.no_grad():
            for name, array in self.net.state_dict().items():
                array.copy_(torch.from_numpy(net[name]))
            for name, p in self.momenta().items():
                velocity = torch.empty_like(p).copy_(torch.from_numpy(optimizer[name]))
                self.optimizer.state[p]["momentum_buffer"] = velocity


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
    device=None,
    checkpoint=None,
    resume: bool = False,
    belongs_to: dict | None = None,
    progress: bool | None = None,
    after_epoch=None,
    test_every: int = 1,
    recalibrated: bool = False,
) -> History:
    """Train a twin as `d2lres.fit` trains a Gluon net, with the same arguments.

    Arguments: `net`, from `twins.torch.build`, with the weights that it shall begin with; `device`,
    of PyTorch (None: a GPU where there is one); iterators over (X, y) of PyTorch, NumPy or MXNet.
    Raises what `d2lres.fit` raises.
    """
    check_numbers(num_epochs, test_every, lr, momentum, weight_decay, label_smoothing, mixup)
    check_folder(checkpoint, resume)
    device = torch.device(device) if device else find_device()
    engine = TorchEngine(net, device, momentum, weight_decay, decay_norm, label_smoothing, mixup)
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
        workers=engine.workers,
    )


def precision(device) -> str:
    """What a device multiplies in; weights, statistics and tests are in float32.

    On CUDA by the compute capability: from 8.0 on bfloat16, from 7.0 on float16, which have units
    of their own there; PyTorch emulates bfloat16 on older cards.  Elsewhere float32.
    """
    major = torch.cuda.get_device_capability(device)[0] if device.type == "cuda" else 0
    return "bfloat16" if major >= 8 else "float16" if major >= 7 else "float32"


def gpu(device) -> str | None:
    """What a device with CUDA is called, such as "NVIDIA H100 80GB HBM3"; None for another."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


def rates(device) -> Rates:
    """What a device reaches in the precision that it is trained in, and with a copy; no table says
    it for every device.  Half a second.
    """
    n, cuda = (8192, True) if device.type == "cuda" else (2048, False)
    a = torch.rand(n, n, device=device).to(getattr(torch, precision(device)))
    b, long = torch.empty_like(a), torch.rand(2**26 if cuda else 2**25, device=device)
    there = torch.empty_like(long)

    def done(work):
        def turn():
            work()
            if cuda:  # it computes on while Python goes on
                torch.cuda.synchronize(device)
            elif device.type == "mps":
                torch.mps.synchronize()

        return turn

    return Rates(
        best_rate(2 * n**3, done(lambda: torch.mm(a, a, out=b))),
        best_rate(2 * long.nbytes, done(lambda: there.copy_(long))),  # read and written
    )


def predict(net, data_iter, device=None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The class numbers that `net` predicts and the true ones, two integer arrays (N,).

    Arguments: `device` (None: where the net is).
    Raises DataError for a label that is none of the net's classes.
    """
    device = device or device_of(net)
    net.eval()
    y_hats, ys = [], []
    with torch.no_grad():
        for X, y in as_tensors(data_iter, device):
            y_hats.append(net(X).argmax(dim=1))
            ys.append(y)
    y = numpy.concatenate(ys)
    check_labels("predict", y, classes_of(net))
    return torch.cat(y_hats).cpu().numpy(), y.astype(numpy.int64)


def recalibrate(net, train_iter, batches: int = ENOUGH) -> int:
    """Measure the statistics of batch normalization anew, as `d2lres.train.recalibrate` does.

    Returns how many images that took.  A variance is unbiased here: n / (n - 1) times that of
    Gluon, where n numbers of a channel are in a batch.
    """
    net.train()
    images = 0
    with torch.no_grad():
        tensors = (as_tensors(each, device_of(net)) for each in repeat(train_iter))
        for X, _ in islice(chain.from_iterable(tensors), batches):
            net(X)
            images += len(X)
    return images


def classes_of(net) -> int:
    return net.places[-1].layer.units


def device_of(net):
    return next(net.parameters()).device


def as_tensors(data_iter, device):
    """The (X, y) of an iterator: X on the device, channels last; y in NumPy.

    Raises DataError unless each image has one label, or where no batch comes.
    """
    number = 0
    for number, (X, y) in enumerate(data_iter, 1):
        X, y = (each.asnumpy() if hasattr(each, "asnumpy") else each for each in (X, y))
        X = torch.as_tensor(X).to(device, memory_format=torch.channels_last, non_blocking=True)
        y = numpy.asarray(y)
        if y.shape != (len(X),):
            raise DataError(
                f"batch {number}: labels of shape {y.shape} for {len(X)} images; expected "
                f"({len(X)},), a class number for each."
            )
        yield X, y
    if not number:
        raise DataError(
            "batches: none came; expected images and labels. A generator gives its batches once: "
            "pass a list, or an iterator that begins anew."
        )
