"""TeX as a picture, so that a page needs no script and no other host.

matplotlib draws what stands on one line; here such pieces are put beside and below one another, as
`align`, `cases` and the matrices ask.  Lengths are units of a font of 100, y points up, and the
line on which the text stands is 0.
"""

import base64
import functools
import html
import itertools
import re
from dataclasses import dataclass

import numpy

PIECES = 400  # on a page, of at most
PIECE = 300  # characters each
LONGEST = 3_000  # characters of a formula
EM = 0.011  # a unit: a font of 100 units, a little larger than the text around
LINE, AXIS = 45, 25  # between two rows; the height of a fraction's line, about which a grid lies
# A path of matplotlib in the letters of SVG: move, line, curves of one and of two handles, close.
LETTERS, CLOSE = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}, 79

# Environment: (where its columns are set, the gap before each, in turn; the fences left and right).
ALIGN, CENTRE, MATRIX = ("rl", (100, 0)), ("c", (100,)), ("c", (80,))
ENVIRONMENTS = {
    "align": (*ALIGN, "", ""), "aligned": (*ALIGN, "", ""), "split": (*ALIGN, "", ""),
    "equation": (*CENTRE, "", ""), "gather": (*CENTRE, "", ""), "gathered": (*CENTRE, "", ""),
    "cases": ("l", (100,), r"\{", ""), "matrix": (*MATRIX, "", ""),
    "pmatrix": (*MATRIX, "(", ")"), "bmatrix": (*MATRIX, "[", "]"),
    "Bmatrix": (*MATRIX, r"\{", r"\}"), "vmatrix": (*MATRIX, "|", "|"),
    "Vmatrix": (*MATRIX, r"\|", r"\|"),
}  # fmt: skip
TOKEN = re.compile(
    r"\\begin\{(?P<begin>\w+)\*?\}|\\end\{(?P<end>\w+)\*?\}"
    r"|(?P<row>\\\\(?:\[[^]]*\])?)|(?P<column>&)|\\?.",
    re.DOTALL,
)
NUMBERING = re.compile(r"\\(nonumber|notag)(?![a-z])|\\label\{[^{}]*\}")  # of a book
WORDS = re.compile(r"\\(?:text|mbox)\{([^{}$]*)\}")  # which not every matplotlib knows


class Formulas:
    """The formulas of a page; `left` is how many pieces may still be drawn."""

    def __init__(self):
        self.left = PIECES

    def picture(self, body: str, text: str) -> str | None:
        """An `img` of a formula, `text` for its words; None for what is too much or not known."""
        self.left -= 1 + body.count("&") + body.count(r"\\")
        fits = self.left >= 0 and len(body) <= LONGEST
        return drawn(" ".join(body.split()), " ".join(text.split())) if fits else None


@functools.lru_cache(1000)
def drawn(body: str, text: str) -> str | None:
    """An `img` of a formula that stands on the line; None for TeX that is not known here."""
    try:
        return image(whole(body), text)
    except Exception:  # matplotlib raises ValueError, and others from its parser
        return None


@dataclass(frozen=True)
class Box:
    """A drawing: how far it reaches right, above and below the line; an outline."""

    width: float
    height: float
    depth: float
    points: numpy.ndarray  # (N, 2)
    codes: tuple

    def moved(self, right: float, up: float = 0) -> "Box":
        points = self.points + (right, up)
        return Box(self.width + right, self.height + up, self.depth - up, points, self.codes)


EMPTY = Box(0, 0, 0, numpy.empty((0, 2)), ())


def together(boxes) -> Box:
    """Boxes drawn over one another, where they are."""
    boxes = [EMPTY, *boxes]
    return Box(
        *(max(getattr(box, side) for box in boxes) for side in ("width", "height", "depth")),
        numpy.concatenate([box.points for box in boxes]),
        tuple(itertools.chain.from_iterable(box.codes for box in boxes)),
    )


def beside(boxes) -> Box:
    """Boxes on one line, each where the one before ends."""
    begins = itertools.accumulate((box.width for box in boxes), initial=0)
    return together(box.moved(begin) for begin, box in zip(begins, boxes, strict=False))


