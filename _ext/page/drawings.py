"""Drawings stand in the page itself: in its colors, with text that can be selected and found."""

from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup


def inline(page: BeautifulSoup, path: Path) -> None:
    """Put each drawing of `d2lres.drawing` in place of the picture that shows its file."""
    for picture in page.main.find_all("img", src=lambda source: source.endswith(".svg")):
        text = (path.parent / unquote(picture["src"])).read_text(encoding="utf-8")
        if 'class="drawing"' in text:
            place = page.new_tag("div", attrs={"class": "output image_svg"})
            place.append(BeautifulSoup(text, "html.parser").svg)
            picture.replace_with(place)
