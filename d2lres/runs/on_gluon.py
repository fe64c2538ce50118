"""The net of a recipe in MXNet: how it begins, is trained, tested, saved and read again."""

from ..errors import DataError
from ..live import build, find_device, freeze, init, live_counts, mx, try_gpu, zero_last_gamma
from ..train import Recipe, fit, predict
from .parts import iterators
from .records import Run, recorded, weights_of

__all__ = [
    "begin",
    "counts",
    "find_device",
    "fit",
    "images",
    "leads",
    "predict",
    "read",
    "save",
    "usual",
    "wait_for_all",
]

counts, usual = live_counts, try_gpu


def leads() -> bool:
    """Every worker of MXNet has a folder of its own."""
    return True


def wait_for_all() -> None:
    """Each is done when it is done."""


def images(recipe: Recipe, data: str, seed: int, device):
    """The training and test iterators of a recipe."""
    return iterators(recipe, data, seed)


def begin(recipe: Recipe, seed: int, device, dataset):
    """The net as a training begins with it; the first batch tells how many channels enter."""
    mx.random.seed(seed)
    net = build_net(recipe)
    net.initialize(initializer(recipe), ctx=device)
    if recipe.start:
        load_features(net, recorded(recipe.start), device)
    if recipe.frozen:
        freeze(net)
    return net


def read(recipe: Recipe, weights, device):
    """The net with the weights in a file, or a DataError where they do not fit."""
    net = build_net(recipe)
    try:
        net.load_parameters(str(weights), ctx=device)
    except (AssertionError, ValueError, mx.MXNetError) as error:
        raise DataError(
            f"{weights}: {error}; expected the weights of {recipe.architecture}. Train again."
        ) from error
    net.hybridize(static_alloc=True)
    return net


def save(net, path) -> bool:
    """Write the weights, where there are any yet."""
    if any(parameter._data is None for parameter in net.collect_params().values()):
        return False
    net.save_parameters(str(path))
    return True


def build_net(recipe: Recipe):
    """The net of a recipe, not yet initialized."""
    options = {"version": recipe.version, "shortcut": recipe.shortcut}
    net = build(recipe.architecture, classes=recipe.classes, **options)
    if recipe.zero_gamma:
        zero_last_gamma(net)
    return net


def initializer(recipe: Recipe):
    """Gluon's initializer for a recipe: Xavier's, or He's for ReLU (He et al., 2015)."""
    he = init.MSRAPrelu(factor_type="in", slope=0)
    return {"xavier": init.Xavier(), "he": he}[recipe.initializer]


def load_features(net, run: Run, device=None) -> None:
    """Give a net the weights of a recorded run of the same architecture, all but the head's.

    Arguments: `net`, initialized, with any number of classes; `run`, which kept its weights.
    Raises DataError where the run kept none, or where they do not fit.
    Chapter "Transfer learning".
    """
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
