"""Several processes that train one twin together, as PyTorch's `torchrun` starts them.

Each takes its share of every batch, and `DistributedDataParallel` the mean of their gradients, so
that a step is the one that a single process would take; a normalization sees a worker's share.
The first worker writes what is recorded.
"""

import os

from ..twins._torch import torch


def number() -> int:
    """Which worker this process is; 0 where it is alone."""
    return int(os.environ.get("RANK", 0))


def workers() -> int:
    """How many processes train together; torchrun says so in the environment."""
    return int(os.environ.get("WORLD_SIZE", 1))


def joined(net, device):
    """The net as it is called in training: with the others' gradients, where there are others."""
    if workers() == 1:
        return net
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.set_device(device)
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if cuda else "gloo")
    devices = [device] if cuda else None
    return torch.nn.parallel.DistributedDataParallel(net, device_ids=devices)


def wait_for_all() -> None:
    """Wait until every worker has come so far."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
