"""Exercises of the book that check an answer and say what to think of next.  Standard library only.

The files in the order of explanation: `checking` (what an exercise is, `check`), and the exercises
by their labels in the chapters: `counting`, `sizes`.
"""

from .checking import Said, check, exercise_labels

__all__ = ["Said", "check", "exercise_labels"]
