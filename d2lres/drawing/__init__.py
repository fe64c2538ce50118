"""Networks as drawings: plain shapes from plain data, and SVG.  Standard library only.

Each function returns a `Drawing`, which a notebook shows as the value of its cell, which `save`
writes, and whose `alt` says in words what it shows.  The files in the order of explanation: `look`
(sizes and colors, with `letters`, how wide they are), `shapes` (boxes, arrows, text), `sketch` (the
sheet), `words` (for layers), `runs` (what enters and leaves), `column` (one block), `blocks`,
`deflection`, `stages`, `network`, `parts` (what they cost), `windows`, `fields`; `svg` (how it is
shown).
"""

from .blocks import draw_block, draw_blocks, draw_idea
from .deflection import draw_deflections
from .fields import draw_fields
from .network import draw_network
from .parts import draw_parts
from .shapes import Box, Circled, Dot, Drawing, Line, Rectangle, Route, Text, Vector
from .stages import draw_stage
from .svg import to_svg
from .windows import draw_windows

__all__ = [
    "Box",
    "Circled",
    "Dot",
    "Drawing",
    "Line",
    "Rectangle",
    "Route",
    "Text",
    "Vector",
    "draw_block",
    "draw_blocks",
    "draw_deflections",
    "draw_fields",
    "draw_idea",
    "draw_network",
    "draw_parts",
    "draw_stage",
    "draw_windows",
    "to_svg",
]
