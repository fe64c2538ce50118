"""How much a device does in a second, measured: the rates that a training is compared with.

No framework is needed: it gives the work.  Explained in the appendix "Where it runs".
"""

from time import perf_counter
from typing import NamedTuple


class Rates(NamedTuple):
    """What a large product of matrices and a large copy reached."""

    operations_per_s: float
    bytes_per_s: float


def best_rate(amount: float, work, seconds: float = 0.3) -> float:
    """The largest amount per second of many turns; `work` does it once, and waits for the end."""
    work()  # the first turn allocates
    best, end = float("inf"), perf_counter() + seconds
    while True:
        start = perf_counter()
        work()
        now = perf_counter()
        best = min(best, now - start)
        if now >= end:
            return amount / best
