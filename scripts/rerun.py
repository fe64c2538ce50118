"""Run chapters and store what their cells give.  `make rerun ARGS=chapters/resnet18.ipynb`

Each runs in its own folder, from top to bottom.  The first error stops, and nothing is stored then.
"""

import copy
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def describe(notebook) -> None:
    """Let the page describe each figure in its own words; other pictures keep what was written."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}


for path in map(Path, sys.argv[1:]):
    notebook = nbformat.read(path, as_version=4)
    metadata = copy.deepcopy(notebook.metadata)
    folder = {"metadata": {"path": path.parent}}
    # without times, and without the version of Python: they would differ at every run
    options = {"timeout": 600, "record_timing": False, "coalesce_streams": True}
    NotebookClient(notebook, resources=folder, **options).execute()
    notebook.metadata = metadata
    describe(notebook)
    nbformat.write(notebook, path)
    print(f"{path}: run and stored")
