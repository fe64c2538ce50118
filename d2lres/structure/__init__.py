"""What a network is and what it costs: plain data and arithmetic.  Standard library only.

The files in the order of explanation: `arch` (an architecture as data), `zoo` (the named ones),
`accounting` (shapes, parameters, MACs, bytes), `tables` (text, Markdown and HTML), `report` (counts
and layer by layer), `side_by_side` (the paper's table, and one of implementations).  Nothing here
needs NumPy or MXNet, so all of it runs in a browser, too.
"""

from . import arch, zoo
from .accounting import Memory, Row, count, count_layers, explicit, memory, pads, slide
from .arch import (
    Architecture,
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Gate,
    GlobalAvgPool,
    MaxPool,
    Pad,
    Plain,
    ReLU,
    Residual,
    Sigmoid,
    ZeroChannels,
    named,
    transform,
    with_padding,
    without_norm,
)
from .report import Contrast, Summary, contrast, label, summarize
from .side_by_side import architectures_table, implementations
from .tables import Table
from .zoo import (
    IMAGENET,
    WIDTHS,
    architecture,
    architecture_families,
    architecture_names,
    basic,
    bottleneck,
    imagenet,
    resnext,
    squeeze_excite,
    stages_of,
)

__all__ = [
    "IMAGENET",
    "WIDTHS",
    "Architecture",
    "AvgPool",
    "BatchNorm",
    "Contrast",
    "Conv",
    "Dense",
    "Gate",
    "GlobalAvgPool",
    "MaxPool",
    "Memory",
    "Pad",
    "Plain",
    "ReLU",
    "Residual",
    "Row",
    "Sigmoid",
    "Summary",
    "Table",
    "ZeroChannels",
    "arch",
    "architecture",
    "architecture_families",
    "architecture_names",
    "architectures_table",
    "basic",
    "bottleneck",
    "contrast",
    "count",
    "count_layers",
    "explicit",
    "imagenet",
    "implementations",
    "label",
    "memory",
    "named",
    "pads",
    "resnext",
    "slide",
    "squeeze_excite",
    "stages_of",
    "summarize",
    "transform",
    "with_padding",
    "without_norm",
    "zoo",
]
