"""The setup cell: what it installs, what it leaves alone, what it says, and how it fails.

tests/test_colab.py runs it for real; here pip and the environment are stand-ins.
"""

import os
import subprocess
from pathlib import Path

import pytest

import d2lres
from d2lres import MissingDependency
from d2lres.machine import nvidia, setting_up
from d2lres.machine.nvidia import Card

T4 = Card("Tesla T4", (7, 5), (580, 82, 7))
H100 = Card("NVIDIA H100", (9, 0), (580, 82, 7))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A stand-in for an environment: what is installed, its cards, and every call of pip."""

    class Machine:
        installed = dict.fromkeys(setting_up.IMPORTED, "1")
        cards = []
        calls = []
        trial = ""
        system = ("Linux", "x86_64")

        def pip(self, command, *arguments):
            self.calls.append((command, *arguments))
            names = [a.split("==")[0] for a in arguments if not a.startswith(("-", os.sep))]
            if "--target" in arguments:
                Path(arguments[arguments.index("--target") + 1]).mkdir()
            elif command == "install":
                self.installed = self.installed | dict.fromkeys(names, "1")
            else:
                self.installed = {k: v for k, v in self.installed.items() if k not in names}

        def mxnet_build(self):
            return next((name for name in self.installed if name.startswith("mxnet")), None)

        def cuda_folder(self):
            return tmp_path / "cuda11" if nvidia.FOR_CUDA in self.installed else None

    m = Machine()
    m.calls = []
    monkeypatch.setattr(setting_up, "pip", m.pip)
    monkeypatch.setattr(setting_up, "version_of", lambda name: m.installed.get(name))
    monkeypatch.setattr(setting_up, "mxnet_build", m.mxnet_build)
    monkeypatch.setattr(setting_up, "trial", lambda: m.trial)
    monkeypatch.setattr(setting_up.platform, "system", lambda: m.system[0])
    monkeypatch.setattr(setting_up.platform, "machine", lambda: m.system[1])
    monkeypatch.setattr(nvidia, "cards", lambda: m.cards)
    monkeypatch.setattr(nvidia, "cuda_folder", m.cuda_folder)
    return m


def test_here_where_all_is_installed_it_is_silent(capsys, monkeypatch):
    """The environment of these tests: no stand-in, and no call of pip or of the driver."""
    monkeypatch.setattr(subprocess, "run", None)
    d2lres.setup()
    assert capsys.readouterr().out == ""


def test_on_a_cpu_it_adds_mxnet_and_d2l_alone_and_without_their_pins(machine, capsys):
    d2lres.setup()
    assert machine.calls == [
        ("install", "--no-deps", "mxnet==1.9.1"),
        ("install", "--no-deps", "d2l==1.0.3"),
    ]
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["Installing mxnet 1.9.1", "Installing d2l 1.0.3"]
    assert said[2].startswith("Ready after ")
    assert said[3] == "Training will use the CPU (no NVIDIA driver answers)."
    d2lres.setup()
    assert len(machine.calls) == 2 and capsys.readouterr().out == ""


def test_d2l_alone_is_added_where_mxnet_is(machine, capsys):
    machine.installed |= {"mxnet": "1"}
    d2lres.setup()
    assert machine.calls == [("install", "--no-deps", "d2l==1.0.3")]
    assert "Training" not in capsys.readouterr().out


def test_what_mxnet_imports_is_added_under_the_pins_of_what_is_here(machine, monkeypatch, capsys):
    machine.installed = {k: v for k, v in machine.installed.items() if k != "pandas"}
    machine.installed |= {"mxnet": "1", "d2l": "1"}
    seen = []

    def pip(*arguments):
        seen.append((arguments, Path(arguments[arguments.index("--constraint") + 1]).read_text()))

    monkeypatch.setattr(setting_up, "pip", pip)
    d2lres.setup()
    [(arguments, pins)] = seen
    assert arguments[0] == "install" and arguments[-1] == "pandas" and "numpy" not in arguments
    import numpy

    assert f"numpy=={numpy.__version__}\n" in pins
    said = capsys.readouterr().out
    assert "Installing pandas" in said and "Training" not in said


def test_with_a_card_that_can_it_takes_the_build_for_cuda(machine, capsys, tmp_path):
    machine.cards = [T4]
    d2lres.setup()
    assert machine.calls[0] == ("install", "--no-deps", "mxnet-cu117==1.9.1")
    assert machine.calls[1][:3] == ("install", "--no-deps", "--target")
    assert machine.calls[1][4:] == tuple(nvidia.CUDA_LIBRARIES)
    assert (tmp_path / "cuda11").is_dir() and not (tmp_path / "cuda11.part").exists()
    said = capsys.readouterr().out
    assert "Installing mxnet-cu117 1.9.1, with CUDA 11 and cuDNN 8" in said
    assert "Training will use the GPU (Tesla T4, compute capability 7.5)." in said


def test_with_a_card_that_mxnet_has_no_code_for_it_says_so_and_stays_on_the_cpu(machine, capsys):
    machine.cards = [H100]
    d2lres.setup()
    assert ("install", "--no-deps", "mxnet==1.9.1") in machine.calls
    assert "the CPU (NVIDIA H100: MXNet has no code for compute capability 9.0)" in (
        capsys.readouterr().out
    )


def test_a_card_that_fails_its_trial_costs_nothing_but_time(machine, capsys, tmp_path):
    machine.cards, machine.trial = [T4], "MXNetError: no kernel image is available"
    d2lres.setup()
    assert machine.mxnet_build() == "mxnet" and not (tmp_path / "cuda11").exists()
    assert ("uninstall", "--yes", "mxnet-cu117") in machine.calls
    said = capsys.readouterr().out
    assert "Training will use the CPU (the GPU (Tesla T4, compute capability 7.5) failed" in said
    assert "no kernel image" in said


def test_a_build_for_cuda_whose_driver_is_gone_makes_way(machine, tmp_path):
    machine.installed |= {"mxnet-cu117": "1", "d2l": "1"}  # and its CUDA never came
    d2lres.setup()
    assert machine.mxnet_build() == "mxnet"
    assert machine.calls[0] == ("uninstall", "--yes", "mxnet-cu117")


def test_a_setup_that_was_interrupted_before_cuda_goes_on(machine, tmp_path):
    machine.cards = [T4]
    machine.installed |= {"mxnet-cu117": "1", "d2l": "1"}
    (tmp_path / "cuda11.part").mkdir()
    (tmp_path / "cuda11.part" / "half").touch()
    d2lres.setup()
    assert (tmp_path / "cuda11").is_dir() and not (tmp_path / "cuda11" / "half").exists()


@pytest.mark.parametrize("system", [("Windows", "AMD64"), ("Darwin", "arm64")])
def test_a_system_without_mxnet_is_sent_to_colab_or_the_container(machine, system):
    machine.system = system
    with pytest.raises(MissingDependency, match=f"this system: {' '.join(system)}; expected Linux"):
        d2lres.setup()
    assert machine.calls == []


# --- pip -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said, told",
    [
        ("/usr/bin/python: No module named pip", "python -m ensurepip"),
        ("OSError: [Errno 28] No space left on device", "the disk is full; expected"),
        ("Failed to establish: NewConnectionError(...)", "Check the connection"),
        ("Temporary failure in name resolution", "Check the connection"),
        ("error: externally-managed-environment", "python -m venv"),
        ("[Errno 13] Permission denied: '/usr/lib'", "python -m venv"),
        ("ERROR: No matching distribution found for mxnet==1.9.1", "install --upgrade pip"),
        ("ERROR: ResolutionImpossible: for help visit", "fresh environment"),
        ("ERROR: something new", "ERROR: something new; expected success"),
        ("", "no word of why"),
    ],
)
def test_what_pip_says_becomes_the_next_step(monkeypatch, tmp_path, said, told):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(setting_up.sys, "executable", str(python))
    with pytest.raises(MissingDependency) as refused:
        setting_up.pip("install", "mxnet==1.9.1")
    assert told in str(refused.value)
    assert str(refused.value).startswith("pip install mxnet==1.9.1: ")
    assert "; expected" in str(refused.value)


def test_the_cpu_build_fails_a_trial_on_a_card_that_is_not_there():
    """The real trial, in the environment of these tests."""
    if d2lres.num_gpus():
        pytest.skip("this machine has a GPU that MXNet uses")
    assert "GPU is not enabled" in setting_up.trial() or "gpu" in setting_up.trial().lower()


def test_a_trial_that_hangs_ends(monkeypatch):
    monkeypatch.setattr(setting_up, "TRIAL", "import time; time.sleep(60)")
    assert setting_up.trial(timeout=0.5) == "no answer in 0 s"
