"""What sets one implementation of a network apart from another, as a table.

Explained in the chapter "Versions and implementations".
"""

from collections.abc import Mapping

from . import zoo
from .arch import Architecture, AvgPool, BatchNorm, Conv, transform
from .report import summarize
from .tables import Table

HEADER = ("network", "stride", "biased", "proj.", "BN there", "BN in stem", "pool", "params")


def implementations(nets: "Mapping[str, Architecture | str]") -> Table:
    """A line for each network, with a column for each question to ask of a "ResNet".

    Where is the stride of a block that halves?  How many convolutions have a bias?  How many
    projections are there, and are they normalized?  Is the stem?  Which window has the last pool?
    Argument: `nets`, architectures or their names, by the words that the table has for them.
    Raises ConfigError for an unknown name.  Chapter "Versions and implementations".

    >>> implementations({"paper": "resnet18"}).rows[0][:4]
    ('paper', '3x3', '0', '3')
    """
    title = "For 3x224x224 and 1000 classes; biased: so many convolutions"
    return Table(title, HEADER, tuple(line(*pair) for pair in nets.items()), left=1)


def line(words: str, net: "Architecture | str") -> tuple[str, ...]:
    if isinstance(net, str):
        net = zoo.architecture(net, classes=1000)
    blocks = [block for stage in net.stages for block in stage]
    shortcuts = [getattr(block, "shortcut", ()) for block in blocks]
    projections = [layers for layers in shortcuts if convolutions(layers)]
    (stride,) = {c.kernel for c in convolutions(net.stages[1][0].branch) if c.strides == 2}
    fixed = [layer.kernel for layer in net.head if isinstance(layer, AvgPool)]
    return (
        words,
        f"{stride}x{stride}",
        str(sum(c.use_bias for c in convolutions((net.stem, net.stages)))),
        str(len(projections)),
        yes_no(all(map(has_norm, projections))) if projections else "",
        yes_no(has_norm(net.stem[1:])),
        f"{fixed[0]}x{fixed[0]}" if fixed else "all",
        f"{summarize(net, (3, 224, 224)).params:,}",
    )


def convolutions(layers) -> list[Conv]:
    found = []
    transform(layers, lambda layer: found.append(layer) or layer)
    return [layer for layer in found if isinstance(layer, Conv)]


def has_norm(layers) -> bool:
    return any(isinstance(layer, BatchNorm) for layer in layers)


def yes_no(value: bool) -> str:
    return "yes" if value else "no"
