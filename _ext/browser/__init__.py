"""What runs in the reader's browser, in pages from a server as in pages from a folder.

    scripts    a script for each kind of page, and one for the worker that computes for it
    packs      what a worker loads when it is first asked, as scripts, too
    python     Pyodide, and the rooms of the package that need the standard library alone
    explorer   asked there by the network explorer
    live       asked there by the live cells
    nets       ONNX Runtime, the trained networks, and the images of the sample
    move       the figures that a reader can move, which need no worker
"""

from pathlib import Path

from sphinx.application import Sphinx

from browser import move, nets, packs, python, scripts

#: By the worker: the files that it loads, and the pages that ask it, each with its parts.
WORKERS = {
    "python-worker": (python.files, {"live": ("python", "live"), "explorer": ("python", "explorer")}),
    "net-worker": (nets.files, {"net": ("net",)}),
}


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", write)
    move.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(app: Sphinx, error: "Exception | None") -> None:
    """Write the scripts and the packs where the pages find them."""
    if error or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    kept = {}
    for worker, (files, pages) in WORKERS.items():
        places = packs.pack(files(), static / "packs")
        kept |= places
        for page, parts in pages.items():
            text = scripts.of_page(parts, worker, places)
            (static / f"{page}.js").write_text(text, encoding="utf-8")
    packs.forget(static / "packs", kept)
