"""`import d2lres` has every later import of MXNet prepared, whoever writes it and wherever.

Each test is a process of its own.  Truth: what `from d2lres import mx` gives; and Python's own
rules of the import, with a stand-in for MXNet that says when it is executed.
"""

import os
import re

import pytest
from processes import ROOT, python

IMPORTS = {
    "by a reader": "import mxnet",
    "by d2l": "from d2l import mxnet as d2l",
    "in a thread": (
        "from threading import Thread; t = Thread(target=__import__, args=('mxnet',));"
        "t.start(); t.join()"
    ),
}
# `shape`: MXNet reads what NumPy prints.
WORKS = """
import os, numpy, mxnet
from d2lres.machine import usable_cores
from d2lres.machine.repairs import REPAIRED, numpy_stand_ins
shape = mxnet.np.ones((4, 4)).reshape((numpy.int64(2), -1)).shape
assert shape == (2, 8), shape
assert all(hasattr(numpy, name) for name in numpy_stand_ins(numpy))
assert len(REPAIRED) == len(set(REPAIRED))
assert os.environ["OMP_NUM_THREADS"] == str(usable_cores())
assert os.environ["OMP_PROC_BIND"] == "true"
if hasattr(os, "sched_getaffinity"):
    assert os.sched_getaffinity(0) == cores
"""
ONE_TEAM = "assert mxnet.base._LIB.omp_get_max_threads() == 1"


@pytest.mark.parametrize("how", IMPORTS)
def test_mxnet_is_prepared_whoever_imports_it(how):
    before = "import os; cores = getattr(os, 'sched_getaffinity', id)(0); import d2lres"
    one_team = ONE_TEAM if how != "in a thread" else ""  # OpenMP has a number for every thread
    python(f"{before}\n{IMPORTS[how]}\n{WORKS}\n{one_team}")


def test_what_the_appendix_shows_works():
    text = (ROOT / "chapters" / "appendix-mxnet.md").read_text()
    [shown] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    python(f"{shown}\nd2l.plt, gluon.Trainer")


def test_a_bare_import_leaves_mxnets_own_arrays_and_d2lres_switches_to_numpys():
    """As in d2l's notebooks, which call npx.set_np() themselves."""
    code = (
        "import d2lres; from d2l import mxnet; import mxnet; print(mxnet.util.is_np_array());"
        "from d2lres import np; print(mxnet.util.is_np_array())"
    )
    assert python(code).split() == ["False", "True"]


def test_to_ask_where_mxnet_is_changes_nothing():
    code = (
        "import os, sys, d2lres; from importlib.util import find_spec;"
        "print(os.path.exists(find_spec('mxnet').origin), 'OMP_NUM_THREADS' in os.environ,"
        "{'numpy', 'mxnet', 'd2lres.machine.repairs'} & set(sys.modules))"
    )
    assert python(code) == "True False set()"


