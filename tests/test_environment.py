"""What makes the environment: pins that agree, and messages that say what to do next."""

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
WITHOUT_PINS = ("mxnet", "d2l")


def pins(version: str) -> dict:
    lines = (ROOT / "constraints" / f"{version}.txt").read_text().splitlines()
    found = dict(line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): pin for name, pin in found.items()}


def requirements(name: str) -> list[Requirement]:
    lines = (re.sub(r"(^|\s+)#.*", "", line) for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("--")]


@pytest.mark.parametrize("version", PYTHONS)
def test_every_requirement_is_pinned_within_its_range(version):
    system = {"python_version": version, "platform_machine": "x86_64"}
    for need in requirements("requirements.txt") + requirements("requirements-mxnet.txt"):
        if need.marker is None or need.marker.evaluate(system):
            pin = pins(version)[canonicalize_name(need.name)]
            assert need.specifier.contains(pin), f"{need} is pinned to {pin}"


def test_every_requirement_has_its_reason():
    """Each line says why, except a second line of the same name for another Python."""
    seen = set()
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith(("#", "--")) and not line.startswith("pytest"):
            name = re.match(r"[\w-]+", line)[0]
            assert " # " in line or name in seen, line
            seen.add(name)


def test_the_package_asks_for_nothing_that_the_environment_lacks():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {Requirement(need).name for need in project["dependencies"]}
    assert names <= {need.name for need in requirements("requirements.txt")}
    assert not names & set(WITHOUT_PINS)


def test_nothing_has_drifted_from_the_pins():
    """An unpinned install once lifted NumPy behind everyone's back; here it would be seen."""
    drifted = {}
    for name, pin in pins(HERE).items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        if found != pin:
            drifted[name] = f"{found}, pinned {pin}"
    assert not drifted


# --- scripts/env.sh, with stand-ins for the interpreter -------------------------------------------


@pytest.fixture
def find_python(tmp_path):
    """Run `env.sh --find` where only these interpreters are: name -> version, None if broken."""

    def find(interpreters: dict, asked: str = "") -> subprocess.CompletedProcess:
        for name, version in interpreters.items():
            body = f"echo {version}" if version else "echo 'not found' >&2; exit 127"
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        tools = [tmp_path, "/bin", "/usr/bin"] if asked else [tmp_path, tools_only(tmp_path)]
        return subprocess.run(
            ["bash", str(ROOT / "scripts" / "env.sh"), "--find", asked],
            capture_output=True, text=True, env={"PATH": os.pathsep.join(map(str, tools))},
        )  # fmt: skip

    return find


def tools_only(folder: Path) -> Path:
    """A folder with the tools that the script calls and no Python."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    return tools


def test_the_first_interpreter_that_runs_is_taken(find_python):
    found = find_python({"python3.11": None, "python3.12": "3.12", "python3.13": "3.13"})
    assert (found.returncode, found.stdout) == (0, "python3.12\n")


def test_an_interpreter_that_lies_about_its_name_is_judged_by_its_version(find_python):
    assert find_python({"python3.11": "3.10", "python3": "3.13"}).stdout == "python3\n"


@pytest.mark.parametrize(
    "interpreters, asked, said",
    [
        ({}, "", "none found; expected one of 3.11, 3.12, 3.13"),
        ({"python3": "3.9"}, "", "python3 is 3.9; expected one of 3.11, 3.12, 3.13"),
        ({"python3": "3.14"}, "", "python3 is 3.14"),
        ({"python3.9": "3.9"}, "python3.9", "PYTHON=python3.9: Python 3.9; expected"),
        ({"mine": None}, "mine", "PYTHON=mine: no such interpreter, or it does not run"),
    ],
)
def test_an_unsupported_python_is_refused_with_the_next_step(
    find_python, interpreters, asked, said
):
    found = find_python(interpreters, asked)
    assert found.returncode == 1
    assert said in found.stderr
    assert found.stderr.startswith("error: ")
    assert "install Python 3.12" in found.stderr
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "system",
    [
        "Darwin arm64 64-bit, no glibc",
        "Windows AMD64 64-bit, no glibc",
        "Linux x86_64 64-bit, no glibc",  # musl
        "Linux i686 32-bit, glibc",
    ],
)
def test_an_unsupported_system_is_sent_to_colab_or_the_container(tmp_path, system):
    python = tmp_path / "python3.12"
    python.write_text(f'#!/bin/sh\n[ "$1" = - ] && echo "{system}" || echo 3.12\n')
    python.chmod(0o755)
    made = subprocess.run(
        ["bash", str(ROOT / "scripts" / "env.sh"), str(tmp_path / "venv"), str(python)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 1
    assert system in made.stderr
    assert "Colab" in made.stderr and "container" in made.stderr
    assert not (tmp_path / "venv").exists()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    made = subprocess.run(
        ["bash", str(ROOT / "scripts" / "env.sh"), str(tmp_path), sys.executable],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 1
    assert "no virtual environment" in made.stderr
    assert (tmp_path / "precious.txt").read_text() == "mine"
