"""The exercises on counting, chapter by chapter: known mistakes, and what to say to each.

What is right is counted by `structure`, so no number of a solution stands here.
"""

from dataclasses import replace
from itertools import product
from math import ceil

from ..structure import WIDTHS, architecture, count, stages_of, summarize, zoo
from .checking import OPEN, exercise

# --- ResNet-18, layer by layer -------------------------------------------------------------------


@exercise("ex-share")
def share(parameters, multiplications):
    """Percent of the parameters and of the MACs in the last stage."""
    net = summarize("resnet18", (1, 224, 224), classes=10)
    last = net.parts()[4]
    truth = 100 * last.params / net.params, 100 * last.macs / net.macs
    near = [abs(a - b) < 1 for a, b in zip((parameters, multiplications), truth, strict=True)]
    yield parameters < 1 and multiplications < 1, "Give percent: 50 for a half."
    yield (
        abs(parameters - truth[1]) < 1 and abs(multiplications - truth[0]) < 1,
        "You have the two the wrong way round. Parameters do not depend on the size of the maps.",
    )
    yield (
        not near[0] and abs(parameters - 25) < 3,
        "A quarter would be right if every stage had equally many parameters. Where the channels "
        "double, a 3×3 convolution has four times as many.",
    )
    yield (
        not near[0],
        f"{parameters:g} % of the parameters. Divide those of `stage4` by those of all.",
    )
    yield (
        not near[1],
        f"{multiplications:g} % of the multiplications. Twice the channels, half the side of the "
        "map: what does that do to the cost of a convolution?",
    )
    return "Four times the weights at a quarter of the positions: the stages cost about the same."


@exercise("ex-odd")
def odd(height, width):
    """The sides of the last maps."""

    def sides(halvings):
        return tuple(ceil(side / 2**halvings) for side in (720, 1280))

    truth = sides(5)
    yield (height, width) == truth[::-1], "That is the width first: 720 is the height."
    for halvings in (3, 4, 6):
        yield (
            (height, width) == sides(halvings),
            f"That is after {halvings} halvings. Count the strides of 2: the stem has two, and "
            "every stage but the first has one.",
        )
    yield height == truth[0] - 1, f"A height of {height}: 45 is odd, and its half is rounded up."
    yield height != truth[0], f"A height of {height}: halve 720 step by step, and round up."
    yield width != truth[1], f"A width of {width}: 1280 can be halved without a rest, five times."
    return "Every second of 45 pixels, the first and the last with them, is 23 pixels."


# --- Basic against bottleneck --------------------------------------------------------------------


@exercise("ex-misprint")
def misprint(printed, true):
    """The number with the misprint, and what it should be."""
    basic, bottleneck = 2 * 9 * 256 * 256, 256 * 64 + 9 * 64 * 64 + 64 * 256
    yield printed == true, "The two are the same. Give the number as printed, then the true one."
    yield (
        printed == bottleneck,
        f"{bottleneck} = 64 · {bottleneck // 64}: each of its three terms has the "
        "factor 64, and so has the sum.",
    )
    yield printed != 1170648, "The first number is one of the two that the article prints."
    yield true % 64 > 0, f"{true} cannot be divided by 64, and the true number can."
    yield (
        true == basic // 2,
        "That is one of the two convolutions of the basic block.",
    )
    yield true != basic, f"{true:,}: two convolutions, 3×3 weights for each pair of 256 channels."
    return "One digit is wrong, and the factor 64 shows it."


@exercise("ex-equal-cost")
def equal_cost(channels):
    """The channels of a basic block with the weights of a bottleneck."""
    weights = 256 * 64 + 9 * 64 * 64 + 64 * 256

    def near(truth):
        return abs(channels - truth) < 0.6

    yield (
        near((weights / 9) ** 0.5) and channels > 80,
        "That is one 3×3 convolution. A basic block has two.",
    )
    yield (
        channels == 64,
        f"Close, but 64 channels take {18 * 64**2:,} weights, and the bottleneck has {weights:,}.",
    )
    yield (
        not near((weights / 18) ** 0.5),
        f"With {channels:g} channels a basic block has {18 * channels**2:,.0f} weights; "
        f"the bottleneck has {weights:,}.",
    )
    return "About as many as the bottleneck's narrow part, which connects four times as many."


