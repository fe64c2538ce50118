"""The Python of the pages: Pyodide, and what of the book runs in it.

These are the rooms that need the standard library alone, with `explorer`, which the page of that
name asks, and `live`, which runs the live cells.
"""

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parents[2]
PYODIDE = ROOT / "_static" / "pyodide"
ROOMS = ("structure", "machine", "drawing", "practice")
FILES = ("__init__", "errors", "files", "names")
ASKED = ("explorer", "live")


def files() -> dict[str, bytes]:
    """What the worker loads, by name."""
    found = {path.name: path.read_bytes() for path in sorted(PYODIDE.glob("py*"))}
    return found | {"d2lres.zip": archive()}


def archive() -> bytes:
    """The book's own files in one; the same sources give the same bytes."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as into:
        for name, source in sources().items():
            into.writestr(ZipInfo(name), source.read_bytes(), ZIP_DEFLATED)
    return content.getvalue()


def sources() -> dict[str, Path]:
    """The files by their names in the archive."""
    package = ROOT / "d2lres"
    paths = [package / f"{name}.py" for name in FILES]
    paths += [path for room in ROOMS for path in sorted((package / room).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return found | {f"{name}.py": Path(__file__).with_name(f"{name}.py") for name in ASKED}
