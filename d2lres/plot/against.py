"""One quantity of several nets against what they cost: a panel a cost, a point a net."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from ..drawing.look import MARGIN, PAGE, POINT, SERIES, SMALL, SOFT, text_width
from ..errors import ConfigError
from .curves import ticks
from .figure import axes_at, ink, sheet, styled
from .lines import numbers_of, short

# Pixels: the height of a panel, the legend and the name above it, the numbers and the name below,
# from one panel to the next, a sample of a line in the legend.
PANEL, ABOVE, BELOW, APART, SAMPLE = 230, 46, 44, 26, 22
#: Where the names of the points stand, for the first line, the second and the third.
BESIDE = (
    {"xytext": (-4, 4), "ha": "right", "va": "bottom"},
    {"xytext": (-7, 0), "ha": "right", "va": "center"},
    {"xytext": (-5, -3), "ha": "right", "va": "top"},
)


def check(lines, costs) -> dict[str, dict[str, tuple[float, ...]]]:
    """The costs as floats by quantity and line, as many as the line has points."""
    named = isinstance(lines, Mapping) and 1 <= len(lines) <= len(BESIDE)
    if not named or not all(isinstance(each, Mapping) for each in lines.values()):
        raise ConfigError(
            f"plot_against: {lines!r:.60}; expected a mapping of 1 to {len(BESIDE)} names to "
            "points, which map a label to a number."
        )
    if not costs:
        raise ConfigError("plot_against: no costs; expected one quantity at least.")
    found = {}
    for quantity, by_line in costs.items():
        if list(by_line) != list(lines):
            raise ConfigError(
                f"plot_against: {quantity}: {list(by_line)}; expected the lines {list(lines)}."
            )
        found[quantity] = {
            line: numbers_of(values, f"plot_against: {quantity}, {line}")
            for line, values in by_line.items()
        }
        for line, values in found[quantity].items():
            if len(values) != len(lines[line]) or min(values) < 0:
                raise ConfigError(
                    f"plot_against: {quantity}, {line}: {list(values)}; expected a number of at "
                    f"least 0 for each of {list(lines[line])}."
                )
    return found


def in_words(lines, costs) -> str:
    sentences = []
    for name, points in lines.items():
        each = []
        for i, (label, y) in enumerate(points.items()):
            at = ", ".join(short(by_line[name][i]) for by_line in costs.values())
            each.append(f"{label}: {y:g} at {at}")
        sentences.append(f"{name}. {'; '.join(each)}.")
    return " ".join(sentences)


@styled
def plot_against(
    lines: "Mapping[str, Mapping[str, float]]",
    costs: "Mapping[str, Mapping[str, Sequence[float]]]",
    *,
    ylabel: str,
    title: "str | None" = None,
):
    """Plot a quantity of several nets against their costs, side by side.

    Arguments: `lines`, for each of 1 to 3 names the points that it joins, labels to numbers;
    `costs`, for each quantity with its unit the numbers of each line's points, in their order;
    `ylabel`, what the points are, with the unit; `title`, the finding.
    Costs are drawn from 0 on, the points only from the smallest to the largest.
    Raises ConfigError where lines and numbers do not match, or a cost is negative.
    Chapter "Basic against bottleneck".

    >>> nets = {"plain": {"18": 27.94, "34": 28.54}}
    >>> plot_against(nets, {"MACs": {"plain": [1.8, 3.6]}}, ylabel="error (%)").alt
    'Error (%) against MACs. plain. 18: 27.94 at 1.8; 34: 28.54 at 3.6.'
    """
    costs = check(lines, costs)
    values = numbers_of((y for points in lines.values() for y in points.values()), "plot_against")
    margin = 0.08 * (max(values) - min(values)) or 1
    low, high = min(values) - margin, max(values) + 1.6 * margin
    shown = ticks(low, high, MaxNLocator(6, steps=[1, 2, 5, 10]))
    left = MARGIN + 8 + max(text_width(f"{y:g}", SMALL) for y in shown)
    plot = (PAGE - left - MARGIN - 8 - APART * (len(costs) - 1)) / max(3, len(costs))
    width = left + plot * len(costs) + APART * (len(costs) - 1) + MARGIN + 8
    alt = f"{ylabel[:1].upper()}{ylabel[1:]} against {', '.join(costs)}. {in_words(lines, costs)}"
    figure, y = sheet(width, ABOVE + PANEL + BELOW, title, alt)
    for i, (quantity, by_line) in enumerate(costs.items()):
        axes = axes_at(figure, left + i * (plot + APART), y + ABOVE, plot, PANEL)
        draw_panel(axes, lines, by_line)
        axes.set(ylim=(low, high), xlabel=quantity)
        axes.xaxis.label.set_size(SMALL)
        axes.set_yticks(shown, [f"{y:g}" for y in shown] if i == 0 else [""] * len(shown))
        if i == 0:
            draw_legend(axes, lines, plot)
            look = {"size": SMALL, "color": SOFT, "va": "bottom", "transform": axes.transAxes}
            axes.text((MARGIN - left) / plot, 1 + 6 / PANEL, ylabel, **look)
    return figure


def draw_panel(axes, lines, costs: "Mapping[str, Sequence[float]]") -> None:
    """Draw each line through its points, and their labels beside them."""
    largest = max(max(values) for values in costs.values()) or 1
    for (name, points), color, beside in zip(lines.items(), SERIES, BESIDE, strict=False):
        axes.plot(costs[name], points.values(), "o-", color=color, markersize=5, label=name)
        for label, x, y in zip(points, costs[name], points.values(), strict=True):
            look = {"size": SMALL, "color": ink(color), "textcoords": "offset points", **beside}
            look["xytext"] = [POINT * pixels for pixels in beside["xytext"]]
            axes.annotate(label, (x, y), **look)
    axes.set_xlim(0, 1.06 * largest)
    axes.set_xticks(ticks(0, 1.06 * largest, MaxNLocator(4, steps=[1, 2, 5, 10])))
    axes.grid(axis="y")
    axes.tick_params(length=0)


def draw_legend(axes, lines, width: float) -> None:
    """Write the names of the lines in a row above the first panel; it may reach over the others."""
    x, middle = 0.0, 1 + (ABOVE - 12) / PANEL
    for name, color in zip(lines, SERIES, strict=False):
        ends = [x / width, (x + SAMPLE) / width]
        look = {"color": color, "clip_on": False, "transform": axes.transAxes}
        axes.plot(ends, [middle] * 2, linewidth=2 * POINT, **look)
        options = {"size": SMALL, "color": ink(color), "va": "center", "transform": axes.transAxes}
        axes.text((x + SAMPLE + 6) / width, middle, name, **options)
        x += SAMPLE + 6 + text_width(name, SMALL) + 20
