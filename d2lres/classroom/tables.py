"""CSV as teachers' programs read and write it, with fields that are never taken for a formula."""

import csv
import io
import re

# A field, or what a program that splits elsewhere takes for one, that would begin a formula.
FORMULA = re.compile(r"(^|[,;|\t\r\n\"])(?=[ ']*[=+\-@＝＋－＠])")
MADE_HARMLESS = re.compile(r"(^|[,;|\t\r\n\"])'(?=[ ']*[=+\-@＝＋－＠])")


def harmless(field: str) -> str:
    """A field that no spreadsheet takes for a formula, wherever it splits."""
    return FORMULA.sub(r"\1'", field)


def harmful(field: str) -> str:
    """What `harmless` was given."""
    return MADE_HARMLESS.sub(r"\1", field)


def written(rows: list[list], delimiter: str = ",", told: bool = False) -> str:
    """The text of a table; `told`, with a first line that tells Excel the delimiter."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return f"sep={delimiter}\r\n" * told + text.getvalue()


def read(text: str) -> tuple[str, bool, list[tuple[int, list[str]]]]:
    """The delimiter of a table, whether it was told, and its rows with the numbers of their lines.

    A comma, a semicolon or a tab: the one that the first row has most of.  A first line `sep=;`,
    by which Excel is told, is taken at its word.  Lines may end in any way; empty ones are no rows.
    """
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    told = re.fullmatch(r'"?sep=(.)"?[,;\t]*\s*', first, re.IGNORECASE)
    if not told:
        lines.seek(0)
    delimiter = told[1] if told else max(",;\t", key=first.count)
    reader = csv.reader(lines, delimiter=delimiter)
    rows = [(reader.line_num + bool(told), row) for row in reader]
    return (
        delimiter,
        bool(told),
        [(number, row) for number, row in rows if any(map(str.strip, row))],
    )
