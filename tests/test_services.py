"""The settings for Binder and for dev containers: they build what make builds, from the same files.

The services themselves are not called; each command that they would give is.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENV = (ROOT / "scripts" / "env.sh").read_text()
PYTHON = re.search(r"FROM python:(3\.\d+)-slim AS system", DOCKERFILE)[1]


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def test_binder_makes_the_environment_and_its_python_the_kernel(tmp_path):
    """postBuild with a stand-in for make, which leaves an environment that is this one."""
    python = tmp_path / "book" / ".venv" / "bin" / "python"
    script(python, f'exec "{sys.executable}" "$@"')
    script(tmp_path / "bin" / "make", f'echo "$@" >> {tmp_path}/called')
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NB_PYTHON_PREFIX": str(tmp_path / "notebook"),
        "HOME": str(tmp_path / "home"),
    }
    command = [str(ROOT / ".binder" / "postBuild")]
    subprocess.run(command, cwd=tmp_path / "book", env=environment, check=True, capture_output=True)
    assert (tmp_path / "called").read_text() == f"env PYTHON=python{PYTHON}\n"
    kernel = tmp_path / "notebook" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    assert json.loads(kernel.read_text())["argv"][0] == sys.executable


def test_binder_has_the_python_and_the_libraries_that_make_asks_for():
    assert (ROOT / ".binder" / "runtime.txt").read_text() == f"python-{PYTHON}\n"
    packages = (ROOT / ".binder" / "apt.txt").read_text().split()
    asked = re.findall(r'missing="\$missing (lib\w+)"', ENV)  # those of x86-64, Binder's
    assert asked == ["libgomp1", "libquadmath0"] and {*asked, "make"} == set(packages)


def test_the_dev_container_is_the_containers_first_stage():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    build = settings["build"]
    assert (ROOT / ".devcontainer" / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (ROOT / ".devcontainer" / build["context"]).resolve() == ROOT
    system = DOCKERFILE[DOCKERFILE.index(f"AS {build['target']}\n") :].partition("\nFROM ")[0]
    assert f"useradd --create-home --uid 1000 {settings['remoteUser']}" in system
    assert "make" in re.search(r"--no-install-recommends (.*) \\", system)[1].split()
    assert settings["updateContentCommand"] == f"make env PYTHON=python{PYTHON}"


def test_both_take_a_python_that_is_supported_and_a_target_that_make_has():
    assert PYTHON in re.search(r'^supported="(.*)"', ENV, re.MULTILINE)[1].split()
    assert re.search(r"^env: \$\(READY\)", (ROOT / "Makefile").read_text(), re.MULTILINE)
