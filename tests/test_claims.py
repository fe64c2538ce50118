"""What a chapter says of a recorded run fails when the run says otherwise.

The cells of a chapter are run on records that were changed: a sentence whose assertion still holds
then says more than its run, or has none.
"""

import json
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

import d2lres
from d2lres import plot
from d2lres.runs import records

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "runs"
RECORDED = sorted(path.parent.relative_to(RUNS).as_posix() for path in RUNS.rglob("run.json"))
# More than to read records.
LIVE = ("fit(", "learn(", "evaluate(", "build_net(", "trained_net(", "build(", "%pip")


def failed_claims(chapter: str, *live: str) -> Iterator[str]:
    """The first line of each cell whose assertion fails, of those that read records.

    `live`: cells, by their id, that run although they do more than to read.
    """
    names = {"__name__": "__main__", "d2lres": d2lres}
    for cell in json.loads((ROOT / f"chapters/{chapter}.ipynb").read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        more = set(cell["metadata"].get("tags", ())) - {"live"} or any(w in source for w in LIVE)
        if more and cell["id"] not in live:
            continue
        try:
            exec(compile(source, chapter, "exec"), names)
        except AssertionError:
            yield source.splitlines()[0]
        except NameError:  # of a cell that was left out
            pass


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


def longer(times: float):
    """As if every epoch had taken so many times as long."""

    def change(record):
        for epoch in record["history"]:
            epoch["seconds"] *= times

    return change


def after(epochs, column: str, by: float):
    """One column of the history, larger by so much after these epochs."""

    def change(record):
        for epoch in epochs:
            record["history"][epoch - 1][column] += by

    return change


def never_falls(record):
    """As if the test accuracy had risen, or stayed, from epoch to epoch."""
    best = 0
    for epoch in record["history"]:
        best = epoch["test_acc"] = max(best, epoch["test_acc"])


def swapped(one: int, other: int):
    """What the net said, as if two classes had been exchanged."""

    def change(record):
        for row in record["final"]["confusion"]:
            row[one], row[other] = row[other], row[one]

    return change


def rises_evenly(record):
    """As if the test accuracy had not jumped where the images grow."""
    history = [epoch for epoch in record["history"] if epoch["test_acc"] is not None]
    end = history[-1]["test_acc"]
    for i, epoch in enumerate(history):
        epoch["test_acc"] = end * (0.9 + 0.1 * i / (len(history) - 1))


def brighter(record):
    record["normalization"]["means"] = [0.1 + m for m in record["normalization"]["means"]]


def not_smoothed(record):
    record["recipe"]["label_smoothing"] = 0.0


def renewed(by: float):
    """What the last weights reach with new statistics, larger by so much."""

    def change(record):
        record["recalibrated"]["test_acc"] += by

    return change


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
    ("ablations", "depth/resnet20-no-relu-0", raised(0.03)),
    ("ablations", "depth/resnet20-one-norm-0", raised(0.003)),
    ("ablations", "depth/resnet20-one-norm-0", raised(-0.03)),
    ("ablations", "short/v2-?", raised(0.05)),
    ("ablations", "short/no-smoothing-?", raised(0.02)),
    ("ablations", "short/wrn-10-3-?", raised(-0.08)),
    ("ablations", "short/mixup-?", learned(0.9)),
    ("ablations", "short/zero-gamma-?", learned(0.9)),
    ("ablations", "short/*", longer(20)),
    ("ablations", "short/*", longer(0.4)),
    ("cifar10", "cifar10-fast-0", longer(10)),
    ("cifar10", "cifar10-fast-0", rises_evenly),
    ("cifar10", "cifar10-fast-0", raised(0.02)),
    ("cifar10", "cifar10-fast-0", raised(-0.02)),
    ("cifar10", "cifar10-fast-0", learned(0.999)),
    ("cifar10", "cifar10-fast-0", learned(0.9)),
    ("cifar10", "cifar10-fast-0", after((36, 40), "test_acc", 0.05)),
    ("cifar10", "depth/resnet20-1", raised(0.03)),
    ("cifar10", "depth/resnet20-?", raised(0.01)),
    ("cifar10", "layers/resnet20-1", raised(0.007)),
    ("cifar10", "layers/resnet20-?", raised(-0.02)),
    ("cifar10", "layers/resnet56-?", raised(-0.015)),
    ("cifar10", "layers/resnet56-1", raised(0.03)),
    ("cifar10", "layers/resnet56-2", learned(0.94)),
    ("cifar10", "depth/resnet56-0", raised(-0.002)),
    ("cifar10", "depth/resnet56-0", raised(0.01)),
    ("cifar10", "layers/resnet32-0", raised(-0.02)),
    ("cifar10", "layers/resnet44-0", raised(-0.002)),
    ("cifar10", "layers/resnet44-0", raised(0.02)),
    ("cifar10", "layers/resnet110-0", raised(0.003)),
    ("cifar10", "layers/resnet110-0", raised(-0.004)),
    ("cifar10", "layers/resnet110-0", learned(0.968)),
    ("cifar10", "layers/resnet110-0", longer(0.5)),
    ("cifar10", "layers/plain56-1", learned(0.8)),
    ("cifar10", "layers/plain56-1", raised(0.1)),
    ("cifar10", "layers/plain56-2", raised(-0.1)),
    ("cifar10", "layers/plain20-0", learned(0.96)),
    ("cifar10", "choice/wrn-16-2-1", raised(-0.01)),
    ("cifar10", "overnight/wrn-16-2-2", raised(-0.006)),
    ("cifar10", "overnight/*", longer(3)),
    ("cifar10", "layers/*", longer(3)),
    ("cifar10", "layers/resnet20-0", after([19], "train_acc", -0.04)),
    ("cifar10", "layers/plain56-0", after(range(19, 45), "train_acc", 0.05)),
    ("cifar10", "cifar10-fast-0", after((28, 32), "test_acc", 0.05)),
    ("ablations", "full/no-decay-?", raised(0.008)),
    ("ablations", "full/no-momentum-?", raised(0.06)),
    ("ablations", "full/no-momentum-lr-2-?", raised(-0.01)),
    ("ablations", "full/no-momentum-lr-2-?", raised(0.01)),
    ("ablations", "full/no-augmentation-?", raised(0.03)),
    ("ablations", "full/no-augmentation-?", raised(-0.03)),
    ("ablations", "full/constant-rate-?", raised(0.1)),
    ("ablations", "full/mixup-?", raised(0.01)),
    ("ablations", "full/no-smoothing-?", raised(-0.01)),
    ("ablations", "full/base-1", raised(0.03)),
    ("ablations", "full/growing-?", raised(-0.01)),
    ("images-and-targets", "full/growing-?", raised(-0.01)),
    ("batch-normalization", "rates/bare-he-0.005-?", learned(0.1)),
    ("batch-normalization", "rates/norm-he-0.1-?", learned(0.1)),
    ("batch-normalization", "rates/bare-xavier-0.02-?", learned(0.3)),
    ("batch-normalization", "rates/bare-he-0.001-?", learned(0.6)),
    ("batch-normalization", "rates/norm-he-0.001-?", raised(0.06)),
    ("batch-normalization", "rates/bare-he-0.02-?", learned(0.8)),
    ("batch-normalization", "rates/norm-he-0.02-?", learned(0.7)),
    ("degradation", "degradation/plain44-?", learned(0.95)),
    ("degradation", "degradation/resnet44-?", learned(0.6)),
    ("degradation", "degradation/resnet20-?", learned(0.8)),
    ("degradation", "degradation/resnet44-?", after(range(3, 11), "train_acc", 0.1)),
    ("degradation", "degradation/plain44-?", after([10], "train_acc", 0.1)),
    ("degradation", "degradation/plain44-?", after([5], "train_acc", -0.1)),
    ("degradation", "degradation/plain44-?", raised(0.2)),
    ("degradation", "degradation/resnet44-?", raised(-0.04)),
    ("degradation", "degradation/resnet44-?", raised(0.04)),
    ("degradation", "degradation/resnet44-?", learned(0.995)),
    ("cifar10", "cifar10-fast-0", renewed(0.02)),
    ("how-sure", "cifar10-fast-0", not_smoothed),
    ("reading", "cifar10-fast-0", swapped(3, 5)),
    ("reading", "cifar10-fast-0", swapped(1, 3)),
    ("reading", "cifar10-fast-0", brighter),
    ("transfer", "halves/*-fine-tuned-2500-?", raised(-0.1)),
    ("transfer", "halves/first-fine-tuned-500-?", raised(-0.05)),
    ("transfer", "halves/second-fine-tuned-500-?", raised(0.05)),
    ("transfer", "halves/second-scratch-100-?", raised(0.3)),
    ("transfer", "halves/*-scratch-long-2500-?", raised(-0.06)),
    ("transfer", "halves/first-scratch-long-2500-?", raised(0.03)),
    ("transfer", "halves/first-scratch-long-500-?", raised(0.1)),
    ("transfer", "halves/*-head-2500-?", raised(0.1)),
    ("transfer", "halves/*-head-100-?", raised(-0.2)),
    ("transfer", "halves/first-head-100-?", raised(0.03)),
    ("training-fashion-mnist", "fashion-mnist-modern-0", raised(-0.1)),
    ("training-fashion-mnist", "fashion-mnist-reference", raised(-0.1)),
    ("training-fashion-mnist", "fashion-mnist-native", raised(0.05)),
    ("training-fashion-mnist", "fashion-mnist-native", never_falls),
    ("training-fashion-mnist", "fashion-mnist-reference", never_falls),
    ("training-fashion-mnist", "fashion-mnist-modern-0", learned(0.99)),
    ("training-fashion-mnist", "fashion-mnist-reference", renewed(-0.02)),
    ("training-fashion-mnist", "fashion-mnist-modern-0", renewed(0.02)),
    ("training-fashion-mnist", "fashion-mnist-reference", longer(3)),
    ("training-fashion-mnist", "fashion-mnist-reference", after([9], "train_loss", 0.1)),
    ("training-fashion-mnist", "renewed-1", raised(-0.03)),
    ("training-fashion-mnist", "renewed-1", after([6], "test_acc", 0.05)),
    ("training-fashion-mnist", "renewed-1", after([2], "recalibrated_acc", -0.01)),
    ("training-fashion-mnist", "renewed-1", after([6], "recalibrated_acc", -0.03)),
    ("training-fashion-mnist", "fashion-mnist-native", swapped(0, 9)),
    ("training-fashion-mnist", "fashion-mnist-native", swapped(2, 6)),
]


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """A folder whose runs are found before those of the book."""
    monkeypatch.setattr(records, "RECORDED", (tmp_path, RUNS))
    for name in plot.__all__:  # what is drawn takes most of the time
        monkeypatch.setattr(plot, name, lambda *_, **__: None)
    d2lres.setup()
    return tmp_path


