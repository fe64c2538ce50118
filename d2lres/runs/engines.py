"""Which framework trains a recipe: a module for each, with the same functions."""

from importlib import import_module

from ..errors import unknown_name

ENGINES = {"mxnet": "on_gluon", "torch": "on_torch"}


def find_engine(name: str):
    """The module of an engine, "mxnet" or "torch", which loads its framework.

    Raises ConfigError for another name; MissingDependency where the framework is not installed.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return import_module(f".{ENGINES[name]}", __package__)
