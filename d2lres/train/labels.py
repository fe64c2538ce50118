"""Class numbers: those that a net of so many classes can be right about."""

from ..errors import DataError


def check_labels(where: str, y, classes: int) -> None:
    """Raise DataError, naming the first, where the NumPy array y holds what is no class number.

    MXNet refuses none: its loss takes 7 of 5 classes for the last one, and -1 or nan for the first.
    """
    right = (y >= 0) & (y < classes) & (y == y.round())
    if not right.all():
        raise DataError(
            f"{where}: label {y[~right][0]:g} for a net of {classes} classes; expected whole "
            f"numbers from 0 to {classes - 1}. Number the classes from 0, or build the net with "
            "as many as there are."
        )
