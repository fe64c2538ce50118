"""Pictures in small files, which wait until they come into view, in a place kept free for them."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag
from PIL import Image


def lighten(folder: Path) -> None:
    """Write the pixels of each PNG to a smaller file: WebP without loss is a third lighter.

    A picture is named by its content, so what an earlier build wrote is right.
    """
    with ThreadPoolExecutor() as pool:  # to write WebP needs no lock of Python's
        list(pool.map(as_webp, folder.glob("*.png")))


def as_webp(file: Path) -> None:
    """The smaller file has its name when it is whole."""
    small, begun = file.with_suffix(".webp"), file.with_suffix(".begun")
    if not small.exists():
        with Image.open(file) as image:
            image.save(begun, "WEBP", lossless=True, method=4)
        begun.rename(small)


def prepare(page: BeautifulSoup, path: Path) -> None:
    """Give each picture of the page its width and height; let all but the first load late.

    The first is often what a reader sees first.
    """
    for number, picture in enumerate(page.main.find_all("img")):
        file = path.parent / unquote(picture["src"])
        picture["width"], picture["height"] = shown(picture, *size(file))
        picture.attrs.pop("style", None)
        picture["decoding"] = "async"
        if number:
            picture["loading"] = "lazy"
        if file.suffix == ".png" and file.parent.name == "_images":
            lighter(picture, file)


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


def lighter(picture: Tag, file: Path) -> None:
    """Show the smaller file in place of the PNG, and lead to it, too."""
    small = file.with_suffix(".webp")
    picture["src"] = picture["src"].replace(file.name, small.name)
    if picture.parent.get("href", "").endswith(file.name):
        picture.parent["href"] = picture["src"]
