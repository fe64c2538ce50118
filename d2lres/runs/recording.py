"""Train a recipe and write down everything that decided the result."""

from contextlib import nullcontext, suppress
from pathlib import Path

from ..errors import ConfigError, Stopped
from ..files import check_writable, locked
from ..train import History, Recipe
from ..train.labels import check_labels
from .engines import find_engine
from .origin import commit, machine
from .parts import normalization
from .records import CHECKPOINT, WEIGHTS, Run, load_run, write_record


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
    engine: str = "mxnet",
) -> Run:
    """Train a recipe and record the run in the folder `out`, anew after each epoch.

    Arguments: `data`, "full" or "sample"; `seed`, of the weights and of the order of the images;
    `resume`, go on from the last finished epoch in `out`; `engine`, "mxnet" or "torch", whose
    device is given; the rest as in `fit`.
    Where another machine, commit or device goes on, the record's "earlier" says which ones the
    epochs before were trained with.
    Raises ConfigError when `out` holds a run that is not to be resumed, or one of another recipe,
    seed or data, or of more epochs; DataError where `out` cannot be written, or is trained into.
    Chapter "Training on Fashion-MNIST".
    """
    out = Path(out)
    was_there = out.exists()
    leads = find_engine(engine).leads()  # of several workers, one has the folder
    check_writable(out)
    try:
        with locked(out, "training into it") if leads else nullcontext():
            return _train(recipe, out, data, seed, device, kvstore, resume, progress, engine)
    finally:
        if not was_there:
            with suppress(OSError):  # it holds a run
                out.rmdir()


def _train(recipe, out, data, seed, device, kvstore, resume, progress, engine) -> Run:
    framework = find_engine(engine)  # here, so that reading a run needs none
    device = device or framework.usual()
    train_iter, test_iter = framework.images(recipe, data, seed, device)
    recipe = recipe.changed(classes=len(train_iter.dataset.classes))
    dataset = train_iter.dataset
    images = {"label": dataset.label, "sha256": dataset.sha256}
    belongs_to = identity(recipe, data, seed, images)
    found = _found(out, belongs_to, resume, engine)
    net = framework.begin(recipe, seed, device, dataset)
    learner, *batches = framework.learner(net, recipe, (train_iter, test_iter), device)
    settings = {"data": data, "seed": seed, "device": str(device), "kvstore": kvstore}
    if engine != "mxnet":
        settings |= {"engine": engine, "workers": framework.workers()}
        settings |= {"precision": framework.precision(device), "gpu": framework.gpu(device)}
    record = {
        "recipe": recipe.to_dict(),
        "settings": settings,
        "data": images,
        "normalization": normalization(train_iter),
        "machine": machine(engine),
        "commit": commit(),
    }
    record |= _earlier(found, record)

    def write(history: History, **final):
        if not framework.leads():
            return
        done = {**record, **framework.counts(net), "history": history.to_list(), "final": final}
        write_record(out, done, "Make room, then go on with --resume.")

    try:
        history = framework.fit(
            learner,
            *batches,
            **recipe.fit_options(),
            device=device,
            kvstore=kvstore,
            checkpoint=out / CHECKPOINT,
            resume=resume,
            belongs_to=belongs_to,
            progress=progress if framework.leads() else False,
            after_epoch=write,
        )
    except KeyboardInterrupt:
        raise _stopped(framework, net, out) from None
    y_hat, y = framework.predict(net, test_iter)
    if framework.leads():
        framework.save(net, out / WEIGHTS)
    write(history, **history.to_list()[-1], confusion=confusion(y, y_hat, recipe.classes))
    framework.wait_for_all()
    return load_run(out)


def _stopped(framework, net, out: Path) -> Stopped:
    """Save what was learned, as far as it came."""
    weights, kept = out / WEIGHTS, "nothing was learned yet"
    weights.parent.mkdir(parents=True, exist_ok=True)
    if framework.save(net, weights):
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


def _found(out: Path, belongs_to: dict, resume: bool, engine: str) -> dict | None:
    """The record that is to be gone on with; None where there is none."""
    from ..train.checkpoints import check_same  # here, as it needs NumPy

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
    run = load_run(out)
    settings = run.record["settings"]
    trained_by = settings.get("engine", "mxnet")
    if trained_by != engine:
        raise ConfigError(
            f"{out}: holds a run of the engine {trained_by}; expected one of {engine}. Resume it "
            f"with --engine {trained_by}, or use another --out."
        )
    there = identity(run.recipe, settings["data"], settings["seed"], run.record["data"])
    check_same(out, there, belongs_to)
    return run.record


def _earlier(found: dict | None, record: dict) -> dict:
    """What the epochs that are done were trained with, where `record` names something else."""
    if found is None:
        return {}
    parts = found.get("earlier", [])
    trained_with = {key: found[key] for key in ("settings", "machine", "commit")}
    if not trained_with.items() <= record.items():
        parts = [*parts, {"epochs": len(found["history"]), **trained_with}]
    return {"earlier": parts} if parts else {}


def identity(recipe: Recipe, data: str, seed: int, images: dict) -> dict:
    """What must be the same where a training is gone on with.

    A number of epochs that changes no step may be another.
    """
    plain = recipe.to_dict()
    if recipe.schedule == "constant" and not recipe.sides:
        del plain["num_epochs"]
    label = "{label}, SHA-256 {sha256}".format(**images)
    return {"recipe": plain, "data": data, "seed": seed, "images": label}
