"""What several trainings of each net reached, and which means differ by more than chance."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from matplotlib.ticker import MaxNLocator

from ..drawing.look import BLUE, FAINT, INK, MARGIN, SMALL, SOFT, VERMILLION, text_width
from ..errors import unknown_name
from .curves import ticks
from .figure import axes_at, ink, sheet, styled
from .lines import numbers_of

PLOT, PITCH, BELOW = 400, 24, 44  # CSS pixels: the area, a row, the numbers and the name below


def in_words(name: str, values: Sequence[float], others: Sequence[float], chance: float) -> str:
    """One row as a phrase."""
    words = f"{name} {fmean(values):.1f} ({min(values):.1f} to {max(values):.1f}"
    if values is not others:
        far = fmean(values) - fmean(others)
        words += f", {far:+.1f}" if abs(far) > chance else ", within chance"
    return words + ")"


@styled
def plot_seeds(
    values: "Mapping[str, Sequence[float]]",
    reference: str,
    chance: float,
    *,
    xlabel: str,
    title: "str | None" = None,
):
    """Plot a number of each seed of several nets, and which means differ by more than chance.

    Arguments: `values`, for each name a number for each seed; `reference`, the name that the others
    are compared with; `chance`, how far a mean can lie from that of the reference without saying
    anything: this far is shaded, and rows whose mean (the line across) lies outside are filled;
    `xlabel`, the quantity and its unit; `title`, the finding.
    Raises ConfigError for an unknown reference, and where there is no finite number.
    Chapter "Ablations".

    >>> plot_seeds({"a": [1, 2], "b": [3, 4]}, "a", 0.5, xlabel="error (%)").alt
    'error (%): a 1.5 (1.0 to 2.0); b 3.5 (3.0 to 4.0, +2.0). Chance reaches ±0.5.'
    """
    rows = {name: numbers_of(found, f"plot_seeds: {name}") for name, found in values.items()}
    if reference not in rows:
        raise unknown_name("plot_seeds: reference", reference, rows)
    others = rows[reference]
    words = [in_words(name, each, others, chance) for name, each in rows.items()]
    alt = f"{xlabel}: {'; '.join(words)}. Chance reaches ±{chance:.1f}."
    left = MARGIN + max(text_width(name) for name in rows) + 12
    right = max(text_width(f"{fmean(each):.1f}") for each in rows.values()) + 14
    height = PITCH * len(rows)
    figure, y = sheet(left + PLOT + right + MARGIN, height + BELOW, title, alt)
    axes = axes_at(figure, left, y, PLOT, height)
    axes.axvspan(fmean(others) - chance, fmean(others) + chance, color=FAINT, zorder=0)
    for place, each in enumerate(rows.values()):
        draw_row(axes, place, each, abs(fmean(each) - fmean(others)) > chance)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(ticks(*axes.get_xlim(), MaxNLocator(6, steps=[1, 2, 5, 10])))
    axes.tick_params(length=0)
    axes.set_xlabel(xlabel, size=SMALL, color=SOFT)
    axes.spines["left"].set_visible(False)
    return figure


def draw_row(axes, place: int, values: Sequence[float], differs: bool) -> None:
    """The dots of one net, their mean as a line across, and its number at the right."""
    color = VERMILLION if differs else BLUE
    axes.plot([fmean(values)] * 2, [place - 0.3, place + 0.3], color=color, linewidth=1.5)
    face = color if differs else "white"
    label = "differs" if differs else "within chance"
    axes.plot(values, [place] * len(values), "o", markersize=6, mec=color, mfc=face, label=label)
    where = {"transform": axes.get_yaxis_transform(), "va": "center", "size": SMALL}
    axes.text(1.02, place, f"{fmean(values):.1f}", color=ink(color) if differs else INK, **where)
