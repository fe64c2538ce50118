"""Which MXNet runs on which card, over a table of cards, and how its CUDA libraries are loaded."""

import ctypes
import os
import shutil
import subprocess
import sys

import pytest

from d2lres import MissingDependency
from d2lres.machine import nvidia
from d2lres.machine.nvidia import FOR_CPU, FOR_CUDA, Card, choose_build

TODAY, LEAST, OLD = (580, 82, 7), (515, 43, 4), (470, 57, 2)


@pytest.mark.parametrize(
    "name, capability, driver, build",
    [
        ("Tesla K80", (3, 7), OLD, FOR_CPU),
        ("GeForce GTX 980", (5, 2), TODAY, FOR_CUDA),  # runs the code for 5.0
        ("Tesla P100-PCIE-16GB", (6, 0), TODAY, FOR_CUDA),
        ("GeForce GTX 1080", (6, 1), TODAY, FOR_CUDA),
        ("Tesla V100-SXM2-16GB", (7, 0), TODAY, FOR_CUDA),
        ("Tesla T4", (7, 5), TODAY, FOR_CUDA),
        ("Tesla T4", (7, 5), LEAST, FOR_CUDA),
        ("Tesla T4", (7, 5), (515, 43, 3), FOR_CPU),
        ("Tesla T4", (7, 5), OLD, FOR_CPU),
        ("NVIDIA A100-SXM4-40GB", (8, 0), TODAY, FOR_CUDA),
        ("NVIDIA GeForce RTX 3090", (8, 6), TODAY, FOR_CUDA),
        ("NVIDIA GeForce RTX 4090", (8, 9), TODAY, FOR_CUDA),
        ("NVIDIA L4", (8, 9), TODAY, FOR_CUDA),
        ("NVIDIA H100 80GB HBM3", (9, 0), TODAY, FOR_CPU),
        ("NVIDIA H200", (9, 0), TODAY, FOR_CPU),
        ("NVIDIA B200", (10, 0), TODAY, FOR_CPU),
        ("NVIDIA RTX PRO 6000 Blackwell", (12, 0), TODAY, FOR_CPU),
        ("a card of a driver that does not tell", None, TODAY, FOR_CPU),
    ],
)
def test_a_card_gets_the_build_that_has_code_for_it(name, capability, driver, build):
    chosen = choose_build([Card(name, capability, driver)], "Linux", "x86_64")
    assert chosen.name == build
    assert name in chosen.device
    assert ("the GPU" in chosen.device) is (build == FOR_CUDA)


def test_code_runs_on_later_cards_of_its_generation_alone():
    """As NVIDIA defines it: the same major revision, the same or a later minor one."""
    runs = {(5, 0), (5, 2), (5, 3), (6, 0), (6, 1), (6, 2), (7, 0), (7, 2), (7, 5),
            (8, 0), (8, 6), (8, 7), (8, 9)}  # fmt: skip
    every = {(major, minor) for major in range(3, 13) for minor in range(10)}
    known = {c for c in every if c in runs or c[0] not in (5, 6, 7, 8)}
    assert {c for c in known if nvidia.has_code_for(c)} == runs


@pytest.mark.parametrize(
    "system, machine", [("Windows", "AMD64"), ("Darwin", "arm64"), ("Linux", "aarch64")]
)
def test_there_is_one_platform_with_a_build_for_cuda(system, machine):
    chosen = choose_build([Card("NVIDIA L4", (8, 9), TODAY)], system, machine)
    assert chosen.name == FOR_CPU and "Linux on x86-64 alone" in chosen.device


def test_without_a_driver_the_cpu_trains():
    chosen = choose_build([], "Linux", "x86_64")
    assert chosen == nvidia.Build(FOR_CPU, "the CPU (no NVIDIA driver answers)")


def test_one_card_that_cannot_decides_for_the_cpu():
    pair = [Card("NVIDIA L4", (8, 9), TODAY), Card("NVIDIA H100", (9, 0), TODAY)]
    chosen = choose_build(pair, "Linux", "x86_64")
    assert chosen.name == FOR_CPU and "H100: MXNet has no code for" in chosen.device


def test_an_old_driver_is_told_to_be_updated():
    assert "470.57.2 is older than 515.43.04: update" in nvidia.objection(Card("T4", (7, 5), OLD))


