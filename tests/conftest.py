"""Every test: no window opens, and the user's own data and cache stay out of it."""

import pytest


@pytest.fixture(autouse=True)
def at_home_nowhere(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("D2LRES_DATA", raising=False)
