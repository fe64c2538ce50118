"""Several processes train one net.  Truth: what one process learns from the same batches."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from d2lres import ConfigError, DataError, fit, nn, np
from d2lres.commands import main
from d2lres.train.workers import ADDRESSES, share

# A net without batch normalization, whose statistics are those of each worker's own images.
WORK = """
import sys
import numpy
from d2lres import fit, load_fashion_mnist, mx, nn
train_iter, _ = load_fashion_mnist(300, data="sample")  # the last batch is smaller
mx.random.seed(0)
net = nn.HybridSequential()
net.add(nn.Flatten(), nn.Dense(10))
net.initialize()
history = fit(net, train_iter, num_epochs=2, lr=0.1, momentum=0.9, kvstore=sys.argv[1])
weights = net[1].weight.data().asnumpy()
numpy.savez(sys.argv[2], weights=weights, loss=history.epochs[-1].train_loss)
"""
LIMIT = 120  # seconds: a worker that waits for another would wait for ever


def start(kvstore, out="", **environment):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORK, kvstore, str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        cwd=Path(__file__).parents[1],
    )


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_two_workers_learn_what_one_process_learns(tmp_path):
    addresses = {
        "DMLC_PS_ROOT_URI": "127.0.0.1",
        "DMLC_PS_ROOT_PORT": str(free_port()),
        "DMLC_NODE_HOST": "127.0.0.1",
        "DMLC_NUM_SERVER": "1",
        "DMLC_NUM_WORKER": "2",
    }
    roles = ("scheduler", "server", "worker", "worker")
    files = [tmp_path / f"{i}.npz" for i in range(len(roles))]
    processes = [
        start("dist_sync", out, DMLC_ROLE=role, **addresses)
        for role, out in zip(roles, files, strict=True)
    ]
    alone = tmp_path / "alone.npz"
    try:
        assert start("device", alone).wait(LIMIT) == 0
        assert [process.wait(LIMIT) for process in processes] == [0] * len(roles)
    finally:
        for process in processes:
            process.kill()
    first, second, one = (numpy.load(path) for path in (*files[2:], alone))
    numpy.testing.assert_array_equal(first["weights"], second["weights"])
    numpy.testing.assert_allclose(first["weights"], one["weights"], rtol=1e-3, atol=1e-5)
    assert first["loss"] != second["loss"]  # each of its own images
    assert (first["loss"] + second["loss"]) / 2 == pytest.approx(one["loss"], rel=1e-3)


def test_the_shares_make_the_batch():
    batch = np.arange(7)
    parts = [share(batch, rank, 3).asnumpy().tolist() for rank in range(3)]
    assert parts == [[0, 3, 6], [1, 4], [2, 5]]
    assert share(batch, 0, 1) is batch
    with pytest.raises(DataError, match="a batch of 7 images for 8 workers"):
        share(batch, 0, 8)


def test_without_addresses_it_says_what_is_missing(monkeypatch, tmp_path, capfd):
    for word in ADDRESSES:
        monkeypatch.delenv(word, raising=False)
    monkeypatch.setenv("DMLC_ROLE", "worker")
    words = "train fashion-mnist-native --data sample --kvstore dist_sync --out".split()
    with pytest.raises(SystemExit) as stop:
        main([*words, str(tmp_path / "r")])
    said = capfd.readouterr().err
    assert stop.value.code and "Traceback" not in said
    assert "without DMLC_PS_ROOT_URI, DMLC_PS_ROOT_PORT, DMLC_NUM_SERVER, DMLC_NUM_WORKER" in said


def test_an_unknown_store_is_refused_by_name():
    with pytest.raises(ConfigError, match="did you mean 'device'"):
        fit(nn.Dense(2), [], num_epochs=1, lr=0.1, kvstore="devise")
