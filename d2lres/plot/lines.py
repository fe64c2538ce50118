"""Numbers against numbers, as lines: signals against layers, learning rates against steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from matplotlib.ticker import MaxNLocator, NullLocator

from ..drawing.look import INK, MARGIN, POINT, SERIES, SMALL, SOFT, text_width, wrap
from ..errors import ConfigError
from .curves import spread, ticks
from .figure import axes_at, ink, sheet, styled

# Pixels: the area of the lines, the name above it, the numbers and the name below it, from the end
# of a line to its label, the widest label that stands there, from one row of text to the next.
PLOT, PANEL, NAME, BELOW, LABEL, WIDEST, ROW = 420, 230, 30, 48, 16, 200, 17
DASHES = ("solid", (0, (4, 2)))
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Line:
    """One series: its points and how it looks."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    color: str
    dash: "str | tuple"


@dataclass(frozen=True)
class Mark:
    """A vertical line, with the rows of text above the plot that its label takes."""

    text: str
    x: float
    row: int = 0

    @property
    def width(self) -> float:
        """Pixels from the line to the end of its label."""
        return 8 + max(text_width(row, SMALL) for row in self.text.split("\n"))

    @property
    def above(self) -> int:
        """The first row that is free over its label."""
        return self.row + 1 + self.text.count("\n")


# --- requests as plain data ----------------------------------------------------------------------


def numbers_of(values, where: str) -> tuple[float, ...]:
    """Finite floats of any sequence of numbers, an array's too."""
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{where}: {values!r:.60}; expected numbers.") from None
    if not numbers:
        raise ConfigError(f"{where}: nothing; expected one number at least.")
    if not all(map(isfinite, numbers)):
        raise ConfigError(
            f"{where}: {next(n for n in numbers if not isfinite(n))}; expected finite "
            "numbers. Leave out what overflowed."
        )
    return numbers


