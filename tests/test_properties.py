"""Properties of every valid architecture, on random ones: what is counted is what is built."""

from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st

from d2lres import ShapeError, build, count, live_counts, summarize
from d2lres.live import autograd, mx, np
from d2lres.structure import (
    Architecture,
    BatchNorm,
    Conv,
    Dense,
    GlobalAvgPool,
    MaxPool,
    Pad,
    ReLU,
    Residual,
    basic,
    bottleneck,
    explicit,
    squeeze_excite,
    with_padding,
)
from d2lres.structure.arch import out_channels

small = st.integers(1, 4)


@st.composite
def stems(draw):
    """A convolution, perhaps padded on its own, normalized, pooled."""
    kernel, strides = draw(st.integers(1, 5)), draw(st.integers(1, 2))
    layers = [Conv(draw(st.integers(2, 6)), kernel, strides, use_bias=draw(st.booleans()))]
    if draw(st.booleans()):
        layers.insert(0, Pad(*draw(st.tuples(*[st.integers(0, 2)] * 4))))
    if draw(st.booleans()):
        layers += [BatchNorm(scale=draw(st.booleans()), center=draw(st.booleans())), ReLU()]
    if draw(st.booleans()):
        layers.append(MaxPool(draw(st.integers(2, 3)), draw(st.integers(1, 2))))
    return tuple(layers)


@st.composite
def architectures(draw):
    """Stem, one to three stages of one or two blocks, head: of any version and shortcut."""
    kind = draw(st.sampled_from([basic, bottleneck]))
    options = {
        "version": draw(st.sampled_from(["v1", "v1.5", "v2"])),
        "shortcut": draw(st.sampled_from(["A", "B", "C", "none"])),
    }
    gated = options["shortcut"] != "none" and options["version"] != "v2" and draw(st.booleans())
    stem = draw(stems())
    channels = [layer for layer in stem if isinstance(layer, Conv)][-1].channels
    stages = []
    for _ in range(draw(st.integers(1, 3))):
        width, stage = channels + draw(small), []  # never narrower: shortcut A can only add
        for j in range(draw(st.integers(1, 2))):
            strides = draw(st.integers(1, 2)) if j == 0 else 1
            first = not stages and not stage
            block = kind(width, channels, strides, first=first, **options)
            channels = out_channels(block)
            if gated:
                block = squeeze_excite(block, channels, reduction=min(2, channels))
            stage.append(block)
            width = channels if kind is basic else max(1, channels // 4)
        stages.append(tuple(stage))
    head = (GlobalAvgPool(), Dense(draw(st.integers(1, 5))))
    return Architecture("random", stem, tuple(stages), head, (3, 32, 32), *options.values(), "")


images = st.tuples(st.integers(1, 3), st.integers(6, 20), st.integers(6, 20))
quick = settings(max_examples=200, deadline=None, derandomize=True)
live = settings(max_examples=25, deadline=None, derandomize=True)


@quick
@given(architectures(), images)
def test_totals_equal_sums(net, shape):
    s = summarize(net, shape)
    for cost in ("params", "buffers", "macs"):
        assert getattr(s, cost) == sum(getattr(row, cost) for row in s.rows)
        assert getattr(s, cost) == sum(getattr(part, cost) for part in s.parts())
    need = s.memory(2)
    assert need.training == 8 * sum(prod(row.output_shape) for row in s.rows)
    assert need.weights_float32 == 4 * (s.params + s.buffers)
    for row, following in zip(s.rows, s.rows[1:], strict=False):
        assert following.held >= prod(following.output_shape) and row.params >= 0


@quick
@given(architectures(), images, images)
def test_params_depend_on_the_channels_of_the_input_alone(net, shape, other):
    costs = [[(row.params, row.buffers) for row in count(net, (shape[0], *sides))]
             for sides in (shape[1:], other[1:])]  # fmt: skip
    assert costs[0] == costs[1]


@quick
@given(architectures(), images, st.integers(2, 3))
def test_macs_of_convolutions_grow_with_the_area(net, shape, factor):
    """Where every size is divided without rest, a map `factor` times as high and wide costs its
    square times as much."""
    net = without_stem_padding(net)
    strides = max(row.stride or 1 for row in count(net, (shape[0], 64, 64)))
    sides = [strides * side for side in shape[1:]]
    small, large = (
        sum(row.macs for row in count(net, (shape[0], *(n * side for side in sides)))
            if row.op == "Conv" and row.output_shape[1:] != (1, 1))
        for n in (1, factor)
    )  # fmt: skip
    gates = [row.macs for row in count(net, shape) if row.op == "Dense"]
    assert gates and large == factor**2 * small


def without_stem_padding(net):
    """`same` gives exactly size / stride for every kernel; a Pad would add to the size."""
    stem = tuple(layer for layer in net.stem if not isinstance(layer, Pad))
    changed = Architecture(net.name, stem, *[getattr(net, name) for name in (
        "stages", "head", "input_shape", "version", "shortcut", "source")])  # fmt: skip
    return with_padding(changed, "same")


@live
@given(architectures(), images, st.sampled_from([None, "same"]))
def test_the_live_net_has_the_shapes_and_numbers_that_were_counted(net, shape, padding):
    if padding:
        net = explicit(with_padding(net, padding), shape)
    rows, found = count(net, shape), build(net)
    found.initialize()
    X = np.random.uniform(size=(2, *shape))
    for part, child in zip(net.parts, found, strict=True):
        X = child(X)
        last = [row for row in rows if row.name.split(".")[0] == part][-1]
        assert X.shape == (2, *last.output_shape)
    counts = {cost: sum(getattr(row, cost) for row in rows) for cost in ("params", "buffers")}
    assert live_counts(found) == counts


@quick
@given(architectures(), st.integers(1, 12))
def test_valid_padding_works_or_names_the_smallest_image(net, side):
    """Plain blocks alone: others cannot be added without padding."""
    if any(isinstance(block, Residual) for stage in net.stages for block in stage):
        return
    net = with_padding(net, "valid")
    try:
        count(net, (3, side, side))
    except ShapeError as error:
        smallest = int(str(error).split("works is ")[1].split("x")[0])
        assert smallest > side
        assert count(net, (3, smallest, smallest))
        try:
            count(net, (3, smallest - 1, smallest - 1))
        except ShapeError:
            return
        raise AssertionError(f"{smallest - 1} works too") from None


@live
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=4),
    st.booleans(),
)
def test_the_receptive_field_is_what_a_gradient_reaches(windows, residual):
    """With weights of one, nothing cancels: the pixels with a gradient are those that count."""
    layers = [Conv(1, 2 * half - 1, strides) for half, strides in windows]
    if residual:
        layers.append(Residual((Conv(1, 3), Conv(1, 3)), after=()))
    net = Architecture("windows", tuple(layers), (), (GlobalAvgPool(),), (1, 95, 95), "", "", "")
    row = [row for row in count(net) if row.receptive_field][-1]
    found = build(net)
    found.initialize(mx.init.One())
    X = np.zeros((1, 1, 95, 95))
    X.attach_grad()
    with autograd.record():
        Y = found[0](X)
        middle = Y.shape[2] // 2
        y = Y[0, 0, middle, middle]
    y.backward()
    reached = X.grad[0, 0].asnumpy().nonzero()
    assert all(side.max() - side.min() + 1 == row.receptive_field for side in reached)
    assert row.stride == prod(strides for _, strides in windows)
