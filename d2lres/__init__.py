"""d2lres: the small package under the book "Residual Networks, Block by Block".

`import d2lres` loads neither MXNet nor NumPy nor matplotlib: each name below is imported from its
room when it is first used.  It has every later import of MXNet prepared, by whomever (see
`machine.importing`).  The rooms, each with a docstring of its own, in the reader's order:
`structure`, `machine`, `live`, `twins`, `drawing`, `practice`, `plot`, `data`, `train`, `runs`,
`classroom`, `commands`.
"""

from .machine.importing import install as prepare_imports_of_mxnet
from .names import on_first_use

__version__ = "0.1.0"

# Where each public name lives, in the order in which the book meets them.
_HOME = {
    # plain data and arithmetic: the standard library only
    "ConfigError": "errors", "DataError": "errors", "D2lresError": "errors",
    "MissingDependency": "errors", "ShapeError": "errors",
    "Architecture": "structure", "architecture": "structure", "architecture_names": "structure",
    "count": "structure", "summarize": "structure", "contrast": "structure",
    "Summary": "structure",
    "setup": "machine",
    "find_recipe": "train", "recipe_names": "train", "Recipe": "train", "History": "train",
    # live nets, data and training: these load NumPy or MXNet
    "autograd": "live", "gluon": "live", "init": "live", "mx": "live", "nn": "live",
    "np": "live", "npx": "live", "try_gpu": "live", "num_gpus": "live",
    "BasicBlock": "live", "Bottleneck": "live", "ResidualBlock": "live",
    "build": "live", "live_counts": "live",
    "load": "data", "load_fashion_mnist": "data", "load_cifar10": "data",
    "fit": "train", "evaluate": "train",
    "recorded": "runs",
}  # fmt: skip

__all__ = ["__version__", *_HOME]
__getattr__, __dir__ = on_first_use(__name__, _HOME)

prepare_imports_of_mxnet()
