"""Pictures that wait until they come into view, in a place that is kept free for them."""

import re
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup
from PIL import Image


def prepare(page: BeautifulSoup, path: Path) -> None:
    """Give each picture of the page its width and height; let all but the first load late.

    The first is often what a reader sees first.."""
    for number, picture in enumerate(page.main.find_all("img")):
        file = path.parent / unquote(picture["src"])
        picture["width"], picture["height"] = shown(picture, *size(file))
        picture.attrs.pop("style", None)
        picture["decoding"] = "async"
        if number:
            picture["loading"] = "lazy"


def size(file: Path) -> tuple[float, float]:
    """Width and height of a picture in pixels."""
    if file.suffix == ".svg":
        head = re.search(r"<svg [^>]*>", file.read_text(encoding="utf-8"))[0]
        sides = (re.search(rf' {side}="([\d.]+)(pt)?"', head) for side in ("width", "height"))
        return tuple(float(side[1]) * (4 / 3 if side[2] else 1) for side in sides)
    with Image.open(file) as image:
        return image.size


def shown(picture, width: float, height: float) -> tuple[int, int]:
    """The size in the page: as the notebook says, else that of the file."""
    style = picture.get("style", "")
    wanted = int(style.removeprefix("width: ").removesuffix("px;")) if style else round(width)
    return wanted, round(height * wanted / width)
