"""Tables as text, Markdown and HTML.

Explained in the chapter "ResNet-18, layer by layer".
"""

import re
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """A header and rows of text.  Its repr is the text; notebooks show HTML.

    `left`: so many columns hold words and stand to the left, the others numbers to the right.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int

    def to_text(self) -> str:
        """Columns one blank apart, in 80 characters a line: names are shortened where they must."""
        widest = 80
        rows = self.rows
        for shorten in (lambda row: row, brief, terse):
            rows = [tuple(shorten(row)) for row in self.rows]
            lines = columns([self.header, *rows], self.left)
            if max(map(len, lines)) <= widest:
                break
        return "\n".join([self.title, *lines])

    def to_markdown(self) -> str:
        """A pipe table below its title in bold."""
        rule = [":---"] * self.left + ["---:"] * (len(self.header) - self.left)
        pipes = ["| " + " | ".join(row) + " |" for row in (self.header, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *pipes])

    __repr__ = to_text

    def _repr_html_(self) -> str:
        head = self._line(self.header, "th")
        body = "\n".join(self._line(row, "td") for row in self.rows)
        caption = f'<caption style="color: inherit">{escape(self.title)}</caption>'
        # a class that Jupyter, Colab and the book know from pandas, and have colors for
        return (
            f'<table class="dataframe">\n{caption}\n<thead>{head}</thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )

    def _line(self, row, tag: str) -> str:
        cells = []
        for i, text in enumerate(row):
            side = "right" if i >= self.left else "left"
            style = f"text-align: {side}; padding: 0.1em 0.5em"
            if len(text) <= 16:  # a name, a number: "3-4-6-3" and "v1.5 B" stay in one line
                style += "; white-space: nowrap"
            cells.append(f'<{tag} style="{style}">{escape(text)}</{tag}>')
        return "<tr>" + "".join(cells) + "</tr>"


def columns(rows, left: int) -> list[str]:
    """Rows of text as lines of equal columns, the header ruled off."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(" ".join(cells).rstrip())
    rule = " ".join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:]]


def brief(row):
    """stage3.block36.shortcut.conv as s3.b36.shortcut.conv."""
    name, *rest = row
    return (name.replace("stage", "s").replace("block", "b"), *rest)


def terse(row):
    """Numbers without their thousands apart, too."""
    return [re.sub(r"(?<=\d),(?=\d{3}\b)", "", cell) for cell in brief(row)]


def by(shape) -> str:
    """(64, 56, 56) as 64x56x56."""
    return "x".join(map(str, shape))


def number(n: int) -> str:
    """12,345, and nothing for 0."""
    return f"{n:,}" if n else ""


def megabytes(size: int) -> str:
    """Bytes in millions, to one decimal; a little is not nothing."""
    return f"{size / 1e6:,.1f}" if size >= 1e5 else f"{size / 1e6:.2g}"
