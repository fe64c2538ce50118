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


def save_checkpoint(folder, net, trainer, history: History, belongs_to=None) -> None:
    """Write the state after the last epoch of `history` to `folder`.

    Weights, buffers and the optimizer's numbers as arrays, the history as JSON.  What else decides
    the next epoch, the order of the images and the learning rate, follows from the seed and the
    epoch's number; `belongs_to`, a dict of plain data, says which training has those.
    Raises DataError where it cannot be written; what was there is kept.
    """
    folder, epoch = Path(folder), len(history.epochs)
    file = folder / f"epoch-{epoch:04d}.npz"
    arrays = {f"net/{name}": p.data().asnumpy() for name, p in parameters(net).items()}
    arrays |= {f"optimizer/{key}": a for key, a in optimizer_arrays(net, trainer).items()}
    for name, plain in (("history", history.to_list()), ("belongs_to", belongs_to)):
        arrays[name] = numpy.frombuffer(json.dumps(plain).encode(), "uint8")
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


def check_same(where, found: dict | None, wanted: dict | None) -> None:
    """Raise ConfigError where a training that is found is not the one that is wanted."""
    if found is None or wanted is None:
        found, wanted = ({"settings": settings} for settings in (found, wanted))
    for key in {**wanted, **found}:
        there, value = found.get(key), wanted.get(key)
        if isinstance(there, dict) and isinstance(value, dict):  # show only what differs
            names = [n for n in {**there, **value} if there.get(n) != value.get(n)]
            there, value = ({n: part.get(n) for n in names} for part in (there, value))
        if there != value:
            raise ConfigError(
                f"{where}: holds a run with {key} {there}; expected {value}. "
                "Resume it with its own settings, or use another --out."
            )


def load_checkpoint(
    folder, net, trainer, devices, num_epochs: int, belongs_to: dict | None = None
) -> History:
    """Bring `net` and `trainer` back to the last whole state in `folder`.

    An empty History where none was saved.  Raises DataError, naming them, where there are files
    and none can be used; ConfigError where more epochs than `num_epochs` are done, or where a state
    belongs to another training.
    """
    refused = []
    for file in states(folder):
        try:
            weights, optimizer, history, owner = read_checkpoint(file, net, trainer)
        except DataError as error:
            refused.append(str(error))
            continue
        check_same(file, owner, json.loads(json.dumps(belongs_to)))  # JSON makes lists of tuples
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


def read_checkpoint(file: Path, net, trainer) -> tuple[dict, dict, History, dict | None]:
    """(weights, the optimizer's arrays, history, owner) of a file that fits, or a DataError."""
    try:
        with numpy.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}  # checks every CRC-32
        history = History.from_list(json.loads(arrays.pop("history").tobytes()))
        owner = json.loads(arrays.pop("belongs_to", numpy.array(())).tobytes() or "false")
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: damaged ({error}); expected a whole checkpoint.") from error
    if owner is not None and not isinstance(owner, dict):
        raise DataError(
            f"{file}: of an older d2lres, without the training that it belongs to; expected one "
            "that names it."
        )
    if file.name != f"epoch-{len(history.epochs):04d}.npz":
        raise DataError(
            f"{file}: holds {len(history.epochs)} epochs; expected as many as its name says."
        )
    parts = {"net": {}, "optimizer": {}}
    for name, array in arrays.items():
        part, _, key = name.partition("/")
        parts.setdefault(part, {})[key] = array
    found = {name: array.shape for name, array in parts["net"].items()}
    expected = {name: parameter.shape for name, parameter in parameters(net).items()}
    if found.keys() != expected.keys() or not all(fits(found[n], expected[n]) for n in found):
        raise DataError(
            f"{file}: of another net or an older d2lres; expected one that this net wrote."
        )
    kept = {key: array.shape for key, array in parts["optimizer"].items()}
    wanted = {key: found[key.rpartition("/")[0]] for key in optimizer_keys(net, trainer)}
    if kept != wanted:  # each is as large as the parameter that it is for
        key = sorted(set(kept.items()) ^ set(wanted.items()))[0][0]
        raise DataError(
            f"{file}: {key} of the optimizer is {kept.get(key, 'missing')}; expected "
            f"{wanted.get(key, 'none')}: what this optimizer keeps for this net."
        )
    return parts["net"], parts["optimizer"], history, owner


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


def optimizer_keys(net, trainer) -> list[str]:
    """The names of `optimizer_arrays` after a step: the parameter, and 0 or 1 for which of both."""
    optimizer, names = trainer._updaters[0].optimizer, names_by_number(net, trainer)
    trained = [(names[i], p) for i, p in enumerate(trainer._params) if p.grad_req != "null"]
    return [
        f"{name}/{place}"
        for name, parameter in trained
        for place, kept in enumerate(
            (
                optimizer.momentum,
                optimizer.multi_precision and numpy.dtype(parameter.dtype) == "float16",
            )
        )
        if kept
    ]


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
    for updater, device in zip(trainer._updaters, devices, strict=True):
        for i, name in names_by_number(net, trainer).items():
            momentum, copy = (
                None if a is None else mx.nd.array(a, ctx=device, dtype=a.dtype)
                for a in (arrays.get(f"{name}/0"), arrays.get(f"{name}/1"))
            )
            if momentum is not None or copy is not None:
                updater.states[i] = momentum if copy is None else (momentum, copy)
                updater.states_synced[i] = True


def names_by_number(net, trainer) -> dict:
    """The place in `net` of each parameter, by the number that `trainer` knows it by.

    The numbers are no names to keep: they follow Gluon's own names of the parameters, which count
    the layers that the process made before.
    """
    return {trainer._param2idx[p.name]: name for name, p in parameters(net).items()}
