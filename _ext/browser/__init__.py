"""What runs in the reader's browser, in pages from a server as in pages from a folder.

A page from a folder may load scripts and nothing else, so all that is needed comes in scripts:

    scripts    one for each kind of page, with the text of the worker that computes for it
    packs      what the worker loads when it is first asked

A worker loads, and runs:

    python     Pyodide, and the rooms of the package that need the standard library alone
    explorer   asked there by the network explorer
    live       asked there by the live cells
    nets       ONNX Runtime, the trained networks, and the images of the sample

The figures that a reader can move need no worker (`move`).
"""

from pathlib import Path

from sphinx.application import Sphinx

from browser import move, nets, packs, python, scripts

#: What each worker loads.
LOADED = {"python-worker": python.files, "net-worker": nets.files}
#: The worker of each kind of page, and the parts of its script, in their order.
PAGES = {
    "live": ("python-worker", "python", "live"),
    "explorer": ("python-worker", "python", "explorer"),
    "net": ("net-worker", "net"),
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
    folder = static / "packs"
    places = {worker: packs.pack(files(), folder) for worker, files in LOADED.items()}
    packs.forget(folder, *places.values())
    for page, (worker, *parts) in PAGES.items():
        text = scripts.of_page(parts, worker, places[worker])
        (static / f"{page}.js").write_text(text, encoding="utf-8")
