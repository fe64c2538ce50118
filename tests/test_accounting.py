"""Counts against published integers, closed formulas and identities."""

import pytest
from variants import FIXED, VARIANTS, fitting

from d2lres import ShapeError, architecture, architecture_names, count, summarize
from d2lres.structure import (
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Gate,
    GlobalAvgPool,
    MaxPool,
    Pad,
    Residual,
    basic,
    bottleneck,
    count_layers,
    explicit,
    memory,
    training_step,
    with_padding,
)

# (name, version, shortcut): params, buffers, MACs; None where nobody published it.
PUBLISHED = {
    # torchvision's documentation of its weights; the MACs of v1 and v1.5 by fvcore on the same nets
    ("resnet18", "v1", "B"): (11_689_512, 9_600, 1_814_073_344),
    ("resnet34", "v1", "B"): (21_797_672, 17_024, 3_663_761_408),
    ("resnet50", "v1", "B"): (25_557_032, 53_120, 3_857_973_248),
    ("resnet50", "v1.5", "B"): (25_557_032, 53_120, 4_089_184_256),
    ("resnet101", "v1", "B"): (44_549_160, 105_344, None),
    ("resnet152", "v1", "B"): (60_192_808, 151_424, None),
    ("resnext50-32x4d", "v1.5", "B"): (25_028_904, None, None),
    # timm's results table: 28.09 M
    ("se-resnet50", "v1", "B"): (28_088_024, None, None),
    # measured on the live nets of MXNet 1.9.1 and of d2l 1.0.3
    ("gluon-resnet50", "v1", "B"): (25_575_912, 53_120, None),
    ("d2l-resnet18", "v1", "B"): (11_178_378, 7_808, None),
    # the authors' Torch code for Wide ResNets, 10 classes
    ("wrn-28-10", "v2", "B"): (36_479_194, None, None),
    # often reported for He et al.'s CIFAR nets
    ("cifar-resnet20", "v1", "A"): (269_722, None, None),
    ("cifar-resnet20", "v1", "B"): (272_474, None, None),
    ("cifar-resnet1202", "v1", "A"): (19_421_274, None, None),
}

# In millions, as rounded in the papers.
PUBLISHED_MILLIONS = {
    # He et al. (2015), table 6
    "cifar-resnet20": 0.27, "cifar-resnet32": 0.46, "cifar-resnet44": 0.66,
    "cifar-resnet56": 0.85, "cifar-resnet110": 1.7, "cifar-resnet1202": 19.4,
    # Zagoruyko and Komodakis (2016), tables 4 and 5
    "wrn-16-8": 11.0, "wrn-28-10": 36.5, "wrn-40-4": 8.9, "wrn-40-1": 0.6, "wrn-40-2": 2.2,
    # Xie et al. (2017), table 1; Hu et al. (2018), table 2 of the journal version
    "resnext50-32x4d": 25.0, "se-resnet50": 28.1,
}  # fmt: skip


@pytest.mark.parametrize("net", PUBLISHED, ids=" ".join)
def test_totals_are_the_published_ones(net):
    name, version, shortcut = net
    s = summarize(name, version=version, shortcut=shortcut)
    for found, published in zip((s.params, s.buffers, s.macs), PUBLISHED[net], strict=True):
        assert published is None or found == published


@pytest.mark.parametrize("name", PUBLISHED_MILLIONS)
def test_totals_round_to_the_papers(name):
    published = PUBLISHED_MILLIONS[name]
    step = 0.01 if published < 1 and "cifar" in name else 0.1
    assert summarize(name).params / 1e6 == pytest.approx(published, abs=0.6 * step)


@pytest.mark.parametrize(
    "name, billions",  # He et al. (2015), table 1, whose "FLOPs" are MACs, rounded there
    [
        ("resnet18", 1.8),
        ("resnet34", 3.6),
        ("resnet50", 3.8),
        ("resnet101", 7.6),
        ("resnet152", 11.3),
    ],
)
def test_macs_are_the_papers_within_its_rounding(name, billions):
    assert summarize(name).macs / 1e9 == pytest.approx(billions, abs=0.1)


def test_fashion_mnist_net():
    s = summarize("resnet18", (1, 96, 96), classes=10)
    assert (s.params, s.buffers, s.macs) == (11_175_370, 9_600, 318_657_536)


