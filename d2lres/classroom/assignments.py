"""The book's assignments: list them, and write the versions that students receive.

An assignment is a notebook in nbgrader's form, `assignments/source/NAME/NAME.ipynb`.  A folder may
hold several notebooks, `source/NAME/PART.ipynb` being the assignment `NAME/PART`, and files that
they need.  What makes a student version (no solutions, no hidden tests, locked cells, checksums) is
nbgrader's own preprocessors, which are imported only then.

Explained in the chapter "For teachers".
"""

import copy
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

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
    sources = find_sources(course)
    if not sources:
        raise DataError(
            f"{course}: no assignments; expected source/NAME/NAME.ipynb. They belong to the "
            "repository, not to the installed package: clone it, and run the command there."
        )
    return {name: read_assignment(name, source) for name, source in sources.items()}


def find_sources(course) -> dict[str, Path]:
    """The notebooks of a course by the names of their assignments: NAME, or NAME/PART."""
    paths = sorted(Path(course).glob("source/[!.]*/[!.]*.ipynb"))
    return {p.stem if p.stem == p.parent.name else f"{p.parent.name}/{p.stem}": p for p in paths}


def folder_and_file(name: str) -> tuple[str, str]:
    """The folder of an assignment, and what its notebook is called without `.ipynb`."""
    folder, _, stem = name.rpartition("/")
    return folder or stem, stem


def files_beside(source: Path) -> dict[str, Path]:
    """What a notebook needs, such as `data.csv` and `helper.py`: all else in its folder."""
    return {
        str(path.relative_to(source.parent)): path
        for path in sorted(source.parent.rglob("*"))
        if path.is_file() and path.suffix != ".ipynb"
        and not any(part[0] in "._~" for part in path.relative_to(source.parent).parts)
    }  # fmt: skip


def read_assignment(name: str, source: Path) -> Assignment:
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
    if said := what_is_not_supported(cells):
        raise DataError(f"{source}: {said}")
    return Assignment(name, source, title, points)


def what_is_not_supported(cells) -> str:
    """What a source asks for that no student version can be made of here; "" where nothing."""
    for number, cell in enumerate(cells, 1):
        found = re.search(r"^\s*#.*\bAUTOTEST\b.*", "".join(cell["source"]), re.MULTILINE)
        if found and cell["cell_type"] == "code":
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", number)
            return (
                f"cell {name}: `{found[0].strip()}`; expected tests that are written out. Write "
                "asserts, or put in what nbgrader's InstantiateTests makes of that line."
            )
    return ""


def release(names, out, force: bool = False, course=COURSE) -> list[Path]:
    """Write the student versions `out/NAME/NAME.ipynb`, and the files that they need; return all.

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
    contents = {}
    for name in chosen:
        folder, stem = folder_and_file(name)
        text = student_version(known[name].source, course)
        contents[out / folder / f"{stem}.ipynb"] = text.encode()
        for inside, path in files_beside(known[name].source).items():
            contents[out / folder / inside] = path.read_bytes()
    if not force:
        for path, content in contents.items():
            check_free(path, content)
    for path, content in contents.items():
        write_whole(path, content)
    return list(contents)


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

    Without nbgrader's database, and without the images of what is taken out.  The course's
    nbgrader_config.py says how, where there is one.
    Raises ValueError, and what nbgrader raises, for a source of which none can be made.
    """
    if said := what_is_not_supported(source.cells):
        raise ValueError(said)
    from nbgrader import preprocessors
    from traitlets.config import Config, PyFileConfigLoader

    settings = Path(course) / "nbgrader_config.py"
    config = PyFileConfigLoader(str(settings)).load_config() if settings.is_file() else Config()
    # nbgrader refuses an image in a mark scheme, since it would go out; here it is taken out below.
    config.ClearMarkScheme.check_attachment_leakage = False
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
    for cell in notebook.cells:
        for name in list(cell.get("attachments", {})):
            used = "|".join(re.escape(f"attachment:{n}") for n in (name, quote(name)))
            if not re.search(rf"({used})(?![\w.])", cell.source):
                del cell.attachments[name]
    return notebook


def check_free(path: Path, content: bytes) -> None:
    """Raise ConfigError where another file is in the way: it may hold somebody's answers."""
    if path.exists() and (not path.is_file() or path.read_bytes() != content):
        raise ConfigError(
            f"{path}: there already, and not the student version; expected a new file. It may hold "
            "answers: choose another --out, or write over it with --force."
        )
