"""No layer of a training step runs on oneDNN's reference kernels, which are slow.

It takes one where no fast kernel fits how the numbers lie in memory.  With a head that averages by
`GlobalAvgPool2D`, a processor with AVX-512 takes them for the pooling itself and for normalizations
of the stage before it.
"""

import runpy
from pathlib import Path

kernels = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "kernels.py"))["kernels"]
LAYERS = ("convolution", "batch_normalization", "eltwise", "pooling_v2")


def test_every_layer_of_a_step_has_a_fast_kernel():
    found = [kernel for kernel in kernels("cifar-resnet20", 32, 8) if kernel.kind in LAYERS]
    convolutions = [kernel for kernel in found if kernel.kind == "convolution"]
    assert len(convolutions) == 3 * 19 - 1  # three passes of 19 layers, no gradient of the image
    assert not [kernel for kernel in found if kernel.reference]
