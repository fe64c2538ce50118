"""Cells that run in the page get their buttons, and a control for each value with a range.

A notebook's cell with the tag `live` is one; `browser/js/live.js` makes it work.  An assignment
with a range or choices in its comment, such as

    kernel = 3  # 1 to 7
    shortcut = "B"  # A, B or C

gets a slider or a choice, which writes into the code.
"""

import re

from bs4 import BeautifulSoup, Tag

RANGE = re.compile(r"^(\w+) *= *(-?\d+) *# *(-?\d+) to (-?\d+)$", re.MULTILINE)
CHOICE = re.compile(r"""^(\w+) *= *("?)([^"\n#]+)\2 *# *([^\n]+?) or ([^\s]+)$""", re.MULTILINE)


def prepare(page: BeautifulSoup) -> None:
    """Put below the code of each live cell what it is run and changed with."""
    cells = page.main.find_all(class_="tag_live")
    for number, cell in enumerate(cells, 1):
        code = cell.find(class_="cell_input")
        code.insert_after(bar(page, number))
        controls = list(controls_of(page, code.get_text()))
        if controls:
            place = page.new_tag("div", attrs={"class": "live-controls"})
            place.extend(controls)
            code.insert_after(place)
    if cells:
        root = page.html["data-content_root"]
        page.body.append(page.new_tag("script", src=f"{root}_static/live.js"))


def bar(page: BeautifulSoup, number: int) -> Tag:
    """The buttons, which wait for the script, and the line that says what happens."""
    place = page.new_tag("div", attrs={"class": "live-bar"})
    for name in ("Run", "Stop", "Reset"):
        look = {"class": f"live-{name.lower()} btn", "aria-label": f"{name} cell {number}"}
        button = page.new_tag("button", type="button", string=name, attrs=look)
        button["disabled" if name == "Run" else "hidden"] = ""
        place.append(button)
    place.append(page.new_tag("span", attrs={"class": "live-status", "role": "status"}))
    return place


def controls_of(page: BeautifulSoup, code: str):
    """A label with a slider or a choice for each assignment that asks for one, in their order."""
    found = [*RANGE.finditer(code), *CHOICE.finditer(code)]
    for match in sorted(found, key=lambda match: match.start()):
        label = page.new_tag("label", string=f"{match[1]} ")
        make = slider if match.re is RANGE else choice
        label.append(make(page, match))
        if match.re is RANGE:
            look = {"class": "live-value", "aria-hidden": "true"}  # the slider says it itself
            label.append(page.new_tag("span", string=match[2], attrs=look))
        yield label


def slider(page: BeautifulSoup, match: re.Match) -> Tag:
    name, value, low, high = match.groups()
    look = {"name": name, "min": low, "max": high, "value": value, "disabled": ""}
    return page.new_tag("input", type="range", attrs=look)


def choice(page: BeautifulSoup, match: re.Match) -> Tag:
    """A choice; its options are written as the value is, with quotes or without."""
    name, quote, value, *some = match.groups()
    place = page.new_tag("select", attrs={"name": name, "disabled": ""})
    for option in [*re.split(", *", some[0]), some[1]]:
        entry = page.new_tag("option", string=option, value=f"{quote}{option}{quote}")
        if option == value.strip():
            entry["selected"] = ""
        place.append(entry)
    return place
