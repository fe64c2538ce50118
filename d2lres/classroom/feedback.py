"""The page that goes back to a student: the cells as they ran, with points, reasons and comments.

It is one file that needs nothing else, and its Content-Security-Policy forbids scripts and other
hosts, beside what `rendering` takes out.
"""

import functools
from pathlib import Path

from . import rendering
from .students import one_line

WAITS = "waits for the teacher; not counted yet"


def ready() -> None:
    """Read what every page needs; the first code and the first text make their rules."""
    _template()
    rendering.code("1")
    rendering.markdown("*1*")


def feedback(result: dict, show_hidden: bool = False) -> str:
    """The page for a graded submission; `show_hidden`, with the code of the hidden tests."""
    parts = [_part(number, cell, result) for number, cell in enumerate(result["cells"])]
    by_id, formulas = {part["id"]: part for part in parts}, rendering.Formulas()
    return _template().render(
        title=f"{result['assignment']}: {result['student']}",
        total=f"{sum(cell['score'] or 0 for cell in result['cells']):g}",
        most=f"{sum(cell['points'] for cell in result['cells']):g}",
        parts=parts,
        notes=[one_line(note) for note in result["notes"]],
        cells=[_cell(cell, by_id, formulas, show_hidden) for cell in result["notebook"].cells],
    )


@functools.cache
def _template():
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup
    from pygments.formatters import HtmlFormatter

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    environment.globals["colours"] = Markup(HtmlFormatter().get_style_defs(".highlight"))
    return environment.get_template("feedback.html.j2")


def _part(number: int, cell: dict, result: dict) -> dict:
    """A graded cell as the table at the top has it."""
    marks = next(
        (marks for marks in map(_marks, result["notebook"].cells)
         if marks.get("grade_id") == cell["id"]), {},
    )  # fmt: skip
    kind = "Task" if marks.get("task") else "Written answer" if marks.get("solution") else "Test"
    score = "–" if cell["score"] is None else f"{cell['score']:g}"
    said = [cell["why"], WAITS if cell["score"] is None else "", cell.get("comment", "")]
    return {
        "id": cell["id"], "anchor": f"part-{number}", "kind": kind,
        "points": f"{score} of {cell['points']:g}", "comment": cell.get("comment", ""),
        "said": ". ".join(filter(None, said)),
    }  # fmt: skip


def _marks(cell) -> dict:
    marks = cell.metadata.get("nbgrader")
    return marks if isinstance(marks, dict) else {}


def _cell(cell, by_id: dict, formulas, show_hidden: bool) -> dict:
    """A cell as the template shows it.

    A failed test with a hidden part has its message only: a traceback quotes the lines around.
    """
    visible = without_hidden(cell)
    hidden = visible != cell.source and not show_hidden
    text = visible if hidden else cell.source
    is_code, outputs = cell.cell_type == "code", []
    for each in cell.get("outputs", ()):
        is_error = each["output_type"] == "error"
        if is_error and hidden:
            each = {**each, "traceback": []}
        outputs.append((is_error, rendering.output(each, formulas)))
    return {
        "part": by_id.get(_marks(cell).get("grade_id")),
        "is_code": is_code,
        "shown": rendering.code(text) if is_code
        else rendering.markdown(text, cell.get("attachments"), formulas),
        "outputs": outputs,
        "hidden": hidden,
    }  # fmt: skip


def without_hidden(cell) -> str:
    """The text of a cell as the student was given it."""
    from nbgrader.preprocessors import ClearHiddenTests

    from .assignments import QUIET

    if not _marks(cell).get("grade"):
        return cell.source
    shown = cell.metadata.get("released")
    if isinstance(shown, str):
        return shown
    copied = type(cell)(cell)
    return ClearHiddenTests(log=QUIET).preprocess_cell(copied, {}, 0)[0].source
