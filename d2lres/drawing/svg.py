"""A drawing as SVG: not wider than its place, in the page's colors, its text can be selected.

The page may set the colors of a dark theme: --drawing-card, -ink, -soft, -line and -faint;
elsewhere the drawing is a white card with dark text.  A shape with a tip is a group with a title,
which browsers show to who points at it.
"""

from functools import singledispatch
from html import escape
from math import ceil

from .look import CARD, FAINT, FONT, INK, LINE, POINT, SOFT, Mix
from .shapes import Box, Circled, Dot, Drawing, Line, Rectangle, Route, Text, Vector, towards

NAMED = {CARD: "card", INK: "ink", SOFT: "soft", LINE: "line", FAINT: "faint"}
DOTS = "1.3 2.9"  # pixels drawn and left out, of a line of 1.3
ASCENT, DESCENT = 0.76, 0.236  # of the letters, in ems
HATCH = 5.6  # pixels from one line of a hatched rectangle to the next


def to_svg(drawing: Drawing) -> str:
    """The drawing as an SVG element, in its own size where there is room."""
    width, height = pixels(drawing.width), pixels(drawing.height)
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" '
        f'aria-label="{escape(drawing.alt)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" style="max-width: 100%; height: auto" '
        f'font-family="{FONT}, Verdana, sans-serif">'
    )
    card = element("rect", width="100%", height="100%", fill=css(CARD))
    shapes = (told(painted(shape), getattr(shape, "tip", "")) for shape in drawing.shapes)
    return "\n".join([opening, card, *shapes, "</svg>"])


def told(element: str, tip: str) -> str:
    """The element, with its tip where it has one."""
    return f'<g class="tip"><title>{escape(tip)}</title>{element}</g>' if tip else element


def pixels(number: float) -> str:
    return f"{round(number, 2):g}"


def css(color) -> str:
    """A color in CSS; those of paper and ink follow the page."""
    if isinstance(color, Mix):
        share = f"{100 * color.share:g}%"
        return f"color-mix(in srgb, {css(color.color)} {share}, {css(color.other)})"
    if color in NAMED:
        return f"var(--drawing-{NAMED[color]}, {color})"
    return color


def element(name: str, content: str = "", **attributes) -> str:
    """An element with those of its attributes that are not empty; numbers are pixels."""
    said = [name]
    for key, value in attributes.items():
        text = value if isinstance(value, str) else pixels(value)
        if text:
            said.append(f'{key.replace("_", "-")}="{escape(text)}"')
    opening = " ".join(said)
    return f"<{opening}>{content}</{name}>" if content else f"<{opening}/>"


# --- one rule for each shape ---------------------------------------------------------------------


@singledispatch
def painted(shape) -> str:
    """A shape as SVG."""
    raise TypeError(f"{shape!r}; expected a shape of d2lres.drawing")


@painted.register
def _(shape: Text) -> str:
    size = shape.size / POINT
    lines = shape.text.split("\n")
    step = size * (ASCENT * shape.linespacing + DESCENT)
    first = size * ASCENT  # from the upper edge of the first line to where its letters stand
    if shape.va == "center":
        first -= (step * (len(lines) - 1) + size * (ASCENT + DESCENT)) / 2
    anchor = {"left": "start", "center": "middle", "right": "end"}[shape.ha]
    spans = (
        element("tspan", escape(line), x=shape.x, y=shape.y + first + i * step)
        for i, line in enumerate(lines)
    )
    return element(
        "text",
        "".join(spans),
        fill=css(shape.color),
        font_size=size,
        text_anchor=anchor,
        font_weight=shape.weight if shape.weight != "normal" else "",
    )


@painted.register
def _(shape: Box) -> str:
    look = {"fill": css(Mix(shape.color, 0.18)), "stroke": css(Mix(shape.color, 0.85))}
    size = {"width": shape.width, "height": shape.height, "rx": 5, "stroke_width": 1.2}
    return element("rect", x=shape.x, y=shape.y, **size, **look) + painted(shape.text)


@painted.register
def _(shape: Rectangle) -> str:
    look = {"fill": css(shape.face), "stroke": css(shape.edge), "stroke_width": shape.line}
    place = {"x": shape.x, "y": shape.y, "width": shape.width, "height": shape.height}
    if not shape.hatched:
        return element("rect", **place, **look)
    lines = element("path", d=hatch(shape), stroke=css(LINE), stroke_width=1)
    return element("rect", **place, **look, stroke_dasharray="3 2") + lines


def hatch(shape: Rectangle) -> str:
    """Lines across a rectangle, rising to the right."""
    path, sides = "", shape.width + shape.height
    for i in range(1, ceil(sides / HATCH)):
        left, right = max(0, i * HATCH - shape.height), min(shape.width, i * HATCH)
        ends = [(shape.x + x, shape.y + i * HATCH - x) for x in (left, right)]
        path += "M" + "L".join(f"{pixels(x)} {pixels(y)}" for x, y in ends)
    return path


@painted.register
def _(shape: Line) -> str:
    ends = {"x1": shape.x0, "y1": shape.y0, "x2": shape.x1, "y2": shape.y1}
    look = {"stroke": css(shape.color), "stroke_width": shape.width}
    return element("line", **ends, **look, stroke_dasharray=DOTS if shape.dotted else "")


@painted.register
def _(shape: Route) -> str:
    at = lambda point: " ".join(map(pixels, point))  # noqa: E731
    path = f"M{at(shape.points[0])}"
    for leave, corner, back in shape.bends:
        path += f"L{at(leave)}Q{at(corner)} {at(back)}"
    path += f"L{at(shape.points[-1])}"
    look = {"fill": "none", "stroke": css(INK), "stroke_width": 1.3}
    found = element("path", d=path, **look, stroke_dasharray=DOTS if shape.dotted else "")
    if shape.head:
        found += element("path", d=head(*shape.points[-2:], 6), fill=css(INK))
    if shape.tip:  # a line is thin: it can be pointed at from beside
        found += element("path", d=path, fill="none", stroke="transparent", stroke_width=12)
    return found


@painted.register
def _(shape: Vector) -> str:
    (x0, y0), end = shape.start, towards(shape.end, shape.start, 4)
    line = Line(x0, y0, *end, shape.color, 2)
    return painted(line) + element("path", d=head(shape.start, shape.end, 9), fill=css(shape.color))


def head(before, end, long: float) -> str:
    """The arrow head, so many pixels long, of a line that ends at `end`."""
    x, y = end
    back = towards(end, before, long)
    dx, dy = (back[0] - x) / 2, (back[1] - y) / 2
    corners = [(x, y), (back[0] - dy, back[1] + dx), (back[0] + dy, back[1] - dx)]
    return "M" + "L".join(f"{pixels(a)} {pixels(b)}" for a, b in corners) + "Z"


@painted.register
def _(shape: Dot) -> str:
    return element("circle", cx=shape.x, cy=shape.y, r=shape.radius, fill=css(shape.color))


@painted.register
def _(shape: Circled) -> str:
    x, y = shape.x, shape.y
    strokes = (
        f"M{pixels(x - dx)} {pixels(y - dy)}L{pixels(x + dx)} {pixels(y + dy)}"
        for dx, dy in shape.arms
    )
    look = {"stroke": css(INK), "stroke_width": 1.3}
    circle = element("circle", cx=x, cy=y, r=shape.radius, fill=css(CARD), **look)
    return circle + element("path", d="".join(strokes), **look)
