"""Layers in words and colors, as the boxes of a drawing and their tips have them."""

from ..structure import (
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Gate,
    GlobalAvgPool,
    MaxPool,
    Pad,
    ReLU,
    Row,
    Sigmoid,
    ZeroChannels,
)
from .look import BLUE, GREEN, LINE, ORANGE, PURPLE, YELLOW


def marks(layer) -> str:
    """The paper's mark for a stride, ", /2", and a padding that is not the usual one."""
    stride = f", /{layer.strides}" if layer.strides > 1 else ""
    padding, usual = layer.padding, (layer.kernel - 1) // 2
    if isinstance(padding, str):
        return stride + f", {padding}" * (layer.kernel > 1)
    return stride if sides_words(padding) == str(usual) else f"{stride}, pad {sides_words(padding)}"


def sides_words(padding) -> str:
    """One number where all sides have it, else top/bottom/left/right."""
    sides = padding if isinstance(padding, tuple) else (padding,)
    return str(sides[0]) if len(set(sides)) == 1 else "/".join(map(str, sides))


def conv_words(conv: Conv) -> str:
    groups = f", {conv.groups} groups" if conv.groups > 1 else ""
    bias = " + bias" if conv.use_bias else ""
    return f"{conv.kernel}×{conv.kernel} conv, {conv.channels}{groups}{marks(conv)}{bias}"


def norm_words(norm: BatchNorm) -> str:
    missing = [name for name, there in (("γ", norm.scale), ("β", norm.center)) if not there]
    return "BN without " + ", ".join(missing) if missing else "BN"


def mean_words(pool: AvgPool) -> str:
    stride = f", /{pool.strides}" if pool.strides > 1 else ""
    return f"{pool.kernel}×{pool.kernel} average pool{stride}"


def pool_words(pool: MaxPool) -> str:
    """A window of one pixel only skips pixels: that is how shortcut A halves a map."""
    if pool.kernel == 1 and pool.strides > 1:
        return f"every {pool.strides}{ORDINAL.get(pool.strides, 'th')} pixel"
    return f"{pool.kernel}×{pool.kernel} max pool{marks(pool)}"


def pad_words(pad: Pad) -> str:
    return f"zeros around: {sides_words((pad.top, pad.bottom, pad.left, pad.right))}"


def gate_words(gate: Gate) -> str:
    said = [words(layer).replace("dense,", "dense") for layer in gate.gate]
    return "gate: " + ", ".join(said).replace("global average pool", "pool")


ORDINAL = {2: "nd", 3: "rd"}
WORDS = {
    Conv: conv_words,
    BatchNorm: norm_words,
    ReLU: lambda _: "ReLU",
    Sigmoid: lambda _: "sigmoid",
    MaxPool: pool_words,
    AvgPool: mean_words,
    GlobalAvgPool: lambda _: "global average pool",
    Dense: lambda d: f"dense, {d.units}",
    Pad: pad_words,
    ZeroChannels: lambda z: f"+{z.added} zero channels",
    Gate: gate_words,
}

COLORS = {
    Conv: BLUE,
    BatchNorm: LINE,
    ReLU: GREEN,
    Sigmoid: GREEN,
    MaxPool: ORANGE,
    AvgPool: ORANGE,
    GlobalAvgPool: ORANGE,
    Dense: PURPLE,
    Gate: PURPLE,
}


def words(layer) -> str:
    """A layer as the paper's figures write it, such as "3×3 conv, 128, /2"."""
    return WORDS[type(layer)](layer) if type(layer) in WORDS else type(layer).__name__


def color_of(layer) -> str:
    return COLORS.get(type(layer), YELLOW)


def shortcut_kind(shortcut) -> str:
    """identity, projection (with weights) or padding (another shape, without weights)."""
    if not shortcut:
        return "identity"
    return "projection" if any(isinstance(layer, Conv) for layer in shortcut) else "padding"


def written(shape) -> str:
    """A shape as C×H×W."""
    return "×".join(map(str, shape))


def by(row: Row) -> str:
    """The shape of a row as text: C×H×W, or units alone for a dense layer."""
    return written(row.output_shape[:1] if row.op == "Dense" else row.output_shape)


def tip(text: str, row: Row, times: int = 1, placed: bool = True) -> str:
    """A layer's name, what it is, what leaves it and what it costs, a line each.

    `times`: so many are alike; not `placed`: only the channels of its input are known.
    """
    alike = f" (one of {times} alike)" if times > 1 else ""
    output = by(row) if placed else f"{row.output_shape[0]} channels"
    costs = [f"{row.params:,} parameters"] + [f"{row.macs:,} MACs"] * placed
    return "\n".join([row.name + alike, text.replace("\n", " "), f"output {output}", *costs])


def around_tip(shortcut, rows: "dict[str, Row]", block: str, times: int = 1, placed=True) -> str:
    """The same of a block's shortcut; the identity gives what is added, and costs nothing."""
    name = f"{block}.shortcut" if block else "shortcut"
    row = rows.get(name) or rows[name.replace("shortcut", "add")]
    text = ", ".join(map(words, shortcut)) or "identity"
    return tip(text, row._replace(name=name), times, placed)
