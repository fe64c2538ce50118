"""Several processes that train one net together, on one machine or more.

Each worker computes the gradients of its share of every batch; MXNet's key-value store adds them
up, so that a step is the one that a single process would take.
"""

import os

from ..errors import ConfigError, DataError, unknown_name
from ..live import gluon, mx, npx

KVSTORES = ("local", "device", "dist_sync")

#: What tells a process of `dist_sync` which of them it is and where the others are.
ADDRESSES = (
    "DMLC_ROLE",
    "DMLC_PS_ROOT_URI",
    "DMLC_PS_ROOT_PORT",
    "DMLC_NUM_SERVER",
    "DMLC_NUM_WORKER",
)


def key_value_store(name: str):
    """What a Trainer combines gradients with, and this worker's number and how many there are."""
    if name not in KVSTORES:
        raise unknown_name("fit: kvstore", name, KVSTORES)
    if name != "dist_sync":
        return name, 0, 1
    missing = [word for word in ADDRESSES if not os.environ.get(word)]
    if missing:  # MXNet would end the process
        raise ConfigError(
            f"fit: kvstore = 'dist_sync' without {', '.join(missing)} in the environment; "
            "expected a scheduler, servers and workers that know of each other. The page "
            '"Where it runs" shows how they are started.'
        )
    store = mx.kv.create(name)
    return store, store.rank, store.num_workers


class Trainer(gluon.Trainer):
    """Gluon's, which fetches the weights to begin with before it sends the first gradients.

    Both have the same key in the store, and MXNet 1.9.1 does not put them in order: a worker whose
    gradients overtook its request took the sum of the gradients for its weights.
    """

    def _init_params(self):
        super()._init_params()
        npx.waitall()


def share(batch, rank: int, workers: int):
    """Every so many images of a batch, from image number `rank` on: what one worker takes."""
    if len(batch) < workers:
        raise DataError(
            f"fit: a batch of {len(batch)} images for {workers} workers; expected one for each. "
            "Take another batch size, or fewer workers."
        )
    return batch[rank::workers] if workers > 1 else batch
