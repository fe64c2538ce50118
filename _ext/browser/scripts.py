"""The scripts of pages and of their workers: parts in `js`, joined.

Each part keeps its names to itself, and gives to those after it what it puts into `book`.
"""

import json
from pathlib import Path

JS = Path(__file__).with_name("js")
BOOK = '"use strict";\nglobalThis.book = {};\n'
BELOW = ("load", "thread")  # what the pages have in common
ABOVE = ("unpack", "serving")  # and their workers


def of_page(parts: list[str], worker: str, places: dict[str, list[str]]) -> str:
    """The script of a page, whose worker loads the files of some places."""
    known = json.dumps({"text": of_worker(worker), "places": places})
    return f"{BOOK}book.worker = {known};\n{joined(*BELOW, *parts)}"


def of_worker(name: str) -> str:
    return BOOK + joined(*ABOVE, name)


def joined(*names: str) -> str:
    texts = [(JS / f"{name}.js").read_text(encoding="utf-8") for name in names]
    return "".join(f"(() => {{\n{text}}})();\n" for text in texts)
