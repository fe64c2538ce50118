"""What training measured, against the epochs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from matplotlib.ticker import MaxNLocator

from ..drawing.look import LINE, MARGIN, POINT, SERIES, SMALL, SOFT, text_width
from ..errors import ConfigError, unknown_name
from .figure import axes_at, ink, sheet, styled

# Pixels: the area of a panel, from the left edge to it, its name above it, between two panels, the
# numbers and the name of the epochs, from the end of a line to its label.
PLOT, PANEL, LEFT, NAME, APART, EPOCHS, LABEL = 350, 170, 48, 30, 26, 48, 16


@dataclass(frozen=True)
class Panel:
    """What one set of axes shows: columns of a history, each with a word for it."""

    name: str
    columns: dict[str, str]
    form: str = "{:.3f}"
    value: Callable[[float], float] = float
    from_zero: bool = True


def percent_wrong(accuracy: float) -> float:
    return 100 * (1 - accuracy)


PANELS = {
    "loss": Panel("training loss (nats per image)", {"train_loss": ""}),
    "accuracy": Panel(
        "accuracy (share of images)",
        {"train_acc": "training", "test_acc": "test"},
        from_zero=False,
    ),
    "train error": Panel("training error (%)", {"train_acc": ""}, "{:.1f} %", percent_wrong),
    "test error": Panel("test error (%)", {"test_acc": ""}, "{:.1f} %", percent_wrong),
    # of a run that held out a tenth of its training images, and asked those
    "validation error": Panel("validation error (%)", {"test_acc": ""}, "{:.1f} %", percent_wrong),
}


@dataclass(frozen=True)
class Line:
    """One curve, or a level that has no epochs."""

    label: str
    epochs: tuple[int, ...]
    values: tuple[float, ...]
    form: str
    color: str
    dashed: bool = False

    @property
    def text(self) -> str:
        """What stands at its end: its name and its last value."""
        return f"{self.label} {self.form.format(self.values[-1])}".strip()


# --- histories as plain data ---------------------------------------------------------------------


def rows_of(history) -> list[dict]:
    """The epochs of a History, of a Run that has one, or of plain data, as dictionaries."""
    history = getattr(history, "history", history)
    rows = history.to_list() if hasattr(history, "to_list") else history
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError(
            f"plot_history: {type(history).__name__}; expected a History, a Run, or a mapping of "
            "labels to them."
        )
    if not rows:
        raise ConfigError("plot_history: no epoch; expected one at least. Train first.")
    return list(rows)


def histories_of(histories) -> dict[str, list[dict]]:
    """Label and epochs of each history; one alone has no label."""
    if not isinstance(histories, Mapping):
        return {"": rows_of(histories)}
    if not histories:
        raise ConfigError("plot_history: nothing to plot; expected one history at least.")
    return {label: rows_of(history) for label, history in histories.items()}


def lines_of(panel: Panel, histories, reference) -> list[Line]:
    """The curves of a panel, then the levels to compare them with."""
    lines = []
    for i, (run, rows) in enumerate(histories.items()):
        for column, word in panel.columns.items():
            points = [
                (r["epoch"], panel.value(r[column])) for r in rows if r.get(column) is not None
            ]
            if not points:
                continue
            alone = len(histories) == 1
            color = SERIES[word == "test"] if alone else SERIES[i % len(SERIES)]
            dashed = not alone and word == "training"
            epochs, values = zip(*points, strict=True)
            lines.append(Line(f"{run} {word}".strip(), epochs, values, panel.form, color, dashed))
    for column, (label, value) in reference.items():
        if column in panel.columns:
            name = f"{label} {panel.columns[column]}".strip()
            lines.append(Line(name, (), (panel.value(value),), panel.form, LINE, True))
    return lines


# --- drawing -------------------------------------------------------------------------------------


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Positions as near the wanted ones as can be, `apart` from each other, from low to high.

    Less `apart` for each one before, they must not fall: that is isotonic regression, which merges
    neighbours that would fall into groups and gives each group its mean.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    groups: list[list[float]] = []
    for rank, i in enumerate(order):
        groups.append([wanted[i] - rank * apart])
        while len(groups) > 1 and mean(groups[-2]) > mean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    flat = [mean(group) for group in groups for _ in group]
    last = high - apart * (len(wanted) - 1)
    placed = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        placed[i] = max(low, min(flat[rank], last)) + rank * apart
    return placed


def ticks(low: float, high: float, locator: MaxNLocator) -> list[float]:
    """The locator's values from low to high, and none beyond."""
    return [value for value in locator.tick_values(low, high) if low <= value <= high]


