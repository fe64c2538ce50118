"""An assignment as the grader needs it: the source, and what the student was given.

The source notebook holds the reference solution and the hidden tests; nbgrader's own preprocessors
take them out, as they do when the assignment is released.
"""

import ast
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from ..errors import ConfigError, DataError, unknown_name
from .assignments import COURSE, files_beside, find_sources, without_answers


@dataclass(frozen=True)
class Assignment:
    """One assignment: its `name`, the `source` notebook, and the `released` one without answers.

    Both have the same cells in the same order.  `files` are those that it needs, by where a
    notebook finds them.  `digest` is the SHA-256 of all of that.
    """

    name: str
    source: NotebookNode
    released: NotebookNode
    digest: str
    files: dict[str, Path] = field(default_factory=dict)

    def marked(self) -> list[str]:
        """The ids of the cells that nbgrader knows, in the order of the notebook."""
        return [grade_id(cell) for cell in self.source.cells if grade_id(cell)]

    def imports(self) -> list[str]:
        """What the cells import, and may load later, as `np.testing` does: kept as it was."""
        found, names = set(), {}
        nodes = [node for cell in self.source.cells for node in ast.walk(parse(cell))]
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
                names |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
                names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id in names:
                    found.add(f"{names[node.value.id]}.{node.attr}")
        return sorted(found)


def grade_id(cell) -> str | None:
    """The nbgrader id of a cell, or None where it has none."""
    marks = cell.metadata.get("nbgrader")
    found = marks.get("grade_id") if isinstance(marks, dict) else None
    return found if isinstance(found, str) else None


def parse(cell) -> ast.Module:
    """The syntax tree of a code cell; an empty one where it is no plain Python."""
    if cell.cell_type != "code":
        return ast.Module([], [])
    try:
        return ast.parse(TransformerManager().transform_cell(cell.source))  # %magics are no Python
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


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
    digest = hashlib.sha256(content)
    for inside, file in files.items():
        digest.update(inside.encode() + file.read_bytes())
    return Assignment(name, source, released, digest.hexdigest(), files)
