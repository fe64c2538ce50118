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
from importlib.util import find_spec

from d2lres import find_recipe
from d2lres.runs import find_engine

LEVELS = [share / 100 for share in (50, 60, 70, 80, 85, 88, 89, 90, 91)]


def chosen_recipe(options):
    changes = {"num_epochs": options.epochs, "images": options.images, "test_every": 1}
    return find_recipe(options.recipe).changed(**{k: v for k, v in changes.items() if v})


def tell(seconds: float, accuracy: float) -> None:
    """Report an epoch, and wait for leave to begin the next."""
    print(json.dumps((seconds, accuracy)), flush=True)
    sys.stdin.readline()


# --- the contestants -----------------------------------------------------------------------------


def train(options):
    """A contestant's process: the recipe on one engine, which is told when to begin an epoch."""
    framework, recipe = find_engine(ENGINES[options.worker]), chosen_recipe(options)
    device = framework.find_device("cpu")
    train_iter, test_iter = framework.images(recipe, options.data, 0, device)
    net = framework.begin(recipe, 0, device, train_iter.dataset)
    if options.worker == "PyTorch":
        import torch

        torch.set_num_threads(len(os.sched_getaffinity(0)))
    sys.stdin.readline()
    framework.fit(
        net,
        train_iter,
        test_iter,
        **recipe.fit_options(),
        device=device,
        after_epoch=lambda h: tell(h.epochs[-1].seconds, h.epochs[-1].test_acc),
    )


ENGINES = {"d2lres": "mxnet", "PyTorch": "torch"}


# --- taking turns --------------------------------------------------------------------------------


def start(name):
    words = ["--worker", name, *sys.argv[1:]]
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
    options = parser.parse_args()
    if options.worker:
        return train(options)
    print(f"{options.recipe} on {options.data} images of {chosen_recipe(options).dataset}")
    names = [name for name in ENGINES if name != "PyTorch" or find_spec("torch")]
    report(take_turns(options, {name: start(name) for name in names}))


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
