"""Training recipes: everything that decides a run, as frozen plain data.

Explained in the chapter "Training on Fashion-MNIST".
"""

from dataclasses import dataclass, replace

from .errors import ConfigError, unknown_name


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how.

    `resize` is the side in pixels that images are scaled to (None: as they are); `lr` is the
    learning rate of plain SGD on the mean loss of a batch.
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

    def __post_init__(self):
        for name in ("batch_size", "num_epochs", "lr"):
            if not getattr(self, name) > 0:
                raise ConfigError(
                    f"recipe {self.name}: {name} = {getattr(self, name)}; expected more than 0."
                )

    def changed(self, **changes) -> "Recipe":
        """The same recipe with some settings changed, such as `num_epochs=1`."""
        return replace(self, **changes)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "fashion-mnist-reference",
            architecture="resnet18",
            dataset="fashion-mnist",
            resize=96,
            batch_size=256,
            lr=0.05,
            num_epochs=10,
            source="the setting of d2l's ResNet section: SGD without momentum, Xavier",
        ),
        Recipe(
            "fashion-mnist-native",
            architecture="resnet18",
            dataset="fashion-mnist",
            batch_size=256,
            lr=0.05,
            num_epochs=10,
            source="the reference recipe on the images as they are, 28x28: minutes on two cores",
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
