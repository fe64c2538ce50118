"""What a block returns as its input, deflected: x, F(x) and their sum as arrows."""

from collections.abc import Mapping
from math import atan2, degrees, hypot

from ..errors import ConfigError
from .look import BLUE, INK, LINE, MARGIN, PAGE, SMALL, SOFT, VERMILLION, ink
from .sketch import Sketch

Vector = tuple[float, float]

# CSS pixels: x at its longest, the highest picture, from one to the next, the words below, and how
# far a name stands from its arrow
LENGTH, HIGH, APART, BELOW, OFF = 150, 240, 74, 40, 13


def sum_of(x: Vector, residual: Vector) -> Vector:
    return x[0] + residual[0], x[1] + residual[1]


def turned(x: Vector, residual: Vector) -> float:
    """The angle between x and y = F(x) + x, in degrees."""
    y = sum_of(x, residual)
    return abs(degrees(atan2(x[0] * y[1] - x[1] * y[0], x[0] * y[0] + x[1] * y[1])))


def in_words(name: str, x: Vector, residual: Vector) -> str:
    if not any(residual):
        return f"{name}: y is x."
    y = sum_of(x, residual)
    if not any(y):
        return f"{name}: F(x) leads back to the origin, and y is 0."
    words = "F(x) is put to the tip of x, and y reaches from the origin to its end"
    size = f"{hypot(*y) / hypot(*x):.2g} times as long as x, turned by {turned(x, residual):.0f}°"
    return f"{name}: {words}, {size}."


def draw_deflections(
    residuals: "Mapping[str, Vector]", x: Vector = (3.0, 0.0), *, title: "str | None" = None
):
    """Draw y = F(x) + x for one x and several F(x), as arrows in a plane, side by side.

    Arguments: `residuals`, the two numbers of F(x) for each name; `x`, its two numbers; `title`,
    the finding.
    Raises ConfigError for what is no pair of numbers, an x of length 0, or more than three.
    Source: He et al. (2015), section 3.1.  Chapter "The residual block".

    >>> draw_deflections({"a": (0, 0)}).alt
    'x as an arrow. a: y is x.'
    """
    pairs = [x, *residuals.values()]
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(v, (int, float)) for v in pair):
            raise ConfigError(f"draw_deflections: {pair!r}; expected two numbers, such as (3, 0).")
    if not any(x) or not 1 <= len(residuals) <= 3:
        raise ConfigError(
            f"draw_deflections: x = {x} and {len(residuals)} residuals; expected an x that is not "
            "zero, and one to three residuals."
        )
    words = " ".join(in_words(name, x, each) for name, each in residuals.items())
    sketch = Sketch(f"{title}. " * bool(title) + f"x as an arrow. {words}")
    corners = [v for each in residuals.values() for v in ((0, 0), x, sum_of(x, each))]
    wide, tall = (max(c[i] for c in corners) - min(c[i] for c in corners) for i in (0, 1))
    room = (PAGE - 2 * MARGIN) / len(residuals) - APART
    scale = min(LENGTH / hypot(*x), room / (wide or 1), HIGH / (tall or 1))
    left, right = (scale * pick(c[0] for c in corners) for pick in (min, max))
    low, high = (scale * pick(c[1] for c in corners) for pick in (min, max))
    pitch = right - left + APART
    width = pitch * len(residuals) + 2 * MARGIN
    origin = sketch.title(title, width) + high + 2 * OFF
    for i, (name, residual) in enumerate(residuals.items()):
        draw_one(sketch, MARGIN + i * pitch - left, origin, x, residual, scale)
        middle = MARGIN + i * pitch + (right - left) / 2
        sketch.text(middle, origin - low + BELOW, name, SMALL, SOFT)
    return sketch.finish(width, origin - low + BELOW + MARGIN)


def draw_one(sketch: Sketch, left, origin, x: Vector, residual: Vector, scale: float) -> None:
    """The arrows of one sum, x in grey, F(x) in red and y in blue, and their names beside them."""

    def at(vector):
        return left + scale * vector[0], origin - scale * vector[1]

    def name(start, end, text, color, side, off=OFF):
        """Beside the middle of an arrow, to its left (1) or right (-1) as it points."""
        (x0, y0), (x1, y1) = start, end
        length = hypot(x1 - x0, y1 - y0) or 1  # F(x) = -x leaves no y
        away = off * side / length
        middle = (x0 + x1) / 2 + away * (y1 - y0), (y0 + y1) / 2 - away * (x1 - x0)
        sketch.text(*middle, text, color=ink(color))

    y = sum_of(x, residual)
    sketch.dot(*at((0, 0)), 3, INK)
    if not any(residual):
        sketch.vector(at((0, 0)), at(x), BLUE)
        name(at((0, 0)), at(x), "y = x", BLUE, 1)
        return
    sketch.vector(at((0, 0)), at(x), LINE)
    sketch.vector(at(x), at(y), VERMILLION)
    sketch.vector(at((0, 0)), at(y), BLUE)
    above = 1 if x[0] * residual[1] - x[1] * residual[0] >= 0 else -1
    name(at((0, 0)), at(x), "x", LINE, -above)
    name(at((0, 0)), at(y), "y", BLUE, above)
    name(at(x), at(y), "F(x)", VERMILLION, -above, off=2 * OFF)
