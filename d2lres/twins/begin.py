"""How a twin begins a training: Gluon's initializers, branches at zero, frozen features.

The counterparts of what `d2lres.live` and Gluon do; only the random numbers differ.
"""

from ..errors import ConfigError, unknown_name
from ._torch import nn, torch
from .torch import Residual, Twin, gluon_arrays, load_gluon_arrays

INITIALIZERS = {
    "xavier": nn.init.xavier_uniform_,
    "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
}


def initialize(twin: Twin, name: str, seed: int) -> None:
    """Draw weights as Gluon's Xavier, "xavier", or He's for ReLU, "he"; biases become 0."""
    if name not in INITIALIZERS:
        raise unknown_name("initializer", name, INITIALIZERS)
    torch.manual_seed(seed)
    for layer in twin.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            INITIALIZERS[name](layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def zero_last_gamma(twin: Twin) -> None:
    """Let every residual branch begin at zero.  Goyal et al. (2017), section 5.1.

    Raises ConfigError where no branch ends in a batch normalization, as in v2.
    """
    blocks = [block for block in twin.modules() if isinstance(block, Residual)]
    lasts = [getattr(block, block.branch[-1]) for block in blocks if block.branch]
    norms = [layer for layer in lasts if isinstance(layer, nn.BatchNorm2d)]
    if not norms:
        raise ConfigError(
            "zero_last_gamma: no branch ends in a batch normalization; expected a net of version "
            "v1 or v1.5."
        )
    for norm in norms:
        nn.init.zeros_(norm.weight)


def in_head(twin: Twin, gluon_name: str) -> bool:
    """Whether an array, by Gluon's name, belongs to the head."""
    return gluon_name.startswith(f"{len(twin.architecture.stages) + 1}.")


def take_features(twin: Twin, arrays: dict) -> None:
    """Give a twin weights by Gluon's names, all but the head's.  Raises as `load_gluon_arrays`."""
    own = {name: array for name, array in gluon_arrays(twin).items() if in_head(twin, name)}
    rest = {name: array for name, array in arrays.items() if not in_head(twin, name)}
    load_gluon_arrays(twin, {**rest, **own})


def freeze(twin: Twin) -> None:
    """Keep all that a twin has learned, but let its head learn: as `d2lres.live.freeze`."""
    features = [place.torch for place in twin.places if not in_head(twin, place.gluon)]
    layers = [twin.get_submodule(name) for name in features]
    for layer in layers:
        layer.requires_grad_(False)
    twin.frozen = tuple(layer for layer in layers if isinstance(layer, nn.BatchNorm2d))
