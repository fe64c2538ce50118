"""The net of a recipe in PyTorch, with the same functions as `on_gluon`.

The weights are written as Gluon's, `net.params`, so that whatever reads a run reads this one.
"""

from ..errors import ConfigError, DataError
from ..train import Recipe, torch_workers
from ..train.torch_engine import fit as fit_twin
from ..train.torch_engine import gpu, precision, predict, rates, recalibrate
from ..twins._torch import find_device
from ..twins.begin import freeze, initialize, take_features, zero_last_gamma
from ..twins.params import read_params, write_params
from ..twins.places import entering
from ..twins.torch import Twin, build, gluon_arrays, load_gluon_arrays
from .parts import architecture_of, iterators
from .records import recorded, weights_of

__all__ = [
    "begin",
    "counts",
    "find_device",
    "fit",
    "gpu",
    "images",
    "leads",
    "learner",
    "precision",
    "predict",
    "rates",
    "read",
    "recalibrate",
    "save",
    "usual",
    "wait_for_all",
    "workers",
]

usual = find_device
wait_for_all, workers = torch_workers.wait_for_all, torch_workers.workers


def images(recipe: Recipe, data: str, seed: int, device):
    """The training and test iterators of a recipe, whose images lie on the device."""
    return iterators(recipe, data, seed, torch_device=device)


def begin(recipe: Recipe, seed: int, device, dataset) -> Twin:
    """The twin as a training on a data set begins with it."""
    net = architecture_of(recipe)
    images = getattr(dataset, "train_images", None)  # photographs, which are not kept, have three
    channels = 3 if images is None else images.shape[1]
    twin = build(net, input_shape=(channels, *net.input_shape[1:]))
    initialize(twin, recipe.initializer, seed)
    if recipe.zero_gamma:
        zero_last_gamma(twin)
    if recipe.start:
        weights = weights_of(recorded(recipe.start))
        try:
            take_features(twin, read_params(weights))
        except ConfigError as error:
            raise DataError(f"{weights}: {error}") from error
    if recipe.frozen:
        freeze(twin)
    return twin.to(device)


def leads() -> bool:
    """Whether this process, of several that torchrun started, writes the record."""
    return torch_workers.number() == 0


def learner(net: Twin, recipe: Recipe, iterators, device) -> tuple:
    """The whole twin: what is frozen is computed in each step."""
    return net, *iterators


def fit(net: Twin, *iterators, kvstore: str = "device", **options):
    """`torch_engine.fit`, which combines the gradients of one device."""
    if kvstore != "device":
        raise ConfigError(f"kvstore {kvstore!r}: with PyTorch; expected none. Leave --kvstore out.")
    return fit_twin(net, *iterators, **options)


def read(recipe: Recipe, weights, device) -> Twin:
    """The twin with the weights in a file, or a DataError where they do not fit."""
    net, arrays = architecture_of(recipe), read_params(weights)
    twin = build(net, input_shape=entering(net, arrays))
    try:
        load_gluon_arrays(twin, arrays)
    except ConfigError as error:
        raise DataError(
            f"{weights}: {error} They should be those of {recipe.architecture}. Train again."
        ) from error
    return twin.to(device)


def save(net: Twin, path) -> bool:
    """Write the weights as Gluon's."""
    write_params(path, gluon_arrays(net))
    return True


def counts(net: Twin) -> dict[str, int]:
    """Numbers in a twin: `params` (trained) and `buffers` (running statistics)."""
    buffers = [b for name, b in net.named_buffers() if not name.endswith("num_batches_tracked")]
    return {
        "params": sum(p.numel() for p in net.parameters() if p.requires_grad),
        "buffers": sum(b.numel() for b in buffers),
    }