def draw_panel(axes, panel: Panel, lines: Sequence[Line], last_epoch: int) -> None:
    """Draw the lines of a panel and write a label at the end of each."""
    axes.set_ylabel(panel.name, size=SMALL, color=SOFT, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords((MARGIN - LEFT) / PLOT, 1 + 12 / PANEL)  # above, to be read level
    axes.grid(axis="y")
    axes.tick_params(length=0)
    for line in lines:
        dash = (0, (4, 2)) if line.dashed else "solid"
        if line.epochs:
            axes.plot(line.epochs, line.values, color=line.color, linestyle=dash, label=line.label)
            end = line.epochs[-1], line.values[-1]
            axes.plot(*end, "o", color=line.color, markersize=4, clip_on=False)
        else:
            axes.axhline(line.values[0], color=line.color, linestyle=(0, (1, 2)), linewidth=1.2)
    axes.set_xlim(1 - (last_epoch == 1), max(last_epoch, 2))
    if panel.from_zero:
        axes.set_ylim(bottom=0)
    low, high = axes.get_ylim()
    axes.set_yticks(ticks(low, high, MaxNLocator(6, steps=[1, 2, 5, 10])))
    axes.set_xticks(sorted({1, *ticks(1, last_epoch, MaxNLocator(10, integer=True))}))
    label_ends(axes, lines, last_epoch)


def label_ends(axes, lines: Sequence[Line], last_epoch: int) -> None:
    """Write each line's label to the right of the axes, at its end or near it, without overlap."""
    low, high = axes.get_ylim()
    pixels = PANEL / (high - low)
    wanted = [(line.values[-1] - low) * pixels for line in lines]
    x = axes.get_xlim()[1]
    per_pixel = (x - axes.get_xlim()[0]) / PLOT
    for line, at, y in zip(lines, wanted, spread(wanted, 17, 4, PANEL - 4), strict=True):
        start = line.epochs[-1] if line.epochs else x
        early = start < x  # what leads on to the label then is no measurement
        axes.plot(
            [start, x + 3 * per_pixel, x + (LABEL - 4) * per_pixel],
            [low + height / pixels for height in (at, at, y)],
            color=line.color,
            linewidth=0.8 * POINT,
            linestyle=(0, (1, 4)) if early else "solid",
            clip_on=False,
        )
        axes.text(
            x + LABEL * per_pixel,
            low + y / pixels,
            line.text,
            size=SMALL,
            color=ink(line.color),
            va="center",
        )
    axes.set_ylim(low, high)


def check_reference(reference) -> dict[str, tuple[str, float]]:
    """Column to (label, value) of the levels to compare with."""
    columns = [column for panel in PANELS.values() for column in panel.columns]
    checked = {}
    for column, level in (reference or {}).items():
        if column not in columns:
            raise unknown_name("reference", column, dict.fromkeys(columns))
        label, value = level if isinstance(level, tuple) else ("reported", level)
        checked[column] = (label, value)
    return checked


def in_words(panel: Panel, lines: Sequence[Line]) -> str:
    """What a panel shows, as a sentence."""
    said = []
    for line in lines:
        first, last = line.form.format(line.values[0]), line.form.format(line.values[-1])
        if not line.epochs:
            said.append(f"{line.label} {last}")
        else:
            name = f"{line.label}: " if line.label else ""
            said.append(
                f"{name}{first} after epoch {line.epochs[0]}, {last} after {line.epochs[-1]}"
            )
    return f"{panel.name[0].upper()}{panel.name[1:]}: {'; '.join(said)}."


@styled
def plot_history(
    histories,
    *,
    panels: Sequence[str] = ("loss", "accuracy"),
    reference: "Mapping[str, float | tuple[str, float]] | None" = None,
    title: "str | None" = None,
):
    """Plot what training measured against the epochs, each line labelled with its last value.

    Arguments: `histories`, a History, a recorded Run, or a mapping of labels to them, which
    compares; `panels`, from top to bottom, of "loss", "accuracy" (of training and test images),
    "train error", "test error", "validation error" (percent); `reference`, levels to compare with,
    by column ("train_loss", "train_acc", "test_acc"): a number, which is labelled "reported", or
    (label, number), accuracies as shares from 0 to 1; `title`, the finding.
    Raises ConfigError for an unknown panel or column, and where there is no epoch.
    Source: the two kinds of panels are those of He et al. (2015), figures 1 and 4.
    Chapter "Training on Fashion-MNIST".

    >>> epoch = {"epoch": 1, "train_loss": 0.6, "train_acc": 0.8, "test_acc": 0.85}
    >>> plot_history([epoch], panels=["test error"]).alt
    'Test error (%): 15.0 % after epoch 1, 15.0 % after 1.'
    """
    histories, reference = histories_of(histories), check_reference(reference)
    for name in panels:
        if name not in PANELS:
            raise unknown_name("panel", name, PANELS)
    shown = [(PANELS[name], lines_of(PANELS[name], histories, reference)) for name in panels]
    shown = [(panel, lines) for panel, lines in shown if lines]
    if not shown:
        raise ConfigError(f"plot_history: {list(panels)}; expected a panel with measured values.")
    last_epoch = max(row["epoch"] for rows in histories.values() for row in rows)
    labels = max(text_width(line.text, SMALL) for _, lines in shown for line in lines)
    height = len(shown) * (NAME + PANEL + APART) - APART + EPOCHS
    alt = " ".join(in_words(*each) for each in shown)
    figure, y = sheet(LEFT + PLOT + LABEL + labels + MARGIN, height, title, alt)
    for panel, lines in shown:
        axes = axes_at(figure, LEFT, y + NAME, PLOT, PANEL)
        draw_panel(axes, panel, lines, last_epoch)
        y += NAME + PANEL + APART
    axes.set_xlabel("epoch")
    return figure
