"""Training that is killed or stopped, from the command line, and goes on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAIN = [sys.executable, str(ROOT / "tests/small_recipe.py"), "train", "small"]
WORDS = ["--data", "sample", "--batch-size", "100", "--epochs", "2"]


def command(out, *more):
    return [*TRAIN, *WORDS, "--out", str(out), *more]


def finish(out, *more):
    done = subprocess.run(command(out, *more), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return figures(out)


def figures(out) -> list:
    """What was measured, without the time it took, to the last digit."""
    history = json.loads((out / "run.json").read_text())["history"]
    return [[e[key] for key in ("epoch", "train_loss", "train_acc", "test_acc")] for e in history]


def stop_in_second_epoch(out, how, *more) -> tuple[int, str]:
    """Start a training, send it a signal in the middle of its second epoch: (status, stderr)."""
    there = out.with_name("there")
    run = subprocess.Popen(
        command(out, *more),
        env=os.environ | {"WAIT_THERE": str(there)},
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # tests that run in the background of a shell ignore Ctrl-C, and what they start does too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 120
        while not there.exists():
            assert run.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        run.send_signal(how)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    assert len(figures(out)) == 1
    return run.returncode, said


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return finish(tmp_path_factory.mktemp("whole") / "run")


def test_killed_and_resumed_equals_uninterrupted(whole, tmp_path):
    """Weights, order, crops and flips: other processes of one seed, equal to the last digit."""
    status, _ = stop_in_second_epoch(tmp_path / "run", signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert finish(tmp_path / "run", "--resume") == whole


def test_ctrl_c_ends_cleanly_with_what_was_learned_saved(whole, tmp_path):
    out = tmp_path / "run"
    status, said = stop_in_second_epoch(out, signal.SIGINT)
    assert status == 130
    (line,) = said.strip().splitlines()
    assert line.startswith("error: ") and "stopped by the keyboard" in line and "--resume" in line
    assert (out / "net.params").stat().st_size > 300_000
    assert finish(out, "--resume") == whole
