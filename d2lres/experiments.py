"""The book's experiments as plain data: which nets are trained, how often, and to answer what.

An experiment is a list of recipes and seeds.  Its runs are recorded one after another, in
`runs/RECIPE-SEED`, and can be interrupted and continued at any point.  A run that answers two
questions is recorded once.

Explained in the chapters that show them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import unknown_name
from .recipes import Recipe, find_recipe
from .tables import Table

#: Weights of at most so many bytes can be kept beside a record, for the chapters to look into.
SMALL = 5_000_000


@dataclass(frozen=True)
class Experiment:
    """What is asked, and the runs that answer it.

    `minutes`: about so long, on two cores.  `weights`: whether those of the first seed are kept.
    `data`: "full", or "sample" where the shipped sample is enough.
    """

    name: str
    question: str
    recipes: tuple[Recipe, ...]
    seeds: tuple[int, ...] = (0,)
    minutes: int = 0
    weights: bool = False
    data: str = "full"

    def runs(self) -> Iterator[tuple[str, Recipe, int]]:
        """(name, recipe, seed) of each run: all recipes with one seed, then with the next."""
        for seed in self.seeds:
            for recipe in self.recipes:
                yield f"{recipe.name}-{seed}", recipe, seed


# Where nets are compared: three seeds, a fixed fifth of CIFAR-10, at half its height and width.
SEEDS = (0, 1, 2)
SHORT = find_recipe("cifar10-fast").changed(images=10_000, resize=16, num_epochs=15, lr=0.1)


def short(name: str, **changes) -> Recipe:
    """The short recipe with what makes the net or the training called `name`."""
    return SHORT.changed(name=f"short/{name}", source="cifar10-fast, shortened", **changes)


RESNET20 = short("resnet20")  # what the others are compared with


def memorize(net: str) -> Recipe:
    """Learn a fixed set of images as well as a net can: nothing that makes the training harder."""
    harder = {"augment": (), "label_smoothing": 0.0}
    name, architecture = f"degradation/{net}", f"cifar-{net}"
    return SHORT.changed(
        name=name,
        architecture=architecture,
        batch_size=64,
        lr=0.05,
        source="cifar10-fast, shortened, on images that stay as they are",
        **harder,
    )


# Five classes to learn from, and five that are held out: animals and vehicles among both.
PRETRAINED = ("airplane", "automobile", "cat", "deer", "frog")
HELD_OUT = ("bird", "dog", "horse", "ship", "truck")


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "sample",
            "Does a recorded run repeat on your machine?",
            (
                find_recipe("fashion-mnist-modern").changed(
                    name="sample",
                    architecture="cifar-resnet8",
                    num_epochs=2,
                    lr=0.05,
                    source="fashion-mnist-modern, for seconds on the sample",
                ),
            ),
            (0, 1),
            minutes=1,
            data="sample",
        ),
        Experiment(
            "fashion-mnist",
            "How far does a modern recipe come, with a net made for small images?",
            (find_recipe("fashion-mnist-modern"),),
            minutes=40,
            weights=True,
        ),
        Experiment(
            "reference",
            "How far does d2l's setting come, at 96x96?",
            (find_recipe("fashion-mnist-reference"),),
            minutes=105,
        ),
        Experiment(
            "cifar10",
            "How good is ResNet-20 after an hour on two cores?",
            (find_recipe("cifar10-fast"),),
            minutes=60,
            weights=True,
        ),
        Experiment(
            "compression",
            "What does JPEG of quality 75 cost, where the originals are at hand?",
            tuple(
                find_recipe("fashion-mnist-modern").changed(
                    name=f"compression/{name}",
                    architecture="cifar-resnet8",
                    jpeg=quality,
                    images=10_000,
                    num_epochs=6,
                    test_every=6,
                    source="fashion-mnist-modern, shortened",
                )
                for name, quality in (("original", None), ("jpeg-75", 75))
            ),
            SEEDS,
            minutes=20,
        ),
        Experiment(
            "degradation",
            "Does a deeper net reach a lower training error, with shortcuts and without?",
            tuple(map(memorize, ("plain20", "plain44", "resnet20", "resnet44"))),
            SEEDS,
            minutes=50,
            weights=True,
        ),
        Experiment(
            "shortcuts",
            "Which shortcut is best?",
            (RESNET20, *(short(f"shortcut-{letter}", shortcut=letter) for letter in "BC")),
            SEEDS,
            minutes=20,
        ),
        Experiment(
            "versions",
            "Is pre-activation better than the paper's first order?",
            (RESNET20, short("no-relu", version="v1-no-relu"), short("v2", version="v2")),
            SEEDS,
            minutes=20,
        ),
        Experiment(
            "ablation",
            "Which parts of the recipe carry the result?",
            (
                RESNET20,
                short("no-augmentation", augment=()),
                short("no-momentum", momentum=0.0),
                short("constant-rate", schedule="constant"),
                short("no-decay", weight_decay=0.0),
                short("decay-everywhere", decay_norm=True),
                short("no-smoothing", label_smoothing=0.0),
                short("xavier", initializer="xavier"),
                short("zero-gamma", zero_gamma=True),
                short("mixup", mixup=0.2),
            ),
            SEEDS,
            minutes=55,
        ),
        Experiment(
            "depth-or-width",
            "Where do the same multiplications help more?",
            tuple(short(net, architecture=net) for net in ("wrn-46-1", "wrn-10-3")),
            SEEDS,
            minutes=25,
        ),
        Experiment(
            "pretraining",
            "What does a net learn from five classes that helps with five others?",
            (short("pretrained", only=PRETRAINED, images=None),),
            minutes=6,
            weights=True,
        ),
        Experiment(
            "transfer",
            "Frozen, fine-tuned or from scratch: how many images does each need?",
            tuple(
                short(
                    f"{name}-{images}",
                    only=HELD_OUT,
                    images=images,
                    batch_size=batch_size,
                    num_epochs=20,
                    test_every=20,
                    lr=0.02 if start else 0.1,
                    start=start,
                    frozen=frozen,
                )
                for images, batch_size in ((100, 20), (500, 50), (2500, 100))
                for name, start, frozen in (
                    ("scratch", None, False),
                    ("frozen", "short/pretrained-0", True),
                    ("fine-tuned", "short/pretrained-0", False),
                )
            ),
            SEEDS,
            minutes=20,
        ),
    )
}


def experiment_names() -> list[str]:
    """Every name that `find_experiment` knows, in the order in which they are run."""
    return list(EXPERIMENTS)


def find_experiment(name: str) -> Experiment:
    """The experiment called `name`.  Raises ConfigError, naming the nearest, for another."""
    if name not in EXPERIMENTS:
        raise unknown_name("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]


def finished(folder: Path) -> bool:
    """Whether a folder holds a run that came to its end."""
    from .runs import load_run

    if not (folder / "run.json").exists():
        return False
    run = load_run(folder)
    return bool(run.record["final"]) and len(run.history.epochs) == run.recipe.num_epochs


def run_experiment(
    experiment: Experiment,
    out,
    *,
    data: str | None = None,
    device=None,
    say: Callable[[str], None] = print,
    progress: bool | None = None,
) -> None:
    """Record the runs of an experiment that are not recorded yet, under the folder `out`.

    Arguments: `data`, "full" or "sample" (None: the experiment's own); `device` and `progress` as
    in `fit`; `say`, which is told of every run.  A run that was interrupted goes on where it was.
    Raises what `train_recipe` raises.
    """
    from .runs import CHECKPOINT, WEIGHTS, train_recipe

    for name, recipe, seed in experiment.runs():
        folder = Path(out) / name
        if finished(folder):
            say(f"{name}: recorded already")
            continue
        say(f"{name}: {recipe.num_epochs} epochs")
        options = {"data": data or experiment.data, "device": device, "progress": progress}
        run = train_recipe(recipe, folder, seed=seed, resume=True, **options)
        last = run.history.epochs[-1]
        say(f"{name}: train {last.train_acc:.4f}, test {last.test_acc:.4f}")
        for file in (folder / CHECKPOINT).iterdir():  # its state served its purpose
            file.unlink()
        (folder / CHECKPOINT).rmdir()
        kept = experiment.weights and seed == experiment.seeds[0]
        if not kept or (folder / WEIGHTS).stat().st_size > SMALL:
            (folder / WEIGHTS).unlink()


# --- what is recorded ----------------------------------------------------------------------------


def recorded_runs(root) -> dict[str, list]:
    """The runs under a folder by name, those that differ in the seed alone together."""
    from .runs import load_run

    groups = {}
    for path in sorted(Path(root).rglob("run.json")):
        run = load_run(path.parent)
        name = path.parent.relative_to(root).as_posix()
        seed = f"-{run.record['settings']['seed']}"
        groups.setdefault(name.removesuffix(seed), []).append(run)
    return groups


def results(root) -> Table:
    """A row a net and data: epochs, and the last accuracies with their spread over the seeds.

    Argument: the folder that holds the runs.
    """
    rows = []
    for name, runs in recorded_runs(root).items():
        first, done = runs[0], min(len(run.history.epochs) for run in runs)
        epochs = (
            f"{done}" if done == first.recipe.num_epochs else f"{done}/{first.recipe.num_epochs}"
        )
        lasts = [run.history.epochs[-1] for run in runs]
        accuracies = (spread([e.train_acc for e in lasts]), spread([e.test_acc for e in lasts]))
        label, params = first.record["data"]["label"], f"{first.record['params']:,}"
        rows.append((name, label, str(len(runs)), epochs, params, *accuracies))
    header = ("run", "data", "seeds", "epochs", "params", "train accuracy", "test accuracy")
    return Table("Recorded runs: means, and the lowest and highest", header, tuple(rows), left=2)


def spread(values) -> str:
    """One value, or the mean of several with the lowest and the highest."""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.4f}"
    return f"{mean:.4f} ({min(values):.4f} to {max(values):.4f})"


MARK = "<!-- made by `d2lres experiments table` -->"


def tabulate(root) -> None:
    """Put the table of results at the end of the folder's README.md, in place of an older one."""
    from .checkpoints import write_whole

    readme = Path(root) / "README.md"
    text = readme.read_text() if readme.exists() else "# Recorded runs\n\n"
    text = f"{text.split(MARK)[0].rstrip()}\n\n{MARK}\n\n{results(root).to_markdown()}\n"
    write_whole(readme, text.encode())
