"""The memory that a net needs, in bytes.

Explained in the chapter "Any input size".
"""

from math import prod
from typing import NamedTuple

from ...errors import ShapeError


class Memory(NamedTuple):
    """Bytes.  Weights once; activations for a whole batch, in float32."""

    weights_float32: int
    weights_float16: int
    training: int
    inference: int


def memory(rows, batch_size: int = 1) -> Memory:
    """The memory of counted rows, for `batch_size` images.

    Weights are the parameters and buffers; in float16, batch normalization stays in float32, as
    Gluon's `cast` leaves it.  Training keeps the output of every operation for the backward pass.
    Inference keeps what is still needed: the largest sum of input, output and what waits for an
    addition.  Nothing is counted as done in place, and no workspace of a convolution is counted.
    Raises ShapeError for a batch size below 1.  Chapter "Any input size".

    >>> from d2lres.structure import architecture
    >>> memory(count(architecture("resnet18"))).weights_float32
    46796448
    """
    if type(batch_size) is not int or batch_size < 1:
        raise ShapeError(f"batch size: {batch_size!r}; expected a whole number of at least 1.")
    numbers = sum(row.params + row.buffers for row in rows)
    halved = sum(row.params for row in rows if row.op != "BN")
    return Memory(
        weights_float32=4 * numbers,
        weights_float16=4 * numbers - 2 * halved,
        training=4 * batch_size * sum(prod(row.output_shape) for row in rows),
        inference=4 * batch_size * max(row.held for row in rows),
    )
