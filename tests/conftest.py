"""Every test: no window opens, the user's data and cache stay out of it, the longest go first."""

from pathlib import Path

import pytest

# The files that take longest, so that no process begins one of them when the other has ended.
LONGEST = (
    "test_colab",
    "test_grading",
    "test_models",
    "ablations",
    "training-fashion-mnist",
    "test_interrupted",
    "test_assignments",
    "degradation",
    "what-the-sum-does",
    "test_runs",
    "transfer",
    "test_cli",
    "test_plot",
)


def pytest_collection_modifyitems(items):
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(Path(item.path).stem, len(rank)))  # else as collected


@pytest.fixture(autouse=True)
def at_home_nowhere(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("D2LRES_DATA", raising=False)
