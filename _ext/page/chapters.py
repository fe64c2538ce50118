"""The map of the chapters on the first page: what each is for, what it needs, how long it takes.

The goals and the needs are those of the page for teachers.
"""

import json
from copy import copy
from pathlib import Path
from posixpath import dirname

from bs4 import BeautifulSoup, Tag

INDEX = "chapters/index.html"
TEACHERS = "chapters/teachers.html"
WORDS, LINES = 150, 12  # of text and of code, in a minute
NEAREST = 5  # minutes; an estimate is no more exact


def fill(pages: dict[str, BeautifulSoup], sources: Path) -> None:
    """Write the map into the first page: the parts of the contents, and a row for each page."""
    page, rows = pages[INDEX], described(pages[TEACHERS])
    place = page.find(id="map")
    for caption in page.select("nav.bd-links p.caption"):
        place.append(page.new_tag("h3", string=caption.get_text(strip=True)))
        entries = page.new_tag("ul")
        for link in caption.find_next_sibling("ul").select("a.internal"):
            entry = page.new_tag("li")
            entry.append(page.new_tag("a", href=link["href"], string=link.get_text(strip=True)))
            if row := rows.get(link["href"]):
                notebook = sources / dirname(INDEX) / link["href"]
                tell(page, entry, row, notebook.with_suffix(".ipynb"))
            entries.append(entry)
        place.append(entries)


def described(page: BeautifulSoup) -> dict[str, tuple[str, Tag]]:
    """The goal and the needs by the chapter's address, from the table of the page for teachers."""
    found = {}
    for row in page.select("section[id^=the-chapters] table tbody tr"):
        title, goal, needs = row.find_all("td")
        found[title.a["href"].partition("#")[0]] = goal.get_text(" ", strip=True), needs
    return found


def tell(page: BeautifulSoup, entry: Tag, row: tuple[str, Tag], notebook: Path) -> None:
    """Add to the entry of a chapter its minutes, its goal and what it needs."""
    goal, needs = row
    time = f" {minutes(notebook)} minutes"
    entry.append(page.new_tag("span", attrs={"class": "minutes"}, string=time))
    entry.append(page.new_tag("p", string=f"{goal[0].upper()}{goal[1:]}."))
    if needs.a:
        needed = page.new_tag("p", attrs={"class": "needs"}, string="Needs ")
        needed.extend([*copy(needs.p or needs).contents, "."])
        entry.append(needed)


def minutes(notebook: Path) -> int:
    """How long it takes to work through a chapter, without its exercises."""
    words = lines = 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        read, exercises, _ = text.partition("## Exercises")
        if cell["cell_type"] == "markdown":
            words += len(read.split())
        else:
            lines += sum(bool(line.strip()) for line in read.splitlines())
        if exercises:
            break
    return NEAREST * round((words / WORDS + lines / LINES) / NEAREST)
