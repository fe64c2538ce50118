"""Figures that the reader moves: a cell with a tag shows one in place of its stored picture.

The picture stays for print, for notebooks and where scripts are turned off.  What can be chosen is
computed here, by the package, for every choice there is; `move.mjs` draws what was chosen.  Both
go into the page itself, so that it works from a folder, too.
"""

import json
from functools import cache
from itertools import product
from pathlib import Path
from statistics import mean

from sphinx.application import Sphinx

from d2lres.drawing.look import SERIES
from d2lres.errors import ShapeError
from d2lres.runs import find_experiment, recorded
from d2lres.structure import Conv, pads, slide
from d2lres.train import SCHEDULES, find_recipe

POINTS = 100  # of a schedule
SCRIPT = Path(__file__).with_name("move.mjs")


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add)


def add(app: Sphinx, name: str, template: str, context: dict, document) -> None:
    """Put the figures that a page has tags for into the page."""
    body = context.get("body", "")
    found = [tag for tag in FIGURES if f"tag_{tag}" in body]
    if found:
        context["body"] = body + "".join(scripts({tag: figure(tag) for tag in found}))


def scripts(figures: dict):
    text = json.dumps(figures, separators=(",", ":")).replace("</", "<\\/")
    yield f'<script type="application/json" id="move">{text}</script>\n'
    yield f'<script type="module">\n{SCRIPT.read_text(encoding="utf-8")}</script>\n'


@cache
def figure(tag: str) -> dict:
    return FIGURES[tag]()


# --- windows over a row of pixels ----------------------------------------------------------------

SIZES, KERNELS, STRIDES = range(4, 17), range(1, 8), range(1, 5)


def windows() -> dict:
    """For each choice and each padding: pixels added left and right, and how many windows."""
    values = {}
    for size, kernel, strides in product(SIZES, KERNELS, STRIDES):
        kinds = {"VALID": "valid", "symmetric": (kernel - 1) // 2, "SAME": "same"}
        layers = {name: Conv(1, kernel, strides, padding) for name, padding in kinds.items()}
        found = {name: placed(layer, size) for name, layer in layers.items()}
        values[f"{size} {kernel} {strides}"] = found
    sliders = {"pixels": (SIZES, 10), "kernel": (KERNELS, 3), "stride": (STRIDES, 3)}
    controls = [
        {"name": name, "least": numbers[0], "most": numbers[-1], "value": value}
        for name, (numbers, value) in sliders.items()
    ]
    return {"kind": "windows", "controls": controls, "values": values}


def placed(layer: Conv, size: int) -> "list[int] | None":
    try:
        number = slide(layer, (1, size, size), "window")[1]
    except ShapeError:
        return None  # the window is wider than the row
    return [*pads(layer, size, size)[2:], number]


# --- learning rates ------------------------------------------------------------------------------

EPOCHS, WARMUPS, PEAKS = (15, 44, 100), (0, 1, 5), (1.0, 0.4, 0.2, 0.1, 0.05)


def schedules() -> dict:
    """The share of the peak over the course of training."""
    values = {}
    for epochs, warmup in product(EPOCHS, WARMUPS):
        times = [epochs * i / POINTS for i in range(POINTS + 1)]
        recipe = find_recipe("fashion-mnist-native").changed(
            lr=1.0, num_epochs=epochs, warmup=warmup
        )
        lines = {name: rates(recipe.changed(schedule=name), times) for name in SCHEDULES}
        values[f"{epochs} {warmup}"] = {"x": times, "lines": lines}
    return curves(
        values,
        choices={"epochs": (EPOCHS, 100), "epochs of warm-up": (WARMUPS, 0)},
        scale={"name": "peak", "options": PEAKS},
        x="epochs done",
        y={"": "learning rate"},
        digits=4,
    )


def rates(recipe, times) -> list[float]:
    return [round(recipe.learning_rate(t), 4) for t in times]


# --- recorded runs -------------------------------------------------------------------------------

MEASURES = {"training": "train_acc", "validation": "test_acc"}  # what the run held out


def degradation() -> dict:
    """Errors of the recorded networks, epoch by epoch."""
    experiment = find_experiment("degradation")
    values = {}
    for error, column in MEASURES.items():
        found = {
            recipe.name.removeprefix("degradation/"): [
                errors(f"{recipe.name}-{seed}", column) for seed in experiment.seeds
            ]
            for recipe in experiment.recipes
        }
        seeds = {f"seed {seed}": i for i, seed in enumerate(experiment.seeds)}
        for seed, i in seeds.items():
            values[f"{error} {seed}"] = {name: runs[i] for name, runs in found.items()}
        values[f"{error} mean of the seeds"] = {
            name: [mean(several) for several in zip(*runs, strict=True)]
            for name, runs in found.items()
        }
    epochs = list(range(1, experiment.recipes[0].num_epochs + 1))
    values = {
        key: {"x": epochs, "lines": {name: [round(e, 2) for e in line] for name, line in v.items()}}
        for key, v in values.items()
    }
    return curves(
        values,
        choices={
            "error": (tuple(MEASURES), "training"),
            "runs": (("mean of the seeds", *seeds), "mean of the seeds"),
        },
        x="epoch",
        y={error: f"{error} error (%)" for error in MEASURES},
        digits=1,
    )


def errors(name: str, column: str) -> list[float]:
    return [100 * (1 - accuracy) for accuracy in recorded(name).history.column(column)]


def curves(values, *, choices, x, y, digits, scale=None) -> dict:
    """Lines over an axis: `values` by what is chosen, `scale` a factor that is chosen, too."""
    controls = [
        {"name": name, "options": options, "value": value}
        for name, (options, value) in choices.items()
    ]
    names = {"x": x, "y": y, "digits": digits, "colors": [str(color) for color in SERIES]}
    return {"kind": "curves", "controls": controls, "scale": scale, "values": values, **names}


#: By the tag of the cell.
FIGURES = {"move-windows": windows, "move-schedules": schedules, "move-degradation": degradation}
