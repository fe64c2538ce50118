"""Counts as tables: text, Markdown, HTML and JSON.

Explained in the chapter "ResNet-18, layer by layer".
"""

from dataclasses import asdict, dataclass
from html import escape

from . import accounting, zoo
from .accounting import Row
from .arch import Architecture

COLUMNS = ("name", "op", "output", "params", "buffers", "MACs")


@dataclass(frozen=True)
class Summary:
    """An architecture counted at one input shape.  Its repr is the table; notebooks show HTML."""

    architecture: Architecture
    input_shape: tuple[int, int, int]
    rows: tuple[Row, ...]

    @property
    def params(self) -> int:
        """Trained numbers."""
        return sum(row.params for row in self.rows)

    @property
    def buffers(self) -> int:
        """Running statistics of batch normalization."""
        return sum(row.buffers for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiplications for one image."""
        return sum(row.macs for row in self.rows)

    def parts(self) -> tuple[Row, ...]:
        """One row for the stem, each stage and the head, with the sums of their rows."""
        sums = []
        for part in self.architecture.parts:
            rows = [row for row in self.rows if row.name.split(".")[0] == part]
            totals = [sum(getattr(row, n) for row in rows) for n in ("params", "buffers", "macs")]
            sums.append(Row(part, "sum", rows[-1].output_shape, *totals))
        return tuple(sums)

    def to_dict(self) -> dict:
        """Plain data, ready for JSON: what `d2lres summary --json` prints."""
        return {
            "architecture": self.architecture.name,
            "version": self.architecture.version,
            "shortcut": self.architecture.shortcut,
            "input_shape": list(self.input_shape),
            "params": self.params,
            "buffers": self.buffers,
            "macs": self.macs,
            "rows": [{**asdict(row), "output_shape": list(row.output_shape)} for row in self.rows],
        }

    def cells(self) -> list[list[str]]:
        """The table as text: a header, a row an operation, a row of totals."""
        lines = [
            [
                row.name,
                row.op,
                by(row.output_shape),
                *map(number, (row.params, row.buffers, row.macs)),
            ]
            for row in self.rows
        ]
        totals = [f"{n:,}" for n in (self.params, self.buffers, self.macs)]
        return [list(COLUMNS), *lines, ["total", "", "", *totals]]

    @property
    def title(self) -> str:
        a = self.architecture
        return f"{a.name} ({a.version}, shortcut {a.shortcut}) on {by(self.input_shape)}"

    def to_text(self) -> str:
        return f"{self.title}\n{text_table(self.cells())}"

    def to_markdown(self) -> str:
        return f"**{self.title}**\n\n{markdown_table(self.cells())}"

    __repr__ = to_text

    def _repr_html_(self) -> str:
        return html_table(self.cells(), self.title)


def by(shape) -> str:
    """(64, 56, 56) as 64x56x56."""
    return "x".join(map(str, shape))


def number(n: int) -> str:
    return f"{n:,}" if n else ""


def summarize(name_or_architecture, input_shape=None, **options) -> Summary:
    """Count an architecture, given by name (with the options of `architecture`) or as data.

    Argument: `input_shape` (C, H, W); None for the usual one.
    Raises ConfigError for an unknown name or option, ShapeError for a shape that does not work.
    Chapter "ResNet-18, layer by layer".

    >>> summarize("resnet18", (1, 96, 96), classes=10).params
    11175370
    """
    architecture = name_or_architecture
    if not isinstance(architecture, Architecture):
        architecture = zoo.architecture(architecture, **options)
    rows = accounting.count(architecture, input_shape)
    return Summary(architecture, tuple(input_shape or architecture.input_shape), rows)


@dataclass(frozen=True)
class Contrast:
    """Several summaries side by side.  Its repr is the table; notebooks show HTML."""

    summaries: tuple[Summary, ...]

    def cells(self) -> list[list[str]]:
        header = ["name", "depth", "blocks", "params", "buffers", "MACs"]
        return [header] + [
            [
                s.architecture.name,
                str(s.architecture.depth),
                "-".join(map(str, s.architecture.depths)),
                *(f"{n:,}" for n in (s.params, s.buffers, s.macs)),
            ]
            for s in self.summaries
        ]

    @property
    def title(self) -> str:
        return "on " + ", ".join(dict.fromkeys(by(s.input_shape) for s in self.summaries))

    def to_text(self) -> str:
        return f"{self.title}\n{text_table(self.cells())}"

    def to_markdown(self) -> str:
        return markdown_table(self.cells())

    __repr__ = to_text

    def _repr_html_(self) -> str:
        return html_table(self.cells(), self.title)


def contrast(names_or_architectures, input_shape=None, **options) -> Contrast:
    """Count several architectures at the same input shape.  Arguments and errors as `summarize`.

    Chapter "Basic against bottleneck".
    """
    return Contrast(tuple(summarize(n, input_shape, **options) for n in names_or_architectures))


# --- tables from cells: the first row is the header ----------------------------------------------


#: Columns of numbers, which stand to the right.
NUMBERS = ("depth", "params", "buffers", "MACs")


def _right_aligned(cells) -> list[bool]:
    return [name in NUMBERS for name in cells[0]]


def text_table(cells) -> str:
    """Columns one blank apart, numbers to the right."""
    right = _right_aligned(cells)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        lines.append(" ".join(padded).rstrip())
    rule = " ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def markdown_table(cells) -> str:
    """A pipe table."""
    rule = ["---:" if right else ":---" for right in _right_aligned(cells)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [cells[0], rule, *cells[1:]])


def html_table(cells, caption: str) -> str:
    """A table element, numbers to the right."""
    right = _right_aligned(cells)

    def line(row, tag):
        style = [' style="text-align: right"' if to_right else "" for to_right in right]
        fields = (f"<{tag}{s}>{escape(c)}</{tag}>" for c, s in zip(row, style, strict=True))
        return "<tr>" + "".join(fields) + "</tr>"

    body = "\n".join(line(row, "td") for row in cells[1:])
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead>{line(cells[0], 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    )
