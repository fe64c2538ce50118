"""Padding that depends on the image, as the numbers that it stands for.

Explained in the chapter "Padding, and what a pixel sees".
"""

from dataclasses import replace

from .. import arch
from .layers import Row, rows_of
from .network import count, entering
from .padding import pads


def explicit(architecture: arch.Architecture, input_shape=None) -> arch.Architecture:
    """The same architecture with the padding that "same" and "valid" stand for at one input shape.

    A live net needs numbers: how much "same" pads depends on the image.  Arguments and errors as
    `count`.  Chapter "Padding, and what a pixel sees".

    >>> from d2lres.structure import with_padding
    >>> from d2lres.structure import architecture
    >>> explicit(with_padding(architecture("resnet18"), "same")).stem[0].padding
    (2, 3, 2, 3)
    """
    count(architecture, input_shape)  # the errors that count has
    x = entering(architecture.input_shape if input_shape is None else input_shape)
    stages = []
    stem, x = settled(architecture.stem, x)
    for stage in architecture.stages:
        stage, x = settled(stage, x)
        stages.append(stage)
    head, _ = settled(architecture.head, x)
    return replace(architecture, stem=stem, stages=tuple(stages), head=head)


def settled(layers, x: Row) -> tuple[tuple, Row]:
    """Layers with their padding as numbers, and what leaves them."""
    done = []
    for layer in layers:
        *_, out = rows_of(layer, x, "")
        if isinstance(layer, arch.Residual):
            before, entry = settled(layer.before, x)
            branch, _ = settled(layer.branch, entry)
            shortcut, _ = settled(layer.shortcut, entry)
            after, _ = settled(layer.after, out)
            layer = arch.Residual(branch, shortcut, after, before)
        elif isinstance(layer, arch.Plain):
            layer = arch.Plain(settled(layer.branch, x)[0])
        elif hasattr(layer, "padding"):
            sides = pads(layer, *x.output_shape[1:])
            layer = replace(layer, padding=sides[0] if len(set(sides)) == 1 else sides)
        done.append(layer)
        x = out
    return tuple(done), x
