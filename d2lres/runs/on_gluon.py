"""The net of a recipe in MXNet: how it begins, is trained, tested, saved and read again."""

from ..errors import DataError
from ..live import build, find_device, freeze, init, live_counts, mx, try_gpu, zero_last_gamma
from ..train import Recipe, fit, predict, recalibrate
from ..train.gluon_engine import rates
from .parts import architecture_of, iterators
from .records import Run, recorded, weights_of

__all__ = [
    "begin",
    "counts",
    "find_device",
    "fit",
    "images",
    "leads",
    "learner",
    "predict",
    "rates",
    "read",
    "recalibrate",
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


def learner(net, recipe: Recipe, iterators, device) -> tuple:
    """What is trained, and the training and test batches for it.

    Where the features stay as they are, and the images do, too, that is the head alone, on features
    that are computed once, in the batches of the first epoch.
    """
    images_change = recipe.augment or recipe.sides or recipe.mixup
    if not recipe.frozen or images_change:
        return net, *iterators
    kept = ([(net[:-1](X.as_in_ctx(device)), y) for X, y in each] for each in iterators)
    return net[-1], *kept


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
    net = build(architecture_of(recipe))
    if recipe.zero_gamma:
        zero_last_gamma(net)
    return net


def initializer(recipe: Recipe):
    """Gluon's initializer for a recipe: Xavier's, or He's for ReLU (He et al., 2015)."""
    he = init.MSRAPrelu(factor_type="in", slope=0)
    return {"xavier": init.Xavier(), "he": he}[recipe.initializer]


def trained_net(run: Run, device=None):
    """The net of a recorded run with its weights, hybridized.

    Argument: `run`, which kept its weights; `device`, the GPU where there is one by default.
    Raises DataError where the run kept none, or where they are not of its architecture.
    Chapter "The residual block".
    """
    return read(run.recipe, weights_of(run), device or try_gpu())


def load_features(net, run: Run, device=None) -> None:
    """Give a net the weights of a recorded run of the same architecture, all but the head's.

    Arguments: `net`, initialized, with any number of classes; `run`, which kept its weights.
    Raises DataError where the run kept none, or where they do not fit.
    Chapter "Transfer learning".
    """
    trained = trained_net(run, device)
    try:
        for ours, theirs in zip(net[:-1], trained[:-1], strict=True):
            found = theirs.collect_params().values()
            for parameter, other in zip(ours.collect_params().values(), found, strict=True):
                parameter.set_data(other.data())
    except (AssertionError, ValueError, mx.MXNetError) as error:
        raise DataError(
            f"{weights_of(run)}: {error}; expected weights that fit the net. Take a run of the "
            "same architecture."
        ) from error
