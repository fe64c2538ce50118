"""Counts against published integers, closed formulas and identities."""

import pytest

from d2lres import ShapeError, architecture, architecture_names, count, summarize
from d2lres.accounting import count_layers
from d2lres.arch import Conv, Dense, MaxPool, Residual
from d2lres.zoo import basic, bottleneck

# torchvision and the Gluon zoo publish these parameters; the MACs are those of FLOP counters run
# on the same nets (fvcore counts 1.814e9 for ResNet-18).
PUBLISHED = {
    "resnet18": (11_689_512, 9_600, 1_814_073_344),
    "resnet34": (21_797_672, 17_024, 3_663_761_408),
    "resnet50": (25_557_032, 53_120, 3_857_973_248),
    "resnet101": (44_549_160, 105_344, None),
    "resnet152": (60_192_808, 151_424, None),
}


def test_every_architecture_has_a_published_count():
    assert set(PUBLISHED) == set(architecture_names())


@pytest.mark.parametrize("name", PUBLISHED)
def test_totals_are_the_published_ones(name):
    params, buffers, macs = PUBLISHED[name]
    s = summarize(name)
    assert (s.params, s.buffers) == (params, buffers)
    assert macs is None or s.macs == macs


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


@pytest.mark.parametrize("name", architecture_names())
def test_totals_equal_the_sums_of_rows_and_of_parts(name):
    s = summarize(name)
    for column in ("params", "buffers", "macs"):
        assert getattr(s, column) == sum(getattr(row, column) for row in s.rows)
        assert getattr(s, column) == sum(getattr(row, column) for row in s.parts())


@pytest.mark.parametrize("name", architecture_names())
def test_names_of_rows_are_unique(name):
    names = [row.name for row in count(architecture(name))]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", architecture_names())
def test_parameters_do_not_depend_on_height_and_width(name):
    assert summarize(name, (3, 33, 65)).params == summarize(name).params


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


def test_an_image_too_small_is_refused_with_the_layer_and_the_size_it_needs():
    with pytest.raises(ShapeError, match="conv: input of 2x9 pixels; expected at least 3x3"):
        count_layers([Conv(8, padding=0)], (3, 2, 9))
    with pytest.raises(ShapeError, match="pool: input of 1x1 pixels; expected at least 3x3"):
        count_layers([MaxPool(padding=0)], (3, 1, 1))


@pytest.mark.parametrize("shape", [(3, 0, 5), (3, 224), (3, 2.0, 2), (-1, 8, 8)])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ShapeError, match="three whole numbers of at least 1"):
        count(architecture("resnet18"), shape)


def test_dense_flattens_its_input():
    (row,) = count_layers([Dense(10)], (4, 3, 2))
    assert (row.output_shape, row.params, row.macs) == ((10,), 250, 240)


def test_only_a_changed_shape_projects():
    for block, out in ((basic, 64), (bottleneck, 256)):
        assert block(out, 64, 1).shortcut == ()
        assert block(out, 64, 2).shortcut
        assert block(out + 1, 64, 1).shortcut
