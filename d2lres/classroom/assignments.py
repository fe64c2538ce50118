"""The book's assignments: list them, and write the versions that students receive.

An assignment is a notebook in nbgrader's form, `assignments/source/NAME/NAME.ipynb`.  What makes a
student version of it (no solutions, no hidden tests, locked cells, checksums) is nbgrader's own
preprocessors, which are imported only then.

Explained in the chapter "For teachers".
"""

import copy
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, DataError, MissingDependency, unknown_name
from ..files import write_whole

COURSE = Path(__file__).parents[2] / "assignments"  # nbgrader's course directory

QUIET = logging.getLogger(__name__)  # nbgrader logs tracebacks; its exceptions say enough
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


@dataclass(frozen=True)
class Assignment:
    """An assignment: its name, its source with the solutions, its title and its points."""

    name: str
    source: Path
    title: str
    points: int


def list_assignments(course=COURSE) -> dict[str, Assignment]:
    """Every assignment of a course directory by name, in the order of the names.

    Raises DataError where there is no course, or a source that is no notebook.
    Chapter "For teachers".
    """
    sources = sorted(Path(course).glob("source/*/*.ipynb"))
    if not sources:
        raise DataError(
            f"{course}: no assignments; expected source/NAME/NAME.ipynb. They belong to the "
            "repository, not to the installed package: clone it, and run the command there."
        )
    return {source.stem: read_assignment(source) for source in sources}


def read_assignment(source: Path) -> Assignment:
    """What the notebook says about itself: the first heading, and the points of its cells."""
    try:
        cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
        title = re.search(r"^# (?:Assignment \d+: )?(.*)", "".join(cells[0]["source"]))[1]
        points = sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{source}: {type(error).__name__}: {error}; expected a notebook that begins with a "
            "heading. Restore the file: git checkout -- assignments."
        ) from error
    return Assignment(source.stem, source, title, points)


def release(names, out, force: bool = False, course=COURSE) -> list[Path]:
    """Write the student versions `out/NAME/NAME.ipynb`; return the files.

    Arguments: `names` of assignments, or an empty list for all; `out`, a folder, made where it is
    missing; `force`, write over files that are not the student version already; `course`, an
    nbgrader course directory.  Where one file is in the way, none is written.
    Raises ConfigError for an unknown name or a file in the way, DataError for a source that cannot
    be converted or a folder that cannot be written, MissingDependency without nbgrader.
    Chapter "For teachers".
    """
    known = list_assignments(course)
    for name in names:
        if name not in known:
            raise unknown_name("assignment", name, known)
    out, chosen = Path(out), dict.fromkeys(names or known)
    texts = {
        out / name / f"{name}.ipynb": student_version(known[name].source, course) for name in chosen
    }
    if not force:
        for path, text in texts.items():
            check_free(path, text)
    for path, text in texts.items():
        write_whole(path, text.encode())
    return list(texts)


def student_version(source: Path, course=COURSE) -> str:
    """The text of the notebook without solutions, hidden tests, marking advice and outputs."""
    need_nbgrader()
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    try:
        notebook = nbformat.read(source, as_version=4)
        MetadataValidator().validate_nb(notebook)
        return nbformat.writes(without_answers(notebook, course)) + "\n"
    except Exception as error:  # whatever nbgrader finds wrong with the source, in its own words
        raise DataError(
            f"{source}: {type(error).__name__}: {error}; expected a notebook that nbgrader can "
            "convert. Mend that cell, or restore the file: git checkout -- assignments."
        ) from error


def need_nbgrader() -> None:
    """Raise MissingDependency where nbgrader is not installed: a reader does not need it."""
    try:
        from nbgrader import preprocessors  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            f"nbgrader: {error}; expected nbgrader 0.9, which makes student versions and counts "
            "points. Install it with `pip install nbgrader`, or make the book's environment: "
            "`make env`."
        ) from error


def without_answers(source, course=COURSE):
    """A copy of a notebook as students get it: the steps of `nbgrader generate_assignment`.

    Without nbgrader's database.  The course's nbgrader_config.py says how, where there is one.
    """
    from nbgrader import preprocessors
    from traitlets.config import Config, PyFileConfigLoader

    settings = Path(course) / "nbgrader_config.py"
    config = PyFileConfigLoader(str(settings)).load_config() if settings.is_file() else Config()
    notebook, resources = copy.deepcopy(source), {}
    for step in (
        preprocessors.LockCells,
        preprocessors.ClearSolutions,
        preprocessors.ClearOutput,
        preprocessors.ClearHiddenTests,
        preprocessors.ClearMarkScheme,
        preprocessors.ComputeChecksums,
    ):
        notebook, resources = step(config=config, log=QUIET).preprocess(notebook, resources)
    return notebook


def check_free(path: Path, text: str) -> None:
    """Raise ConfigError where another file is in the way: it may hold somebody's answers."""
    if path.exists() and (not path.is_file() or path.read_bytes() != text.encode()):
        raise ConfigError(
            f"{path}: there already, and not the student version; expected a new file. It may hold "
            "answers: choose another --out, or write over it with --force."
        )