def lines_of(series, x, log: bool) -> list[Line]:
    """The lines with their colors; beyond the colors there are, dashed."""
    most = len(SERIES) * len(DASHES)
    if not isinstance(series, Mapping) or not 1 <= len(series) <= most:
        raise ConfigError(
            f"plot_lines: {series!r:.60}; expected a mapping of 1 to {most} names to numbers."
        )
    common = None if x is None else numbers_of(x, "plot_lines: x")
    if common and any(a >= b for a, b in pairwise(common)):
        raise ConfigError("plot_lines: x falls or stands still; expected growing numbers.")
    lines = []
    for i, (name, values) in enumerate(series.items()):
        y = numbers_of(values, f"plot_lines: {name!r}")
        if log and min(y) <= 0:
            raise ConfigError(
                f"plot_lines: {name!r}: {short(min(y))}; expected numbers above 0 on a logarithmic "
                "axis. Set log=False, or leave it out."
            )
        along = common or tuple(range(1, len(y) + 1))
        if len(along) != len(y):
            raise ConfigError(
                f"plot_lines: {name!r}: {len(y)} numbers; expected {len(along)}, as many as x has."
            )
        dash = DASHES[i // len(SERIES)]
        lines.append(Line(str(name), along, y, SERIES[i % len(SERIES)], dash))
    return lines


def marks_of(marks, low: float, high: float) -> list[Mark]:
    """The marks from right to left, each label in the lowest row where it meets no other mark.

    A label stands to the right of its line, so it needs a row above all lines that it would cross.
    """
    if marks is not None and not isinstance(marks, Mapping):
        raise ConfigError(f"plot_lines: marks {marks!r:.60}; expected a mapping of labels to x.")
    positions = {
        str(label): numbers_of([x], f"plot_lines: {label!r}")[0]
        for label, x in (marks or {}).items()
    }
    per_pixel = (high - low) / PLOT
    placed: list[Mark] = []
    for label, x in sorted(positions.items(), key=lambda item: -item[1]):
        if not low <= x <= high:
            raise ConfigError(
                f"plot_lines: mark {label!r} at {short(x)}; expected {short(low)} to {short(high)}."
            )
        mark = Mark(wrap(label, 180, SMALL), x)
        end = x + mark.width * per_pixel
        row = max((other.above for other in placed if other.x <= end), default=0)
        placed.append(replace(mark, row=row))
    return placed


# --- numbers in words ----------------------------------------------------------------------------


def short(value: float) -> str:
    """A number with three significant digits: 0.0123, 12,300, 1.23e-7.

    >>> short(2 / 3), short(123_456), short(2**-30)
    ('0.667', '123,000', '9.31e-10')
    """
    rounded = float(f"{value:.3g}")
    if not rounded or 1e-3 <= abs(rounded) < 1e6:
        return f"{rounded:,g}"
    mantissa, exponent = f"{rounded:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def in_words(line: Line) -> str:
    """Where a line begins and ends and how far it reaches, as a sentence."""
    return (
        f"{line.name}: {short(line.y[0])} at {short(line.x[0])}, {short(line.y[-1])} at "
        f"{short(line.x[-1])}, smallest {short(min(line.y))}, largest {short(max(line.y))}."
    )


# --- drawing -------------------------------------------------------------------------------------


def y_limits(lines: Sequence[Line], log: bool) -> tuple[float, float]:
    """From zero where the numbers are near it; else what they span and a little more."""
    low, high = min(min(line.y) for line in lines), max(max(line.y) for line in lines)
    if log:
        margin = 10 ** max(0.05 * (log10(high) - log10(low)), 0.04)
        return max(low / margin, 1e-307), min(high * margin, 1e307)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1
    return (0 if 0 <= low <= high / 2 else low - margin), high + margin


def y_ticks(low: float, high: float, log: bool) -> dict[float, str]:
    """Positions on the y axis and what is written there."""
    if not log or high < 10 * low:
        return {y: f"{y:,g}" for y in ticks(low, high, MaxNLocator(6, steps=[1, 2, 5, 10]))}
    if high < 100 * low:
        powers = range(floor(log10(low)), ceil(log10(high)))
        steps = [k * 10.0**n for n in powers for k in (1, 2, 5)]
        return {y: short(y) for y in steps if low <= y <= high}
    whole = MaxNLocator(7, integer=True, steps=[1, 2, 5, 10])
    powers = [round(n) for n in ticks(log10(low), log10(high), whole)]
    if -3 <= powers[0] and powers[-1] <= 4:
        return {10.0**n: f"{10.0**n:,g}" for n in powers}
    return {10.0**n: "10" + str(n).translate(SUPERSCRIPT) for n in powers}


def x_ticks(lines: Sequence[Line], low: float, high: float) -> list[float]:
    """Round numbers, whole ones where all x are, and the 1 with which counting begins."""
    whole = all(x == int(x) for line in lines for x in line.x)
    found = ticks(low, high, MaxNLocator(8, integer=whole, steps=[1, 2, 5, 10]))
    return sorted({low, *found}) if low == 1 and whole else found


def draw_lines(axes, lines: Sequence[Line]) -> None:
    """Draw the lines, each with a dot at its end."""
    for line in lines:
        axes.plot(line.x, line.y, color=line.color, linestyle=line.dash, label=line.name)
        axes.plot(line.x[-1], line.y[-1], "o", color=line.color, markersize=4, clip_on=False)


def label_ends(axes, lines: Sequence[Line]) -> None:
    """Write each name to the right, at its line's end or near it, without overlap."""
    to_axes = axes.transData - axes.transAxes
    ends = [to_axes.transform((line.x[-1], line.y[-1])) for line in lines]
    wanted = [end[1] * PANEL for end in ends]
    for line, end, y in zip(lines, ends, spread(wanted, ROW, 4, PANEL - 4), strict=True):
        early = line.x[-1] < axes.get_xlim()[1]  # what leads on then is no measurement
        axes.plot(
            [end[0], 1 + 3 / PLOT, 1 + (LABEL - 4) / PLOT],
            [end[1], end[1], y / PANEL],
            color=line.color,
            linewidth=0.8 * POINT,
            linestyle=(0, (1, 4)) if early else "solid",
            clip_on=False,
            transform=axes.transAxes,
        )
        options = {"size": SMALL, "color": ink(line.color), "va": "center"}
        axes.text(1 + LABEL / PLOT, y / PANEL, line.name, transform=axes.transAxes, **options)


def draw_legend(axes, lines: Sequence[Line], names: Sequence[str]) -> None:
    """Write the names below the plot, one under the other."""
    y = PANEL + BELOW
    for line, name in zip(lines, names, strict=True):
        rows = 1 + name.count("\n")
        middle = [1 - (y + ROW / 2) / PANEL] * 2
        look = {"color": line.color, "linestyle": line.dash, "clip_on": False}
        axes.plot([0, 24 / PLOT], middle, transform=axes.transAxes, **look)
        options = {"size": SMALL, "color": ink(line.color), "va": "top", "linespacing": 1.25}
        axes.text(32 / PLOT, 1 - y / PANEL, name, transform=axes.transAxes, **options)
        y += rows * ROW


def draw_marks(axes, marks: Sequence[Mark]) -> None:
    """Draw the vertical lines up to their labels above the plot."""
    low, high = axes.get_xlim()
    for mark in marks:
        x, bottom = (mark.x - low) / (high - low), 1 + (6 + ROW * mark.row) / PANEL
        look = {"color": INK, "linewidth": 1.2, "linestyle": (0, (1, 2)), "clip_on": False}
        top = bottom + (ROW - 4) * (mark.above - mark.row) / PANEL
        axes.plot([x, x], [0, top], label="mark", transform=axes.transAxes, **look)
        options = {"size": SMALL, "color": SOFT, "va": "bottom", "linespacing": 1.2}
        axes.text(x + 4 / PLOT, bottom, mark.text, transform=axes.transAxes, **options)


@styled
def plot_lines(
    series,
    *,
    x=None,
    xlabel: str,
    ylabel: str,
    log: bool = False,
    title: "str | None" = None,
    marks: "Mapping[str, float] | None" = None,
):
    """Plot series of numbers as lines, each with its name at its end.

    Arguments: `series`, a mapping of 1 to 12 names to numbers; `x`, where they lie, growing, as
    many as each series has, by default 1, 2, 3 and so on; `xlabel` and `ylabel`, what the axes
    show, with the unit; `log`, a logarithmic y axis; `title`, the finding; `marks`, a mapping of
    labels to x where dotted vertical lines stand.
    Raises ConfigError for what is no finite number, for numbers that are not above 0 on a
    logarithmic axis, and for lengths that differ.
    Chapter "What the sum does".

    >>> halves = {"halves": [1 / 2**i for i in range(11)]}
    >>> plot_lines(halves, xlabel="layer", ylabel="signal", log=True).alt
    'Signal against layer. halves: 1 at 1, 9.77e-4 at 11, smallest 9.77e-4, largest 1.'
    """
    lines = lines_of(series, x, log)
    left, right = min(line.x[0] for line in lines), max(line.x[-1] for line in lines)
    if left == right:
        left, right = left - 1, right + 1
    placed = marks_of(marks, left, right)
    low, high = y_limits(lines, log)
    numbers = y_ticks(low, high, log)
    edge = MARGIN + 8 + max(text_width(number, SMALL) for number in numbers.values())
    widest = max(text_width(line.name, SMALL) for line in lines)
    names = [wrap(line.name, PLOT - 32, SMALL) for line in lines] if widest > WIDEST else []
    room = [mark.width - PLOT * (right - mark.x) / (right - left) for mark in placed]
    beyond = max([24 if names else LABEL + widest, *room])
    top = NAME + ROW * max((mark.above for mark in placed), default=0)
    legend = ROW * sum(1 + name.count("\n") for name in names)
    alt = " ".join([f"{ylabel[:1].upper()}{ylabel[1:]} against {xlabel}.", *map(in_words, lines)])
    alt += "".join(f" Mark at {short(mark.x)}: {mark.text}." for mark in reversed(placed))

    figure, y = sheet(edge + PLOT + beyond + MARGIN, top + PANEL + BELOW + legend, title, alt)
    axes = axes_at(figure, edge, y + top, PLOT, PANEL)
    axes.set_yscale("log" if log else "linear")
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.set_yticks(list(numbers), numbers.values())
    axes.set_xticks(x_ticks(lines, left, right))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y")
    axes.tick_params(length=0)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel, size=SMALL, color=SOFT, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords((MARGIN - edge) / PLOT, 1 + (top - NAME + 12) / PANEL)
    draw_lines(axes, lines)
    draw_marks(axes, placed)
    if names:
        draw_legend(axes, lines, names)
    else:
        label_ends(axes, lines)
    return figure
