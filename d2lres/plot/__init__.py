"""Figures from plain data, in one look that reads on light and dark pages.

Each function returns a matplotlib Figure that a notebook shows as the value of its cell, that
`savefig` writes, and whose `alt` says in words what it shows.  The files in the order of
explanation: `figure` (the common look), `sketch` (boxes and arrows), `column` (one block),
`blocks`, `deflection`, `shapes` (what enters and leaves), `stages`, `network`, `parts` (what they
cost), `windows`, `fields`, `curves`, `lines`, `seeds`, `against`, `tables`, `images`; `source` (of
a function).
"""

from .against import plot_against
from .blocks import draw_block, draw_blocks, draw_idea
from .curves import plot_history
from .deflection import draw_deflections
from .fields import draw_fields
from .images import show_images
from .lines import plot_lines
from .network import draw_network
from .parts import plot_stages
from .seeds import plot_seeds
from .source import show_source
from .stages import draw_stage
from .tables import plot_confusion, plot_costs
from .windows import draw_windows

__all__ = [
    "draw_block",
    "draw_blocks",
    "draw_deflections",
    "draw_fields",
    "draw_idea",
    "draw_network",
    "draw_stage",
    "draw_windows",
    "plot_against",
    "plot_confusion",
    "plot_costs",
    "plot_history",
    "plot_lines",
    "plot_seeds",
    "plot_stages",
    "show_images",
    "show_source",
]