# --- what the driver says ------------------------------------------------------------------------


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Put a program called nvidia-smi first on the path."""

    def say(script: str) -> None:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return say


def test_cards_are_read_from_the_driver(driver):
    driver('echo "Tesla T4, 7.5, 550.54.15"; echo "Odd, Name, 8.9, 550.54.15"')
    assert nvidia.cards() == [
        Card("Tesla T4", (7, 5), (550, 54, 15)),
        Card("Odd, Name", (8, 9), (550, 54, 15)),
    ]


def test_a_driver_that_does_not_know_compute_cap_is_still_heard(driver):
    driver(
        'case "$*" in *compute_cap*) echo "Field compute_cap is not a valid field"; exit 2;; esac\n'
        'echo "Tesla T4, 470.57.02"'
    )
    assert nvidia.cards() == [Card("Tesla T4", None, (470, 57, 2))]


@pytest.mark.parametrize(
    "script",
    [
        "echo 'NVIDIA-SMI has failed because it could not talk to the driver' >&2; exit 9",
        "echo 'No devices were found'; exit 6",
        "echo 'No devices were found'",
        "echo 'it could not, for once, talk to the driver'; exit 9",
        "exit 0",
    ],
)
def test_a_driver_that_fails_shows_no_cards(driver, script):
    driver(script)
    assert nvidia.cards() == []


def test_a_card_that_will_not_tell_its_capability_keeps_its_name(driver):
    driver('echo "NVIDIA L4, [N/A], 550.54.15"')
    assert nvidia.cards() == [Card("NVIDIA L4", None, (550, 54, 15))]


def test_no_driver_shows_no_cards(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia.cards() == []


# --- the libraries -------------------------------------------------------------------------------


def test_every_cuda_library_is_pinned_to_cuda_11_and_cudnn_8():
    assert len(set(nvidia.CUDA_LIBRARIES.values())) == len(nvidia.CUDA_LIBRARIES) == 10
    assert all("-cu11==" in package for package in nvidia.CUDA_LIBRARIES)
    assert any(package.startswith("nvidia-cudnn-cu11==8.") for package in nvidia.CUDA_LIBRARIES)


def test_the_cpu_build_has_no_cuda():
    assert nvidia.cuda_folder() is None


def installed(site, name="mxnet_cu117", version="1.9.1"):
    """A distribution's folder and its METADATA, as pip leaves them."""
    (site / "mxnet").mkdir(parents=True)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_the_cuda_build_has_it_inside_its_own_folder(tmp_path, monkeypatch):
    installed(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert nvidia.cuda_folder() == tmp_path / "mxnet" / "cuda11"


def test_the_libraries_are_loaded_from_there(tmp_path, monkeypatch):
    for i, name in enumerate(nvidia.CUDA_LIBRARIES.values()):
        (tmp_path / "nvidia" / f"part{i}" / "lib").mkdir(parents=True)
        (tmp_path / "nvidia" / f"part{i}" / "lib" / name).touch()
    loaded = []
    monkeypatch.setattr(ctypes, "CDLL", loaded.append)
    nvidia.load_cuda(tmp_path)
    assert [path.name for path in loaded] == [*nvidia.CUDA_LIBRARIES.values()]
    assert all(path.is_file() for path in loaded)


def test_a_missing_library_is_named_with_its_package(tmp_path):
    with pytest.raises(MissingDependency, match="libcublas.so.11: does not load") as refused:
        nvidia.load_cuda(tmp_path)
    assert "nvidia-cublas-cu11==11.10.3.66" in str(refused.value)
    assert "d2lres.setup()" in str(refused.value)


COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.mark.skipif(not (COMPILER and sys.platform == "linux"), reason="no compiler, or not Linux")
def test_mxnet_finds_what_was_loaded_before_it(tmp_path):
    """Stand-ins for all ten, and one for libmxnet.so that asks for them by name."""

    def build(path, source, *options):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".c").write_text(source)
        command = [COMPILER, "-shared", "-fPIC", "-o", path, path.with_suffix(".c"), *options]
        subprocess.run(command, check=True, capture_output=True)

    parts = []
    for i, name in enumerate(nvidia.CUDA_LIBRARIES.values()):
        parts.append(tmp_path / "cuda11" / "nvidia" / f"part{i}" / "lib" / name)
        build(parts[-1], f"int part{i}(void) {{ return {i}; }}", f"-Wl,-soname,{name}")
    calls = "+".join(f"part{i}()" for i in range(len(parts)))
    declared = "".join(f"int part{i}(void);" for i in range(len(parts)))
    mxnet = tmp_path / "libmxnet.so"
    build(mxnet, f"{declared} int sum(void) {{ return {calls}; }}", *parts)

    load = f"print(ctypes.CDLL({str(mxnet)!r}).sum())"
    first = (
        f"from d2lres.machine import nvidia; nvidia.load_cuda(Path({str(tmp_path / 'cuda11')!r}))"
    )
    for code, said in ((load, "cannot open shared object file"), (f"{first}; {load}", "45")):
        code = f"import ctypes; from pathlib import Path; {code}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert said in done.stdout + done.stderr


@pytest.mark.parametrize("line", ["from d2lres import mx", "import d2lres, mxnet"])
def test_they_are_loaded_before_mxnet(tmp_path, line):
    """With the build for CUDA installed: here a stand-in, whose libraries cannot load."""
    installed(tmp_path)
    (tmp_path / "mxnet" / "cuda11").mkdir()
    (tmp_path / "mxnet" / "__init__.py").write_text("raise SystemExit('mxnet came first')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from d2lres.errors import MissingDependency\n"
        f"try:\n    {line}\nexcept MissingDependency as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("libcublas.so.11: does not load"), done.stderr
