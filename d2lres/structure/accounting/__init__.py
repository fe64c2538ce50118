"""Shapes, parameters, buffers, MACs, receptive fields and memory, layer by layer.

Conventions.  A shape is (C, H, W).  MACs are the multiplications of convolution and dense layers;
normalization, activations, pooling and additions count none.  `params` are trained; `buffers` are
the running statistics of batch normalization.  What the paper's table 1 calls FLOPs are MACs.

The files in the order of explanation: `padding`, `layers` (one rule for each kind of layer),
`network`, `settle` (padding as numbers), `storage` (bytes), `step` (of a training).
Explained in the chapters "ResNet-18, layer by layer", "Basic against bottleneck" and "Any input
size".
"""

from .layers import Row, slide
from .network import count, count_layers
from .padding import fixed_pads, pads
from .settle import explicit
from .step import Step, training_step
from .storage import Memory, memory

__all__ = [
    "Memory",
    "Row",
    "Step",
    "count",
    "count_layers",
    "explicit",
    "fixed_pads",
    "memory",
    "pads",
    "slide",
    "training_step",
]
