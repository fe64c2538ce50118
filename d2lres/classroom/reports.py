"""Grades as CSV for the teacher, feedback as HTML for the students.

nbgrader's own template lays out the feedback; what student code has displayed is sanitized, since
HTML in an output would otherwise run in the teacher's browser.
"""

import copy
import csv
import html
import io
from pathlib import Path

from nbformat import v4

from ..errors import ConfigError
from ..files import write_whole
from .manual import add_manual, harmless
from .marks import read_result


def report(out) -> tuple[Path, list[Path]]:
    """Write OUT/grades.csv, and OUT/feedback/STUDENT.html for each student that was graded.

    Points of OUT/manual.csv are counted, see `manual`.  Returns the paths.
    Raises ConfigError where there are no results, or a line of manual.csv that cannot be;
    DataError for a damaged result.

    Explained on the page "For teachers".
    """
    out = Path(out)
    paths = sorted(out.glob("*.json")) if out.is_dir() else []
    results = [read_result(path) for path in paths if not path.name.startswith(".")]
    if not results:
        raise ConfigError(
            f"{out}: no results; expected the folder that was --out of "
            "`d2lres assignments grade`. Grade first."
        )
    names = {result["assignment"] for result in results}
    if len(names) > 1:
        raise ConfigError(
            f"{out}: results of {', '.join(sorted(names))}; expected one assignment. "
            "Grade each into a folder of its own."
        )
    add_manual(out, results)
    grades = out / "grades.csv"
    write_whole(grades, table(results).encode("utf-8-sig"))  # so that Excel reads all names
    pages = []
    for result in results:
        if result["status"] == "graded":
            pages.append(out / "feedback" / f"{result['student']}.html")
            write_whole(pages[-1], feedback(result).encode())
    return grades, pages


def table(results: list[dict]) -> str:
    """The CSV: a line for each student; a damaged submission has its reason and no points."""
    cells = {cell["id"]: cell["points"] for result in results for cell in result["cells"]}
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["student", *cells, "sum", "of", "needs manual grading", "notes"])
    for result in results:
        score = {cell["id"]: cell["score"] for cell in result["cells"]}
        by_hand = [name for name in score if score[name] is None]
        graded = result["status"] == "graded"
        row = [
            result["student"],
            *("" if score.get(name) is None else number(score[name]) for name in cells),
            number(total(result)) if graded else "",
            number(sum(cells.values())) if graded else "",
            " ".join(by_hand),
            "; ".join(remarks(result)),
        ]
        lines.writerow([harmless(field) for field in row])
    return text.getvalue()


def total(result: dict) -> float:
    """The points that are known; those that wait for the teacher are not among them."""
    return sum(cell["score"] or 0 for cell in result["cells"])


def remarks(result: dict) -> list[str]:
    """What the teacher should know: damage, notes, and why points are missing."""
    start = ["NOT GRADED"] if result["status"] == "damaged" else []
    why = [f"{cell['id']}: {cell['why']}" for cell in result["cells"] if cell["why"]]
    return start + result["notes"] + why


def number(value: float) -> str:
    return f"{value:g}"


def feedback(result: dict) -> str:
    """The executed notebook with points and notes, as nbgrader's HTML page."""
    import nbgrader
    from jinja2 import pass_context
    from nbconvert.exporters import HTMLExporter
    from nbconvert.filters import clean_html

    notebook = copy.deepcopy(result["notebook"])
    scores = {cell["id"]: cell for cell in result["cells"]}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        entry = scores.get(marks.get("grade_id"))
        if entry:
            marks["score"], marks["points"] = entry["score"] or 0, entry["points"]
            marks["comment"] = plain(entry.get("comment", ""))
            if entry["score"] is None:
                marks["comment"] = "Waits for the teacher; no points are counted yet."
    if result["notes"]:
        lines = "".join(f"* {plain(note)}\n" for note in result["notes"])
        notebook.cells.insert(0, v4.new_markdown_cell(f"**Notes on grading**\n\n{lines}"))
    formgrader = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
    exporter = HTMLExporter(
        template_name="feedback",
        extra_template_basedirs=[str(formgrader / "templates")],
        extra_template_paths=[str(formgrader / "static/node_modules/bootstrap/dist/css")],
        sanitize_html=True,
    )

    @pass_context  # nbgrader's template shows Markdown as it comes
    def markdown(context, text):
        return clean_html(exporter.markdown2html(context, text))

    exporter.register_filter("markdown2html", markdown)
    marks = {
        "notebook": html.escape(f"{result['assignment']}: {result['student']}"),
        "score": total(result),
        "max_score": sum(cell["points"] for cell in result["cells"]),
        "late_penalty": 0,
    }
    page, _ = exporter.from_notebook_node(notebook, resources={"nbgrader": marks})
    return page


def plain(text: str) -> str:
    """Text in which Markdown sees no markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|~$&" else c for c in text)