def test_two_3x3_on_256_channels_and_the_bottleneck_that_replaces_them():
    """256 * 256 * 9 * 2, and 256 * 64 + 64 * 64 * 9 + 64 * 256."""
    wide = count_layers([Conv(256), Conv(256)], (256, 14, 14))
    narrow = count_layers([Conv(64, kernel=1), Conv(64), Conv(256, kernel=1)], (256, 14, 14))
    assert sum(row.params for row in wide) == 2 * 9 * 256**2 == 1_179_648
    assert sum(row.params for row in narrow) == 256 * 64 + 9 * 64**2 + 64 * 256 == 69_632


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("size", [7, 8, 45, 224])
def test_a_symmetrically_padded_window_gives_the_size_over_the_stride_rounded_up(
    kernel, strides, size
):
    (row,) = count_layers([Conv(2, kernel, strides)], (3, size, size))
    assert row.output_shape == (2, -(-size // strides), -(-size // strides))
    assert row.params == 2 * 3 * kernel**2
    assert row.macs == row.params * row.output_shape[1] * row.output_shape[2]


def test_a_bias_is_a_parameter_and_no_mac():
    without, with_bias = (count_layers([Conv(8, use_bias=b)], (3, 5, 5))[0] for b in (False, True))
    assert with_bias.params == without.params + 8
    assert with_bias.macs == without.macs


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_totals_equal_the_sums_of_rows_and_of_parts(name, version, shortcut):
    s = summarize(name, version=version, shortcut=shortcut)
    for column in ("params", "buffers", "macs"):
        assert getattr(s, column) == sum(getattr(row, column) for row in s.rows)
        assert getattr(s, column) == sum(getattr(row, column) for row in s.parts())


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_names_of_rows_are_unique(name, version, shortcut):
    names = [row.name for row in count(architecture(name, None, version, shortcut))]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", sorted(set(architecture_names()) - FIXED))
def test_parameters_do_not_depend_on_height_and_width(name):
    channels = architecture(name).input_shape[0]
    assert summarize(name, (channels, 33, 65)).params == summarize(name).params


def test_a_fixed_pool_lets_the_head_grow_with_the_image():
    """23x40 holds 17x34 windows of 7x7: the dense layer has 578 times the weights, else nothing."""
    usual, wide = (summarize("tensorflow-resnet34", shape) for shape in (None, (3, 720, 1280)))
    assert wide.rows[-2].output_shape == (512, 23 - 6, 40 - 6)
    assert wide.params - usual.params == 512 * 1000 * (17 * 34 - 1)
    assert usual.rows[-2].output_shape == (512, 1, 1)


@pytest.mark.parametrize("name", architecture_names())
def test_macs_of_convolutions_grow_with_the_area(name):
    """From 224 to 448 each side of every map doubles; the dense layer costs what it did."""
    a = architecture(name)
    small, large = (
        sum(row.macs for row in count(a, (3, side, side)) if row.op == "Conv")
        for side in (224, 448)
    )
    assert large == 4 * small


def test_a_block_whose_sides_differ_is_refused_by_name():
    with pytest.raises(ShapeError, match=r"block1: the branch gives \(8, 4, 4\)"):
        count_layers([Residual((Conv(8),))], (3, 4, 4))


def test_an_average_pool_has_the_windows_that_lie_inside_and_no_weights():
    (row,) = count_layers([AvgPool(kernel=7)], (4, 9, 8))
    assert (row.output_shape, row.params, row.macs) == ((4, 3, 2), 0, 0)
    (halved,) = count_layers([AvgPool(kernel=2, strides=2)], (4, 9, 8))
    assert (halved.output_shape, halved.receptive_field, halved.stride) == ((4, 4, 4), 2, 2)


def test_an_image_too_small_is_refused_with_the_layer_and_the_size_it_needs():
    with pytest.raises(ShapeError, match="conv: input of 2x9 pixels; expected at least 3x3 there"):
        count_layers([Conv(8, padding=0)], (3, 2, 9))
    with pytest.raises(ShapeError, match="pool: input of 1x1 pixels; expected at least 3x3 there"):
        count_layers([MaxPool(padding=0)], (3, 1, 1))


@pytest.mark.parametrize("name, smallest", [("plain18", 435), ("cifar-plain20", 81)])
def test_the_smallest_image_that_works_is_found(name, smallest):
    """Without padding one pixel is left when the image is the receptive field, and none before."""
    net = with_padding(architecture(name), "valid")
    with pytest.raises(ShapeError) as caught:
        count(net, (3, smallest - 1, smallest + 100))
    assert f"The smallest image that works is {smallest}x{smallest}" in str(caught.value)
    last = [row for row in count(net, (3, smallest, smallest)) if row.receptive_field][-1]
    assert (last.output_shape[1:], last.receptive_field) == ((1, 1), smallest)


def test_a_layer_that_no_image_suits_does_not_search_for_ever():
    with pytest.raises(ShapeError, match="conv: input of 1x1 pixels.*Use less deep a net"):
        count_layers([GlobalAvgPool(), Conv(8, padding=0)], (3, 9, 9))


@pytest.mark.parametrize("shape", [(3, 0, 5), (3, 224), (3, 2.0, 2), (-1, 8, 8)])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ShapeError, match="three whole numbers of at least 1"):
        count(architecture("resnet18"), shape)


def test_dense_flattens_its_input():
    (row,) = count_layers([Dense(10)], (4, 3, 2))
    assert (row.output_shape, row.params, row.macs) == ((10,), 250, 240)


def test_only_a_changed_shape_projects():
    for block, out in ((basic, 64), (bottleneck, 256)):
        assert block(64, out, 1).shortcut == ()
        assert block(64, out, 2).shortcut
        assert block(64, out + 1, 1).shortcut


# --- padding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("kernel, strides", [(1, 2), (2, 2), (3, 1), (3, 2), (7, 2), (3, 4)])
def test_same_gives_the_size_over_the_stride_rounded_up(size, kernel, strides):
    """And pads no more than it must: the last window begins inside what one pixel less covers."""
    conv = Conv(1, kernel, strides, "same")
    (row,) = count_layers([conv], (1, size, size))
    windows = -(-size // strides)
    assert row.output_shape[1:] == (windows, windows)
    (fixed,) = fixed_layers([conv], size)
    top, bottom, left, right = sides(fixed)
    assert (top, bottom) == (left, right) and bottom - top in (0, 1)
    assert top + bottom == max(0, (windows - 1) * strides + kernel - size)


@pytest.mark.parametrize("size", range(3, 12))
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_valid_counts_the_windows_that_lie_inside(size, strides):
    (row,) = count_layers([Conv(1, 3, strides, "valid")], (1, size, size))
    assert row.output_shape[1] == len(range(0, size - 2, strides))


def test_a_pad_before_valid_is_explicit_padding():
    apart = count_layers([Pad(1, 2, 3, 4), Conv(8, 3, 2, "valid")], (3, 9, 10))
    (together,) = count_layers([Conv(8, 3, 2, (1, 2, 3, 4))], (3, 9, 10))
    assert apart[-1].output_shape == together.output_shape == (8, 5, 8)
    assert apart[0].output_shape == (3, 12, 17)


def test_720p_through_explicit_padding():
    """Padded to 726x1286, then halved five times; the odd 45 becomes 23."""
    stem = (Pad(3, 3, 3, 3), Conv(64, 7, 2, "valid"), Pad(1, 1, 1, 1), MaxPool(3, 2, "valid"))
    shapes = [row.output_shape[1:] for row in count_layers(stem, (3, 720, 1280))]
    assert shapes == [(726, 1286), (360, 640), (362, 642), (180, 320)]
    maps = [part.output_shape[1:] for part in summarize("resnet50", (3, 720, 1280)).parts()]
    assert maps[:5] == [(180, 320), (180, 320), (90, 160), (45, 80), (23, 40)]


def fixed_layers(layers, size):
    """Layers with the padding that they mean at one size."""
    net = architecture("plain18")
    net = type(net)("x", tuple(layers), (), (), (1, size, size), "v1", "none", "")
    return explicit(net).stem


def sides(layer):
    return layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * 4


@pytest.mark.parametrize("name", ["resnet18", "se-resnet50", "plain18", "cifar-resnet20"])
@pytest.mark.parametrize("sides", [(64, 64), (45, 80), (33, 224)])
def test_explicit_padding_counts_as_what_it_stands_for(name, sides):
    net = with_padding(architecture(name), "same")
    assert count(explicit(net, (3, *sides)), (3, *sides)) == count(net, (3, *sides))
    assert "same" not in repr(explicit(net, (3, *sides)))


# --- receptive fields ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, field",  # Araujo et al., "Computing Receptive Fields" (2019), table of ResNet v1
    [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)],
)
def test_receptive_fields_are_the_published_ones(name, field):
    assert [row for row in count(architecture(name)) if row.receptive_field][-1][6] == field


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_the_stride_of_the_last_map_is_the_input_over_it(name, version, shortcut):
    net = architecture(name, None, version, shortcut)
    _, side, _ = fitting(name, (3, 64, 64) if net.input_shape[1] > 32 else (3, 32, 32))
    for row in count(net, (3, side, side)):
        if row.stride and not row.name.startswith("head"):
            assert row.output_shape[1] * row.stride == side


