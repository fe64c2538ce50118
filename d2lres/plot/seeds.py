"""What several trainings of each net reached: a dot for each seed, beside those of a reference."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from ..errors import unknown_name
from .curves import ticks
from .figure import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    SMALL,
    SOFT,
    VERMILLION,
    axes_at,
    ink,
    sheet,
    styled,
    text_width,
)
from .lines import numbers_of

PLOT, PITCH, BELOW = 400, 24, 44  # CSS pixels: the area, a row, the numbers and the name below


def is_apart(values: Sequence[float], others: Sequence[float]) -> bool:
    """Whether all of one are larger than all of the others, or all are smaller.

    >>> is_apart([3, 4], [1, 2]), is_apart([2, 4], [1, 3])
    (True, False)
    """
    return min(values) > max(others) or max(values) < min(others)


def in_words(name: str, values: Sequence[float], others: Sequence[float]) -> str:
    """One row as a phrase."""
    verdict = "" if values is others else f", {'apart' if is_apart(values, others) else 'overlaps'}"
    return f"{name} {mean(values):.1f} ({min(values):.1f} to {max(values):.1f}{verdict})"


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


@styled
def plot_seeds(
    values: "Mapping[str, Sequence[float]]",
    reference: str,
    *,
    xlabel: str,
    title: "str | None" = None,
):
    """Plot a number of each seed of several nets, and whether the seeds tell them apart.

    Arguments: `values`, for each name a number for each seed; `reference`, the name that the others
    are compared with: its range is shaded, and dots are filled where all of a row lie on one side
    of it; `xlabel`, the quantity and its unit; `title`, the finding.
    Raises ConfigError for an unknown reference, and where there is no finite number.
    Chapter "Ablations".

    >>> plot_seeds({"a": [1, 2], "b": [3, 4]}, "a", xlabel="error (%)").alt
    'error (%): a 1.5 (1.0 to 2.0); b 3.5 (3.0 to 4.0, apart).'
    """
    rows = {name: numbers_of(found, f"plot_seeds: {name}") for name, found in values.items()}
    if reference not in rows:
        raise unknown_name("plot_seeds: reference", reference, rows)
    others = rows[reference]
    alt = f"{xlabel}: {'; '.join(in_words(name, each, others) for name, each in rows.items())}."
    left = MARGIN + max(text_width(name) for name in rows) + 12
    right = max(text_width(f"{mean(each):.1f}") for each in rows.values()) + 14
    height = PITCH * len(rows)
    figure, y = sheet(left + PLOT + right + MARGIN, height + BELOW, title, alt)
    axes = axes_at(figure, left, y, PLOT, height)
    axes.axvspan(min(others), max(others), color=FAINT, zorder=0)
    for place, (name, each) in enumerate(rows.items()):
        draw_row(axes, place, each, name != reference and is_apart(each, others))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(ticks(*axes.get_xlim(), MaxNLocator(6, steps=[1, 2, 5, 10])))
    axes.tick_params(length=0)
    axes.set_xlabel(xlabel, size=SMALL, color=SOFT)
    axes.spines["left"].set_visible(False)
    return figure


def draw_row(axes, place: int, values: Sequence[float], apart: bool) -> None:
    """The dots of one net, a line from the lowest to the highest, and the mean at the right."""
    color = VERMILLION if apart else BLUE
    axes.plot([min(values), max(values)], [place, place], color=color, linewidth=1.5)
    face = color if apart else "white"
    label = "apart" if apart else "not apart"
    axes.plot(values, [place] * len(values), "o", markersize=6, mec=color, mfc=face, label=label)
    where = {"transform": axes.get_yaxis_transform(), "va": "center", "size": SMALL}
    axes.text(1.02, place, f"{mean(values):.1f}", color=ink(color) if apart else INK, **where)
