"""The doctor, each check with stand-ins: what is right, what is broken, and which fix it names."""

import subprocess
import sys
from pathlib import Path

import pytest

from d2lres.commands import doctor
from d2lres.commands.doctor import Check, Probe
from d2lres.data.find import Candidate
from d2lres.machine.nvidia import Card

WORKING = Probe(
    {"mxnet": "1.9.1", "repaired": ["bool"], "threads": 2, "binding": "true", "gpus": 0}
)


@pytest.mark.parametrize(
    "version, ok", [((3, 10, 9), False), ((3, 11, 0), True), ((3, 14, 0), False)]
)
def test_python(version, ok):
    assert doctor.check_python(version).ok is ok


@pytest.mark.parametrize(
    "system, machine, libc, ok",
    [
        ("Linux", "x86_64", ("glibc", "2.36"), True),
        ("Linux", "aarch64", ("glibc", "2.36"), True),
        ("Linux", "x86_64", ("", ""), False),  # musl, as in Alpine
        ("Linux", "riscv64", ("glibc", "2.36"), False),
        ("Darwin", "x86_64", ("", ""), True),
        ("Darwin", "arm64", ("", ""), False),
        ("Windows", "AMD64", ("", ""), False),
    ],
)
def test_platform(system, machine, libc, ok):
    check = doctor.check_platform(system, machine, libc)
    assert check.ok is ok
    assert ok or "Colab" in check.fix


@pytest.mark.parametrize(
    "found, pinned, ok, fix",
    [
        ("1.23.5", "1.23.5", True, ""),
        ("2.5.5", None, True, ""),
        ("2.5.5", "1.23.5", False, "numpy==1.23.5"),  # raised behind our back
        ("1.22.0", None, False, "numpy<3"),
        ("3.0.0rc1", None, False, "numpy<3"),
        (None, "1.26.4", False, "numpy==1.26.4"),
    ],
)
def test_numpy(found, pinned, ok, fix):
    check = doctor.check_numpy(found, pinned)
    assert check.ok is ok
    assert fix in check.fix


@pytest.mark.parametrize(
    "found, probe, said, fix",
    [
        (None, Probe(None, "No module named 'mxnet'"), "not installed", "--no-deps mxnet==1.9.1"),
        ("1.9.1", Probe(None, "the import crashed (signal 11)"), "signal 11", "--force-reinstall"),
        ("1.9.1", Probe(None, "OSError: libgomp.so.1: cannot open"), "libgomp", "libgomp1"),
        ("1.9.1", Probe(None, "OSError: libarmpl_lp64_mp.so: cannot"), "armpl", "libopenblas0"),
        (
            "1.9.1",
            Probe(None, "OSError: libcudart.so.11.0: cannot open"),
            "libcudart",
            "mxnet==1.9.1",
        ),
        ("1.9.1", Probe(None, "No module named 'requests'"), "requests", "install requests"),
        ("1.8.0", Probe(WORKING.answers | {"mxnet": "1.8.0"}), "1.8.0", "mxnet==1.9.1"),
    ],
)
def test_broken_mxnet(found, probe, said, fix):
    check = doctor.check_mxnet(found, probe)
    assert not check.ok
    assert said in check.found
    assert fix in check.fix


def test_working_mxnet():
    assert doctor.check_mxnet("1.9.1", WORKING) == Check("MXNet", True, "1.9.1")
    assert doctor.check_repairs([]).found == "none needed"
    assert doctor.check_repairs(["bool", "PINF"]).found == "2: bool, PINF"


@pytest.mark.parametrize(
    "ipython, matplotlib, ok",
    [
        ("8.39.0", "3.7.2", True),
        ("9.18.1", "3.7.2", False),
        ("9.18.1", "3.11.2", True),
        (None, None, True),
    ],
)
def test_ipython_and_matplotlib_fit(ipython, matplotlib, ok):
    check = doctor.check_plotting(ipython, matplotlib)
    assert check.ok is ok
    assert ok or "'ipython<9'" in check.fix


def test_the_other_packages():
    assert doctor.check_d2l("1.0.3").ok
    assert "d2l==1.0.3" in doctor.check_d2l(None).fix
    assert "d2l==1.0.3" in doctor.check_d2l("0.17.6").fix
    assert doctor.check_packages({"tqdm": "4.7"}).ok
    check = doctor.check_packages({"tqdm": None, "click": "8", "pandas": None})
    assert not check.ok
    assert check.fix.endswith("install tqdm pandas")


