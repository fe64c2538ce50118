"""Compile what the browser's Python loads to begin with, which else it would do at each start.

python scripts/compile_stdlib.py    `make pyodide` calls it

Pyodide's `python_stdlib.zip` holds sources.  What is loaded at the start is compiled by this very
Python, in Chromium, and stands in the archive in its sources' place.  The rest stays source, which
is smaller to load.
"""

import base64
from pathlib import Path

import browse
from playwright.sync_api import sync_playwright

PYODIDE = Path(__file__).parents[1] / "_static" / "pyodide"
COMPILE = """
import sys
loaded = {getattr(module, "__file__", None) for module in sys.modules.values()}

import base64, io, py_compile
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

[archive] = [path for path in sys.path if path.endswith(".zip")]
content = io.BytesIO()
with ZipFile(archive) as sources, ZipFile(content, "w", ZIP_DEFLATED, compresslevel=9) as into:
    for name in sources.namelist():
        text = sources.read(name)
        if name.endswith(".py") and f"{archive}/{name}" in loaded:
            with open("/tmp/source.py", "wb") as file:
                file.write(text)
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile("/tmp/source.py", "/tmp/compiled.pyc", f"{archive}/{name}", True,
                               invalidation_mode=unchecked)
            with open("/tmp/compiled.pyc", "rb") as file:
                name, text = f"{name}c", file.read()
        into.writestr(ZipInfo(name), text, ZIP_DEFLATED, compresslevel=9)
base64.b64encode(content.getvalue()).decode()
"""
ASK = """async code => {
  const {loadPyodide} = await import("/pyodide.mjs");
  const python = await loadPyodide({indexURL: "/"});
  return python.runPython(code);
}"""


def compiled() -> bytes:
    """The archive, with what is loaded at the start compiled."""
    with sync_playwright() as playwright:
        page = browse.launch(playwright).new_page()
        page.route("**", lambda asked: asked.fulfill(path=PYODIDE / Path(asked.request.url).name))
        page.goto("http://127.0.0.1/README.md")
        return base64.b64decode(page.evaluate(ASK, COMPILE))


if __name__ == "__main__":
    (PYODIDE / "python_stdlib.zip").write_bytes(compiled())