@pytest.mark.parametrize("chapter", sorted({chapter for chapter, *_ in CHANGES}))
def test_as_the_runs_are_every_claim_holds(instead, chapter):
    assert list(failed_claims(chapter)) == []


@pytest.mark.parametrize(
    "chapter, runs, change",
    [
        pytest.param(*case, id=f"{case[0]}-{case[1]}-{number}")
        for number, case in enumerate(CHANGES)
    ],
)
def test_a_run_that_says_otherwise_breaks_a_claim(instead, chapter, runs, change):
    changed = [name for name in RECORDED if fnmatch(name, runs)]
    assert changed
    for name in changed:
        record = json.loads((RUNS / name / "run.json").read_text())
        change(record)
        (instead / name).mkdir(parents=True)
        (instead / name / "run.json").write_text(json.dumps(record))
    assert any(failed_claims(chapter))  # one is enough; the rest of the chapter does not run


def test_weights_learned_from_other_images_break_a_claim(instead):
    """*Near the identity* says of recorded weights what is left without a block."""
    plain = instead / "depth" / "plain20-0"
    shutil.copytree(RUNS / "depth" / "plain20-0", plain)
    shutil.copy(RUNS / "degradation" / "plain20-0" / "net.params", plain)
    failed = failed_claims("near-the-identity", "36-b8548326", "pair-without-one")
    assert list(failed) == ["pair = {}"]
