"""Every chapter as Colab runs it: another's packages, an empty folder, and the chapter's own cells.

A fresh environment gets the packages that Colab has, as Colab has them: under Python 3.12 at the
versions of its own list, under 3.13 the newest.  The pins of `make env` do not reach there.
The setup cell then installs d2lres from the address that it names, which git is told to read from
this tree; pip builds the wheel.  nbval runs the chapters and compares what they print.
"""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import address

ROOT = Path(__file__).parents[1]
# One chapter needs PyTorch, which Colab has and the environment here has not: `make twins` runs it.
CHAPTERS = sorted(
    {*(ROOT / "chapters").glob("*.ipynb")} - {ROOT / "chapters/same-in-pytorch.ipynb"}
)
ADDRESS = address.address((ROOT / "_config.yml").read_text())
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
# The list of June 2026, from github.com/googlecolab/backend-info: an IPython of 2022, among others.
PACKAGES = {
    "3.12": "numpy==2.0.2 pandas==2.2.2 matplotlib==3.10.0 matplotlib-inline==0.2.2 pillow==11.3.0 "
    "ipython==7.34.0 ipykernel==6.17.1 jupyter_client==7.4.9 traitlets==5.7.1 requests==2.32.4 "
    "click==8.4.1 tqdm==4.67.3 platformdirs==4.10.0 setuptools==75.2.0",
    "3.13": "numpy pandas matplotlib ipython ipykernel pillow requests tqdm setuptools",
}
COMPILERS = ("cc", "c++", "gcc", "g++", "clang", "clang++", "x86_64-linux-gnu-gcc")
SECONDS_TO_SET_UP = 90

pytestmark = [
    pytest.mark.skipif(
        HERE not in PACKAGES, reason="Colab has no 3.11: make test PYTHON=python3.13"
    ),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout that git could copy"),
]


