"""What a step of training costs at least: operations, and bytes that are moved.

Explained in the appendix "Where it runs".
"""

from math import prod
from typing import NamedTuple

from .storage import memory


class Step(NamedTuple):
    """Of a whole batch.  A multiplication and an addition are two operations."""

    images: int
    operations: int
    bytes: int

    def images_per_s(self, operations_per_s: float, bytes_per_s: float) -> tuple[float, float]:
        """At most so many: by the operations, and by the bytes, on a device of these rates."""
        return (
            self.images * operations_per_s / self.operations,
            self.images * bytes_per_s / self.bytes,
        )


def training_step(rows, batch_size: int = 1, number: int = 4) -> Step:
    """The least that a step of stochastic gradient descent with momentum costs.

    Arguments: counted rows; `number`, the bytes of a number between two layers, 2 in half
    precision.
    Operations: for each layer its products forward, and as many each for the gradients of its input
    and of its weights: 3 * 2 * MACs for an image.  Bytes: each weight, gradient and velocity in
    float32, and what leaves each convolution and dense layer, written once and read once.  What
    lies between, a normalization or a ReLU, can be computed while it passes.
    Raises ShapeError for a batch size below 1.  Appendix "Where it runs".

    >>> from d2lres.structure import architecture, count
    >>> training_step(count(architecture("cifar-resnet20")), 128).operations / 128
    243307008.0
    """
    memory(rows, batch_size)  # refuses a batch that is none
    params, macs = sum(row.params for row in rows), sum(row.macs for row in rows)
    leaving = sum(prod(row.output_shape) for row in rows if row.macs)
    moved = 3 * 4 * params + number * batch_size * leaving
    return Step(batch_size, 3 * 2 * macs * batch_size, 2 * moved)
