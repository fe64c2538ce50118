"""The file that imports PyTorch, or says how to get it; and finds its devices."""

import os
import re

from ..errors import ConfigError, MissingDependency

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    raise MissingDependency(
        f"import torch: {error}; expected PyTorch. Install it: `pip install .[torch]` in the "
        "checkout, or `pip install torch`."
    ) from error

__all__ = ["find_device", "functional", "nn", "torch"]


def find_device(name: str = "auto") -> torch.device:
    """The device called `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises ConfigError for another name, or a device that is not there.
    """
    cuda, apple = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if cuda else "mps" if apple else "cpu"
    if name == "cuda":  # torchrun numbers the processes of a machine, each of which has its GPU
        name = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise ConfigError(
            f"device {name!r}: no such device of PyTorch; expected auto, cpu, cuda, cuda:N or mps."
        )
    advice = "Use --device cpu."
    if name.startswith("cuda") and not torch.backends.cuda.is_built():
        raise ConfigError(
            f"device {name!r}: PyTorch {torch.__version__} was built without CUDA; expected a "
            f"build with it. {advice}"
        )
    number, seen = int(name.partition(":")[2] or 0), torch.cuda.device_count() if cuda else 0
    if name.startswith("cuda") and number >= seen:
        raise ConfigError(
            f"device {name!r}: PyTorch sees {seen} GPUs; expected one with that number. {advice}"
        )
    if name == "mps" and not apple:
        raise ConfigError(f"device 'mps': not here; expected a Mac with Apple silicon. {advice}")
    return torch.device(name)
