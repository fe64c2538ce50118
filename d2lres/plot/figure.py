"""What every figure of the book has in common: one look, one size, a description in words.

A figure is a white card with dark text, so that it reads on a light page and on a dark one, in the
book, in Jupyter and in Colab.  Lengths are CSS pixels (96 an inch): text of 12 is 9 pt as shown.
"""

from base64 import b64encode
from contextlib import contextmanager
from functools import lru_cache, wraps
from io import BytesIO
from pathlib import Path

from ..drawing import look as the_book
from ..drawing.look import CARD, FAINT, FONT, INK, LINE, MARGIN, SMALL, TEXT, TITLE, Mix, wrap
from ..errors import MissingDependency

try:
    from matplotlib import style
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure
    from PIL import Image  # comes with matplotlib
except ImportError as error:
    raise MissingDependency(
        f"d2lres.plot: matplotlib does not import ({error}); expected matplotlib 3.7 or newer. "
        "Run `pip install matplotlib`."
    ) from error

INCH = 96  # CSS pixels

STYLE = {
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "font.family": FONT,
    "font.size": TEXT,
    "axes.titlesize": TITLE,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": TEXT,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "svg.hashsalt": "d2lres",  # else every SVG gets other names inside
}

# What would make two files of one figure differ, or name the version that wrote it.
ANONYMOUS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def look():
    """The book's style within, whatever the reader has set; the reader's settings after."""
    with style.context(["default", STYLE]):
        yield


def styled(function):
    """Let `function` draw in the book's style and leave matplotlib's settings as they were."""

    @wraps(function)
    def draw(*args, **kwargs):
        with look():
            return function(*args, **kwargs)

    return draw


class Picture(Figure):
    """A matplotlib Figure that shows itself in a notebook, once, and that can be put into words.

    `alt` says what is to be seen.  A notebook stores it as the text beside the image, screen
    readers read it, and a test can compare it where pixels depend on the version of matplotlib.
    Nothing is registered with pyplot: there is no window to close and no second copy below a cell.
    """

    alt = ""

    def __repr__(self):
        return self.alt or super().__repr__()

    def savefig(self, fname, **kwargs):
        """As Figure.savefig; the same figure gives the same bytes."""
        suffix = "" if hasattr(fname, "write") else Path(fname).suffix[1:]
        format = (kwargs.get("format") or suffix or "png").lower()
        metadata = {**ANONYMOUS.get(format, {}), **kwargs.pop("metadata", {})}
        if format == "svg":
            metadata.setdefault("Title", self.alt)
        with look():
            super().savefig(fname, metadata=metadata or None, **kwargs)

    def to_png(self) -> bytes:
        """The figure as a small PNG file with two pixels a CSS pixel."""
        file, small = BytesIO(), BytesIO()
        self.savefig(file, format="png")
        image = Image.open(file).convert("RGB")
        if not any(axes.images for axes in self.axes):  # lines and letters need few colors
            image = image.quantize(256, dither=Image.Dither.NONE)
        image.save(small, format="PNG", optimize=True)
        return small.getvalue()

    def _ipython_display_(self):
        from IPython.display import display

        # PNG and not SVG: JupyterLab hides SVG until a notebook is trusted, and nbval compares it
        # letter by letter.  Only the width is given, so that a phone can shrink the image.
        shown = {"width": round(self.get_figwidth() * INCH), "alt": self.alt}
        data = {"image/png": b64encode(self.to_png()).decode(), "text/plain": repr(self)}
        display(data, metadata={"image/png": shown}, raw=True)


def picture(width: float, height: float, alt: str) -> Picture:
    """An empty Picture of so many CSS pixels."""
    figure = Picture(figsize=(width / INCH, height / INCH), dpi=2 * INCH)
    figure.alt = " ".join(alt.split())
    return figure


def mix(color: str, share: float, other: str = CARD) -> str:
    """`share` of a color (0 to 1) and the rest of another: a tint, or a shade."""
    return Mix(color, share, other).hex


def ink(color: str) -> str:
    """A color dark enough for text on the card."""
    return the_book.ink(color).hex


@lru_cache(maxsize=4096)
def readable_on(color) -> str:
    """Black or white, whichever stands out more: at least 4.5 to 1, as WCAG 2.1 asks for text."""
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)]
    luminance = sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def sheet(width: float, body: float, title: "str | None", alt: str) -> tuple[Picture, float]:
    """A Picture with a title and `body` pixels below it; the y, from the top, where they begin."""
    lines = wrap(title, width - 2 * MARGIN, TITLE, "bold") if title else ""
    top = MARGIN + (20 * (1 + lines.count("\n")) + 6 if title else 0)
    figure = picture(width, top + body, f"{title}. {alt}" if title else alt)
    options = {"size": TITLE, "weight": "bold", "va": "top", "linespacing": 1.3}
    figure.text(MARGIN / width, 1 - MARGIN / (top + body), lines, **options)
    return figure, top


def axes_at(figure: Picture, x: float, y: float, width: float, height: float):
    """New axes with their upper left corner at (x, y), all in CSS pixels from the top left."""
    w, h = figure.get_size_inches() * INCH
    return figure.add_axes((x / w, 1 - (y + height) / h, width / w, height / h))