def test_what_follows_a_global_pool_sees_the_whole_image():
    rows = count(architecture("resnet18"))
    assert {row.receptive_field for row in rows[-2:]} == {None}
    gate = Gate((GlobalAvgPool(), Dense(4)))
    assert count_layers([Residual((Conv(4), gate))], (4, 9, 9))[-1].receptive_field is None


# --- memory --------------------------------------------------------------------------------------


def test_memory_by_hand():
    """From 1 to 2 channels on 4x4: 18 weights, BN 8 numbers; a block keeps x for the sum."""
    layers = [Conv(2), BatchNorm(), Residual((Conv(2), Conv(2)), after=())]
    rows = count_layers(layers, (1, 4, 4))
    found = memory(rows, batch_size=3)
    weights, norm = 18 + 36 + 36, 8
    assert found.weights_float32 == 4 * (weights + norm)
    assert found.weights_float16 == 2 * weights + 4 * norm
    assert found.training == 3 * 4 * (5 * 32)  # conv, bn, conv, conv, add
    # the second convolution of the branch: its input, its output, and x, which waits
    assert [row.held for row in rows] == [16 + 32, 64, 64, 96, 96]
    assert found.inference == 3 * 4 * 96


def test_what_the_branch_gave_waits_while_the_shortcut_runs():
    """x (16), the branch's 32 and the projection's 32; then both sides and their sum."""
    rows = count_layers([Residual((Conv(2),), (Conv(2, kernel=1),), after=())], (1, 4, 4))
    assert [row.held for row in rows] == [16 + 32, 32 + 16 + 32, 32 + 32 + 32]


