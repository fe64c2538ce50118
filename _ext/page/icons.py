"""Each sign of Font Awesome as the drawing that it is, taken from the theme's copy of the library.

The theme sends the whole library, 1.4 MB of script, for some twenty signs.
"""

import re
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup

LIBRARY = "_static/scripts/fontawesome.js"
STYLES = ["fa-solid", "fas", "fa-brands", "fab"]
SIZES = ["fa-lg"]


class Icons:
    """The signs of the library below `html`."""

    def __init__(self, html: Path):
        self.library = (html / LIBRARY).read_text(encoding="utf-8")

    def draw(self, page: BeautifulSoup) -> None:
        """Put a drawing in the place of each sign."""
        for sign in page.find_all(["i", "span"], class_=STYLES):
            (name,) = (
                each[3:]
                for each in sign["class"]
                if each.startswith("fa-") and each not in STYLES and each not in SIZES
            )
            width, height, path = self.drawing(name)
            shape = page.new_tag("path", d=path, fill="currentColor")
            sign.name = "svg"
            # as the library names its drawings, for the theme's styles
            rest = [each for each in sign["class"] if each not in STYLES]
            sign["class"] = ["svg-inline--fa", *rest]
            sign.attrs |= {"aria-hidden": "true", "viewBox": f"0 0 {width} {height}"}
            sign.append(shape)

    @cache  # noqa: B019 (one object, for the length of a build)
    def drawing(self, name: str) -> tuple[str, str, str]:
        """Width, height and outline of the last sign of that name, which is the solid one."""
        form = rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^]]*\],"\w+","([^"]+)"\]'
        return re.findall(form, self.library)[-1]