def test_threads():
    assert doctor.check_threads(2, "true", 2).ok
    assert "OMP_NUM_THREADS=8" in doctor.check_threads(1, "false", 8).found  # perhaps on purpose
    assert doctor.check_threads(8, "true", 2).fix == "unset OMP_NUM_THREADS"


def test_gpus_are_told_apart_by_what_mxnet_holds_code_for():
    assert doctor.check_gpus(0, []).found == "0 usable by MXNet"
    t4 = Card("Tesla T4", (7, 5), (580, 82, 7))
    h100 = Card("NVIDIA H100", (9, 0), (580, 82, 7))
    assert "T4 (mxnet-cu117 can use it)" in doctor.check_gpus(0, [t4]).found
    assert "H100 (MXNet has no code for" in doctor.check_gpus(0, [h100]).found
    assert "driver" not in doctor.check_gpus(1, [t4]).found


def test_data(tmp_path):
    cache = Candidate("user cache", tmp_path, tmp_path / "fashion-mnist")
    nothing = Candidate("Debian", tmp_path, None)
    wrong = Candidate("$D2LRES_DATA", tmp_path / "nowhere", None)
    assert str(cache.found) in doctor.check_data("fashion-mnist", [nothing, cache], False).found
    assert "sample only" in doctor.check_data("fashion-mnist", [nothing], True).found
    assert not doctor.check_data("fashion-mnist", [nothing], False).ok
    check = doctor.check_data("fashion-mnist", [wrong, cache], True)
    assert (check.ok, check.fix) == (False, "unset D2LRES_DATA")


def test_disk():
    assert doctor.check_disk(Path("cache"), 10**9, True).ok
    assert not doctor.check_disk(Path("cache"), 10**8, True).ok
    assert "cannot be written" in doctor.check_disk(Path("cache"), 10**9, False).found


def test_numpy_is_pinned_only_in_an_environment_made_here(tmp_path, monkeypatch):
    assert doctor.pinned_numpy(str(tmp_path)) is None
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (tmp_path / "constraints").mkdir()
    name = f"{sys.version_info[0]}.{sys.version_info[1]}.txt"
    (tmp_path / "constraints" / name).write_text("nose==1\nnumpy==1.26.4\n")
    (tmp_path / ".venv").mkdir()
    assert doctor.pinned_numpy(str(tmp_path / ".venv")) is None  # half-made
    (tmp_path / ".venv" / ".complete").touch()
    assert doctor.pinned_numpy(str(tmp_path / ".venv")) == "1.26.4"


@pytest.mark.parametrize(
    "question, timeout, error",
    [
        ("import os; os.kill(os.getpid(), 11)", 60, "the import crashed (signal 11)"),
        ("import time; time.sleep(60)", 1, "no answer in 1 s"),
        ("raise OSError('libgomp.so.1: no such file')", 60, "OSError: libgomp.so.1: no such file"),
        ("raise SystemExit(3)", 60, "exit status 3"),
    ],
)
def test_an_import_that_dies_is_an_answer(monkeypatch, question, timeout, error):
    monkeypatch.setattr(doctor, "QUESTION", question)
    assert doctor.probe_mxnet(timeout) == Probe(None, error)


def test_the_report_names_what_is_broken_and_its_fix():
    text = doctor.report([Check("Python", True, "3.12.1"), Check("d2l", False, "gone", "do this")])
    assert text.splitlines() == [
        "ok      Python  3.12.1",
        "BROKEN  d2l     gone",
        "                fix: do this",
        "",
        "1 of 2 broken.",
    ]


def test_this_environment_is_healthy():
    checks, ok = doctor.run()
    assert ok, doctor.report(checks)


def test_without_any_package_it_reports_and_does_not_crash():
    """-S hides site-packages: no NumPy, no d2l, no click."""
    code = (
        f"import sys; sys.path.insert(0, {str(doctor.ROOT)!r}); from d2lres.commands import doctor;"
        "print(doctor.report(doctor.run()[0]))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("NumPy", "d2l", "packages", "data"):
        assert f"BROKEN  {name} " in done.stdout
