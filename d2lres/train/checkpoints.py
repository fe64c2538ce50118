"""The state of a training, in one file an epoch, of which the last two are kept.

A file is written whole or not at all, holds nothing that is executed when it is read, and is
checked when it is read: a damaged or foreign one is named and the one before it is taken.

Explained in the chapter "Training on Fashion-MNIST".
"""

import io
import json
import sys
import zipfile
from pathlib import Path

import numpy

from ..errors import ConfigError, DataError
from ..files import write_whole
from ..live import mx, np
from .history import History

KEPT = 2


def save_checkpoint(folder, net, trainer, history: History) -> None:
    """Write the state after the last epoch of `history` to `folder`.

    Weights, buffers and the optimizer's numbers as arrays, the history as JSON.  What else decides
    the next epoch, the order of the images and the learning rate, follows from the seed and the
    epoch's number.
    Raises DataError where it cannot be written; what was there is kept.
    """
    folder, epoch = Path(folder), len(history.epochs)
    file = folder / f"epoch-{epoch:04d}.npz"
    arrays = {f"net/{name}": p.data().asnumpy() for name, p in parameters(net).items()}
    arrays |= {f"optimizer/{key}": a for key, a in optimizer_arrays(net, trainer).items()}
    arrays["history"] = numpy.frombuffer(json.dumps(history.to_list()).encode(), "uint8")
    content = io.BytesIO()
    numpy.savez(content, **arrays)
    advice = "The last good one is kept. Make room, then go on with --resume."
    write_whole(file, content.getbuffer(), advice)
    for old in states(folder)[KEPT:]:
        old.unlink()


def states(folder) -> list[Path]:
    """The files in `folder`, the last epoch first."""
    return sorted(Path(folder).glob("epoch-*.npz"), reverse=True)


def check_new(folder) -> None:
    """Raise ConfigError where `folder` holds states: they would outlive those of a new training."""
    if states(folder):
        raise ConfigError(
            f"{folder}: holds the state of a training already; expected a new folder. Go on with "
            "it (resume=True, or --resume), or use another."
        )


def load_checkpoint(folder, net, trainer, devices, num_epochs: int) -> History:
    """Bring `net` and `trainer` back to the last whole state in `folder`.

    An empty History where none was saved.  Raises DataError, naming them, where there are files
    and none can be used; ConfigError where more epochs than `num_epochs` are done.
    """
    refused = []
    for file in states(folder):
        try:
            weights, optimizer, history = read_checkpoint(file, net)
        except DataError as error:
            refused.append(str(error))
            continue
        if (done := len(history.epochs)) > num_epochs:
            raise ConfigError(
                f"{file}: {done} epochs are done; expected no more than the {num_epochs} that are "
                f"asked for. Ask for {done} or more, or train anew in another folder."
            )
        for message in refused:
            print(f"d2lres: {message} Going on from {file.name}.", file=sys.stderr)
        for name, parameter in parameters(net).items():
            parameter.set_data(np.array(weights[name], dtype=weights[name].dtype))
        restore_optimizer(net, trainer, optimizer, devices)
        return history
    if refused:
        raise DataError(f"{' '.join(refused)} Delete {folder} to start anew.")
    return History()


def read_checkpoint(file: Path, net) -> tuple[dict, dict, History]:
    """(weights, the optimizer's arrays, history) of a file that fits `net`, or a DataError."""
    try:
        with numpy.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}  # checks every CRC-32
        history = History.from_list(json.loads(arrays.pop("history").tobytes()))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: damaged ({error}); expected a whole checkpoint.") from error
    parts = {"net": {}, "optimizer": {}}
    for name, array in arrays.items():
        part, _, key = name.partition("/")
        parts.setdefault(part, {})[key] = array
    found = {name: array.shape for name, array in parts["net"].items()}
    expected = {name: parameter.shape for name, parameter in parameters(net).items()}
    states = {key.rpartition("/")[0]: array.shape for key, array in parts["optimizer"].items()}
    if (
        found.keys() != expected.keys()
        or not all(fits(found[name], expected[name]) for name in found)
        or not states.items() <= found.items()  # each is as large as the parameter that it is for
    ):
        raise DataError(
            f"{file}: of another net or an older d2lres; expected one that this net wrote."
        )
    return parts["net"], parts["optimizer"], history


def fits(found: tuple, expected) -> bool:
    """Whether a shape is the expected one, as far as that is known before the first batch."""
    expected = expected or ()
    return len(found) == len(expected) and all(
        b <= 0 or a == b for a, b in zip(found, expected, strict=True)
    )


def parameters(net) -> dict:
    """The parameters of a net by their place in it, such as "1.0.branch.0.weight"."""
    return net._collect_params_with_prefix()


# --- what the optimizer keeps for each parameter: momentum; in float16, a float32 copy too --------


def optimizer_arrays(net, trainer) -> dict:
    """The optimizer's arrays, by the parameter's place in the net; those of the first device."""
    arrays, names = {}, names_by_number(net, trainer)
    for i, state in trainer._updaters[0].states.items():
        for place, array in enumerate(state if isinstance(state, tuple) else [state]):
            if array is not None:
                arrays[f"{names[i]}/{place}"] = array.asnumpy()
    return arrays


def restore_optimizer(net, trainer, arrays: dict, devices) -> None:
    """Put the optimizer's arrays where it would have made them."""
    numbers = {name: i for i, name in names_by_number(net, trainer).items()}
    for updater, device in zip(trainer._updaters, devices, strict=True):
        states = {}
        for key, array in sorted(arrays.items()):
            i = numbers[key.rpartition("/")[0]]
            states.setdefault(i, []).append(mx.nd.array(array, ctx=device, dtype=array.dtype))
        for i, state in states.items():
            updater.states[i] = tuple(state) if len(state) > 1 else state[0]
            updater.states_synced[i] = True


def names_by_number(net, trainer) -> dict:
    """The place in `net` of each parameter, by the number that `trainer` knows it by.

    The numbers are no names to keep: they follow Gluon's own names of the parameters, which count
    the layers that the process made before.
    """
    return {trainer._param2idx[p.name]: name for name, p in parameters(net).items()}
