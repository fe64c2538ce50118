"""How far a difference between trainings can be trusted: an interval, not a rank.

Explained in the chapters "Ablations" and, for pairs, "Transfer learning".
"""

import functools
import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from ...errors import ConfigError, unknown_name


class Comparison:
    """Several trainings of each variant, compared with those of a reference.

    Arguments: `values`, for each name a number for each seed; `reference`, the name that the others
    are compared with.
    All variants together say how far two trainings of the same lie apart: `deviation`, in the unit
    of the values, known with `degrees` degrees of freedom.
    Raises ConfigError for an unknown reference, and where no variant was trained twice.
    Chapter "Ablations".

    >>> found = Comparison({"base": [1, 2, 3], "other": [5, 6, 7]}, "base")
    >>> found.deviation, found.degrees, found.difference("other")
    (1.0, 4, 4.0)
    >>> round(found.chance("other"), 2), found.differs("other")
    (2.27, True)
    """

    def __init__(self, values: Mapping[str, Sequence[float]], reference: str):
        if reference not in values:
            raise unknown_name("Comparison: reference", reference, values)
        self.values, self.reference = values, reference
        self.degrees = sum(len(each) - 1 for each in values.values())
        if self.degrees < 1:
            raise ConfigError(
                "Comparison: one training of each; expected two of some at least, which say how "
                "far chance takes them. Train with another seed."
            )
        squares = sum((v - fmean(each)) ** 2 for each in values.values() for v in each)
        self.deviation = math.sqrt(squares / self.degrees)

    def difference(self, name: str) -> float:
        """The mean of a variant minus that of the reference."""
        return fmean(self.values[name]) - fmean(self.values[self.reference])

    def error(self, name: str) -> float:
        """The standard error of `difference`."""
        numbers = (len(self.values[each]) for each in (name, self.reference))
        return self.deviation * math.sqrt(sum(1 / number for number in numbers))

    def chance(self, name: str) -> float:
        """How far to both sides of `difference` its 95 % confidence interval reaches (Student)."""
        return student(0.975, self.degrees) * self.error(name)

    def differs(self, name: str) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.difference(name)) > self.chance(name)

    def detectable(self, name: str, power: float = 0.8) -> float:
        """The smallest difference that such an experiment finds with a probability of `power`.

        An approximation: Student's quantiles are added where a noncentral distribution is exact.
        """
        return (student(0.975, self.degrees) + student(power, self.degrees)) * self.error(name)


def paired_difference(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """(mean of one - other, how far to both sides its 95 % confidence interval reaches; Student).

    For trainings that come in pairs: one[i] and other[i] have the same images.  What a pair shares
    cancels in its difference, and does not widen the interval.
    Raises ConfigError unless there are as many of both, two at least.
    Source: Student (1908), "The probable error of a mean", Biometrika 6.
    Chapter "Transfer learning".

    >>> mean, chance = paired_difference([0.50, 0.61, 0.72], [0.40, 0.50, 0.60])
    >>> round(mean, 3), round(chance, 3)
    (0.11, 0.025)
    """
    if len(one) != len(other) or len(one) < 2:
        raise ConfigError(
            f"paired_difference: {len(one)} and {len(other)} values; expected as many of both, "
            "two at least. Give the values of the same seeds, in the same order."
        )
    differences = [a - b for a, b in zip(one, other, strict=True)]
    error = stdev(differences) / math.sqrt(len(differences))
    return fmean(differences), student(0.975, len(differences) - 1) * error


@functools.cache
def student(p: float, degrees: int) -> float:
    """The quantile of Student's t: what is exceeded with the probability 1 - p.  0.5 <= p < 1.

    By halving an interval; the density is integrated by Simpson's rule.
    Source: Student (1908), "The probable error of a mean", Biometrika 6.

    >>> round(student(0.975, 4), 3), round(student(0.975, 24), 3)
    (2.776, 2.064)
    """
    log_gamma = math.lgamma
    scale = math.exp(log_gamma((degrees + 1) / 2) - log_gamma(degrees / 2))
    scale /= math.sqrt(degrees * math.pi)

    def density(t):
        return scale * (1 + t * t / degrees) ** (-(degrees + 1) / 2)

    def below(t, steps=200):
        points = [density(t * i / steps) for i in range(steps + 1)]
        inner = 4 * sum(points[1:-1:2]) + 2 * sum(points[2:-1:2])
        return 0.5 + t / steps / 3 * (points[0] + inner + points[-1])

    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return middle
