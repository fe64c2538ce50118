"""How long a training step takes in PyTorch, compiled and as the net is: on a GPU, without data.

    python benchmarks/gpu_step.py [--nets cifar-resnet20 cifar-resnet56] [--side 32] [--seconds 2]

The steps are those of `d2lres train --engine torch`, with one batch of random images that stays on
the card.  Each net is a process of its own, alone on the card.
"""

import argparse
import multiprocessing
import sys
import time

BATCH = 128


def measure(name: str, side: int, seconds: float, compiled: bool):
    """(seconds that the first step takes, seconds of a later one)."""
    import numpy
    import torch

    from d2lres.train.torch_engine import TorchEngine
    from d2lres.twins.begin import initialize
    from d2lres.twins.torch import build

    device = torch.device("cuda:0")
    if not compiled:
        TorchEngine.compile = lambda self: None
    net = build(name)
    initialize(net, "he", seed=0)
    engine = TorchEngine(net, device, momentum=0.9, weight_decay=5e-4, label_smoothing=0.1)
    X = torch.randn(BATCH, net.channels, side, side).to(device, memory_format=torch.channels_last)
    y = numpy.arange(BATCH, dtype="int32") % 10

    def turn(steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            engine.step(X, y, BATCH, 0.001)
        torch.cuda.synchronize()
        return time.perf_counter() - start

    net.train()
    first, _ = turn(1), turn(20)
    taken = []
    while sum(taken) < seconds:
        taken.append(turn(20))
    return first, sum(taken) / len(taken) / 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="+", default=["cifar-resnet20", "cifar-resnet56"])
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no card with CUDA here; expected one. There is nothing to measure.")
    print(f"{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}, batch {BATCH}")
    alone = multiprocessing.get_context("spawn")
    for name in options.nets:
        found = {}
        for compiled in (False, True):
            with alone.Pool(1) as pool:
                found[compiled] = pool.apply(
                    measure, (name, options.side, options.seconds, compiled)
                )
        (_, plain), (first, fast) = found[False], found[True]
        print(
            f"{name}, {options.side}x{options.side}: as it is {1000 * plain:.1f} ms a step; "
            f"compiled {1000 * fast:.1f} ms, {BATCH / fast:,.0f} images/s, after a first step of "
            f"{first:.0f} s: {plain / fast:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
