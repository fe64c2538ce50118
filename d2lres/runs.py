"""Recorded runs: train a recipe and write down everything that decided the result.

A run is a folder with `run.json`; the chapters plot those files.  A figure that nobody ran has no
file to come from.

Explained in the chapter "Training on Fashion-MNIST".
"""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import ConfigError, DataError, Stopped, unknown_name
from .files import write_whole
from .history import History
from .processor import processor_name, usable_cores
from .recipes import Recipe

WEIGHTS, CHECKPOINT = "net.params", "checkpoint"


@dataclass(frozen=True)
class Run:
    """A recorded run: `folder`, the `record` (run.json as read) and its `history`."""

    folder: Path
    record: dict
    history: History

    @property
    def recipe(self) -> Recipe:
        """The recipe that was trained."""
        return Recipe(**self.record["recipe"])

    @property
    def normalization(self) -> tuple | None:
        """The means and the deviations of the channels that its images were normalized with."""
        found = self.record["normalization"]
        return found and (tuple(found["means"]), tuple(found["deviations"]))


def load_run(folder) -> Run:
    """Read a recorded run.  Raises DataError when `folder` holds none, or a damaged one."""
    path = Path(folder) / "run.json"
    try:
        record = json.loads(path.read_text())
        run = Run(Path(folder), record, History.from_list(record["history"]))
        run.recipe  # noqa: B018  # which fails here, and not later, where it is none
        return run
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file; expected a recorded run. `d2lres train RECIPE --out {folder}` "
            "makes one."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: {error}; expected a recorded run. Record it again.") from error


#: Where the book's recorded runs lie: in a checkout, and in an installed package.
RECORDED = (Path(__file__).parents[1] / "runs", Path(__file__).parent / "recorded")


def recorded(name: str) -> Run:
    """The run called `name` of those that come with the book.

    Raises ConfigError, naming the nearest, where there is none; DataError for a damaged one.
    Chapter "Training on Fashion-MNIST".
    """
    folders = {
        path.parent.relative_to(root).as_posix(): path.parent
        for root in RECORDED
        for path in root.rglob("run.json")
    }
    if name not in folders:
        raise unknown_name("recorded run", name, sorted(folders))
    return load_run(folders[name])


def iterators(recipe: Recipe, data: str, seed: int):
    """The training and test iterators of a recipe."""
    from .data import BatchIterator, load
    from .data.augment import augmentation
    from .data.folder import PhotoIterator, photographs

    if recipe.dataset == "imagenet":
        root, batch_size = photographs("imagenet"), recipe.batch_size
        train_iter = PhotoIterator(root, "train", batch_size, recipe.side, shuffle=True, seed=seed)
        return train_iter, PhotoIterator(root, "val", batch_size, recipe.resize, augment=False)
    dataset = load(recipe.dataset, data=data)
    if recipe.only:
        dataset = dataset.only(recipe.only)
    if recipe.images is not None:
        dataset = dataset.first(recipe.images)
    if recipe.jpeg is not None:
        dataset = dataset.compressed(recipe.jpeg)
    statistics = dataset.statistics()
    border = [round(255 * mean) for mean in statistics[0]]
    normalize = statistics if recipe.normalize else None
    train_iter = BatchIterator(
        dataset,
        "train",
        recipe.batch_size,
        resize=recipe.side,
        shuffle=True,
        seed=seed,
        augment=augmentation(recipe.augment, border),
        normalize=normalize,
    )
    return train_iter, BatchIterator(
        dataset, "test", recipe.batch_size, resize=recipe.resize, normalize=normalize
    )


def normalization(train_iter) -> dict | None:
    """The means and deviations of the channels that the images of a recipe are normalized with."""
    if not train_iter.normalize:
        return None
    return dict(zip(("means", "deviations"), map(list, train_iter.normalize), strict=True))


def build_net(recipe: Recipe):
    """The net of a recipe, not yet initialized."""
    from .models import build, zero_last_gamma

    options = {"version": recipe.version, "shortcut": recipe.shortcut}
    net = build(recipe.architecture, classes=recipe.classes, **options)
    if recipe.zero_gamma:
        zero_last_gamma(net)
    return net


def initializer(recipe: Recipe):
    """Gluon's initializer for a recipe: Xavier's, or He's for ReLU (He et al., 2015)."""
    from ._mxnet import init

    he = init.MSRAPrelu(factor_type="in", slope=0)
    return {"xavier": init.Xavier(), "he": he}[recipe.initializer]


def load_features(net, run: Run, device=None) -> None:
    """Give a net the weights of a recorded run of the same architecture, all but the head's.

    Arguments: `net`, initialized, with any number of classes; `run`, which kept its weights.
    Raises DataError where the run kept none, or where they do not fit.
    Chapter "Transfer learning".
    """
    from ._mxnet import mx, try_gpu

    weights = weights_of(run)
    try:
        trained = build_net(run.recipe)
        trained.load_parameters(str(weights), ctx=device or try_gpu())
        for ours, theirs in zip(net[:-1], trained[:-1], strict=True):
            found = theirs.collect_params().values()
            for parameter, other in zip(ours.collect_params().values(), found, strict=True):
                parameter.set_data(other.data())
    except (AssertionError, ValueError, mx.MXNetError) as error:
        raise DataError(
            f"{weights}: {error}; expected weights that fit the net. Take a run of the same "
            "architecture."
        ) from error


