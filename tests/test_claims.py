"""What a chapter says of a recorded run fails when the run says otherwise.

The cells of a chapter are run on records that were changed: a sentence whose assertion still holds
then says more than its run, or has none.
"""

import json
import os
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

import d2lres
from d2lres import plot
from d2lres.runs import records

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "runs"
# More than to read records.
LIVE = ("fit(", "learn(", "evaluate(", "build_net(", "trained_net(", "build(", "%pip")


def failed_claims(chapter: str) -> list[str]:
    """The first line of every cell whose assertion fails, of those that read records."""
    names, failed = {"__name__": "__main__", "d2lres": d2lres}, []
    for cell in json.loads((ROOT / f"chapters/{chapter}.ipynb").read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or set(cell["metadata"].get("tags", ())) - {"live"}:
            continue
        if any(word in source for word in LIVE):
            continue
        try:
            exec(compile(source, chapter, "exec"), names)
        except AssertionError:
            failed.append(source.splitlines()[0])
        except NameError:  # of a cell that was left out
            pass
    return failed


def raised(by: float):
    """The last accuracy on unseen images, larger by so much."""

    def change(record):
        for place in (record["history"][-1], record["final"]):
            place["test_acc"] += by
        if "recalibrated" in record:
            record["recalibrated"]["test_acc"] += by

    return change


def learned(accuracy: float):
    """The last accuracy on training images, as if it had been this."""

    def change(record):
        record["history"][-1]["train_acc"] = record["final"]["train_acc"] = accuracy

    return change


def ten_times_as_long(record):
    for epoch in record["history"]:
        epoch["seconds"] *= 10


def rises_evenly(record):
    """As if the test accuracy had not jumped where the images grow."""
    history = [epoch for epoch in record["history"] if epoch["test_acc"] is not None]
    end = history[-1]["test_acc"]
    for i, epoch in enumerate(history):
        epoch["test_acc"] = end * (0.9 + 0.1 * i / (len(history) - 1))


def no_lag(record):
    record["recalibrated"]["test_acc"] = record["final"]["test_acc"]


CHANGES = [
    ("ablations", "short/zero-gamma-?", raised(0.06)),
    ("ablations", "short/no-augmentation-?", raised(0.15)),
    ("ablations", "short/no-augmentation-?", learned(0.7)),
    ("ablations", "short/no-momentum-?", raised(0.06)),
    ("ablations", "short/no-momentum-lr-1-?", raised(-0.06)),
    ("ablations", "short/mixup-?", raised(0.05)),
    ("ablations", "short/no-decay-?", raised(-0.05)),
    ("ablations", "short/xavier-?", raised(-0.03)),
    ("ablations", "short/lr-0.2-?", raised(0.04)),
    ("ablations", "short/constant-rate-?", no_lag),
    ("ablations", "short/shortcut-C-?", raised(0.06)),
    ("ablations", "short/shortcut-B-?", raised(0.06)),
    ("ablations", "short/no-relu-?", raised(-0.06)),
    ("ablations", "short/no-relu-?", raised(0.03)),
    ("ablations", "short/v2-?", raised(0.05)),
    ("ablations", "short/no-smoothing-?", raised(0.02)),
    ("ablations", "short/wrn-10-3-?", raised(-0.08)),
    ("cifar10", "cifar10-fast-0", ten_times_as_long),
    ("cifar10", "cifar10-fast-0", rises_evenly),
    ("cifar10", "cifar10-fast-0", raised(0.02)),
    ("cifar10", "cifar10-fast-0", raised(-0.02)),
    ("cifar10", "cifar10-fast-0", learned(0.999)),
    ("degradation", "degradation/plain44-?", learned(0.95)),
    ("degradation", "degradation/resnet44-?", learned(0.6)),
    ("degradation", "degradation/resnet20-?", learned(0.8)),
    ("transfer", "short/fine-tuned-2500-?", raised(-0.1)),
    ("transfer", "short/scratch-100-?", raised(0.3)),
    ("transfer", "short/frozen-2500-?", raised(0.2)),
    ("transfer", "short/frozen-100-?", raised(-0.2)),
    ("training-fashion-mnist", "fashion-mnist-modern-0", raised(-0.1)),
    ("training-fashion-mnist", "fashion-mnist-reference", raised(-0.1)),
    ("training-fashion-mnist", "fashion-mnist-native", raised(0.05)),
]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The recorded runs in a folder where they may be changed."""
    shutil.copytree(RUNS, tmp_path / "runs", copy_function=os.link)
    monkeypatch.setattr(records, "RECORDED", (tmp_path / "runs",))
    for name in plot.__all__:  # what is drawn takes most of the time
        monkeypatch.setattr(plot, name, lambda *_, **__: None)
    d2lres.setup()
    return tmp_path / "runs"


@pytest.mark.parametrize("chapter", sorted({chapter for chapter, *_ in CHANGES}))
def test_as_the_runs_are_every_claim_holds(copied, chapter):
    assert failed_claims(chapter) == []


@pytest.mark.parametrize(
    "chapter, runs, change",
    [
        pytest.param(*case, id=f"{case[0]}-{case[1]}-{number}")
        for number, case in enumerate(CHANGES)
    ],
)
def test_a_run_that_says_otherwise_breaks_a_claim(copied, chapter, runs, change):
    changed = [
        p for p in copied.rglob("run.json") if fnmatch(f"{p.parent.relative_to(copied)}", runs)
    ]
    assert changed
    for path in changed:
        record = json.loads(path.read_text())
        change(record)
        path.unlink()  # it was a link to the real one
        path.write_text(json.dumps(record))
    assert failed_claims(chapter)
