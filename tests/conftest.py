"""Every test: no window opens, the user's data and cache stay out of it, the longest go first."""

import ctypes
import gc
import os
import random
import shutil
import sys
from pathlib import Path

import numpy
import pytest

# The files that take longest, so that no process begins one of them when the other has ended.
LONGEST = (
    "test_twins_training",
    "test_twins_torch",
    "same-in-pytorch",
    "test_colab",
    "test_models",
    "test_grading_course",
    "test_page_every",
    "test_twins_onnx",
    "near-the-identity",
    "test_page_live",
    "test_page_explorer",
    "test_page_net",
    "test_page_move",
    "what-the-sum-does",
    "training-fashion-mnist",
    "transfer",
    "test_plot",
    "test_grading",
    "test_grading_poison",
    "ablations",
    "test_importing",
    "test_runs",
    "test_page_use",
    "test_grading_attacks",
    "test_grading_parts",
    "test_experiments",
    "reading",
    "test_interrupted",
    "modern-recipe",
    "test_claims",
    "test_folder",
    "how-sure",
    "test_assignments",
    "test_cli",
    "residual-block",
    "test_data",
    "test_train",
    "images-and-targets",
    "test_book",
    "input-size",
)


def pytest_collection_modifyitems(items):
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(Path(item.path).stem, len(rank)))  # else as collected


def pytest_collection_finish():
    """What is imported and collected by now stays: it is not searched for garbage again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def at_home_nowhere(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("D2LRES_DATA", raising=False)


@pytest.fixture(autouse=True)
def the_same_numbers():
    """Every test draws the same random numbers, whichever ran before it in this process."""
    random.seed(0)
    numpy.random.seed(0)
    if "mxnet" in sys.modules:
        sys.modules["mxnet"].random.seed(0)


@pytest.fixture(scope="session")
def free_memory():
    """A function that gives the memory of nets that are gone back to the system.

    A net is full of circles, so Python frees it late; the C library keeps what is freed in small
    pieces, and a process that builds a hundred nets grows by gigabytes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda pad: None)  # glibc has it

    def free():
        gc.collect()
        trim(0)
        free.left = resident()

    free.left = 0
    return free


@pytest.fixture(autouse=True)
def within_memory(free_memory):
    """After tests that have left much behind, that is given back."""
    yield
    if resident() > free_memory.left + 6e8:
        free_memory()


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


# --- pages in a browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(request):
    from in_browser import browse, sync_playwright

    with sync_playwright() as started:
        yield browse.launch(started, *getattr(request.module, "OPTIONS", ()))


@pytest.fixture(scope="module")
def here():
    """The address of the book."""
    from in_browser import browse

    with browse.served() as address:
        yield address


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The address of the book for a person who has its folder alone, in a place of their own."""
    from in_browser import browse

    place = tmp_path_factory.mktemp("taken away") / "the book"
    return shutil.copytree(browse.HTML, place).as_uri() + "/"


@pytest.fixture(scope="module")
def visit():
    """No request leaves this machine, each is answered, and no script fails."""
    from in_browser import browse

    visit = browse.Visit()
    yield visit
    assert not visit.errors and not visit.failed and not visit.outside
