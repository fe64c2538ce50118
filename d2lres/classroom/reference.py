"""An assignment as the grader needs it: the source, and what the student was given.

The source notebook holds the reference solution and the hidden tests; nbgrader's own preprocessors
take them out, as they do when the assignment is released.  What they took from a test is its probe
and its judge.
"""

import ast
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..errors import ConfigError, DataError, unknown_name
from .assignments import COURSE, files_beside, find_sources, without_answers
from .judging import Test, parse_test

HIDDEN = re.compile(r"^.*### BEGIN HIDDEN TESTS.*\n(?s:(.*?))^.*### END HIDDEN TESTS", re.MULTILINE)
# IPython's own commands: %magic, !shell, x = %magic, help?
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|\w[\w., ]*=[ \t]*[%!].*|\w\S*\?)$", re.MULTILINE)


@dataclass(frozen=True)
class Assignment:
    """One assignment: its `name`, the `source` notebook, and the `released` one without answers.

    Both have the same cells in the same order.  `tests` are the tests by the ids of their cells;
    `folder` is where the source lies; `files` are those that it needs, by where a notebook finds
    them; `digest` is the SHA-256 of all of that.
    """

    name: str
    source: NotebookNode
    released: NotebookNode
    tests: dict[str, Test]
    folder: Path
    digest: str
    files: dict[str, Path] = field(default_factory=dict)

    def marked(self) -> list[str]:
        """The ids of the cells that nbgrader knows, in the order of the notebook."""
        return [grade_id(cell) for cell in self.source.cells if grade_id(cell)]


def grade_id(cell) -> str | None:
    """The nbgrader id of a cell, or None where it has none."""
    marks = cell.metadata.get("nbgrader")
    found = marks.get("grade_id") if isinstance(marks, dict) else None
    return found if isinstance(found, str) else None


def is_test(cell) -> bool:
    """Whether a cell is graded by running it."""
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and marks.get("grade", False) and not marks.get("solution")


def parse(cell) -> ast.Module:
    """The syntax tree of a code cell; an empty one where it is no plain Python."""
    if cell.cell_type != "code":
        return ast.Module([], [])
    try:
        return ast.parse(plain_python(cell.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def plain_python(source: str) -> str:
    """The text of a cell, with `pass` for each of IPython's own commands, which are no Python."""
    try:
        ast.parse(source)
    except SyntaxError:
        return MAGIC.sub(r"\1pass", source)
    return source


def load_assignment(name: str, course=None) -> Assignment:
    """Read the assignment `name` of the folder `course` (default: the repository's assignments).

    Raises ConfigError for a name that is not there, DataError for a source that nbgrader refuses.
    """
    sources = find_sources(course or COURSE)
    if not sources:
        raise ConfigError(
            f"{Path(course or COURSE) / 'source'}: no assignment; expected NAME/NAME.ipynb. "
            "Name the folder that holds `source` with --course."
        )
    if name not in sources:
        raise unknown_name("assignment", name, sources)
    path = sources[name]
    content, files = path.read_bytes(), files_beside(path)
    try:
        source = nbformat.reads(content.decode(), as_version=4)
        released = without_answers(source, course or COURSE)
    except (ValueError, RuntimeError, KeyError) as error:
        raise DataError(
            f"{path}: {error}; expected an assignment in nbgrader form. Mend the source."
        ) from error
    ids = [grade_id(cell) for cell in source.cells if grade_id(cell)]
    if len(ids) != len(set(ids)) or not ids:
        raise DataError(
            f"{path}: {len(set(ids))} cell ids for {len(ids)} cells; expected at least one, each "
            "once. Give every graded cell an id of its own."
        )
    tests = find_tests(path, source, released)
    digest = hashlib.sha256(content)
    for inside, file in files.items():
        digest.update(inside.encode() + file.read_bytes())
    folder = path.parent.resolve()
    return Assignment(name, source, released, tests, folder, digest.hexdigest(), files)


def find_tests(path: Path, source, released) -> dict[str, Test]:
    """The tests of an assignment.  Raises DataError for one that student code could switch off."""
    answers = [cell for cell in source.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    names = set().union(*map(defined, answers))
    found = {}
    for cell, shown in zip(source.cells, released.cells, strict=True):
        if is_test(cell):
            points = float(cell.metadata["nbgrader"].get("points", 0))
            hidden = "\n".join(HIDDEN.findall(cell.source))
            try:
                found[grade_id(cell)] = parse_test(points, shown.source, hidden, names)
            except (SyntaxError, ValueError) as error:
                raise DataError(
                    f"{path}: test {grade_id(cell)}: {error}; expected a probe and a judge, since "
                    "student code can switch off an assert beside it. See the page For teachers."
                ) from error
    return found


def defined(cell) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in parse(cell).body if isinstance(node, kinds)}
