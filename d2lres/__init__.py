"""d2lres: the small package under the book "Residual Networks, Block by Block".

`import d2lres` loads neither MXNet nor NumPy nor matplotlib: each name below is imported from its
module when it is first used (PEP 562).
"""

__version__ = "0.1.0"

# Where each public name lives, in the order in which the book meets them.
_HOME = {
    # plain data and arithmetic: the standard library only
    "ConfigError": "errors", "DataError": "errors", "D2lresError": "errors",
    "MissingDependency": "errors", "ShapeError": "errors",
    "Architecture": "arch",
    "architecture": "zoo", "architecture_names": "zoo",
    "count": "accounting",
    "summarize": "report", "contrast": "report", "Summary": "report",
    "setup": "setting_up",
    "find_recipe": "recipes", "recipe_names": "recipes", "Recipe": "recipes",
    # live nets, data and training: these load NumPy or MXNet
    "autograd": "_mxnet", "gluon": "_mxnet", "init": "_mxnet", "mx": "_mxnet", "nn": "_mxnet",
    "np": "_mxnet", "npx": "_mxnet", "try_gpu": "_mxnet", "num_gpus": "_mxnet",
    "BasicBlock": "blocks", "Bottleneck": "blocks", "ResidualBlock": "blocks",
    "build": "models", "live_counts": "models",
    "load": "data", "load_fashion_mnist": "data", "load_cifar10": "data",
    "fit": "train", "evaluate": "train", "History": "history",
    "recorded": "runs",
}  # fmt: skip

__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__():
    return sorted(__all__)
