"""What each part of a network costs: bars for the stem, the stages and the head."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ConfigError
from ..structure import Summary, label
from .look import LINE, MARGIN, SERIES, SMALL, SOFT, Mix, ink, text_width
from .sketch import Sketch

# Pixels: a bar, from one to the next, between two parts, the length of the longest bar, between the
# two quantities, their names above the bars, a line of the legend, and its square.
BAR, PITCH, BREAK, PLOT, APART, NAME, ENTRY, SQUARE = 13, 17, 12, 225, 30, 24, 20, 11
#: What is plotted, and how it is called.
QUANTITIES = {"params": "parameters", "macs": "MACs per image"}
UNITS = (("G", 1e9, "billion"), ("M", 1e6, "million"), ("k", 1e3, "thousand"))
MOST = 4  # nets: more bars side by side are hard to tell apart


@dataclass(frozen=True)
class Net:
    """A net's name, and its costs by part and quantity."""

    name: str
    costs: dict[str, dict[str, int]]
    total: dict[str, int]


def short(n: int) -> str:
    """A number with three digits and a unit: 1.18 M."""
    for unit, size, _ in UNITS:
        if n >= 0.9995 * size:
            return f"{three(n / size)} {unit}"
    return str(n)


def three(x: float) -> str:
    """Three digits: 1.18, 11.8, 118."""
    return f"{x:.{2 - (x >= 9.995) - (x >= 99.95)}f}"


def units_in(texts) -> str:
    """What the units of some numbers stand for, in words."""
    found = {text[-1] for text in texts}
    return ", ".join(f"{unit} = {word}" for unit, _, word in reversed(UNITS) if unit in found)


def names_of(summaries: "Sequence[Summary]") -> list[str]:
    """The shortest names that tell the summaries apart."""
    for say in (
        lambda s: s.architecture.name,
        lambda s: label(s.architecture),
        lambda s: s.title,
    ):
        names = [say(s) for s in summaries]
        if len(set(names)) == len(names):
            break
    return names


def net_of(summary: Summary, name: str) -> Net:
    parts = {row.name: {q: getattr(row, q) for q in QUANTITIES} for row in summary.parts()}
    return Net(name, parts, {q: getattr(summary, q) for q in QUANTITIES})


def check(summaries) -> list[Summary]:
    """One to four summaries, or a ConfigError."""
    found = getattr(summaries, "summaries", summaries)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    wrong = [each for each in found if not isinstance(each, Summary)]
    if wrong or not 1 <= len(found) <= MOST:
        raise ConfigError(
            f"draw_parts: {wrong[0] if wrong else f'{len(found)} summaries'!r}; expected one to "
            f"{MOST} summaries. Make them with summarize('resnet18')."
        )
    return found


def in_words(nets: "list[Net]") -> str:
    sentences = []
    for quantity, name in QUANTITIES.items():
        of_nets = []
        for net in nets:
            each = [f"{said(part)} {short(cost[quantity])}" for part, cost in net.costs.items()]
            of_nets.append(f"{net.name}: {', '.join(each)}; total {short(net.total[quantity])}")
        sentences.append(f"{name[0].upper()}{name[1:]} of each part. {'. '.join(of_nets)}.")
    return " ".join(sentences)


def said(part: str) -> str:
    return part.replace("stage", "stage ")


def draw_parts(summaries, *, title: "str | None" = None):
    """Draw what the stem, each stage and the head of some nets cost, in parameters and in MACs.

    Arguments: `summaries`, one to four of them, or a contrast; `title`, the finding.
    The bars of a quantity are to one scale; each has its number with three digits: k is thousand,
    M million, G billion.  Parameters are the trained ones.
    Raises ConfigError for what is no summary, and for more than four.
    Source: the costs below table 1 of He et al. (2015), split up.  Chapter "From a table to a
    family".

    >>> from d2lres.structure import summarize
    >>> draw_parts([summarize("resnet18")]).alt[:66]
    'Parameters of each part. resnet18: stem 9.54 k, stage 1 148 k, sta'
    """
    summaries = check(summaries)
    nets = [net_of(*each) for each in zip(summaries, names_of(summaries), strict=True)]
    alt = in_words(nets)
    sketch = Sketch(f"{title}. {alt}" if title else alt)
    parts = list(max((net.costs for net in nets), key=len))
    costs = [cost for net in nets for cost in (*net.costs.values(), net.total)]
    numbers = [short(cost[quantity]) for cost in costs for quantity in QUANTITIES]
    left = MARGIN + max(text_width(said(part)) for part in parts) + 12
    panel = PLOT + 6 + max(map(text_width, numbers)) + APART
    width = left + 2 * panel - APART + MARGIN
    y = draw_legend(sketch, sketch.title(title, width), nets, units_in(numbers))
    for i, (quantity, name) in enumerate(QUANTITIES.items()):
        x = left + i * panel
        sketch.text(x, y + 8, name, ha="left", weight="bold")
        draw_bars(sketch, x, y + NAME, nets, parts, quantity)
    group = PITCH * len(nets) + BREAK
    for j, part in enumerate(parts):
        sketch.text(left - 12, y + NAME + group * (j + 0.5), said(part), ha="right")
    return sketch.finish(width, y + NAME + group * len(parts) + MARGIN)


def draw_legend(sketch: Sketch, y: float, nets: "list[Net]", units: str) -> float:
    """Say which color is which net and what it costs in all; the y below."""
    for i, net in enumerate(nets):
        color = SERIES[i]
        sketch.rectangle(MARGIN, y + 3, SQUARE, SQUARE, Mix(color, 0.75), color)
        text = f"{net.name}: {short(net.total['params'])} parameters, "
        text += f"{short(net.total['macs'])} MACs"
        sketch.text(MARGIN + SQUARE + 8, y + 9, text, ha="left")
        y += ENTRY
    sketch.text(MARGIN, y + 9, units, SMALL, SOFT, ha="left")
    return y + ENTRY + 12


def draw_bars(sketch: Sketch, x: float, y: float, nets, parts, quantity: str) -> None:
    """Bars to the right of `x` and below `y`, in groups by part, each with its number."""
    largest = max(cost[quantity] for net in nets for cost in net.costs.values())
    for part in parts:
        y += BREAK / 2
        for i, net in enumerate(nets):
            if part in net.costs:
                n = net.costs[part][quantity]
                color, long = SERIES[i], PLOT * n / max(1, largest)
                top = y + (PITCH - BAR) / 2
                sketch.rectangle(x, top, long, BAR, Mix(color, 0.75), color, label=quantity)
                sketch.text(x + long + 6, y + PITCH / 2, short(n), color=ink(color), ha="left")
            y += PITCH
        y += BREAK / 2
    sketch.line(x, y - (PITCH * len(nets) + BREAK) * len(parts), x, y, LINE, 1)
