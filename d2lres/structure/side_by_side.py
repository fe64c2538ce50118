"""Tables that set networks side by side: the paper's, and one of implementations.

Explained in the chapters "From a table to a family" and "Versions and implementations".
"""

from collections.abc import Mapping, Sequence

from . import zoo
from .arch import Architecture, AvgPool, BatchNorm, Conv, transform
from .report import summarize
from .tables import Table

# --- the paper's table of architectures -----------------------------------------------------------

LINES = ("conv1", "", *(f"conv{i}_x" for i in (2, 3, 4, 5)), "")


def architectures_table(nets: "Sequence[Architecture | str]") -> Table:
    """The paper's table: a line for each kind of block, and how often each net has it.

    Argument: `nets`, architectures for ImageNet or their names; the sizes are those of the first.
    Source: He et al. (2015), table 1.  Chapter "From a table to a family".

    >>> architectures_table(["resnet18", "resnet34"]).rows[2][2:]
    ('[3x3, 64; 3x3, 64]', 'x 2', 'x 3')
    """
    summaries = [summarize(net) for net in nets]
    found = [s.architecture for s in summaries]
    rows = []
    for name, size, *cells in zip(LINES, sizes(summaries[0]), *map(column, found), strict=True):
        for layers in dict.fromkeys(layers for layers, _ in cells):
            counts = [f"x {n}" if has == layers else "" for has, n in cells]
            rows.append((name, str(size), layers, *counts))
    header = ("stage", "output", "layers", *(str(net.depth) for net in found))
    return Table("Architectures for ImageNet", header, tuple(rows), left=3)


def column(net: Architecture) -> list[tuple[str, int]]:
    """What a net has in each line of the table, and how often."""
    conv, *_, pool = net.stem
    return [
        (f"{window(conv)}, {conv.channels}, stride {conv.strides}", 1),
        (f"{window(pool)} max pool, stride {pool.strides}", 1),
        *((brackets(stage), len(stage)) for stage in net.stages),
        (f"average pool, {net.head[-1].units}-d fc, softmax", 1),
    ]


def brackets(stage) -> str:
    """The block that a stage repeats, such as [3x3, 64; 3x3, 64]."""
    blocks = {
        "; ".join(f"{window(c)}, {c.channels}" for c in block.branch if isinstance(c, Conv))
        for block in stage
    }
    return f"[{blocks.pop()}]" if len(blocks) == 1 else "different blocks"


def window(layer) -> str:
    return f"{layer.kernel}x{layer.kernel}"


def sizes(summary) -> list[int]:
    """The side of the map after each line of the table."""
    ends = ("stem.conv", "stem.pool", *(f"stage{i}" for i in (1, 2, 3, 4)), "head.pool")
    rows = {row.name: row for row in (*summary.rows, *summary.parts())}
    return [rows[end].output_shape[1] for end in ends]


# --- implementations ------------------------------------------------------------------------------

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
