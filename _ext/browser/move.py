"""Figures that the reader moves."""


def setup(app) -> None:
    pass
