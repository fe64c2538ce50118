"""What the network explorer shows: asked and answered in JSON, in the reader's browser.

A choice has the words of the form: net, version, shortcut, input, classes, padding, batch; an
empty word is the usual.
"""

import csv
import json
import re
from io import StringIO

from d2lres.drawing import draw_network, to_svg
from d2lres.errors import ConfigError, D2lresError
from d2lres.structure import Summary, Table, architecture_names, label, summarize

COSTS = {"params": "parameters", "buffers": "buffers", "macs": "MACs"}
DEFAULT = "resnet18"


def answer(asked: str) -> str:
    """What is to be seen of the chosen networks, and what differs between them.

    Argument: an object with `choices`, `columns` of a drawing and `every_layer` in JSON.
    """
    asked = json.loads(asked)
    nets, shown = [], []
    for choice in asked["choices"]:
        try:
            net = Net(choice)
            nets.append(net)
            shown.append(net.shown(asked["columns"], asked["every_layer"]))
        except D2lresError as error:
            shown.append({"error": str(error)})
    both = len(nets) == 2 and not any("error" in each for each in shown)
    table = differences(*nets) if both else ""
    return json.dumps({"nets": shown, "differences": table, "names": architecture_names()})


class Net:
    """A chosen network, counted."""

    def __init__(self, choice: "dict[str, str]"):
        given = {key: text.strip() for key, text in choice.items() if text.strip()}
        self.name = given.pop("net", DEFAULT)
        self.batch = whole("batch", given.pop("batch", "1"))
        self.shape = shape(given.pop("input")) if "input" in given else None
        self.options = given
        if "classes" in given:
            self.options = {**given, "classes": whole("classes", given["classes"])}
        self.summary: Summary = summarize(self.name, self.shape, **self.options)
        self.memory = self.summary.memory(self.batch)

    def shown(self, columns: int, every_layer: bool) -> dict:
        """The drawing, the tables and what can be copied."""
        summary = self.summary
        drawing = draw_network(
            summary.architecture, summary.input_shape, columns=columns, every_layer=every_layer
        )
        return {
            "title": summary.title,
            "said": ", ".join(f"{getattr(summary, c):,} {word}" for c, word in COSTS.items()),
            "svg": to_svg(drawing),
            "parts": self.parts()._repr_html_(),
            "layers": summary.table()._repr_html_(),
            "memory": summary.memory_table(self.batch)._repr_html_(),
            "gluon": self.gluon(),
            "command": self.command(),
            "csv": self.csv(),
        }

    def parts(self) -> Table:
        """A row for the stem, each stage and the head."""
        rows = [
            (row.name, "×".join(map(str, row.output_shape)), f"{row.params:,}", f"{row.macs:,}")
            for row in self.summary.parts()
        ]
        totals = ("total", "", f"{self.summary.params:,}", f"{self.summary.macs:,}")
        header = ("part", "output", "params", "MACs")
        return Table(self.summary.title, header, (*rows, totals), left=2)

    # --- to be copied ----------------------------------------------------------------------------

    def gluon(self) -> str:
        """Code that builds the net in Gluon and sends a batch through it."""
        options = {key: value for key, value in self.options.items() if key != "padding"}
        words = "".join(f", {key}={value!r}" for key, value in options.items()).replace("'", '"')
        lines = ["import d2lres"]
        net = f'"{self.name}"{words}'
        if "padding" in self.options:
            lines.append("from d2lres.structure import architecture, explicit, with_padding")
            net = f'with_padding(architecture({net}), "{self.options["padding"]}")'
            net = f"explicit({net}, {self.summary.input_shape})"
        return "\n".join(
            [
                *lines,
                "",
                f"net = d2lres.build({net})",
                "net.initialize()",
                f"X = d2lres.np.zeros({(self.batch, *self.summary.input_shape)})",
                "net(X).shape",
                "",
            ]
        )

    def command(self) -> str:
        words = [f"--{key} {value}" for key, value in self.options.items()]
        if self.shape:
            words.append(f"--input {','.join(map(str, self.shape))}")
        return " ".join(["d2lres summary", self.name, *words])

    def csv(self) -> str:
        """A line for each layer, with its shape in one column."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", "op", "output_shape", *COSTS])
        for row in self.summary.rows:
            sides = "x".join(map(str, row.output_shape))
            writer.writerow([row.name, row.op, sides, *(getattr(row, cost) for cost in COSTS)])
        return text.getvalue()


# --- two networks --------------------------------------------------------------------------------


def differences(one: Net, other: Net) -> str:
    """A table of what is not the same, with how many times as much the second has."""
    rows = [
        (what, *values, ratio)
        for what, values, ratio in (*described(one, other), *counted(one, other))
        if values[0] != values[1]
    ]
    title = "What differs" if rows else "Nothing differs"
    header = ("what", label(one.summary.architecture), label(other.summary.architecture), "ratio")
    return Table(title, header, tuple(rows), left=1)._repr_html_()


def described(one: Net, other: Net):
    for what, say in {
        "architecture": lambda net: net.summary.architecture.name,
        "version": lambda net: net.summary.architecture.version,
        "shortcut": lambda net: net.summary.architecture.shortcut,
        "input": lambda net: "×".join(map(str, net.summary.input_shape)),
        "padding": lambda net: net.options.get("padding", "the net's own"),
        "blocks in each stage": lambda net: "-".join(map(str, net.summary.architecture.depths)),
        "channels of each stage": lambda net: "-".join(map(str, net.summary.architecture.widths)),
        "layers with weights": lambda net: str(net.summary.architecture.depth),
        "images in a batch": lambda net: str(net.batch),
    }.items():
        yield what, (say(one), say(other)), ""


def counted(one: Net, other: Net):
    """The same of numbers: in all, in memory, and of each part that both have."""
    nets = (one, other)
    for cost, word in COSTS.items():
        yield compared(word, *(getattr(net.summary, cost) for net in nets))
    for need in ("training", "inference"):
        numbers = (getattr(net.memory, need) for net in nets)
        yield compared(f"bytes of activations in {need}", *numbers)
    parts = [{row.name: row for row in net.summary.parts()} for net in nets]
    for name in (name for name in parts[0] if name in parts[1]):
        for cost in ("params", "macs"):
            numbers = (getattr(part[name], cost) for part in parts)
            yield compared(f"{COSTS[cost]} of {name.replace('stage', 'stage ')}", *numbers)


def compared(what: str, a: int, b: int):
    return what, (f"{a:,}", f"{b:,}"), f"{b / a:.3g}" if a else ""


# --- the words of the form -----------------------------------------------------------------------


def whole(name: str, text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ConfigError(f"{name}: {text!r}; expected a whole number of at least 1.")
    return int(text)


def shape(text: str) -> "tuple[int, int, int]":
    """3,224,224 or 3×224×224 as numbers."""
    sides = re.split(r"\s*[,x×]\s*", text)
    if len(sides) != 3 or not all(side.isdecimal() for side in sides):
        raise ConfigError(f"input: {text!r}; expected channels, height, width, such as 3,224,224.")
    return tuple(map(int, sides))
