"""The exercises on sizes, fields and versions, as `counting` has those before them."""

from math import ceil

from ..structure import summarize
from .checking import exercise

# --- Any input size, padding ---------------------------------------------------------------------


@exercise("ex-input-size-seven")
def seven(smallest, largest):
    """The sides of images that end in maps of 7×7."""

    def last(side):
        return ceil(side / 32)

    sides = [side for side in range(1, 300) if last(side) == 7]
    yield smallest == largest == sides[-1], f"{sides[-1]} is one of them. What happens to 223?"
    yield smallest == sides[0] - 1, "192, 96, 48, 24, 12, 6: that is a map of 6×6, and just so."
    for word, given, truth in (("smallest", smallest, sides[0]), ("largest", largest, sides[-1])):
        found = f"{last(given)}×{last(given)}"
        yield given != truth, f"{given} ends in {found}, or is not the {word}."
    return "Five roundings up of a half are one rounding up of a 32nd."


@exercise("ex-input-size-batch")
def batch(at_224, at_448):
    """How many images a batch may have in 8 billion bytes."""
    for side, given in ((224, at_224), (448, at_448)):
        net = summarize("resnet50", (3, side, side))
        need, free = net.memory(), 8_000_000_000
        truth = (free - need.weights_float32 - 2 * 4 * net.params) // need.training
        yield (
            given != truth
            and given in (free // need.training, (free - need.weights_float32) // need.training),
            f"At {side}: {given}. The weights, a gradient and a momentum for each lie there, too.",
        )
        yield given == truth + 1, f"At {side}: {given}. The last image does not fit whole."
        yield (
            given != truth,
            (
                f"At {side}: {given}. One image needs {need.training:,} bytes of activations in "
                "training. First take off what does not depend on the batch."
            ),
        )
    return "Four times the area, and about a quarter of the images."


@exercise("ex-padding-version")
def field(difference):
    """By how many pixels the fields of v1 and v1.5 differ."""
    one, other = (
        summarize("resnet50", version=v).parts()[4].receptive_field for v in ("v1", "v1.5")
    )
    truth = one - other
    yield difference == -truth, "The size is right. In which version is the stride there earlier?"
    yield difference == truth // 2, ("A 3×3 convolution adds 2j pixels: (k - 1) j, and k is 3.")
    yield (
        difference == 2 * (2 + 4 + 8),
        ("At the entrance of stage 2, j is 4 already: the stem has halved twice."),
    )
    yield (
        difference != truth,
        (
            f"{difference}: the 3×3 convolutions of stages 2, 3 and 4 have twice the j in v1. "
            "Sum what that makes of (k - 1) j."
        ),
    )
    return "v1 strides first, so its 3×3 convolutions see every pixel twice as wide."


@exercise("ex-padding-shift")
def shift(pixels):
    """How far apart the fields of five layers are."""
    truth = sum(2**i for i in range(5))
    yield (
        pixels == 5,
        "Five layers shift by one pixel of their input each. What is that in the image?",
    )
    yield pixels == 2 * truth, "The windows of a layer lie one pixel of its input apart, not two."
    yield pixels == truth - 1, "The first layer's input is the image itself: its pixel counts 1."
    yield pixels == truth + 1, "The sum 1 + 2 + 4 + ... stops at the input of the fifth layer."
    yield (
        pixels != truth,
        f"{pixels}: a pixel that enters layer i is 2 ** (i - 1) pixels of the image.",
    )
    return "1 + 2 + 4 + 8 + 16, the effective strides of what enters the five layers."


# --- Versions and implementations ----------------------------------------------------------------


@exercise("ex-versions-152")
def deeper(more):
    """The MACs that v1.5 of ResNet-152 needs more than v1."""
    first, second = (summarize("resnet152", version=v) for v in ("v1", "v1.5"))
    truth = second.macs - first.macs
    yield more == -truth, "v1.5 needs more: its 1×1 convolution runs before the map is halved."
    yield more == 0, "The parameters are the same, the positions are not."
    yield (
        more > truth,
        (
            f"{more:,} is too many. Which blocks of a stage have a stride? Are there more of "
            "those than in ResNet-50?"
        ),
    )
    yield more != truth, f"{more:,} is too few. Three stages have a block with a stride."
    return "As many as in ResNet-50, whose blocks with a stride are the same three."


@exercise("ex-versions-v2")
def preactivated(difference):
    """The parameters of v2 less those of v1, for ResNet-50."""
    first, second = (summarize("resnet50", version=v) for v in ("v1", "v2"))
    truth = second.params - first.params
    yield difference == -truth, "v2 has fewer, so the difference v2 - v1 is below zero."
    yield 2 * difference == truth, "A normalization trains two numbers a channel."
    yield difference > 0, "v2 has fewer parameters than v1: give a number below zero."
    yield (
        difference != truth,
        (
            f"{difference:,}: think of the normalizations of the stem, of the head, of the four "
            "projections, and of the branches whose input has other channels than their output."
        ),
    )
    return "All of it lies in normalizations, which stand in other places."
