"""Three steps of a net without normalization, by as many processes as torchrun starts.

torchrun --nproc-per-node 2 tests/torch_workers_steps.py weights.params
"""

import sys

import numpy

from d2lres.structure import architecture, without_norm
from d2lres.train import torch_workers
from d2lres.train.torch_engine import fit
from d2lres.twins import begin, params
from d2lres.twins import torch as twins


def train():
    """The weights after three batches of five images, which two workers share 3 to 2."""
    twin = twins.build(without_norm(architecture("cifar-resnet8")))
    begin.initialize(twin, "xavier", seed=0)
    rng = numpy.random.RandomState(0)
    batches = [(rng.rand(5, 3, 8, 8).astype("float32"), rng.randint(0, 10, 5)) for _ in range(3)]
    options = {"momentum": 0.9, "weight_decay": 0.01, "mixup": 0.5}
    fit(twin, batches, num_epochs=1, lr=0.05, device="cpu", **options)
    return twins.gluon_arrays(twin)


if __name__ == "__main__":
    weights = train()
    if torch_workers.number() == 0:
        params.write_params(sys.argv[1], weights)
