"""The repairs of MXNet's import, the threads, and the choice of a device."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from processes import ROOT, python

from d2lres import ConfigError, try_gpu
from d2lres.live import _mxnet
from d2lres.machine import repairs


def test_mxnet_imports_without_a_warning():
    code = "import warnings; warnings.simplefilter('error', FutureWarning); import d2lres.live"
    assert python(code) == ""


def test_threads_are_all_usable_cores_and_bound_unless_chosen():
    code = (
        "import os, d2lres.live._mxnet; from d2lres.machine import usable_cores;"
        "print(os.environ['OMP_NUM_THREADS'] == str(usable_cores()), os.environ['OMP_PROC_BIND'])"
    )
    assert python(code) == "True true"
    assert python(code, OMP_NUM_THREADS="97", OMP_PROC_BIND="false") == "False false"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_large_array_is_handed_over_without_another_team_of_threads():
    """A second team makes more threads than cores, and OpenMP then lets all of them fall asleep."""
    code = (
        "import os, numpy; from d2lres.live import mx, np;"
        "threads = lambda: len(os.listdir('/proc/self/task'));"
        "np.array(numpy.zeros(10, 'float32')).wait_to_read(); before = threads();"
        "np.array(numpy.zeros(1_000_000, 'float32')).wait_to_read(); first = threads() - before;"
        "mx.base._LIB.omp_set_num_threads(2);"  # MXNet's own way
        "np.array(numpy.zeros(1_000_000, 'float32')).wait_to_read();"
        "print(first, threads() - before)"
    )
    assert python(code, OMP_NUM_THREADS="2") == "0 1"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a Linux notion")
def test_binding_does_not_tie_the_process_and_its_children_to_one_core():
    code = (
        "import os, subprocess, sys; os.sched_setaffinity(0, range(os.cpu_count()));"
        "before = os.sched_getaffinity(0); import d2lres.live._mxnet as m;"
        "m.np.ones((256, 256)).dot(m.np.ones((256, 256))).wait_to_read();"
        "child = 'import os; print(sorted(os.sched_getaffinity(0)))';"
        "print(os.sched_getaffinity(0) == before, end=' ', flush=True);"
        "print(eval(subprocess.check_output([sys.executable, '-c', child])) == sorted(before))"
    )
    assert python(code) == "True True"


def test_names_that_numpy_has_are_left_alone():
    """Other packages read them too."""
    code = (
        "import numpy; before = dict(vars(numpy)); import d2lres.live._mxnet as m;"
        "print([k for k in before if vars(numpy)[k] is not before[k]])"
    )
    assert python(code) == "[]"


def test_every_name_that_mxnet_needs_is_there_afterwards():
    import numpy

    assert all(hasattr(numpy, name) for name in repairs.numpy_stand_ins(numpy))


def test_the_appendix_lists_them_all():
    import numpy

    text = (ROOT / "chapters" / "appendix-mxnet.md").read_text()
    listed = re.findall(r"`(?:numpy\.)?(\w+)`", re.sub(r"(?m)^[^|].*|\|[^|]*\|$", "", text))
    assert sorted(listed) == sorted([*repairs.numpy_stand_ins(numpy), "distutils"])


@pytest.mark.parametrize("version", ["1.23.5", "1.26.4", "2.0.2", "2.5.0"])
def test_a_numpy_of_any_version_is_given_what_it_lacks(version, monkeypatch):
    """A stand-in for NumPy that has only what every version has."""
    told = {}
    stand_in = SimpleNamespace(
        all=all, any=any, prod=None, round=round, sort=sorted, isin=None, trapezoid=None,
        int64=lambda n: n if told or version < "2" else SimpleNamespace(),  # prints another way
        set_printoptions=told.update,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "numpy", stand_in)
    repaired = repairs.repair_numpy()
    assert set(repairs.numpy_stand_ins(stand_in)) <= set(repaired)
    assert stand_in.PZERO == 0.0 and stand_in.NaN != stand_in.NaN and stand_in.bool is bool
    assert told == ({"legacy": "1.25"} if version.startswith("2") else {})
    assert repairs.repair_numpy() == []  # nothing twice


def test_a_python_without_distutils_gets_its_version_numbers(monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "distutils"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(
        sys.modules, "distutils", None
    )  # import fails, as on 3.12 without setuptools
    monkeypatch.setitem(sys.modules, "distutils.version", None)
    assert repairs.repair_distutils() == ["distutils"]
    from distutils.version import LooseVersion, StrictVersion

    assert LooseVersion("1.9.1") < LooseVersion("1.10") < StrictVersion("2.0")
    assert LooseVersion("1.23.5") >= LooseVersion("1.17")


def test_a_missing_mxnet_is_said_with_the_command_that_installs_it():
    code = (
        "import sys; sys.modules['mxnet'] = None\n"
        "from d2lres.errors import MissingDependency\n"
        "try:\n    import d2lres.live._mxnet\n"
        "except MissingDependency as error:\n    print(error)"
    )
    assert "pip install --no-deps mxnet==1.9.1" in python(code)


def test_auto_is_the_gpu_where_there_is_one_and_else_the_cpu(monkeypatch):
    monkeypatch.setattr(_mxnet, "num_gpus", lambda: 0)
    assert str(try_gpu()) == str(_mxnet.find_device("auto")) == "cpu(0)"
    monkeypatch.setattr(_mxnet, "num_gpus", lambda: 2)
    assert str(try_gpu(1)) == str(_mxnet.find_device("gpu:1")) == "gpu(1)"
    assert str(_mxnet.find_device("auto")) == str(_mxnet.find_device("gpu")) == "gpu(0)"


@pytest.mark.parametrize("name, said", [("tpu", "expected auto, cpu"), ("gpu:9", "MXNet sees")])
def test_a_device_that_is_none_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        _mxnet.find_device(name)