def run(*command, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def git(*arguments, **options) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    return run("git", *who, *arguments, **options)


class Runtime:
    """An environment as Colab's, and a kernel in it, called colab."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / "runtime" / "bin" / "python"
        run(sys.executable, "-m", "venv", folder / "runtime")
        install = subprocess.run(
            [self.python, "-m", "pip", "install", "-q", "--only-binary=:all:"]
            + PACKAGES[HERE].split(),
            capture_output=True, text=True,
        )  # fmt: skip
        unreachable = re.search(r"NewConnectionError|name resolution|Max retries", install.stderr)
        if install.returncode and unreachable:
            pytest.skip("the package index cannot be reached")
        assert install.returncode == 0, install.stderr
        self.before = self.packages()
        self.environment = self.surroundings(self.publish(), self.without_compiler())
        self.add_kernel()

    def packages(self) -> dict:
        listed = json.loads(run(self.python, "-m", "pip", "list", "--format=json"))
        return {package["name"]: package["version"] for package in listed}

    def publish(self) -> Path:
        """This tree, with what is not committed yet, as a repository of one commit."""
        there = self.folder / "published"
        git("init", "-q", "-b", ADDRESS["branch"], there)
        names = git("ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
        names = [name for name in names if (ROOT / name).is_file()]
        apart = (f"--git-dir={there}/.git", f"--work-tree={ROOT}")
        git(*apart, "add", "-f", "--", *names, cwd=ROOT)
        git("commit", "-q", "-m", "The tree under test", cwd=there)
        return there

    def without_compiler(self) -> Path:
        """A folder of programs that play compilers and fail, to come first on the path."""
        there = self.folder / "no-compiler"
        there.mkdir()
        for name in COMPILERS:
            (there / name).write_text("#!/bin/sh\necho 'a compiler was called' >&2\nexit 1\n")
            (there / name).chmod(0o755)
        return there

    def surroundings(self, published: Path, first: Path) -> dict:
        """The environment variables of the kernel."""
        ours = {k: v for k, v in os.environ.items() if k != "MPLBACKEND" and k[:3] != "OMP"}
        path = [first, self.python.parent, os.environ["PATH"]]
        return ours | {
            "PATH": os.pathsep.join(map(str, path)),
            "JUPYTER_PATH": str(self.folder / "jupyter"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{published}.insteadOf",
            "GIT_CONFIG_VALUE_0": ADDRESS["url"],
        }

    def add_kernel(self) -> None:
        there = self.folder / "jupyter" / "kernels" / "colab"
        there.mkdir(parents=True)
        start = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {"argv": start, "display_name": "colab", "language": "python"}
        (there / "kernel.json").write_text(json.dumps(kernel))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    return Runtime(tmp_path_factory.mktemp("colab"))


def setup_cell(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def seconds(cell) -> float:
    times = cell.metadata["execution"]
    asked, answered = (times[k] for k in ("iopub.execute_input", "shell.execute_reply"))
    return (datetime.fromisoformat(answered) - datetime.fromisoformat(asked)).total_seconds()


@pytest.fixture(scope="module")
def first(runtime, tmp_path_factory):
    """The cells of one kernel: NumPy is in use, the setup cell, MXNet, the setup cell again."""
    setup = setup_cell(nbformat.read(CHAPTERS[0], as_version=4)).source
    use = (
        "from d2l import mxnet as d2l\nfrom d2lres import np\n"
        "print(before == numpy.__version__, float(np.ones((2, 2)).sum()))"
    )
    sources = ("import numpy; before = numpy.__version__", setup, use, setup)
    work = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    folder = {"metadata": {"path": str(tmp_path_factory.mktemp("first"))}}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in runtime.environment.items():
            patch.setenv(name, value)
        patch.delenv("MPLBACKEND", raising=False)
        NotebookClient(
            work, kernel_name="colab", timeout=600, record_timing=True, resources=folder
        ).execute()
    return work.cells


def test_the_setup_cell_adds_what_is_missing_and_changes_nothing(runtime, first):
    """And MXNet works after it."""
    said = ["".join(o.get("text", "") for o in cell.outputs) for cell in first]
    if os.getloadavg()[0] <= os.cpu_count() + 1:  # with others at work, the time is theirs as well
        assert seconds(first[1]) < SECONDS_TO_SET_UP
    assert "Installing mxnet 1.9.1" in said[1] and "Installing d2l 1.0.3" in said[1]
    assert "Training will use the CPU (no NVIDIA driver answers)." in said[1]
    assert said[2] == "True 4.0\n"
    assert said[3] == "", "a second time there is nothing to do"

    after = runtime.packages()
    assert {name: after.get(name) for name in runtime.before} == runtime.before
    assert {"d2lres", "mxnet", "d2l"} <= set(after)


@pytest.fixture(scope="module")
def reports(runtime, first, tmp_path_factory):
    """What nbval says of each cell of the chapters: each in a folder of its own, two at a time.

    They share the runtime, into which the first setup cell has installed what they need.
    """
    there = tmp_path_factory.mktemp("chapters")
    for chapter in CHAPTERS:
        notebook = nbformat.read(chapter, as_version=4)
        setup_cell(notebook).metadata["tags"] = ["nbval-ignore-output"]  # pip's own words
        (there / chapter.stem).mkdir()
        nbformat.write(notebook, there / chapter.stem / chapter.name)
    threads = {"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"}  # for each of the two
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", there,
         "-n", "2", "--dist", "loadfile", "--junit-xml", there / "report.xml",
         "--nbval", "--nbval-kernel-name", "colab", "--nbval-cell-timeout", "300",
         "--nbval-sanitize-with", ROOT / "tests" / "nbval-sanitize.cfg", there],
        capture_output=True, text=True, env=runtime.environment | threads, cwd=there,
    )  # fmt: skip
    assert (there / "report.xml").exists(), f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return list(ElementTree.parse(there / "report.xml").iter("testcase"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_there_and_prints_what_the_book_shows(reports, chapter):
    cells = [each for each in reports if each.get("classname") == f"{chapter.stem}.{chapter.name}"]
    wrong = [ElementTree.tostring(each, "unicode") for each in cells if len(each)]
    notebook = nbformat.read(chapter, as_version=4)
    assert not wrong, "\n".join(wrong)[-6000:]
    assert len(cells) == sum(cell.cell_type == "code" for cell in notebook.cells)
