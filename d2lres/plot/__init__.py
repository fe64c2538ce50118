"""Figures from plain data, in one look that reads on light and dark pages.

Each function returns a matplotlib Figure that a notebook shows as the value of its cell, that
`savefig` writes, and whose `alt` says in words what it shows.  The files in the order of
explanation: `figure` (the common look), `curves`, `lines`, `seeds`, `against`, `tables`, `images`;
`source` (of a function).  Networks, blocks and windows are drawings, not figures: `d2lres.drawing`.
"""

from .against import plot_against
from .curves import plot_history
from .images import show_images
from .lines import plot_lines
from .seeds import plot_seeds
from .source import show_source
from .tables import plot_confusion, plot_costs

__all__ = [
    "plot_against",
    "plot_confusion",
    "plot_costs",
    "plot_history",
    "plot_lines",
    "plot_seeds",
    "show_images",
    "show_source",
]
