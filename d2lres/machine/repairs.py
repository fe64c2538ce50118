"""What MXNet 1.9.1 misses today: names that NumPy dropped, `distutils`, and NumPy's old printing.

It is the last release (2023).  Its Python files reach for names that NumPy has since removed and
for `distutils`, which Python 3.12 removed, so its import fails.  Nothing is wrong with the compiled
library: given those names, it trains as it always did.  A name is added only where it is missing,
so other packages notice nothing.

Explained in the appendix "How MXNet runs today".
"""

import contextvars
import re
import sys
import types
import warnings
from math import inf, nan

# The names put back in this process: none before MXNet is imported.
REPAIRED: list[str] = []


def repair() -> None:
    """Put back what is missing, and note it in REPAIRED; a second time there is nothing to do."""
    REPAIRED.extend(repair_numpy() + repair_distutils())


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
    if repr(numpy.int64(3)) != "3":
        # NumPy 2 prints np.int64(3); MXNet hands numbers to C++ as text and wants 3 there.
        numpy.set_printoptions(legacy="1.25")
        print_so_in_other_threads()
        repaired.append("printoptions")
    return repaired


def print_so_in_other_threads() -> None:
    """Since NumPy 2.1 a thread has print options of its own: change those that it begins with."""
    try:
        from numpy._core.printoptions import format_options
    except ImportError:
        return
    contextvars.Context().run(format_options.get)["legacy"] = 125  # as NumPy writes 1.25 there


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
