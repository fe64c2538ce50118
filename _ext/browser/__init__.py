"""What runs in the reader's browser.

Python, the rooms that need the standard library alone: they go into one file beside the pages,
d2lres.zip, with `explorer`, which the page of that name asks, and `live`, which runs the live
cells.  `_static/python.mjs` starts Pyodide and unpacks them.  `nets` writes the trained networks,
`move` the figures that a reader can move.
"""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx

from browser import move, nets

ROOT = Path(__file__).parents[2]
ROOMS = ("structure", "machine", "drawing", "practice")
FILES = ("__init__", "errors", "files", "names")
ASKED = ("explorer", "live")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", write)
    nets.setup(app)
    move.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(app: Sphinx, error: "Exception | None") -> None:
    """Write the file where the pages find it."""
    if not error and app.builder.name == "html":
        pack(Path(app.outdir) / "_static" / "d2lres.zip")


def pack(path: Path) -> None:
    """Write what runs in the browser; the same sources give the same bytes."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, source in sources().items():
            archive.writestr(ZipInfo(name), source.read_bytes(), ZIP_DEFLATED)


def sources() -> dict[str, Path]:
    """The files by their names in the archive."""
    package = ROOT / "d2lres"
    paths = [package / f"{name}.py" for name in FILES]
    paths += [path for room in ROOMS for path in sorted((package / room).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return found | {f"{name}.py": Path(__file__).with_name(f"{name}.py") for name in ASKED}
