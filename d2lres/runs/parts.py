"""What a recipe trains: the images in batches, and the net as it begins."""

import os

from ..errors import ConfigError
from ..structure import Architecture, architecture, without_norm
from ..train import Recipe

# What is done to all photographs, and what to none.
ALWAYS = {"augment": ("crop", "flip"), "normalize": True}
NEVER = {"only": (), "images": None, "draw": 0, "validation": False}


def with_photographs(recipe: Recipe, folder) -> Recipe:
    """The recipe for photographs in `folder` in place of its own images.

    Arguments: `folder`, which holds train/CLASS and val/CLASS, or train.rec and val.rec.
    They come at the side that the recipe's own images have, are cut and mirrored at random, and
    normalized; the recipe says so then.
    Raises ConfigError for a home folder of nobody.
    Chapter "Images, targets and seeds".
    """
    from ..data import SETS
    from ..data.find import expanded

    side = recipe.resize
    if side is None and recipe.dataset in SETS:
        side = SETS[recipe.dataset].image_shape[-1]
    dataset = str(expanded(folder, "--data-folder"))
    return recipe.changed(dataset=dataset, resize=side, **ALWAYS)


def iterators(recipe: Recipe, data: str, seed: int, torch_device=None):
    """The training and test iterators of a recipe; with `validation`, those images are its test.

    Arguments: `data`, "full" or "sample", as for `data.load`; `seed`, of the order of the images;
    `torch_device`, where PyTorch has the images (None: MXNet has them).
    Raises ConfigError where the recipe or `data` asks for what its images do not have.
    """
    from ..data import check_arguments, load

    check_arguments(recipe.batch_size, recipe.resize, seed)  # at once, before the data is read
    if recipe.dataset == "imagenet" or os.path.isabs(recipe.dataset):
        _check_photographs(recipe, data)
        from ..data import photographs
        from ..data.folder import described

        root, own = photographs(recipe.dataset), {"batch_size": recipe.batch_size}
        if torch_device is None:
            from ..data import PhotoIterator as Batches
        else:
            from ..data import TorchPhotos as Batches

            own["device"] = torch_device
        train_iter = Batches(root, "train", side=recipe.side, shuffle=True, seed=seed, **own)
        classes = train_iter.dataset.classes
        test_iter = Batches(root, "val", side=recipe.resize, augment=False, classes=classes, **own)
        # What a record says of the data covers the images that it is tested on.
        both = described(train_iter.root, train_iter.source, test_iter.source)
        train_iter.dataset = test_iter.dataset = both
        return train_iter, test_iter
    dataset = load(recipe.dataset, data=data)
    if recipe.validation:
        dataset = dataset.validation()
    if recipe.only:
        dataset = dataset.only(recipe.only)
    if recipe.images is not None:
        dataset = dataset.first(recipe.images, recipe.draw)
    statistics = dataset.statistics()
    border = [round(255 * mean) for mean in statistics[0]]
    own = {"normalize": statistics if recipe.normalize else None}
    if torch_device is None:
        from ..data import BatchIterator as Batches
        from ..data import augmentation

        changes = {"augment": augmentation(recipe.augment, border)}
    else:
        from ..data import TorchBatches as Batches

        own["device"] = torch_device
        changes = {"augment": recipe.augment, "fill": border}
    train = (dataset, "train", recipe.batch_size, recipe.side)
    test = (dataset, "test", recipe.batch_size, recipe.resize)
    return Batches(*train, shuffle=True, seed=seed, **changes, **own), Batches(*test, **own)


def _check_photographs(recipe: Recipe, data: str) -> None:
    """A record must not name what a PhotoIterator does not do."""
    if data != "full":
        raise ConfigError(
            f"data {data!r} of {recipe.dataset}: it has no sample; expected 'full', the "
            "photographs in a folder of yours. Leave --data out and name the folder with "
            "--data-folder, or take a recipe for cifar-10, which has a sample."
        )
    for name, expected in (ALWAYS | NEVER).items():
        found = getattr(recipe, name)
        if found != expected:
            raise ConfigError(
                f"recipe {recipe.name}: {name} = {found!r} for photographs; expected {expected!r}. "
                "Leave it out, or choose among the photographs in the folder."
            )


def normalization(train_iter) -> dict | None:
    """The means and deviations of the channels that the images of a recipe are normalized with."""
    if not train_iter.normalize:
        return None
    return dict(zip(("means", "deviations"), map(list, train_iter.normalize), strict=True))


def architecture_of(recipe: Recipe) -> Architecture:
    """What the net of a recipe is, as data."""
    net = architecture(recipe.architecture, recipe.classes, recipe.version, recipe.shortcut)
    return net if recipe.norm else without_norm(net)
