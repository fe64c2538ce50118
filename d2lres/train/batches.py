"""Batches of any iterator as arrays of MXNet, on one device or shared out to several."""

from ..errors import DataError
from ..live import gluon
from ..live.blocks import as_array, check_floating


def batches_of(data_iter):
    """The (X, y) of an iterator, as arrays of MXNet.

    Raises ShapeError where X are whole numbers, DataError unless each image has one label.
    """
    number = 0
    for number, batch in enumerate(data_iter, 1):
        X, y = map(as_array, batch)
        check_floating(f"batch {number}", X, "float32")
        if y.shape != (len(X),):
            raise DataError(
                f"batch {number}: labels of shape {y.shape} for {len(X)} images; expected "
                f"({len(X)},), a class number for each. Flatten a column: y.reshape(-1); take the "
                "largest of a row: y.argmax(axis=1)."
            )
        yield X, y
    if not number:
        raise DataError(
            "batches: none came; expected images and labels. A generator gives its batches once: "
            "pass a list, or an iterator that begins anew."
        )


def split(batch, devices) -> list:
    """A batch in as many parts as there are devices, each on its device."""
    if len(batch) < len(devices):  # a device without images has no gradients to add
        raise DataError(
            f"fit: a batch of {len(batch)} images for {len(devices)} devices; expected one for "
            "each. Take another batch size, or fewer devices."
        )
    parts = gluon.utils.split_data(batch, len(devices), even_split=False)
    return [part.as_in_ctx(device) for part, device in zip(parts, devices, strict=True)]
