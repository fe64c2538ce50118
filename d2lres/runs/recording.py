"""Train a recipe and write down everything that decided the result."""

from dataclasses import asdict
from pathlib import Path

from ..errors import ConfigError, Stopped
from ..train import History, Recipe
from ..train.labels import check_labels
from .origin import commit, machine
from .parts import build_net, initializer, iterators, load_features, normalization
from .records import CHECKPOINT, WEIGHTS, Run, load_run, recorded, write_record


def train_recipe(
    recipe: Recipe,
    out,
    *,
    data: str = "full",
    seed: int = 0,
    device=None,
    kvstore: str = "device",
    resume: bool = False,
    progress: bool | None = None,
) -> Run:
    """Train a recipe and record the run in the folder `out`, anew after each epoch.

    Arguments: `data`, "full" or "sample"; `seed`, of the weights and of the order of the images;
    `resume`, go on from the last finished epoch in `out`; the rest as in `fit`.
    Where another machine, commit or device goes on, the record's "earlier" says which ones the
    epochs before were trained with.
    Raises ConfigError when `out` holds a run that is not to be resumed, or one of another recipe,
    seed or data, or of more epochs.
    Chapter "Training on Fashion-MNIST".
    """
    from ..live import (  # here, so that reading a run needs no MXNet
        freeze,
        live_counts,
        mx,
        try_gpu,
    )
    from ..train import fit, predict

    out, device = Path(out), device or try_gpu()
    train_iter, test_iter = iterators(recipe, data, seed)
    recipe = recipe.changed(classes=len(train_iter.dataset.classes))
    dataset = train_iter.dataset
    found = _found(out, recipe, data, seed, dataset, resume)
    mx.random.seed(seed)
    net = build_net(recipe)
    net.initialize(initializer(recipe), ctx=device)
    if recipe.start:
        load_features(net, recorded(recipe.start), device)
    if recipe.frozen:
        freeze(net)
    settings = {"data": data, "seed": seed, "device": str(device), "kvstore": kvstore}
    record = {
        "recipe": recipe.to_dict(),
        "settings": settings,
        "data": {"label": dataset.label, "sha256": dataset.sha256},
        "normalization": normalization(train_iter),
        "machine": machine(),
        "commit": commit(),
    }
    record |= _earlier(found, record)

    def write(history: History, **final):
        done = {**record, **live_counts(net), "history": history.to_list(), "final": final}
        write_record(out, done, "Make room, then go on with --resume.")

    try:
        history = fit(
            net,
            train_iter,
            test_iter,
            **recipe.fit_options(),
            device=device,
            kvstore=kvstore,
            checkpoint=out / CHECKPOINT,
            resume=resume,
            progress=progress,
            after_epoch=write,
        )
    except KeyboardInterrupt:
        raise _stopped(net, out) from None
    y_hat, y = predict(net, test_iter)
    net.save_parameters(str(out / WEIGHTS))
    write(history, **asdict(history.epochs[-1]), confusion=confusion(y, y_hat, recipe.classes))
    return load_run(out)


def _stopped(net, out: Path) -> Stopped:
    """Save what was learned, as far as it came."""
    weights, kept = out / WEIGHTS, "nothing was learned yet"
    if all(parameter._data is not None for parameter in net.collect_params().values()):
        weights.parent.mkdir(parents=True, exist_ok=True)
        net.save_parameters(str(weights))
        kept = f"the weights as they are now are in {weights}"
    return Stopped(f"{out}: stopped by the keyboard; {kept}. Go on with --resume.")


def confusion(y, y_hat, classes: int) -> list[list[int]]:
    """Row i, column j: how many images of class i were taken for class j.

    Arguments: the true and the predicted class numbers, two NumPy arrays (N,); how many classes.
    Raises DataError for a number that is none of them.
    """
    for labels in (y, y_hat):
        check_labels("confusion", labels, classes)  # -1 would be counted as the last class
    table = [[0] * classes for _ in range(classes)]
    for true, predicted in zip(y.tolist(), y_hat.tolist(), strict=True):
        table[true][predicted] += 1
    return table


def _found(out: Path, recipe: Recipe, data: str, seed: int, dataset, resume: bool) -> dict | None:
    """The record that is to be gone on with; None where there is none."""
    if not (out / "run.json").exists():
        return None
    if not resume:
        raise ConfigError(
            f"{out}: holds a recorded run already; expected a new folder. "
            "Use --resume to go on with it, or another --out."
        )
    if not list((out / CHECKPOINT).glob("epoch-*.npz")):
        raise ConfigError(
            f"{out}: holds a record without the state of its training; expected "
            f"{out / CHECKPOINT} to resume from. Use another --out to train anew."
        )
    found = load_run(out).record
    wanted = {
        "recipe": recipe,
        "data": data,
        "seed": seed,
        "images": f"{dataset.label}, SHA-256 {dataset.sha256}",
    }
    there = {
        "recipe": same_course(Recipe(**found["recipe"]), recipe),
        "data": found["settings"]["data"],
        "seed": found["settings"]["seed"],
        "images": "{label}, SHA-256 {sha256}".format(**found["data"]),
    }
    for key, value in wanted.items():
        if there[key] != value:
            raise ConfigError(
                f"{out}: holds a run with {key} {there[key]}; expected {value}. "
                "Resume it with its own settings, or use another --out."
            )
    return found


def _earlier(found: dict | None, record: dict) -> dict:
    """What the epochs that are done were trained with, where `record` names something else."""
    if found is None:
        return {}
    parts = found.get("earlier", [])
    trained_with = {key: found[key] for key in ("settings", "machine", "commit")}
    if not trained_with.items() <= record.items():
        parts = [*parts, {"epochs": len(found["history"]), **trained_with}]
    return {"earlier": parts} if parts else {}


def same_course(found: Recipe, wanted: Recipe) -> Recipe:
    """A recorded recipe with the number of epochs that is wanted, where that changes no step."""
    if found.schedule == wanted.schedule == "constant" and not found.sides:
        return found.changed(num_epochs=wanted.num_epochs)
    return found