@exercise("ex-no-bottleneck")
def no_bottleneck(parameters):
    """The parameters of a ResNet-50 with basic blocks as wide as its bottlenecks' outputs."""
    net = architecture("resnet50")

    def of(*widths):
        stages = stages_of(zoo.basic, 64, net.depths, widths)
        return summarize(replace(net, name="wide", stages=stages)).params

    widths = [4 * width for width in WIDTHS]
    truth, least = of(*widths), sum(18 * n * w * w for n, w in zip(net.depths, widths, strict=True))
    yield (
        parameters == of(*WIDTHS),
        "That is ResNet-34: its blocks give 64 to 512 channels. Here they give four times as many.",
    )
    yield (
        parameters == summarize(net).params,
        "That is ResNet-50 as it is. Put a basic block in the place of each bottleneck.",
    )
    yield (
        parameters != truth,
        f"{parameters:,}: two convolutions with 9c² weights in each block, {least:.2g} together, "
        "less what the narrower inputs of the stages save. Then stem, projections, "
        "normalizations and the head.",
    )
    return "The bottleneck is what makes 2,048 channels affordable."


# --- Shortcuts -----------------------------------------------------------------------------------


def zeros_of(name: str) -> list[int]:
    """The channels of zeros that shortcut A adds in each stage."""
    blocks = (stage[0].shortcut for stage in architecture(name, shortcut="A").stages)
    return [sum(getattr(layer, "added", 0) for layer in layers) for layers in blocks]


@exercise("ex-shortcuts-zeros")
def zeros(resnet34, resnet50):
    """Channels of zeros in the four stages of both nets."""
    for name, given in (("ResNet-34", resnet34), ("ResNet-50", resnet50)):
        truth, given = zeros_of(name.lower().replace("-", "")), list(given)
        yield len(given) != 4, f"{name}: {len(given)} numbers. There are four stages."
        yield (
            given != truth and given[1:] == [2 * zeros for zeros in truth[1:]],
            f"{name}: those are the channels that leave. How many of them came in?",
        )
        yield (
            given[0] != truth[0] and truth[0] == 0,
            f"{name}, stage 1: 64 channels come from the stem, and 64 leave a basic block.",
        )
        yield (
            given[0] != truth[0],
            f"{name}, stage 1: {given[0]}. From 64 to 256 channels, so the stem's are a quarter.",
        )
        wrong = next((i for i in range(4) if given[i] != truth[i]), 0)
        yield (
            given != truth,
            f"{name}, stage {wrong + 1}: {given[wrong]}. The channels double, so as many are added "
            "as there were.",
        )
    return "Only the first stage of ResNet-50 multiplies its channels by four."


@exercise("ex-shortcuts-count")
def shortcut_count(b_adds_to_a, c_adds_to_b):
    """The parameters that B adds to A, and C to B, in cifar-resnet20."""
    a, b, c = (summarize("cifar-resnet20", shortcut=letter).params for letter in "ABC")
    weights = 16 * 32 + 32 * 64
    yield (
        b_adds_to_a == weights,
        f"{weights:,} are the weights of the two projections. A normalization follows each, with "
        "two numbers a channel.",
    )
    yield (
        b_adds_to_a == b - a - (32 + 64),
        "A normalization trains two numbers for each channel, a scale and a shift.",
    )
    yield (
        b_adds_to_a != b - a,
        (
            f"B adds {b_adds_to_a:,}. Two blocks change the shape, from 16 to 32 channels and "
            "from 32 to 64. A 1×1 convolution has a weight for each pair of channels."
        ),
    )
    yield (
        c_adds_to_b == c - a,
        "That is what C adds to A. Two of its nine projections are B's already.",
    )
    yield (
        c_adds_to_b != c - b,
        (
            f"C adds {c_adds_to_b:,}. Seven blocks keep the shape: three with 16 channels, two "
            "with 32 and two with 64."
        ),
    )
    return "What C adds is four times what B adds, and changes no shape."


# --- From a table to a family --------------------------------------------------------------------


@exercise("ex-family-depths")
def depths(depth):
    """The depth of 3-8-36-3 with basic blocks."""
    blocks = 3 + 8 + 36 + 3
    yield depth == blocks, f"{blocks} blocks. How many convolutions has each?"
    yield depth == 2 * blocks, "Those are the convolutions in blocks. The stem and the head count."
    yield depth == 3 * blocks + 2, "That is ResNet-152: a bottleneck has three convolutions."
    yield depth != 2 * blocks + 2, f"{depth}: add the four numbers, then think of stem and head."
    return "The numbers of ResNet-152 give another depth with another block."