def weights_of(run: Run) -> Path:
    """The file with the weights of a recorded run, or a DataError where it kept none."""
    weights = run.folder / WEIGHTS
    if not weights.exists():
        raise DataError(
            f"{weights}: no such file; expected the weights of the run. Few are kept beside "
            "run.json: record it again with `d2lres train` or `d2lres experiments run`."
        )
    return weights


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
    Raises ConfigError when `out` holds a run that is not to be resumed, or one of another recipe.
    Chapter "Training on Fashion-MNIST".
    """
    from ._mxnet import mx, try_gpu  # here, so that reading a run needs no MXNet
    from .models import freeze, live_counts
    from .train import fit, predict

    out, device = Path(out), device or try_gpu()
    train_iter, test_iter = iterators(recipe, data, seed)
    recipe = recipe.changed(classes=len(train_iter.dataset.classes))
    _check_folder(out, recipe, data, seed, resume)
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
        "data": {"label": train_iter.dataset.label, "sha256": train_iter.dataset.sha256},
        "normalization": normalization(train_iter),
        "machine": machine(),
        "commit": commit(),
    }

    def write(history: History, **final):
        done = {**record, **live_counts(net), "history": history.to_list(), "final": final}
        _write_record(out, done, "Make room, then go on with --resume.")

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


def evaluate_run(folder, device=None) -> tuple[float, float, str]:
    """Test a recorded run's weights: (accuracy now, accuracy recorded, label of the data).

    Raises DataError when the run kept no weights, or when the data here is not the run's.
    Chapter "Training on Fashion-MNIST".
    """
    from .train import evaluate

    run, net, train_iter, test_iter = _trained(folder, device)
    return evaluate(net, test_iter), run.record["final"]["test_acc"], train_iter.dataset.label


def recalibrate_run(folder, device=None) -> Run:
    """Test a recorded run's weights with the statistics of BN measured anew, and note the result.

    It is added to the record, as "recalibrated"; the weights in the folder stay as they are.
    Raises as `evaluate_run` does.  Chapter "Training on Fashion-MNIST".
    """
    from .train import evaluate, recalibrate

    run, net, train_iter, test_iter = _trained(folder, device)
    train_iter.epoch = run.recipe.num_epochs  # an order that the training did not have
    images = recalibrate(net, train_iter)
    found = {"images": images, "test_acc": evaluate(net, test_iter)}
    _write_record(run.folder, {**run.record, "recalibrated": found}, "Make room, and try again.")
    return load_run(folder)


def _trained(folder, device=None):
    """(run, net, training iterator, test iterator) of a recorded run that kept its weights."""
    from ._mxnet import mx, try_gpu

    run = load_run(folder)
    weights = weights_of(run)
    recipe, settings = run.recipe, run.record["settings"]
    train_iter, test_iter = iterators(recipe, settings["data"], settings["seed"])
    dataset = train_iter.dataset
    if dataset.sha256 != run.record["data"]["sha256"]:
        raise DataError(
            f"{recipe.dataset}: {dataset.label} differs from the data of the run, "
            f"{run.record['data']['label']}; expected the same. Fetch that one."
        )
    net = build_net(recipe)
    try:
        net.load_parameters(str(weights), ctx=device or try_gpu())
    except (AssertionError, ValueError, mx.MXNetError) as error:
        raise DataError(
            f"{weights}: {error}; expected the weights of {recipe.architecture}. Train again."
        ) from error
    net.hybridize(static_alloc=True)
    return run, net, train_iter, test_iter


def _write_record(folder: Path, record: dict, advice: str) -> None:
    write_whole(folder / "run.json", (json.dumps(record, indent=1) + "\n").encode(), advice)


def confusion(y, y_hat, classes: int) -> list[list[int]]:
    """Row i, column j: how many images of class i were taken for class j."""
    table = [[0] * classes for _ in range(classes)]
    for true, predicted in zip(y.tolist(), y_hat.tolist(), strict=True):
        table[true][predicted] += 1
    return table


def _check_folder(out: Path, recipe: Recipe, data: str, seed: int, resume: bool) -> None:
    if not (out / "run.json").exists():
        return
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
    wanted = {"recipe": recipe, "data": data, "seed": seed}
    there = {
        "recipe": same_course(Recipe(**found["recipe"]), recipe),
        "data": found["settings"]["data"],
        "seed": found["settings"]["seed"],
    }
    for key, value in wanted.items():
        if there[key] != value:
            raise ConfigError(
                f"{out}: holds a run with {key} {there[key]}; expected {value}. "
                "Resume it with its own settings, or use another --out."
            )


def same_course(found: Recipe, wanted: Recipe) -> Recipe:
    """A recorded recipe with the number of epochs that is wanted, where that changes no step."""
    if found.schedule == wanted.schedule == "constant":
        return found.changed(num_epochs=wanted.num_epochs)
    return found


def machine() -> dict:
    """The versions and the processor that a run was made with."""
    from importlib.metadata import PackageNotFoundError, version

    def installed(package):
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    return {
        "python": platform.python_version(),
        **{package: installed(package) for package in ("mxnet", "numpy", "d2l")},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": usable_cores(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "OMP_PROC_BIND": os.environ.get("OMP_PROC_BIND"),
    }


def commit() -> str | None:
    """The commit of the source that runs, with "+" where its files differ from it, or None."""
    here = Path(__file__).parent

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("diff", "HEAD", "--name-only", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
