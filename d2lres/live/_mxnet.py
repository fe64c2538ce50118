"""The only file that imports MXNet: it repairs the import, sets the threads, and hands out names.

MXNet 1.9.1 is the last release (2023).  Its Python files reach for names that NumPy has since
removed and for `distutils`, which Python 3.12 removed, so `import mxnet` fails today.  Nothing is
wrong with the compiled library: given those names, it trains as it always did.  A name is added to
NumPy only where it is missing, so other packages notice nothing.

Explained in the appendix "How MXNet runs today".
"""

import os
import re
import sys
import types
import warnings
from math import inf, nan
from weakref import WeakKeyDictionary, WeakSet

from ..errors import ConfigError, MissingDependency
from ..machine import nvidia, usable_cores

# --- threads: before the library is loaded, and only where the user has not chosen ---------------


def set_threads() -> None:
    """Give MXNet every usable core, and bind its threads to them, unless the user chose otherwise.

    Left alone, MXNet takes half of the cores that it sees: one thread on two cores.

    Binding is faster when one training has the machine to itself and harmful when several share it:
    set OMP_PROC_BIND=false there.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    os.environ.setdefault("OMP_PROC_BIND", "true")


def keep_one_team(library) -> None:
    """Let the thread that imports MXNet do alone what little it computes itself.

    MXNet computes in a thread of its own, with a team of as many as there are cores.  The importing
    thread makes a second team when it copies 200,000 numbers or more, and in `fit` after a test.
    OpenMP then counts more threads than cores, and from that moment all of them fall asleep between
    two loops in place of staying awake: training takes a fifth to a half longer.
    """
    if hasattr(library, "omp_set_num_threads"):  # OpenMP's function for the calling thread alone
        library.omp_set_num_threads(1)


# --- NumPy and distutils: the names that MXNet 1.9.1 reaches for ---------------------------------


def numpy_stand_ins(numpy) -> dict:
    """The names that some NumPy removed and MXNet's import needs, each with what it meant."""

    def retired(name):  # the financial functions: MXNet lists them, no one here calls them
        def function(*args, **kwargs):
            raise NotImplementedError(f"numpy.{name}: removed in NumPy 1.20; use numpy_financial.")

        return function

    gone_in_1_24 = {"bool": bool}
    gone_in_2_0 = {
        "PZERO": 0.0, "NZERO": -0.0, "PINF": inf, "Inf": inf, "NINF": -inf, "NAN": nan, "NaN": nan,
        "alltrue": numpy.all, "sometrue": numpy.any, "product": numpy.prod, "round_": numpy.round,
        "msort": lambda a: numpy.sort(a, axis=0),
        **{name: retired(name) for name in ("mirr", "npv", "pmt", "ppmt", "pv", "rate")},
        "compat": types.SimpleNamespace(basestring=str),  # for mxnet.np.pad, when it is called
    }  # fmt: skip
    gone_in_2_4 = {
        "in1d": getattr(numpy, "isin", None),
        "trapz": getattr(numpy, "trapezoid", None),
    }
    return gone_in_1_24 | gone_in_2_0 | gone_in_2_4


def repair_numpy() -> list[str]:
    """Give NumPy back the names that MXNet needs, where they are missing; return those names."""
    import numpy

    repaired = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some NumPy versions warn when a retired name is looked up
        for name, value in numpy_stand_ins(numpy).items():
            if not hasattr(numpy, name):
                setattr(numpy, name, value)
                repaired.append(name)
    if int(numpy.__version__.split(".")[0]) >= 2:
        # NumPy 2 prints np.int64(3); MXNet hands numbers to C++ as text and wants 3 there.
        numpy.set_printoptions(legacy="1.25")
        repaired.append("printoptions")
    return repaired


class _Version(tuple):
    """Stands in for distutils' LooseVersion and StrictVersion: numbers compared left to right."""

    def __new__(cls, text):
        return super().__new__(cls, (int(part) for part in re.findall(r"\d+", str(text))))


def repair_distutils() -> list[str]:
    """Provide `distutils.version` where nothing else does; return the names added."""
    try:
        import distutils.version  # noqa: F401
    except ImportError:
        package, version = types.ModuleType("distutils"), types.ModuleType("distutils.version")
        version.LooseVersion = version.StrictVersion = _Version
        package.version = version
        sys.modules |= {"distutils": package, "distutils.version": version}
        return ["distutils"]
    return []


# --- the import ----------------------------------------------------------------------------------


def _import_mxnet():
    if "mxnet" not in sys.modules:  # else the user imported it first, and its threads are set
        set_threads()
        if (folder := nvidia.cuda_folder()) and folder.exists():
            nvidia.load_cuda(folder)
    try:
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
        repaired = repair_numpy() + repair_distutils()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # MXNet's, which no reader can mend
            import mxnet
        keep_one_team(mxnet.base._LIB)
        if cores:
            # Binding has tied this thread, and every process that it will start, to one core.
            os.sched_setaffinity(0, cores)
    except (ImportError, OSError, AttributeError) as error:
        raise MissingDependency(
            f"import mxnet: {type(error).__name__}: {error}; expected MXNet 1.9.1. Install "
            "what is missing with `d2lres.setup()`, or MXNet alone with "
            "`pip install --no-deps mxnet==1.9.1`; `python -m d2lres doctor` says more."
        ) from error
    mxnet.npx.set_np()
    return mxnet, repaired


mx, REPAIRED = _import_mxnet()

# What the package and the chapters use of MXNet.
from mxnet import autograd, gluon, init, np, npx  # noqa: E402, F401
from mxnet.gluon import nn  # noqa: E402, F401

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