@pytest.mark.parametrize("name", architecture_names())
def test_memory_grows_with_the_batch_and_weights_do_not(name):
    rows = count(architecture(name))
    one, eight = memory(rows), memory(rows, 8)
    assert (eight.training, eight.inference) == (8 * one.training, 8 * one.inference)
    assert eight[:2] == one[:2] and one.inference < one.training


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True])
def test_a_batch_that_is_none_is_refused(batch_size):
    with pytest.raises(ShapeError, match="batch size"):
        memory(count(architecture("resnet18")), batch_size)


# --- a step of training --------------------------------------------------------------------------


def test_a_step_by_hand():
    """Two convolutions from 1 to 2 channels and on, 4x4: each 16 pixels, 18 and 36 weights."""
    rows = count_layers([Conv(2), BatchNorm(), Conv(2)], (1, 4, 4))
    macs, weights, leaving = 16 * (18 + 36), 18 + 4 + 36, 2 * 32
    for number in (4, 2):
        step = training_step(rows, 3, number)
        assert step.operations == 3 * 6 * macs  # forward, for the input, for the weights
        # weights, gradients, velocities; what leaves a convolution: each written and read
        assert step.bytes == 2 * (3 * 4 * weights + 3 * number * leaving)
    by_operations, by_bytes = step.images_per_s(6 * macs * 1000, step.bytes * 7)
    assert (by_operations, by_bytes) == (1000, 3 * 7)


def test_a_plain_chain_has_a_closed_formula():
    """n convolutions of c to c channels on s x s pixels: 9 c^2 weights and 9 c^2 s^2 MACs each."""
    n, c, s, batch_size = 5, 7, 6, 11
    step = training_step(count_layers([Conv(c)] * n, (c, s, s)), batch_size)
    assert step.operations == batch_size * n * 54 * c**2 * s**2
    assert step.bytes == 2 * n * (108 * c**2 + 4 * batch_size * c * s**2)


def test_a_step_of_no_images_is_refused():
    with pytest.raises(ShapeError, match="batch size"):
        training_step(count(architecture("resnet18")), 0)


# --- shapes that do not fit ----------------------------------------------------------------------


def test_groups_that_do_not_divide_the_input_are_refused():
    with pytest.raises(ShapeError, match="conv: input of 3 channels in 2 groups"):
        count_layers([Conv(4, groups=2)], (3, 8, 8))


def test_a_convolution_after_a_dense_layer_is_refused():
    with pytest.raises(ShapeError, match=r"conv: input of shape \(5,\); expected \(C, H, W\)"):
        count_layers([Dense(5), Conv(4)], (3, 8, 8))


def test_a_gate_needs_a_factor_for_each_channel():
    with pytest.raises(ShapeError, match="gate: 3 factors for 4 channels"):
        count_layers([Gate((GlobalAvgPool(), Dense(3)))], (4, 8, 8))
