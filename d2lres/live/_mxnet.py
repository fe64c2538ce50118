"""The only file that imports MXNet: it hands out names, with NumPy's semantics switched on.

Importing this package has prepared the import (see `d2lres.machine.importing`).  What may still go
wrong, a package that is missing or a library that does not load, is said with the next step.

Explained in the appendix "How MXNet runs today".
"""

import re
from weakref import WeakKeyDictionary, WeakSet

from ..errors import ConfigError, MissingDependency
from ..machine.repairs import REPAIRED  # noqa: F401

try:
    import mxnet as mx
    from mxnet import autograd, gluon, init, np, npx  # noqa: F401
    from mxnet.gluon import nn  # noqa: F401
except MissingDependency:  # of the CUDA libraries, which say more
    raise
except (ImportError, OSError, AttributeError) as error:
    raise MissingDependency(
        f"import mxnet: {type(error).__name__}: {error}; expected MXNet 1.9.1. Install "
        "what is missing with `d2lres.setup()`, or MXNet alone with "
        "`pip install --no-deps mxnet==1.9.1`; `python -m d2lres doctor` says more."
    ) from error

npx.set_np()

# --- hybridized blocks ---------------------------------------------------------------------------


def keep_graphs_true(hybrid) -> None:
    """Let every graph that holds a block be traced anew after the block has changed.

    A hybridized block keeps the graph of all that is in it.  Gluon drops that graph when the block
    itself gets another child, but not when a child, or a child's child, does: the net then goes on
    computing what it was.  Here a block that drops its graph tells the blocks that hold it.
    """
    holders = WeakKeyDictionary()  # what holds a block: parents, slices, nets around the net
    register, clear = hybrid.register_child, hybrid._clear_cached_op

    def register_child(self, block, name=None):
        register(self, block, name)
        holders.setdefault(block, WeakSet()).add(self)

    def clear_cached_op(self):
        clear(self)
        for holder in holders.get(self, ()):
            holder._clear_cached_op()

    hybrid.register_child, hybrid._clear_cached_op = register_child, clear_cached_op


keep_graphs_true(gluon.HybridBlock)


def num_gpus() -> int:
    """Number of GPUs that this MXNet can use: 0 with the CPU wheel, or without a driver."""
    try:
        return mx.context.num_gpus()
    except mx.MXNetError:
        return 0


def try_gpu(i: int = 0):
    """GPU number `i` where there is one, else the CPU: the device for all of the book's code.

    Explained in the chapter "Training on Fashion-MNIST".
    """
    return npx.gpu(i) if i < num_gpus() else npx.cpu()


def find_device(name: str = "auto"):
    """The device called `auto` (the first GPU where there is one), `cpu`, `gpu` or `gpu:N`.

    Raises ConfigError for another name, or a GPU that MXNet does not see.
    """
    if name == "auto":
        return try_gpu()
    if name == "cpu":
        return npx.cpu()
    if not re.fullmatch(r"gpu(:\d+)?", name):
        raise ConfigError(f"device {name!r}: no such device; expected auto, cpu, gpu or gpu:N.")
    number = int(name.partition(":")[2] or 0)
    if number >= num_gpus():
        raise ConfigError(
            f"device {name!r}: MXNet sees {num_gpus()} GPUs; expected one with that number. "
            "Use --device cpu, or see `d2lres doctor`."
        )
    return npx.gpu(number)
