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
from .history import History

KEPT = 2


def save_checkpoint(folder, engine, history: History, belongs_to=None) -> None:
    """Write the state of an engine after the last epoch of `history` to `folder`.

    Weights, buffers and the optimizer's numbers as arrays, the history as JSON.  What else decides
    the next epoch, the order of the images and the learning rate, follows from the seed and the
    epoch's number; `belongs_to`, a dict of plain data, says which training has those.
    Raises DataError where it cannot be written; what was there is kept.
    """
    folder, epoch = Path(folder), len(history.epochs)
    file = folder / f"epoch-{epoch:04d}.npz"
    net, optimizer = engine.state()
    arrays = {f"net/{name}": array for name, array in net.items()}
    arrays |= {f"optimizer/{name}": array for name, array in optimizer.items()}
    told = {"history": history.to_list(), "belongs_to": belongs_to, "engine": engine.name}
    for name, plain in told.items():
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


def load_checkpoint(folder, engine, num_epochs: int, belongs_to: dict | None = None) -> History:
    """Bring an engine back to the last whole state in `folder`.

    An empty History where none was saved.  Raises DataError, naming them, where there are files
    and none can be used; ConfigError where more epochs than `num_epochs` are done, or where a state
    belongs to another training or engine.
    """
    refused = []
    for file in states(folder):
        try:
            weights, optimizer, history, owner = read_checkpoint(file, engine)
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
        engine.restore(weights, optimizer)
        return history
    if refused:
        raise DataError(f"{' '.join(refused)} Delete {folder} to start anew.")
    return History()


def read_checkpoint(file: Path, engine) -> tuple[dict, dict, History, dict | None]:
    """(weights, the optimizer's arrays, history, owner) of a file that fits, or a DataError."""
    try:
        with numpy.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}  # checks every CRC-32
        history = History.from_list(json.loads(arrays.pop("history").tobytes()))
        owner = json.loads(arrays.pop("belongs_to", numpy.array(())).tobytes() or "false")
        writer = json.loads(arrays.pop("engine", numpy.array(())).tobytes() or '"mxnet"')
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: damaged ({error}); expected a whole checkpoint.") from error
    if writer != engine.name:
        raise ConfigError(
            f"{file}: of the engine {writer}; expected one of {engine.name}. Go on with "
            f"--engine {writer}, or train anew in another folder."
        )
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
    expected, wanted = engine.expected(found)
    if found.keys() != expected.keys() or not all(fits(found[n], expected[n]) for n in found):
        raise DataError(
            f"{file}: of another net or an older d2lres; expected one that this net wrote."
        )
    kept = {key: array.shape for key, array in parts["optimizer"].items()}
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
