"""Learning rates over the course of training, as plain functions.

`t` is how many epochs are done, a fraction within an epoch, from 0 to `num_epochs`; each function
gives the share of the peak learning rate, from 0 to 1.

Explained in the chapter "A modern recipe, piece by piece".
"""

from bisect import bisect_right
from math import cos, pi


def constant(t: float, num_epochs: float) -> float:
    """Always the same."""
    return 1.0


def steps(t: float, num_epochs: float, drops=(0.5, 0.75), factor: float = 0.1) -> float:
    """`factor` times as much after each share of the epochs in `drops`.

    He et al. (2015), section 4.2: divided by 10 at 32,000 and 48,000 of 64,000 iterations.
    """
    return factor ** bisect_right([share * num_epochs for share in drops], t)


def cosine(t: float, num_epochs: float) -> float:
    """Half a wave of a cosine, from 1 down to 0.  Loshchilov and Hutter (2017), equation 5."""
    return 0.5 * (1 + cos(pi * min(t, num_epochs) / num_epochs))


def one_cycle(t: float, num_epochs: float, peak: float = 0.3, start: float = 0.04) -> float:
    """Up in a straight line from `start` to 1 at the share `peak` of the epochs, and down to 0.

    Smith and Topin (2019), with the tail as part of the way down.
    """
    top = peak * num_epochs
    if t < top:
        return start + (1 - start) * t / top
    return max(0.0, (num_epochs - t) / (num_epochs - top))


SCHEDULES = {"constant": constant, "steps": steps, "cosine": cosine, "one-cycle": one_cycle}


def warmed(schedule, t: float, num_epochs: float, warmup: float) -> float:
    """`schedule` after a straight climb from 0 to its start over `warmup` epochs.

    Goyal et al. (2017), section 2.2.
    """
    if t < warmup:
        return t / warmup * schedule(0.0, num_epochs - warmup)
    return schedule(t - warmup, num_epochs - warmup)
