"""Training recipes: everything that decides a run, as frozen plain data.

Explained in the chapters "Training on Fashion-MNIST" and "A modern recipe, piece by piece".
"""

from dataclasses import asdict, dataclass, fields, replace

from ..errors import ConfigError, unknown_name
from .schedules import SCHEDULES, warmed

AUGMENTATIONS = ("crop", "flip")


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how.

    The net: `architecture`, `version` and `shortcut` (None: the usual), `classes`, `norm` (whether
    it has its normalizations), `zero_gamma` (let every residual branch begin at zero),
    `initializer` ("xavier" or "he").
    What it begins with: `start`, the name of a recorded run whose weights it takes, all but the
    head's; `frozen`, whether those stay as they are.  Where they stay, and the images do, too, the
    features are computed once.
    The images: `dataset`, `only` (the names of the classes that are used; none: all), `images` (the
    first so many of a shuffle; None: all), `draw` (which of many fixed shuffles), `validation`
    (whether a tenth of the training images is held out, and asked in place of the test images: so a
    setting is chosen), `resize` (side in pixels; None: as they are), `sides` (pairs of a number of
    epochs and the side that training images have once those are done; none: `resize`), `augment`
    (of "crop", a shift by up to 4 pixels, and "flip"), `normalize` (subtract the mean of each
    channel and divide by its deviation).
    The loss: `label_smoothing` (0 to 1), `mixup` (the alpha of its Beta distribution; 0: none).
    The steps: SGD with `momentum`, on the mean loss of `batch_size` images; `lr`, the highest
    learning rate, which is meant for `lr_batch` images and grows with the batch (None: it does
    not); `schedule`, its course, after `warmup` epochs of climbing from 0, which only batches of
    `warmup_from` images or more have; `weight_decay`, of all parameters or, without `decay_norm`,
    of weights alone: not of biases, gammas and betas.  `test_every`: after how many epochs the
    test images are asked; after the last one always.  `recalibrated`: whether they are asked a
    second time then, with the statistics of batch normalization measured anew.
    """

    name: str
    architecture: str
    dataset: str
    batch_size: int
    lr: float
    num_epochs: int
    resize: int | None = None
    classes: int = 10
    source: str = ""
    version: str | None = None
    shortcut: str | None = None
    norm: bool = True
    initializer: str = "xavier"
    zero_gamma: bool = False
    start: str | None = None
    frozen: bool = False
    only: tuple[str, ...] = ()
    images: int | None = None
    draw: int = 0
    validation: bool = False
    sides: tuple[tuple[int, int], ...] = ()
    augment: tuple[str, ...] = ()
    normalize: bool = False
    label_smoothing: float = 0.0
    mixup: float = 0.0
    momentum: float = 0.0
    lr_batch: int | None = None
    schedule: str = "constant"
    warmup: float = 0.0
    warmup_from: int = 1
    weight_decay: float = 0.0
    decay_norm: bool = True
    test_every: int = 1
    recalibrated: bool = False

    def __post_init__(self):
        for name in ("augment", "only"):  # JSON gives lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        pairs = all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in self.sides)
        self._require("sides", pairs, "pairs of an epoch and a side, such as ((0, 16), (5, 32))")
        object.__setattr__(self, "sides", tuple(map(tuple, self.sides)))
        for field in fields(self):
            kind = getattr(field.type, "__origin__", field.type)  # tuple, of tuple[str, ...]
            fits = isinstance(getattr(self, field.name), (int, float) if kind is float else kind)
            self._require(field.name, fits, f"a value of the type {field.type}")
        for name in ("batch_size", "num_epochs", "lr", "test_every"):
            self._require(name, getattr(self, name) > 0, "more than 0")
        for name in ("mixup", "weight_decay", "warmup", "draw"):
            self._require(name, getattr(self, name) >= 0, "0 or more")
        for name in ("label_smoothing", "momentum"):
            self._require(name, 0 <= getattr(self, name) < 1, "0 or more and less than 1")
        self._require("warmup", self.climb < self.num_epochs, f"less than {self.num_epochs}")
        starts = [start for start, _ in self.sides]
        in_turn = starts == sorted(set(starts)) and starts[:1] in ([], [0])
        self._require("sides", in_turn, "epochs from 0 on, each more than the one before")
        self._require("sides", all(side > 0 for _, side in self.sides), "sides of more than 0")
        for name, valid in (("schedule", SCHEDULES), ("initializer", ("xavier", "he"))):
            if getattr(self, name) not in valid:
                raise unknown_name(f"recipe {self.name}: {name}", getattr(self, name), valid)
        if self.frozen and not self.start:
            raise ConfigError(
                f"recipe {self.name}: frozen without a start; expected weights that were learned. "
                "Name a recorded run as `start`."
            )
        for name in self.augment:
            if name not in AUGMENTATIONS:
                raise unknown_name(f"recipe {self.name}: augment", name, AUGMENTATIONS)

    def _require(self, name, holds, expected):
        if not holds:
            raise ConfigError(
                f"recipe {self.name}: {name} = {getattr(self, name)}; expected {expected}."
            )

    def changed(self, **changes) -> "Recipe":
        """The same recipe with some settings changed, such as `num_epochs=1`.

        In a training of another length each of the `sides` keeps its share of the epochs.
        """
        num_epochs = changes.get("num_epochs", self.num_epochs)
        sides = {start * num_epochs // self.num_epochs: side for start, side in self.sides}
        return replace(self, **{"sides": tuple(sides.items()), **changes})

    def to_dict(self) -> dict:
        """Plain data, ready for JSON; what has its default is left out."""
        usual = {f.name: f.default for f in fields(self)}
        given = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items()}

    def side(self, epochs: int) -> int | None:
        """The side of a training image once so many epochs are done; None: as it is stored."""
        return next((side for start, side in reversed(self.sides) if epochs >= start), self.resize)

    @property
    def peak(self) -> float:
        """The highest learning rate, for the batch size that there is."""
        return self.lr * self.batch_size / (self.lr_batch or self.batch_size)

    @property
    def climb(self) -> float:
        """The epochs of warm-up that batches of this size have."""
        return self.warmup if self.batch_size >= self.warmup_from else 0.0

    def learning_rate(self, t: float) -> float:
        """The learning rate of the step that begins when `t` epochs are done.

        >>> find_recipe("imagenet-v1.5").changed(batch_size=256).learning_rate(0)
        0.256
        """
        return self.peak * warmed(SCHEDULES[self.schedule], t, self.num_epochs, self.climb)

    def fit_options(self) -> dict:
        """What the recipe tells `fit`, by the names of its arguments."""
        own = (
            "num_epochs", "momentum", "weight_decay", "decay_norm", "label_smoothing", "mixup",
            "test_every", "recalibrated",
        )  # fmt: skip
        return {"lr": self.learning_rate, **{name: getattr(self, name) for name in own}}


FASHION_MNIST = Recipe(
    "fashion-mnist-reference",
    architecture="resnet18",
    dataset="fashion-mnist",
    resize=96,
    batch_size=256,
    lr=0.05,
    num_epochs=10,
    source="the setting of d2l's ResNet section: SGD without momentum, Xavier",
)

CIFAR_10 = Recipe(
    "cifar10-paper",
    architecture="cifar-resnet20",
    dataset="cifar-10",
    augment=("crop", "flip"),
    normalize=True,
    initializer="he",
    batch_size=128,
    momentum=0.9,
    weight_decay=1e-4,
    lr=0.1,
    schedule="steps",
    num_epochs=164,  # 64,000 batches of 128 images
    source="He et al. (2015), section 4.2",
)

FAST = CIFAR_10.changed(
    name="cifar10-fast",
    schedule="one-cycle",
    weight_decay=5e-4,
    decay_norm=False,
    label_smoothing=0.1,
    lr=0.2,
    sides=((0, 16), (18, 24), (30, 32)),
    num_epochs=44,
    test_every=4,
    source="as good as one hour on two cores allows",
)


def deeper(depth: int, **changes) -> Recipe:
    """The paper's recipe for a deeper net."""
    name, architecture = f"cifar10-paper-{depth}", f"cifar-resnet{depth}"
    return CIFAR_10.changed(name=name, architecture=architecture, **changes)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        FASHION_MNIST,
        FASHION_MNIST.changed(
            name="fashion-mnist-native",
            resize=None,
            source="the reference recipe on the images as they are, 28x28: minutes on two cores",
        ),
        FAST.changed(
            name="fashion-mnist-modern",
            dataset="fashion-mnist",
            sides=(),
            num_epochs=15,
            test_every=1,
            source="a net, images and steps made for each other: 28x28, a stem that keeps them",
        ),
        CIFAR_10,
        deeper(32),
        deeper(56),
        deeper(
            110,
            warmup=1,
            source="He et al. (2015), section 4.2, an epoch of climbing for its 0.01 at first",
        ),
        FAST,
        FAST.changed(
            name="cifar10-long",
            num_epochs=88,
            source="cifar10-fast, twice as long",
        ),
        CIFAR_10.changed(
            name="cifar10-wide",
            architecture="wrn-16-8",
            schedule="cosine",
            weight_decay=5e-4,
            num_epochs=200,
            source="Zagoruyko and Komodakis (2016), section 3, with a cosine for its steps",
        ),
        Recipe(
            "imagenet-v1.5",
            architecture="resnet50",
            version="v1.5",
            dataset="imagenet",
            classes=1000,
            resize=224,
            augment=("crop", "flip"),
            normalize=True,
            zero_gamma=True,
            initializer="he",
            batch_size=256,
            momentum=0.875,
            weight_decay=1 / 32768,
            decay_norm=False,
            label_smoothing=0.1,
            mixup=0.2,
            lr=0.256,
            lr_batch=256,
            schedule="cosine",
            warmup=5,
            warmup_from=512,
            num_epochs=250,
            source="NVIDIA's ResNet-50 v1.5 for MXNet; without mixup for 50 or 90 epochs",
        ),
    )
}


def recipe_names() -> list[str]:
    """Every name that `find_recipe` knows."""
    return list(RECIPES)


def find_recipe(name: str) -> Recipe:
    """The recipe called `name`.  Raises ConfigError, naming the nearest, where there is none."""
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    return RECIPES[name]
