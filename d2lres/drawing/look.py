"""The look that the book's figures share: sizes, colors, and how wide letters are.

Lengths are CSS pixels, 96 an inch; letters are measured in points, of which 3 are 4 pixels.
"""

from dataclasses import dataclass
from functools import lru_cache

from .letters import ADVANCES, KERNS

MARGIN = 14  # pixels, around every figure
PAGE = 760  # pixels, the widest figure
POINT = 72 / 96  # a pixel in points
TEXT, SMALL, TITLE = 13 * POINT, 12 * POINT, 14 * POINT
FONT = "DejaVu Sans"  # comes with matplotlib, so every machine draws the same letters

# --- colors --------------------------------------------------------------------------------------

#: Okabe and Ito's colours, told apart by colour-blind readers ("Color Universal Design", 2008).
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, YELLOW = "#56B4E9", "#E69F00", "#F0E442"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
STAGES = (SKY, GREEN, ORANGE, PURPLE, BLUE)
CARD, INK, SOFT, LINE, FAINT = "#ffffff", "#1f2933", "#52606d", "#7b8794", "#e4e7eb"


@dataclass(frozen=True)
class Mix:
    """`share` of a color (0 to 1) and the rest of another: a tint of the card, or a shade."""

    color: str
    share: float
    other: str = CARD

    @property
    def hex(self) -> str:
        """As #rrggbb."""
        pairs = zip(parts(self.color), parts(self.other), strict=True)
        mixed = (round(self.share * a + (1 - self.share) * b) for a, b in pairs)
        return "#" + "".join(f"{part:02x}" for part in mixed)


def parts(color: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, each 0 to 255."""
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def ink(color: str) -> Mix:
    """A color dark enough for text on the card."""
    return Mix(color, 0.62, INK)


def color_of_part(name: str) -> str:
    """The color of a part of a network; the stem and the head are grey."""
    return STAGES[(int(name[5:]) - 1) % len(STAGES)] if name.startswith("stage") else LINE


# --- letters -------------------------------------------------------------------------------------

EM = 2048  # units of the font
WIDTHS = {
    weight: {letter: width for width, letters in table.items() for letter in letters}
    for weight, table in ADVANCES.items()
}
PAIRS = {
    weight: {letters[i : i + 2]: kern for kern, letters in table.items()
             for i in range(0, len(letters), 2)}
    for weight, table in KERNS.items()
}  # fmt: skip


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """How many pixels a line of text takes; a letter that no figure has yet counts as an em."""
    units = sum(WIDTHS[weight].get(letter, EM) for letter in text)
    units += sum(PAIRS[weight].get(text[i : i + 2], 0) for i in range(len(text) - 1))
    return units / EM * size / POINT


def widest(texts, size: float = TEXT, weight: str = "normal") -> float:
    """The width of the longest of some texts, which may have several lines."""
    lines = [line for text in texts for line in text.split("\n")]
    return max((text_width(line, size, weight) for line in lines), default=0.0)


def wrap(text: str, width: float, size: float = TEXT, weight: str = "normal") -> str:
    """The text in as few lines of at most `width` pixels as it needs, about equally long."""
    lines = _fill(text, width, size, weight)
    while len(lines) > 1 and width > 40:
        width -= 8
        shorter = _fill(text, width, size, weight)
        if len(shorter) > len(lines):
            break
        lines = shorter
    return "\n".join(lines)


def _fill(text: str, width: float, size: float, weight: str) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
