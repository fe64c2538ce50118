"""Figures from plain data, in one look that reads on light and dark pages.

Each function returns a matplotlib Figure that a notebook shows as the value of its cell, that
`savefig` writes, and whose `alt` says in words what it shows.  The files in the order of
explanation: `figure` (the common look), `sketch` (boxes and arrows), `blocks`, `network`, `curves`,
`tables`, `images`.
"""

from .blocks import draw_block, draw_blocks, draw_idea
from .curves import plot_history
from .images import show_images
from .network import draw_network
from .tables import plot_confusion, plot_costs

__all__ = [
    "draw_block",
    "draw_blocks",
    "draw_idea",
    "draw_network",
    "plot_confusion",
    "plot_costs",
    "plot_history",
    "show_images",
]
