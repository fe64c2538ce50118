"""Whose weights does a file hold?  Those of PyTorch and of Gluon, by the names in it.

Names and shapes do not tell everything: v1 and v1.5 differ in where a stride sits, and have the
same weights.  Then what usually has such names is taken, and the others are named.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy

from ..errors import ConfigError, DataError
from ..structure import Architecture, architecture, architecture_families, zoo
from .params import LIST, read_params, write_params
from .places import KINDS, Misfit, Place, entering, expected_shapes, misfit, places

#: In whose words a file may be written: the key of an array, by its place and Gluon's kind.
WORDS = {
    "d2lres's": lambda place, kind: f"{place.gluon}.{kind}",
    "torchvision's": lambda place, kind: f"{place.torch}.{KINDS.get(kind, kind)}",
    "Gluon's model zoo's": lambda place, kind: f"{place.zoo}.{kind}",
    "Gluon's model zoo's older": lambda place, kind: f"{place.older}_{kind}",
}


def read_weights(path) -> dict[str, numpy.ndarray]:
    """The arrays of a file by name: of Gluon's `.params`, or of a state dict that PyTorch saved.

    Names come without what is put before all of them, such as "module." or "resnetv10_"; counters
    of batches are left out.  Nothing in the file is executed.
    Raises DataError for a file that is missing, damaged, or of another kind; MissingDependency
    where it is PyTorch's, which is not installed.
    """
    try:
        with open(path, "rb") as file:
            begins_as_params = int.from_bytes(file.read(8), "little") == LIST
    except OSError as error:
        raise DataError(
            f"{path}: {error.strerror}; expected a file of weights. Check the name."
        ) from error
    arrays = read_params(path) if begins_as_params else read_state_dict(path)
    common = re.compile(r"(module\.|(arg:|aux:)?(resnetv\d+_)?)")
    arrays = {name[common.match(name).end() :]: array for name, array in arrays.items()}
    return {k: array for k, array in arrays.items() if not k.endswith("num_batches_tracked")}


def read_state_dict(path) -> dict[str, numpy.ndarray]:
    """The tensors of a file from `torch.save`, in NumPy."""
    from ._torch import torch  # which says what to do where it is missing

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what is no pickle fails in every way there is
        raise DataError(
            f"{path}: damaged, or more than arrays ({type(error).__name__}); expected a state dict "
            "from torch.save(net.state_dict(), FILE), or Gluon's .params. Get it again, or save it "
            "so."
        ) from error
    for name in ("state_dict", "model"):  # where it lies in what a training saves
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    tensors = found.items() if isinstance(found, dict) else ()
    arrays = {
        str(name): tensor.float().numpy()
        for name, tensor in tensors
        if isinstance(tensor, torch.Tensor)
    }
    if not arrays:
        raise DataError(
            f"{path}: holds no tensors by name; expected a state dict. Save one: "
            "torch.save(net.state_dict(), FILE)."
        )
    return arrays


@dataclass(frozen=True)
class Fit:
    """How well arrays fit an architecture: in whose `words` they are named, and the `misfit`.

    `arrays` are those that fit by name, under the names of `net.params`; `classes` are theirs.
    """

    net: Architecture
    classes: int
    words: str
    arrays: dict
    misfit: Misfit

    def __str__(self):
        return f"{self.net.name} (version {self.net.version}, shortcut {self.net.shortcut})"

    @property
    def usual(self) -> bool:
        """Whether such names usually stand for such a net."""
        if self.words == "torchvision's":
            return self.net.version == "v1.5"
        return self.net.name.startswith("gluon-") == self.words.startswith("Gluon's")


def fit(arrays: dict, net: Architecture) -> Fit:
    """Arrays from a file beside an architecture, which takes their channels and classes."""
    found = places(net)
    words, names = max(
        ((words, names_of(found, key)) for words, key in WORDS.items()),
        key=lambda pair: len(pair[1].keys() & arrays.keys()),
    )
    ours = {names[theirs]: array for theirs, array in arrays.items() if theirs in names}
    head = ours.get(f"{found[-1].gluon}.weight", numpy.empty((1000, 0)))
    options = {"version": net.version, "shortcut": net.shortcut, "classes": len(head)}
    wanted = architecture(net.name, **options)
    shapes = expected_shapes(places(wanted, entering(net, ours)))
    expected = {theirs: shapes[name] for theirs, name in names.items()}
    return Fit(wanted, len(head), words, ours, misfit(arrays, expected))


def names_of(found: list[Place], key) -> dict[str, str]:
    """The names in `net.params` of what a file calls `key(place, kind)`."""
    return {key(p, kind): f"{p.gluon}.{kind}" for p in found for kind in p.shapes}


def fits(arrays: dict, name: str | None = None, version=None, shortcut=None) -> list[Fit]:
    """How the arrays of a file fit the nets of the zoo, the best first.

    Arguments: `name`, of one net (None: every net); `version` and `shortcut` (None: every one).
    Raises ConfigError for an unknown name or option.
    """
    pairs = [(family, each) for family in architecture_families() for each in family.examples]
    if name:
        architecture(name, version=version, shortcut=shortcut)  # the errors that it has
        pairs = [(zoo.family_of(name)[0], name)]
    nets = [
        architecture(each, version=v, shortcut=s)
        for family, each in pairs
        for v in family.versions
        for s in family.shortcuts
        if version in (None, v) and shortcut in (None, s)
    ]
    # more layers than arrays, and the deepest take seconds to count
    found = [fit(arrays, net) for net in nets if name or net.depth <= len(arrays)]
    return sorted(found, key=lambda fit: (fit.misfit.size, not fit.usual))


def identify(path, name=None, version=None, shortcut=None) -> list[Fit]:
    """The nets of the zoo that a file of weights fits wholly, the usual one first.

    Arguments as for `fits`.  Raises ConfigError, with what is missing and what is left over beside
    the nearest net, where it fits none; and what `read_weights` raises.
    """
    arrays = read_weights(path)
    found = fits(arrays, name, version, shortcut)
    whole = [fit for fit in found if not fit.misfit]
    if whole:
        return whole
    elsewhere = [fit for fit in fits(arrays) if not fit.misfit] if name else []
    if elsewhere:
        advice = f"They are those of {elsewhere[0]}."
    elif name:
        advice = "They are those of no net of the zoo; `d2lres list` prints its names."
    else:
        advice = "Take weights of a net that `d2lres list` names."
    if not found:
        raise ConfigError(
            f"{path}: {len(arrays)} arrays; expected those of a net of the zoo. {advice}"
        )
    nearest = found[0]
    raise ConfigError(f"{path}: {nearest.misfit}; expected what {nearest} has. {advice}")


def convert(fit: Fit, out) -> None:
    """Write the weights for the Gluon net, as `net.load_parameters` reads them.

    Raises DataError where `out` cannot be written.
    """
    write_params(Path(out), {name: array.astype("float32") for name, array in fit.arrays.items()})