def test_an_mxnet_that_is_not_there_is_an_ordinary_error_and_through_d2lres_has_its_fix():
    """-I -S hides site-packages."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import d2lres\n"
        "for name in 'mxnet', 'd2lres.live':\n"
        "    try:\n        __import__(name)\n"
        "    except ImportError as error:\n        print(type(error).__name__, error)"
    )
    bare, through = python(code, "-I", "-S").splitlines()
    assert bare == "ModuleNotFoundError No module named 'mxnet'"
    assert through.startswith("MissingDependency import mxnet: ModuleNotFoundError: No module")
    assert "pip install --no-deps mxnet==1.9.1" in through


@pytest.mark.parametrize("first", ["pass", "import d2lres"])
def test_an_import_that_failed_half_way_can_be_tried_again(first):
    """Without a package that it needs, or before d2lres with a NumPy that lacks names."""
    code = (
        f"import sys; {first}; sys.modules['requests'] = None\n"
        "try:\n    import mxnet\n"
        "except (ImportError, AttributeError):\n    del sys.modules['requests']\n"
        "import d2lres; from d2lres import autograd, mx, nn, np\n"
        "here = [name.split('.')[1] for name in sys.modules if name.startswith('mxnet.')]\n"
        "assert all(hasattr(mx, name) for name in here), 'parts of the first attempt'\n"
        "net = nn.Dense(3); net.initialize()\n"
        "with autograd.record():\n    loss = net(np.ones((2, 4))).sum()\n"
        "loss.backward(); print(net.weight.grad().sum())"
    )
    assert python(code) == "24.0"


def test_mxnet_loaded_once_more_keeps_its_parts():
    """Its arrays are then still those that it knows."""
    code = (
        "import importlib, d2lres, mxnet; before = mxnet.gluon, mxnet.nd.NDArray;"
        "importlib.reload(mxnet); print((mxnet.gluon, mxnet.nd.NDArray) == before)"
    )
    assert python(code) == "True"


# --- with a stand-in for MXNet -------------------------------------------------------------------


@pytest.fixture
def stand_in(tmp_path):
    """Make a package called mxnet, with an OpenMP that says what it is told."""

    def make(text: str) -> str:
        (tmp_path / "mxnet").mkdir()
        (tmp_path / "mxnet" / "__init__.py").write_text(f"from . import base\n{text}\n")
        (tmp_path / "mxnet" / "base.py").write_text(
            "class _LIB:\n    omp_set_num_threads = lambda n: print('one team:', n)\n"
        )
        return f"import sys; sys.path.insert(0, {str(tmp_path)!r})"

    return make


@pytest.mark.parametrize(
    "line",
    [
        "from mxnet import base",
        "import mxnet.base",
        "import importlib; importlib.import_module('mxnet.base')",
        "import runpy; runpy.run_module('mxnet.base')",  # as python -m does
    ],
)
def test_mxnet_is_prepared_however_it_is_imported(stand_in, line):
    code = f"{stand_in('import numpy; print(numpy.PZERO)')}; import d2lres; {line}"
    assert python(code).splitlines() == ["0.0", "one team: 1"]


def test_after_mxnet_d2lres_does_what_can_still_be_done(stand_in):
    code = (
        f"{stand_in('')}; import mxnet, os, d2lres, numpy;"
        "print(numpy.PZERO, 'OMP_NUM_THREADS' in os.environ)"
    )
    assert python(code).splitlines() == ["one team: 1", "0.0 False"]


def test_two_threads_that_import_at_once_get_one_whole_module(stand_in):
    here = stand_in("import time; print('executed'); time.sleep(1); whole = True")
    code = (
        f"{here}; import d2lres; from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "def work(_):\n    import mxnet\n    return mxnet.whole\n"
        "with Pool(4) as pool:\n    print(all(pool.map(work, range(4))))"
    )
    assert python(code).splitlines() == ["executed", "one team: 1", "True"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a Linux notion")
def test_a_failed_import_does_not_tie_the_thread_to_one_core(stand_in):
    here = stand_in("import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); 1 / 0")
    code = (
        f"{here}; import os, d2lres; before = os.sched_getaffinity(0)\n"
        "try:\n    import mxnet\n"
        "except ZeroDivisionError:\n    print(os.sched_getaffinity(0) == before)"
    )
    assert python(code) == "True"


def test_there_is_one_hook_however_often_d2lres_is_imported(stand_in):
    code = (
        f"{stand_in('')}; import importlib, d2lres; importlib.reload(d2lres)\n"
        "for name in [m for m in sys.modules if m.startswith('d2lres')]:\n"
        "    del sys.modules[name]\n"
        "import d2lres, mxnet\n"
        "print(sum(f.__module__.startswith('d2lres') for f in sys.meta_path))"
    )
    assert python(code).splitlines() == ["one team: 1", "1"]


def test_the_loader_stays_pythons_own(stand_in):
    """For whoever looks: pkgutil, inspect, a debugger."""
    code = (
        f"{stand_in('')}; import d2lres, mxnet, inspect, pkgutil;"
        "print(type(mxnet.__loader__).__name__, inspect.getsource(mxnet).strip(),"
        "[m.name for m in pkgutil.iter_modules(mxnet.__path__)])"
    )
    assert python(code).splitlines()[1:] == ["SourceFileLoader from . import base ['base']"]


def test_a_folder_called_mxnet_that_holds_nothing_is_no_mxnet(tmp_path):
    """As an uninstalled one may leave behind."""
    (tmp_path / "mxnet").mkdir()
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
        "import d2lres, mxnet\n"
        "try:\n    from d2lres import mx\n"
        "except d2lres.MissingDependency as error:\n    print(error)"
    )
    assert python(code, "-I", "-S").startswith("import mxnet: ImportError: cannot import name")


# --- other processes -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_gluons_worker_processes_import_mxnet_prepared(method):
    """A notebook's: there is no file from which a spawned process could import d2lres itself."""
    code = (
        f"import multiprocessing; multiprocessing.set_start_method({method!r})\n"
        "import numpy; from d2lres import gluon\n"
        "data = gluon.data.ArrayDataset(numpy.arange(6).reshape((3, 2)), numpy.arange(3))\n"
        "for X, y in gluon.data.DataLoader(data, batch_size=3, num_workers=1, timeout=60):\n"
        "    print(type(X).__module__, X.sum(), y.sum())"
    )
    assert python(code) == "mxnet.numpy 15 3"
