"""Figures from plain data, in one look that reads on light and dark pages.

Each function returns a matplotlib Figure that a notebook shows as the value of its cell, that
`savefig` writes, and whose `alt` says in words what it shows.  The files in the order of
explanation: `figure` (the common look), `sketch` (the drawings of `d2lres.drawing`), `curves`,
`lines`, `seeds`, `against`, `tables`, `images`; `source` (of a function).
"""

from .against import plot_against
from .curves import plot_history
from .images import show_images
from .lines import plot_lines
from .seeds import plot_seeds
from .sketch import (
    draw_block,
    draw_blocks,
    draw_deflections,
    draw_fields,
    draw_idea,
    draw_network,
    draw_stage,
    draw_windows,
    plot_stages,
)
from .source import show_source
from .tables import plot_confusion, plot_costs

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
