"""Images per second in training: d2l as shipped, d2lres, and PyTorch where it is there.

    python benchmarks/train_throughput.py [--side 96] [--batch-size 64] [--batches 6] [--rounds 3]
    python benchmarks/train_throughput.py --net cifar-resnet20 --batch-size 128 --batches 12

Each contestant is a process of its own, since MXNet reads the number of threads when it loads.
They take turns on the same real images, so that whatever else the machine does hits all alike; the
best of the rounds counts.  What is measured is an epoch of whole training steps.
"""

import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy

from d2lres import summarize

MXNET_ALONE = {"OMP_NUM_THREADS": None, "OMP_PROC_BIND": "false"}  # None: half of the cores
CONTESTANTS = {
    "d2l.train_ch6 as shipped": ("d2l", MXNET_ALONE),
    "d2l.train_ch6, all cores": ("d2l", {}),
    "d2lres.fit": ("d2lres", {}),
    "d2lres.fit, two teams": ("two_teams", {}),
    "PyTorch, default layout": ("torch", {}),
    "PyTorch, channels_last": ("torch_last", {}),
}


# --- the contestants: a function of the options that returns a function that trains an epoch ------


def iterator(options):
    """The first images of the sample, resized, in batches."""
    from dataclasses import replace

    from d2lres.data import BatchIterator, load

    small = options.net.startswith(("cifar", "wrn"))
    data = load("cifar-10" if small else "fashion-mnist", data="sample")
    n = options.batches * options.batch_size
    data = replace(data, train_images=data.train_images[:n], train_labels=data.train_labels[:n])
    return BatchIterator(data, "train", options.batch_size, resize=None if small else options.side)


def d2l(options):
    """d2l's loop on d2l's net, imperative as in its ResNet section; its own figure is taken."""
    from d2l import mxnet as d2l

    from d2lres import nn, npx

    def stage(channels, first=False):
        net = nn.Sequential()
        net.add(
            d2l.Residual(channels, use_1x1conv=not first, strides=1 if first else 2),
            d2l.Residual(channels),
        )
        return net

    net = nn.Sequential()
    net.add(
        nn.Conv2D(64, 7, 2, 3), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1),
        stage(64, first=True), stage(128), stage(256), stage(512),
        nn.GlobalAvgPool2D(), nn.Dense(10),
    )  # fmt: skip
    batches = list(iterator(options))

    def epoch():
        with contextlib.redirect_stdout(io.StringIO()) as said:
            d2l.train_ch6(net, batches, batches[:1], 1, 0.05, npx.cpu())
        return float(re.search(r"([\d.]+) examples/sec", said.getvalue())[1])

    return epoch


def d2lres(options):
    import d2lres

    net, images = d2lres.build(options.net, classes=10), iterator(options)
    # The first epoch of a fit compiles the net; the others have that behind them, as PyTorch has.
    return lambda: d2lres.fit(net, images, num_epochs=2, lr=0.05).epochs[1].examples_per_s


def two_teams(options):
    """As MXNet does it alone: the thread of Python has threads of its own, too."""
    from d2lres import mx

    mx.base._LIB.omp_set_num_threads(len(os.sched_getaffinity(0)))
    return d2lres(options)


def torch(options, layout="contiguous_format"):
    """The same net from the same data, in PyTorch."""
    from time import perf_counter

    import torch
    from torch.nn.functional import cross_entropy

    from d2lres.twins.torch import build

    stored = numpy.load(options.images)  # no MXNet in this process: it would set the threads
    layout = getattr(torch, layout)
    net = build(options.net, input_shape=stored["X"].shape[2:], classes=10)
    net = net.to(memory_format=layout)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    batches = [
        (torch.tensor(X).to(memory_format=layout), torch.tensor(y).long())
        for X, y in zip(stored["X"], stored["y"], strict=True)
    ]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)

    def epoch():
        start = perf_counter()
        for X, y in batches:
            optimizer.zero_grad()
            cross_entropy(net(X), y).backward()
            optimizer.step()
        return options.batches * options.batch_size / (perf_counter() - start)

    return epoch


def torch_last(options):
    return torch(options, "channels_last")


# --- taking turns --------------------------------------------------------------------------------


def work(options):
    """A contestant's process: one epoch for each line on standard input."""
    epoch = globals()[options.worker](options)
    epoch()  # the first one compiles and allocates
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(epoch()), flush=True)


def start(worker, environment, images):
    cores = len(os.sched_getaffinity(0))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
    chosen = {k: v or str(max(1, cores // 2)) for k, v in environment.items()}
    words = ["--worker", worker, "--images", images, *sys.argv[1:]]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**inherited, "MPLBACKEND": "agg", **chosen},
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("side", 96), ("batch-size", 64), ("batches", 6), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--net", default="resnet18")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--images", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options)
    with tempfile.TemporaryDirectory() as folder:
        images = str(Path(folder) / "images.npz")
        batches = list(iterator(options))
        numpy.savez(
            images, X=[X.asnumpy() for X, _ in batches], y=[y.asnumpy() for _, y in batches]
        )
        report(options, measure(options, images))


def measure(options, images) -> dict[str, float]:
    """Images per second of each contestant, the best of its rounds."""
    contestants = {
        name: start(*how, images)
        for name, how in CONTESTANTS.items()
        if ("torch" not in how[0] or find_spec("torch"))
        and (how[0] != "d2l" or options.net == "resnet18")
    }
    speeds = {name: [] for name in contestants}
    for process in contestants.values():
        if process.stdout.readline().strip() != "ready":
            sys.exit("a contestant did not start; its error is above")
    for _ in range(options.rounds):
        for name, process in contestants.items():
            print("go", file=process.stdin, flush=True)
            speeds[name].append(json.loads(process.stdout.readline()))
    for process in contestants.values():
        process.stdin.close()
        process.wait()
    return {name: max(rounds) for name, rounds in speeds.items()}


def report(options, best):
    """Print the speeds and their ratios."""
    side = summarize(options.net).input_shape[1] if options.net != "resnet18" else options.side
    print(f"{options.net}, {side}x{side}, batch {options.batch_size}, "
          f"{len(os.sched_getaffinity(0))} cores, best of {options.rounds} rounds")  # fmt: skip
    first, *_ = best
    for name, speed in best.items():
        print(
            f"  {name:26} {speed:7.1f} images/s   {speed / best[first]:5.2f} x {first.split()[0]}"
        )
    torch_speeds = [speed for name, speed in best.items() if "PyTorch" in name]
    if torch_speeds:
        print(f"  d2lres.fit / PyTorch's best: {best['d2lres.fit'] / max(torch_speeds):.2f}")
    else:
        print("  PyTorch is not installed: pip install torch, and run again to compare.")


if __name__ == "__main__":
    main()
