"""How many pixels a convolution or a pooling layer adds to an image.

Explained in the chapter "Padding, and what a pixel sees".
"""

from ...errors import ConfigError
from ..arch import AvgPool


def pads(layer, height: int, width: int) -> tuple[int, int, int, int]:
    """What a layer adds to an image: (top, bottom, left, right)."""
    if isinstance(layer, AvgPool):
        return (0, 0, 0, 0)
    if isinstance(layer.padding, tuple):
        return layer.padding
    if layer.padding == "same":
        return (*same(height, layer), *same(width, layer))
    return (0 if layer.padding == "valid" else layer.padding,) * 4


def fixed_pads(layer) -> tuple[int, int, int, int]:
    """What a layer adds to every image: (top, bottom, left, right).

    A net that computes needs this.  Raises ConfigError where it depends on the image.
    """
    if layer.padding == "same" and (layer.strides > 1 or layer.kernel % 2 == 0):
        raise ConfigError(
            f"{layer}: how much 'same' pads depends on the image; expected numbers. "
            "Put them in first: structure.explicit(architecture, input_shape)."
        )
    return pads(layer, 1, 1)


def same(size: int, layer) -> tuple[int, int]:
    """SAME: so much that ceil(size / strides) windows fit, the odd pixel at the end."""
    windows = -(-size // layer.strides)
    total = max(0, (windows - 1) * layer.strides + layer.kernel - size)
    return total // 2, total - total // 2
