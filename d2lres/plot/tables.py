"""Numbers as pictures: which classes are confused, and what nets cost."""

from collections.abc import Mapping, Sequence

import numpy
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from ..drawing.look import BLUE, CARD, INK, LINE, MARGIN, SERIES, SMALL, SOFT, text_width
from ..errors import ConfigError
from .figure import axes_at, ink, mix, readable_on, sheet, styled

# --- confusion -----------------------------------------------------------------------------------

CELL, TOP, BOTTOM = 38, 30, 10  # pixels: a cell, the axis' name above, the margin below
SHADES = LinearSegmentedColormap.from_list(
    "shades", [CARD, mix(BLUE, 0.5), BLUE, mix(BLUE, 0.5, INK)]
)
#: The root tells a small share from none, and so shows the mistakes.
BY_ROOT = PowerNorm(0.5, vmin=0, vmax=1)
PREDICTED = "predicted class (% of the images of a true class)"


def check_table(table, classes) -> numpy.ndarray:
    """The table as whole numbers (K, K)."""
    counts = numpy.asarray(table)
    size = len(classes)
    if counts.shape != (size, size):
        raise ConfigError(
            f"plot_confusion: a table of shape {counts.shape} for {size} classes; expected "
            f"({size}, {size}): a row for each true class, a column for each predicted one."
        )
    if counts.dtype.kind not in "iu" or counts.min() < 0:
        raise ConfigError("plot_confusion: expected numbers of images, whole and not negative.")
    return counts


def percent(share: float) -> str:
    """A share in whole percent; a little is "<1" and not nothing."""
    rounded = f"{100 * share:.0f}"
    return "" if share == 0 else "<1" if rounded == "0" else rounded


def confusion_in_words(shares, counts, classes) -> str:
    right = counts.trace() / max(1, counts.sum())
    wrong = [(-shares[i, j], i, j) for i, j in zip(*counts.nonzero(), strict=True) if i != j]
    worst = [f"{classes[i]} taken for {classes[j]} ({-s:.0%})" for s, i, j in sorted(wrong)[:3]]
    each = ", ".join(f"{c} {shares[i, i]:.0%}" for i, c in enumerate(classes))
    text = (
        f"Confusion matrix of {len(classes)} classes: {right:.1%} of {counts.sum():,} images are "
    )
    text += f"right. Right in each class: {each}."
    return text + (f" Most frequent mistakes: {', '.join(worst)}." if worst else "")


@styled
def plot_confusion(table, classes: Sequence[str], *, title: "str | None" = None):
    """Plot which classes are taken for which, in percent of the images of each true class.

    Arguments: `table` (K, K), how many images of class i (row) were taken for class j (column),
    as in `run.record["final"]["confusion"]`; `classes`, K names; `title`, the finding.
    Raises ConfigError for a table that is not square, does not fit the names, or counts nothing.
    Chapter "Training on Fashion-MNIST".

    >>> plot_confusion([[9, 1], [0, 10]], ["cat", "dog"]).alt[:62]
    'Confusion matrix of 2 classes: 95.0% of 20 images are right. R'
    """
    counts, size = check_table(table, classes), len(classes)
    shares = counts / numpy.maximum(1, counts.sum(axis=1, keepdims=True))
    names = max(text_width(name, SMALL) for name in classes)
    left, above = MARGIN + names + 30, names * 0.72 + 22
    width = left + max(size * CELL + names * 0.72, text_width(PREDICTED, SMALL)) + MARGIN
    alt = confusion_in_words(shares, counts, classes)
    figure, y = sheet(width, TOP + above + size * CELL + BOTTOM, title, alt)
    axes = axes_at(figure, left, y + TOP + above - 20, size * CELL, size * CELL)
    axes.pcolormesh(shares, cmap=SHADES, norm=BY_ROOT, edgecolors=CARD, linewidth=1)
    axes.invert_yaxis()
    for i, j in zip(*counts.nonzero(), strict=True):
        color = readable_on(SHADES(BY_ROOT(shares[i, j])))
        at = {"ha": "center", "va": "center", "size": SMALL}
        axes.text(j + 0.5, i + 0.5, percent(shares[i, j]), color=color, **at)
    name_sides(axes, classes)
    return figure


def name_sides(axes, classes: Sequence[str]) -> None:
    """Class names to the left and, slanted, above."""
    middles = [i + 0.5 for i in range(len(classes))]
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.set_xticks(middles, classes, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(middles, classes)
    axes.set_ylabel("true class", color=SOFT, size=SMALL)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(PREDICTED, color=SOFT, size=SMALL, loc="left")


# --- costs ---------------------------------------------------------------------------------------

BAR, PITCH, PLOT, NAME, APART = 20, 30, 260, 26, 18  # pixels


def written(value) -> str:
    """A number with its thousands apart."""
    return f"{value:,}" if isinstance(value, (int, numpy.integer)) else f"{value:,.1f}"


@styled
def plot_costs(
    names: Sequence[str],
    costs: "Mapping[str, Sequence[float]]",
    *,
    title: "str | None" = None,
):
    """Plot what several blocks or nets cost, as bars with their numbers.

    Arguments: `names`, of the nets; `costs`, for each quantity with its unit, such as "parameters"
    or "MACs per image", a number for each net; `title`, the finding.
    Raises ConfigError where names and numbers do not match, or a number is negative.
    Chapter "Basic against bottleneck".

    >>> plot_costs(["basic", "bottleneck"], {"weights": [1179648, 69632]}).alt
    'weights: basic 1,179,648; bottleneck 69,632.'
    """
    for quantity, values in costs.items():
        if len(values) != len(names) or min(values, default=-1) < 0:
            raise ConfigError(
                f"plot_costs: {quantity}: {list(values)}; expected a number of at least 0 for each "
                f"of {list(names)}."
            )
    if not costs:
        raise ConfigError("plot_costs: nothing to plot; expected one quantity at least.")
    rows = {
        q: [f"{n} {written(v)}" for n, v in zip(names, vs, strict=True)] for q, vs in costs.items()
    }
    alt = " ".join(f"{quantity}: {'; '.join(row)}." for quantity, row in rows.items())
    left = MARGIN + max(text_width(name) for name in names) + 10
    right = max(text_width(written(v)) for values in costs.values() for v in values) + 8
    panel = NAME + PITCH * len(names) + APART
    figure, y = sheet(left + PLOT + right + MARGIN, panel * len(costs), title, alt)
    for i, (quantity, values) in enumerate(costs.items()):
        axes = axes_at(figure, left, y + i * panel + NAME, PLOT, PITCH * len(names))
        draw_bars(axes, names, values, SERIES[i % len(SERIES)])
        axes.set_xlabel(quantity, size=SMALL, color=SOFT, ha="left")
        axes.xaxis.set_label_coords((MARGIN - left) / PLOT, 1 + 18 / (PITCH * len(names)))
    return figure


def draw_bars(axes, names, values, color) -> None:
    """A bar for each value, longest where the value is largest, and the value at its end."""
    largest = max(values) or 1
    places = range(len(names))
    axes.barh(places, values, height=BAR / PITCH, color=mix(color, 0.75), edgecolor=color)
    for place, value in zip(places, values, strict=True):
        at = value + largest * 6 / PLOT
        axes.text(at, place, written(value), va="center", color=ink(color))
    axes.set(xlim=(0, 1.005 * largest), ylim=(len(names) - 0.5, -0.5))
    axes.set_yticks(places, names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_color(LINE)