@exercise("ex-family-parameters")
def parameters(function):
    """A function of n."""

    def truth(n):
        return summarize(f"cifar-resnet{6 * n + 2}").params

    yield not callable(function), "Give the function itself, without brackets behind its name."
    yield function(3) is ..., OPEN
    off = {n: function(n) - truth(n) for n in (3, 5, 9)}
    step = (off[5] - off[3]) / 2
    yield off[9] - off[5] != 4 * step, "It is not linear in n, and every block more adds the same."
    block = sum(18 * c * c for c in (16, 32, 64))
    known = {
        -sum(4 * c for c in (16, 32, 64)): "The normalizations are missing: 4c in a block.",
        -sum(2 * c for c in (16, 32, 64)): "A block has two normalizations, and so 4c numbers.",
        -block // 2: "A block has two convolutions.",
    }
    for much, hint in known.items():
        yield step == much, hint
    yield (
        step != 0,
        (
            f"For one n more, you add {truth(4) - truth(3) + step:,.0f} parameters. One block in "
            f"each of the three stages has {truth(4) - truth(3):,} together."
        ),
    )
    saved = sum(9 * c * c // 2 for c in (32, 64))
    known = {
        saved: "The first block of stages 2 and 3 has half the channels coming in: it has fewer "
        "weights than the others.",
        -10: "The dense layer has a bias for each class.",
        -(64 * 10 + 10): "The head is missing: 64 channels, 10 classes.",
        -(27 * 16): "The stem's convolution is missing.",
        -32: "The normalization after the stem is missing.",
        -(27 * 16 + 32): "The stem is missing: a convolution and a normalization.",
    }
    for much, hint in known.items():
        yield off[3] == much, hint
    yield (
        off[3] != 0,
        (
            f"For n = 3 you have {function(3):,}, and the count is {truth(3):,}. The difference is "
            "the same for every n: look at the stem, the head, the first blocks of stages 2 and 3."
        ),
    )
    return "Stem and head, n blocks in each stage, less what the two narrow inputs save."


@exercise("ex-family-forty")
def forty(convolutions, k):
    """The convolutions of wrn-40-1, and the K for which one is missing."""
    truth = sum(row.op == "Conv" for row in count(architecture("wrn-40-1")))
    yield convolutions == truth + 1, "That is what the name says. Count what is there."
    yield convolutions == truth - 2, "Those are without projections, of which two are left."
    yield convolutions != truth, f"{convolutions}: count the rows with the op Conv."
    yield (
        k != 1,
        (
            f"K = {k}: then the first stage has {16 * k} channels. The stem gives 16."
            if isinstance(k, int)
            else "K is a whole number."
        ),
    )
    return "With K = 1 the first stage keeps the shape, and so it needs no projection."


@exercise("ex-family-search")
def search(candidates, fewest_parameters, least_memory, better):
    """How many nets there are, the cheapest in two ways, and how many beat ResNet-50 in both."""
    net = architecture("resnet50")
    depths = [d for d in product(range(1, 14), repeat=4) if sum(d) == 16]

    def costs(*blocks):
        found = summarize(replace(net, stages=stages_of(zoo.bottleneck, 64, blocks, WIDTHS)))
        return found.params, found.memory().training

    # A block more in a stage costs the same each time, so five nets tell about all.
    base = costs(1, 1, 1, 1)
    more = [costs(*(1 + (i == stage) for i in range(4))) for stage in range(4)]
    found = {
        d: [
            base[k] + sum((d[stage] - 1) * (more[stage][k] - base[k]) for stage in range(4))
            for k in (0, 1)
        ]
        for d in depths
    }
    yield candidates == 15 * 14 * 13, "Three cuts in another order are the same three cuts."
    yield candidates == 16**4, "The four numbers add up to 16."
    yield (
        candidates != len(depths),
        f"{candidates} candidates. Sixteen blocks in a row, and cuts between them: how many cuts, "
        "and how many places?",
    )
    asked = (
        (fewest_parameters, "fewest parameters", "fewest weights"),
        (least_memory, "least memory", "smallest maps"),
    )
    for k, (given, words, least) in enumerate(asked):
        given = tuple(given)
        yield len(given) != 4 or sum(given) != 16, f"{given}: four stages, sixteen blocks together."
        yield 0 in given, f"{given}: each stage has at least one block."
        best = min(found, key=lambda d: found[d][k])
        yield given != best, f"{given} has not the {words}. In which stage has a block the {least}?"
    ours = found[net.depths]
    truth = sum(d[0] < ours[0] and d[1] < ours[1] for d in found.values())
    yield better == truth + 1, "ResNet-50 does not beat itself."
    yield (
        better != truth,
        f"{better} in both. Compare each candidate with ResNet-50 in both numbers.",
    )
    return "Cost alone does not explain the row of the paper."
