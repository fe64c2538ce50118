"""Seconds of training until a test accuracy is reached: d2lres, and PyTorch where it is there.

    python benchmarks/time_to_accuracy.py [--recipe cifar10-fast] [--epochs 25] [--images 50000]

The same recipe, data, order of the images, changes to them, and weights to begin with (up to the
random numbers).  Each contestant is a process of its own; they take turns epoch by epoch, so that
whatever else the machine does hits both alike.  The time for tests does not count.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy

from d2lres import architecture, find_recipe

LEVELS = [share / 100 for share in (50, 60, 70, 80, 85, 88, 89, 90, 91)]


def chosen_recipe(options):
    changes = {"num_epochs": options.epochs, "images": options.images, "test_every": 1}
    return find_recipe(options.recipe).changed(**{k: v for k, v in changes.items() if v})


def tell(seconds: float, accuracy: float) -> None:
    """Report an epoch, and wait for leave to begin the next."""
    print(json.dumps((seconds, accuracy)), flush=True)
    sys.stdin.readline()


# --- the contestants -----------------------------------------------------------------------------


def train_d2lres(options):
    from d2lres import mx
    from d2lres.runs import build_net, initializer, iterators
    from d2lres.train import fit

    recipe = chosen_recipe(options)
    train_iter, test_iter = iterators(recipe, options.data, seed=0)
    mx.random.seed(0)
    net = build_net(recipe)
    net.initialize(initializer(recipe))
    sys.stdin.readline()
    fit(
        net,
        train_iter,
        test_iter,
        **recipe.fit_options(),
        after_epoch=lambda h: tell(h.epochs[-1].seconds, h.epochs[-1].test_acc),
    )


def train_torch(options):
    from time import perf_counter

    import torch
    from torch.nn.functional import cross_entropy, interpolate

    from d2lres.data.augment import augmentation
    from d2lres.twins.torch import build

    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    recipe, stored = chosen_recipe(options), numpy.load(options.arrays)
    X, y, test_X, test_y = (stored[k] for k in ("X", "y", "test_X", "test_y"))
    mean, deviation = (torch.tensor(stored[k]).view(1, -1, 1, 1) for k in ("mean", "deviation"))
    augment = augmentation(recipe.augment, numpy.round(255 * stored["mean"]))

    def batch(images, side=None):
        X = torch.from_numpy(images).float() / 255
        if side:
            X = interpolate(X, size=(side, side), mode="bilinear")
        X = (X - mean) / deviation
        return X.to(memory_format=torch.channels_last)  # its faster layout

    net = architecture(recipe.architecture, 10, recipe.version, recipe.shortcut)
    net = build(net, input_shape=X.shape[1:]).to(memory_format=torch.channels_last)
    weights = [p for p in net.parameters() if p.dim() > 1]
    for p in weights:  # He's initialization, as the recipe asks
        torch.nn.init.kaiming_normal_(p, mode="fan_in")
    others = [p for p in net.parameters() if p.dim() == 1]
    decay = recipe.weight_decay
    groups = [
        {"params": weights, "weight_decay": decay},
        {"params": others, "weight_decay": decay if recipe.decay_norm else 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=recipe.momentum)
    starts = range(0, len(y), recipe.batch_size)
    sys.stdin.readline()
    for epoch in range(recipe.num_epochs):
        begin = perf_counter()
        rng = numpy.random.RandomState([0, epoch])
        order = numpy.arange(len(y))
        rng.shuffle(order)
        net.train()
        for step, i in enumerate(starts):
            chosen = order[i : i + recipe.batch_size]
            images = augment(X[chosen], rng) if augment else X[chosen]
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate(epoch + step / len(starts))
            optimizer.zero_grad()
            target = torch.tensor(y[chosen]).long()
            smoothing = recipe.label_smoothing
            y_hat = net(batch(images, recipe.side(epoch)))
            cross_entropy(y_hat, target, label_smoothing=smoothing).backward()
            optimizer.step()
        seconds = perf_counter() - begin
        net.eval()
        with torch.no_grad():
            right = sum(
                int(
                    (net(batch(test_X[i : i + 500])).argmax(1).numpy() == test_y[i : i + 500]).sum()
                )
                for i in range(0, len(test_y), 500)
            )
        tell(seconds, right / len(test_y))


CONTESTANTS = {"d2lres": train_d2lres, "PyTorch": train_torch}


# --- taking turns --------------------------------------------------------------------------------


def store(options, path) -> None:
    """The arrays for PyTorch, whose process has no MXNet: it would set the threads."""
    from d2lres.runs import iterators

    dataset = iterators(chosen_recipe(options), options.data, seed=0)[0].dataset
    mean, deviation = dataset.statistics()
    numpy.savez(
        path,
        X=dataset.train_images,
        y=dataset.train_labels,
        test_X=dataset.test_images,
        test_y=dataset.test_labels,
        mean=numpy.float32(mean),
        deviation=numpy.float32(deviation),
    )
    print(f"{options.recipe} on {dataset.label}")


def start(name, arrays):
    words = ["--worker", name, "--arrays", arrays, *sys.argv[1:]]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="cifar10-fast")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--images", type=int, help="default: all")
    parser.add_argument("--data", choices=("full", "sample"), default="full")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--arrays", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return CONTESTANTS[options.worker](options)
    with tempfile.TemporaryDirectory() as folder:
        arrays = str(Path(folder) / "arrays.npz")
        store(options, arrays)
        names = [name for name in CONTESTANTS if name != "PyTorch" or find_spec("torch")]
        report(take_turns(options, {name: start(name, arrays) for name in names}))


def take_turns(options, processes) -> dict[str, list]:
    """(seconds of training so far, test accuracy) after each epoch, for each contestant."""
    courses = {name: [(0.0, 0.0)] for name in processes}
    for epoch in range(1, chosen_recipe(options).num_epochs + 1):
        for name, process in processes.items():
            print("go", file=process.stdin, flush=True)
            line = process.stdout.readline()
            if not line:
                sys.exit(f"{name} stopped; its error is above")
            seconds, accuracy = json.loads(line)
            courses[name].append((courses[name][-1][0] + seconds, accuracy))
        said = (f"{name} {c[-1][0]:6.0f} s {c[-1][1]:.4f}" for name, c in courses.items())
        print(f"  epoch {epoch:3}: {'   '.join(said)}", flush=True)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return courses


def report(courses) -> None:
    """The first time that each level was reached, and the ratio of the two."""
    print("  test accuracy   " + "".join(f"{name:>12}" for name in courses))
    for level in LEVELS:
        times = [
            next((t for t, accuracy in course if accuracy >= level), None)
            for course in courses.values()
        ]
        if not any(times):
            break
        cells = "".join(f"{f'{t:.0f} s' if t else 'never':>12}" for t in times)
        ratio = f"   {times[1] / times[0]:5.2f} x" if len(times) == 2 and all(times) else ""
        print(f"  {level:.2f}            {cells}{ratio}")
    if "PyTorch" not in courses:
        print("  PyTorch is not installed: pip install torch, and run again to compare.")


if __name__ == "__main__":
    main()