def grid(rows: list[list[Box]], columns: str, gaps: tuple) -> Box:
    """Boxes in rows; each column is set left, right or in the centre, and has a gap before it."""
    number = max(map(len, rows))
    widths = [max(row[j].width for row in rows if j < len(row)) for j in range(number)]
    room = {"l": 0, "c": 0.5, "r": 1}
    placed, below = [], 0.0
    for i, row in enumerate(rows):
        below -= bool(i) * LINE + max(70, *(box.height for box in row))
        begin = 0.0
        for j, box in enumerate(row):
            begin += bool(j) * gaps[j % len(gaps)]
            spare = widths[j] - box.width
            placed.append(box.moved(begin + room[columns[j % len(columns)]] * spare, below))
            begin += widths[j]
        below -= max(0, *(box.depth for box in row))
    return together(placed).moved(0, AXIS - below / 2)


def fence(tex: str, box: Box) -> Box:
    """A bracket as high as the box."""
    one = piece(tex)
    inked = one.points[numpy.array(one.codes) != CLOSE, 1]
    if not len(inked):
        return one
    factor = (box.height + box.depth) / (inked.max() - inked.min())
    points = (one.points - (0, inked.min())) * (1, factor) - (0, box.depth)
    return Box(one.width, box.height, box.depth, points, one.codes)


def whole(tex: str) -> Box:
    """A formula, of pieces of a line and of environments.  Raises ValueError for any other."""
    ((box,),) = read(TOKEN.finditer(tex), None)
    return box


def read(tokens, name: str | None) -> list[list[Box]]:
    """The rows and columns up to the end of environment `name` (None: of the formula)."""
    rows, boxes, text, braces = [[]], [], "", 0
    for token in tokens:
        if begun := token["begin"]:
            boxes += [piece(text), environment(begun, read(tokens, begun))]
            text = ""
        elif token["end"] or not braces and (token["row"] or token["column"]):
            rows[-1].append(beside([*boxes, piece(text)]))
            boxes, text = [], ""
            if token["row"]:
                rows.append([])
            elif token["end"] != name and token["end"]:
                raise ValueError(f"\\end{{{token['end']}}}")
            elif token["end"]:
                return rows if len(rows[-1]) > 1 or rows[-1][0].width else rows[:-1]
        else:
            text += token[0]
            braces += (token[0] == "{") - (token[0] == "}")
    if name:
        raise ValueError(f"no \\end{{{name}}}")
    return [*rows[:-1], [*rows[-1], beside([*boxes, piece(text)])]]


def environment(name: str, rows: list[list[Box]]) -> Box:
    columns, gaps, left, right = ENVIRONMENTS[name]
    box = grid(rows, columns, gaps)
    return beside([fence(left, box), box, fence(right, box)])


def piece(tex: str) -> Box:
    """What stands on one line, by matplotlib."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    tex = WORDS.sub(lambda found: rf"\mathrm{{{found[1]}}}".replace(" ", r"\ "), tex)
    tex = NUMBERING.sub("", tex).strip()
    if not tex:
        return EMPTY
    if len(tex) > PIECE:
        raise ValueError(f"{len(tex)} characters in a line")
    font = FontProperties(size=text_to_path.FONT_SCALE, math_fontfamily="cm")
    width, height, depth = text_to_path.get_text_width_height_descent(f"${tex}$", font, ismath=True)
    points, codes = text_to_path.get_text_path(font, f"${tex}$", ismath=True)
    points = numpy.array(points, dtype=float).reshape(-1, 2)
    return Box(width, height - depth, depth, points, tuple(map(int, codes)))


def image(box: Box, text: str) -> str:
    """The drawing as an SVG in an `img`, whose words are the TeX."""
    runs = itertools.groupby(zip(box.codes, box.points, strict=True), lambda pair: pair[0])
    outline = "".join(
        LETTERS[code]
        + ("" if code == CLOSE else " ".join(f"{x:.1f} {-y:.1f}" for _, (x, y) in run))
        for code, run in runs
    )
    width, height = box.width + 2, box.height + box.depth + 4
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-box.height - 2:.1f} {width:.1f} '
        f'{height:.1f}" width="{width * EM:.2f}em" height="{height * EM:.2f}em">'
        f'<path d="{outline}"/></svg>'
    )
    url = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    style = f"vertical-align: {-(box.depth + 2) * EM:.2f}em"
    return f'<img src="{url}" alt="{html.escape(text)}" style="{style}">'
