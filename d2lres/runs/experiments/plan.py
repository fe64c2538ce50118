"""Which nets are trained, how often, and to answer what."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import unknown_name
from ...train import Recipe, find_recipe


@dataclass(frozen=True)
class Experiment:
    """What is asked, and the runs that answer it.

    `engine`, which trains them; `minutes`: about so long, with MXNet on two cores, with PyTorch
    ("torch") on the GPU of a data centre.  `weights`: whether those of the first seed are kept.
    `data`: "full", or "sample" where the shipped sample is enough.  `draws`: whether each seed
    draws images of its own, where a recipe takes some.
    """

    name: str
    question: str
    recipes: tuple[Recipe, ...]
    seeds: tuple[int, ...] = (0,)
    minutes: int = 0
    engine: str = "mxnet"
    weights: bool = False
    data: str = "full"
    draws: bool = False

    def runs(self) -> Iterator[tuple[str, Recipe, int]]:
        """(name, recipe, seed) of each run: all recipes with one seed, then with the next."""
        for seed in self.seeds:
            for recipe in self.recipes:
                recipe = recipe.changed(draw=seed) if self.draws else recipe
                yield f"{recipe.name}-{seed}", recipe, seed


# Where nets are compared: three seeds, a fixed fifth of CIFAR-10, at half its height and width.
SEEDS = (0, 1, 2)
SHORT = find_recipe("cifar10-fast").changed(
    images=10_000,
    validation=True,
    resize=16,
    sides=(),
    num_epochs=15,
    test_every=15,
    lr=0.1,
)


def short(name: str, **changes) -> Recipe:
    """The short recipe with what makes the net or the training called `name`."""
    return SHORT.changed(name=f"short/{name}", source="cifar10-fast, shortened", **changes)


# On all of CIFAR-10, as `cifar10-fast` is; the test images are asked once, at the end.
def whole(name: str, recipe: str = "cifar10-fast", **changes) -> Recipe:
    """A recipe on all images with what makes the net or the training called `name`."""
    recipe = find_recipe(recipe).changed(name=name, **{"source": recipe, **changes})
    return recipe.changed(test_every=recipe.num_epochs)


# With shortcuts and without, of two depths.
PAIRS = ("resnet20", "plain20", "resnet56", "plain56")


def full(name: str, **changes) -> Recipe:
    """`cifar10-fast` for ResNet-20 in 20 epochs at 32x32, a tenth of the images held out."""
    options = {"num_epochs": 20, "sides": (), "validation": True, **changes}
    return whole(f"full/{name}", **options)


def candidate(name: str, architecture: str, **changes) -> Recipe:
    """`cifar10-long` for another net, a tenth of the images held out."""
    options = {"architecture": architecture, "validation": True, **changes}
    return whole(f"choice/{name}", "cifar10-long", **options)


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
        test_every=1,
        source="cifar10-fast, shortened, on images that stay as they are",
        **harder,
    )


# The classes of CIFAR-10 in two halves, animals and vehicles in both: one to learn, one to come to.
HALVES = {
    "first": ("airplane", "automobile", "cat", "deer", "frog"),
    "second": ("bird", "dog", "horse", "ship", "truck"),
}


def ways(half: str, other: str) -> Iterator[Recipe]:
    """How to learn one half of the classes from few images, with what was learned from another.

    A head alone is a logistic regression, trained to its optimum.  Its decay is the validation
    images' choice: of 0.0005, 0.002, 0.005, 0.02, 0.05 and 0.2, the best was the one next to
    1 / images, with 100, with 500 and with 2,500 images.
    """
    start = f"halves/{other}-0"
    for images, batch_size in ((100, 20), (500, 50), (2500, 100)):
        for way, changes in {
            "scratch": {},
            "scratch-long": {"num_epochs": 200},
            "head": {
                "start": start,
                "frozen": True,
                "augment": (),
                "num_epochs": 400,
                "lr": 0.2,
                "weight_decay": 1 / images,
            },
            "fine-tuned": {"start": start, "lr": 0.02},
        }.items():
            yield half_recipe(
                f"{half}-{way}-{images}",
                half,
                images=images,
                batch_size=batch_size,
                **{"num_epochs": 20, **changes},
            )


def half_recipe(name: str, half: str, **changes) -> Recipe:
    """The short recipe for one half of the classes; the test images are asked once."""
    num_epochs = changes.get("num_epochs", SHORT.num_epochs)
    options = {"only": HALVES[half], "validation": False, "test_every": num_epochs, **changes}
    return short(name, **options).changed(name=f"halves/{name}")


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
            minutes=35,
            weights=True,
        ),
        Experiment(
            "reference",
            "How far does d2l's setting come, at 96x96?",
            (find_recipe("fashion-mnist-reference"),),
            minutes=105,
        ),
        Experiment(
            "renewed",
            "And with new statistics of batch normalization at every epoch?",
            (find_recipe("fashion-mnist-reference").changed(name="renewed", recalibrated=True),),
            (1,),
            minutes=2,
            engine="torch",
        ),
        Experiment(
            "cifar10",
            "How good is ResNet-20 after an hour on two cores?",
            (find_recipe("cifar10-fast"),),
            minutes=60,
            weights=True,
        ),
        Experiment(
            "cifar10-long",
            "And after twice as many epochs?",
            (find_recipe("cifar10-long"),),
            minutes=110,
        ),
        Experiment(
            "degradation",
            "Does a deeper net reach a lower training error, with shortcuts and without?",
            tuple(map(memorize, ("plain20", "plain44", "resnet20", "resnet44"))),
            SEEDS,
            minutes=40,
            weights=True,
        ),
        Experiment(
            "rates",
            "Without normalization, is there a learning rate at which a plain net learns?",
            tuple(
                memorize("plain20").changed(
                    name=f"rates/{'norm' if norm else 'bare'}-{initializer}-{lr}",
                    norm=norm,
                    initializer=initializer,
                    lr=lr,
                    test_every=15,
                )
                for norm in (True, False)
                for initializer in ("he", "xavier")
                for lr in (0.001, 0.005, 0.02, 0.1)
            ),
            SEEDS,
            minutes=55,
        ),
        Experiment(
            "layers",
            "Does depth help on all of CIFAR-10, with shortcuts and without?",
            tuple(whole(f"layers/{net}", architecture=f"cifar-{net}") for net in PAIRS),
            SEEDS,
            minutes=25,
            engine="torch",
        ),
        Experiment(
            "between",
            "And what does each depth between bring, and beyond?",
            tuple(
                whole(f"layers/{net}", architecture=f"cifar-{net}")
                for net in ("resnet32", "resnet44", "resnet110")
            ),
            SEEDS,
            minutes=30,
            engine="torch",
        ),
        Experiment(
            "depth",
            "And with MXNet, on two cores?",
            tuple(
                whole(
                    f"depth/{name}",
                    source="cifar10-fast; no test before the last epoch",
                    **net,
                )
                for name, net in {
                    "resnet20": {},
                    "plain20": {"architecture": "cifar-plain20"},
                    "resnet56": {"architecture": "cifar-resnet56"},
                    "resnet20-no-relu": {"version": "v1-no-relu"},
                    "resnet20-one-norm": {"version": "v1-one-norm"},
                }.items()
            ),
            SEEDS,
            minutes=730,
            weights=True,
        ),
        Experiment(
            "choice",
            "Does a net that two cores can train overnight reach 0.93 on images held out?",
            (candidate("wrn-16-2", "wrn-16-2"),),
            SEEDS,
            minutes=8,
            engine="torch",
        ),
        Experiment(
            "overnight",
            "And how good is it, trained on all images and tested once?",
            (whole("overnight/wrn-16-2", "cifar10-long", architecture="wrn-16-2"),),
            SEEDS,
            minutes=8,
            engine="torch",
        ),
        Experiment(
            "full-recipe",
            "Which parts of the recipe carry the result on all of CIFAR-10?",
            (
                full("base"),
                full("growing", num_epochs=34, sides=((0, 16), (14, 24), (23, 32))),
                full("no-augmentation", augment=()),
                full("no-momentum", momentum=0.0),
                full("no-momentum-lr-2", momentum=0.0, lr=2.0),  # as long a way in the end
                full("constant-rate", schedule="constant", lr=0.1),  # the mean of the course
                full("no-smoothing", label_smoothing=0.0),
                full("no-decay", weight_decay=0.0),
                full("mixup", mixup=0.2),
            ),
            SEEDS,
            minutes=30,
            engine="torch",
        ),
        Experiment(
            "shortcuts",
            "Which shortcut is best?",
            (RESNET20, *(short(f"shortcut-{letter}", shortcut=letter) for letter in "BC")),
            SEEDS,
            minutes=13,
        ),
        Experiment(
            "versions",
            "Is pre-activation better than the paper's first order?",
            (RESNET20, short("no-relu", version="v1-no-relu"), short("v2", version="v2")),
            SEEDS,
            minutes=9,
        ),
        Experiment(
            "ablation",
            "Which parts of the recipe carry the result?",
            (
                RESNET20,
                short("no-augmentation", augment=()),
                short("no-momentum", momentum=0.0),
                short("no-momentum-lr-1", momentum=0.0, lr=1.0),  # as long a way in the end
                short("lr-0.2", lr=0.2),
                short("constant-rate", schedule="constant"),
                short("no-decay", weight_decay=0.0),
                short("decay-everywhere", decay_norm=True),
                short("no-smoothing", label_smoothing=0.0),
                short("xavier", initializer="xavier"),
                short("zero-gamma", zero_gamma=True),
                short("mixup", mixup=0.2),
            ),
            SEEDS,
            minutes=47,
        ),
        Experiment(
            "depth-or-width",
            "Where do the same multiplications help more?",
            tuple(short(net, architecture=net) for net in ("wrn-46-1", "wrn-10-3")),
            SEEDS,
            minutes=18,
        ),
        Experiment(
            "halves",
            "What does a net learn from each half of the classes?",
            tuple(half_recipe(half, half, images=None) for half in HALVES),
            minutes=6,
            weights=True,
        ),
        Experiment(
            "transfer",
            "How many images of one half is it worth to have learned the other?",
            (*ways("second", "first"), *ways("first", "second")),
            tuple(range(6)),
            minutes=70,
            draws=True,
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
