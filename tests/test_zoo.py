"""The architectures as data: every name, version and shortcut."""

import re

import pytest
from variants import VARIANTS

from d2lres import ConfigError, architecture, architecture_names, count
from d2lres.structure import (
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Gate,
    MaxPool,
    Pad,
    Plain,
    ReLU,
    Residual,
    ZeroChannels,
    basic,
    bottleneck,
    named,
    squeeze_excite,
    transform,
    with_padding,
)

RESNETS = [f"resnet{depth}" for depth in (18, 34, 50, 101, 152)]
WITH_SHORTCUTS = [variant for variant in VARIANTS if variant.values[2] != "none"]


def convolutions(block) -> list[Conv]:
    return [layer for layer in block.branch if isinstance(layer, Conv)]


def blocks(net) -> list:
    return [block for stage in net.stages for block in stage]


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", architecture_names())
def test_the_number_in_the_name_is_the_number_of_weighted_layers(name):
    """Wide ResNets count the three projections as well."""
    depth = int(re.search(r"\d+", name.removeprefix("d2l-")).group())
    assert architecture(name).depth == (depth - 2 if name.startswith("wrn") else depth)


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_what_was_asked_for_is_what_is_named(name, version, shortcut):
    net = architecture(name, 7, version, shortcut)
    assert (net.name, net.version, net.shortcut) == (name, version, shortcut)
    assert net.head[-1] == Dense(7) and net.source


def test_the_usual_options_are_the_papers():
    """Section 3.3 of He et al. (2015): B for ImageNet; section 4.2: A for CIFAR."""
    usual = {name: architecture(name) for name in ("resnet50", "cifar-resnet20", "wrn-28-10")}
    options = {name: (net.version, net.shortcut) for name, net in usual.items()}
    assert options["resnet50"] == ("v1", "B") and options["cifar-resnet20"] == ("v1", "A")
    assert options["wrn-28-10"] == ("v2", "B")
    assert usual["resnet50"].head[-1].units == 1000
    assert usual["cifar-resnet20"].head[-1].units == 10


@pytest.mark.parametrize("n", range(1, 201))
def test_every_depth_of_the_cifar_family_is_there(n):
    """6n + 2, and 6n + 4 where the projections count."""
    for kind in ("resnet", "plain"):
        net = architecture(f"cifar-{kind}{6 * n + 2}")
        assert (net.depth, net.depths) == (6 * n + 2, (n, n, n))
    assert architecture(f"wrn-{6 * n + 4}-2").depths == (n, n, n)


# --- the papers' tables --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, depths, widths",
    [  # He et al. (2015), table 1
        ("resnet18", (2, 2, 2, 2), (64, 128, 256, 512)),
        ("resnet34", (3, 4, 6, 3), (64, 128, 256, 512)),
        ("resnet50", (3, 4, 6, 3), (256, 512, 1024, 2048)),
        ("resnet101", (3, 4, 23, 3), (256, 512, 1024, 2048)),
        ("resnet152", (3, 8, 36, 3), (256, 512, 1024, 2048)),
        # section 4.2
        ("cifar-resnet110", (18, 18, 18), (16, 32, 64)),
        # Zagoruyko and Komodakis (2016), table 1
        ("wrn-28-10", (4, 4, 4), (160, 320, 640)),
        # Xie et al. (2017), table 1
        ("resnext50-32x4d", (3, 4, 6, 3), (256, 512, 1024, 2048)),
    ],
)
def test_depths_and_widths_are_the_papers(name, depths, widths):
    a = architecture(name)
    assert (a.depths, a.widths) == (depths, widths)


@pytest.mark.parametrize("version", ["v1", "v1.5", "v2"])
@pytest.mark.parametrize("name", RESNETS)
def test_only_the_first_block_of_a_stage_projects(name, version):
    """Section 3.4: the first stage of 18 and 34 keeps its shape; that of 50 and deeper widens."""
    bottlenecks = int(name.removeprefix("resnet")) >= 50
    for number, stage in enumerate(architecture(name, None, version).stages, 1):
        projects = [bool(block.shortcut) for block in stage]
        assert projects[0] == (number > 1 or bottlenecks)
        assert not any(projects[1:])


@pytest.mark.parametrize("name, version, shortcut", WITH_SHORTCUTS)
def test_a_and_b_change_the_same_blocks_and_c_projects_in_all(name, version, shortcut):
    """A has no weights; B projects where the shape changes; C everywhere."""
    net = architecture(name, None, version, shortcut)
    for block in blocks(net):
        kinds = {type(layer) for layer in block.shortcut}
        if shortcut == "A":
            assert kinds <= {MaxPool, ZeroChannels}
        if shortcut == "C":
            assert Conv in kinds
        # in v2 the next block normalizes; d2l never normalizes a projection
        if Conv in kinds:
            normalized = version not in ("v1-one-norm", "v2") and not name.startswith("d2l")
            assert (BatchNorm in kinds) == normalized


def test_64_channels_become_256_by_192_of_zeros():
    """Section 3.3, option A, in the first stage of ResNet-50: no stride, so no pixel is dropped."""
    first, *rest = architecture("resnet50", shortcut="A").stages[0]
    assert first.shortcut == (ZeroChannels(192),)
    assert all(block.shortcut == () for block in rest)


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_where_the_stride_sits(name, version, shortcut):
    """v1: the first convolution; v1.5 and v2: the 3x3, which is the first of a basic block."""
    for number, stage in enumerate(architecture(name, None, version, shortcut).stages, 1):
        for index, block in enumerate(stage):
            convs = convolutions(block)
            strides = [conv.strides for conv in convs]
            expected = [1] * len(convs)
            if number > 1 and index == 0:
                threes = [conv.kernel for conv in convs].index(3)
                expected[threes if version in ("v1.5", "v2") else 0] = 2
            assert strides == expected


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_the_order_of_operations(name, version, shortcut):
    """v1: conv-BN-ReLU and a ReLU after the sum.  v2: BN-ReLU-conv and nothing after the sum.

    The two between: nothing after the sum, and in v1-one-norm no normalization right before it.
    """
    for block in blocks(architecture(name, None, version, shortcut)):
        before = getattr(block, "before", ())
        kinds = [type(layer) for layer in (*before, *block.branch)]
        kinds = [kind for kind in kinds if kind is not Gate]
        number = kinds.count(Conv)
        if version == "v2":
            assert kinds == [BatchNorm, ReLU, Conv] * number
        elif version == "v1-one-norm":
            assert kinds == [Conv, BatchNorm, ReLU, Conv]
        elif isinstance(block, Plain):
            assert kinds == [Conv, BatchNorm, ReLU] * number
        else:
            assert kinds == ([Conv, BatchNorm, ReLU] * number)[:-1]
        if isinstance(block, Residual):
            assert block.after == ((ReLU(),) if version in ("v1", "v1.5") else ())


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_where_paths_part_in_v2(name, version, shortcut):
    """He et al. (2016): the first block, and any that projects, shares its first BN and ReLU."""
    if version == "v2" and not name.startswith("gluon"):
        for i, block in enumerate(blocks(architecture(name, None, version, shortcut))):
            assert bool(block.before) == (i == 0 or block.shortcut != ())


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_bn_and_relu_follow_the_stem_in_v1_and_precede_the_head_in_v2(name, version, shortcut):
    net = architecture(name, None, version, shortcut)
    kinds = [type(layer) for layer in net.stem]
    follow = kinds[kinds.index(Conv) + 1 :][:2] == [BatchNorm, ReLU]
    assert follow == (version != "v2" or name.startswith("gluon"))
    assert (net.head[:2] == (BatchNorm(), ReLU())) == (version == "v2")


@pytest.mark.parametrize("name", [name for name in architecture_names() if "plain" in name])
def test_a_plain_net_is_the_residual_one_without_its_shortcuts(name):
    residual = architecture(name.replace("plain", "resnet"), shortcut="A")
    plain = architecture(name)
    assert blocks(plain) == [Plain((*block.branch, *block.after)) for block in blocks(residual)]
    costs = [sum(row.params for row in count(net)) for net in (plain, residual)]
    assert costs[0] == costs[1]  # shortcut A has no weights


def test_versions_of_a_basic_block_share_the_place_of_the_stride():
    assert architecture("resnet34", version="v1.5").stages == architecture("resnet34").stages


# --- named deviations ----------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [18, 34])
def test_gluons_18_and_34_are_the_papers(depth):
    ours, theirs = architecture(f"resnet{depth}"), architecture(f"gluon-resnet{depth}")
    assert (theirs.stem, theirs.stages, theirs.head) == (ours.stem, ours.stages, ours.head)


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_gluon_keeps_biases_on_the_1x1_convolutions_of_the_branch(depth):
    for block in blocks(architecture(f"gluon-resnet{depth}")):
        assert [conv.use_bias for conv in convolutions(block)] == [True, False, True]
        assert not any(getattr(layer, "use_bias", False) for layer in block.shortcut)


def test_d2l_keeps_all_biases_and_normalizes_no_projection():
    net = architecture("d2l-resnet18")
    layers = [*net.stem, *(layer for b in blocks(net) for layer in (*b.branch, *b.shortcut))]
    assert all(layer.use_bias for layer in layers if isinstance(layer, Conv))
    assert [len(block.shortcut) for block in blocks(net)] == [0, 0, 1, 0, 1, 0, 1, 0]


def test_tensorflows_34_projects_in_every_stage_and_pools_windows_of_a_fixed_size():
    """21,801,896 parameters: the paper's and a projection of 64 channels, 64 x 64 + 2 x 64."""
    ours, theirs = architecture("resnet34"), architecture("tensorflow-resnet34")
    assert [[bool(b.shortcut) for b in stage].index(True) for stage in theirs.stages] == [0] * 4
    assert sum(bool(block.shortcut) for block in blocks(theirs)) == 4
    assert theirs.stages[1:] == ours.stages[1:] and theirs.stages[0][1:] == ours.stages[0][1:]
    counted = [sum(row.params for row in count(net)) for net in (ours, theirs)]
    assert counted == [21_797_672, 21_797_672 + 64 * 64 + 2 * 64] and counted[1] == 21_801_896
    pools = [layer for layer in (*theirs.stem, *theirs.head) if hasattr(layer, "strides")][1:]
    assert pools == [MaxPool(3, 2, "same"), AvgPool(7)]


def test_squeeze_and_excitation_gates_every_branch():
    for block in blocks(architecture("se-resnet50")):
        assert isinstance(block.branch[-1], Gate)
        assert isinstance(block.branch[-2], BatchNorm)
    plain = bottleneck(64, 256)
    gated = squeeze_excite(plain, 256)
    assert gated.branch[:-1] == plain.branch and gated.shortcut == plain.shortcut
    assert [layer.units for layer in gated.branch[-1].gate[1::2]] == [16, 256]


# --- architectures from architectures ------------------------------------------------------------


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_transform_reaches_every_layer_once_and_changes_nothing_else(name, version, shortcut):
    net, seen = architecture(name, None, version, shortcut), []
    same = transform(net, lambda layer: seen.append(layer) or layer)
    assert same == net
    sums = sum(row.op in ("Add", "Scale") for row in count(net))
    assert len(seen) == len(count(net)) - sums


def test_with_padding_leaves_windows_of_one_pixel_alone():
    net = with_padding(architecture("resnet50"), "same")
    layers = []
    transform(net, lambda layer: layers.append(layer) or layer)
    for layer in layers:
        if hasattr(layer, "padding"):
            assert layer.padding == ("same" if layer.kernel > 1 else 0)


def test_names_of_equal_kinds_are_numbered():
    names = [name for name, _ in named((Conv(1), BatchNorm(), Conv(1), Plain(())))]
    assert names == ["conv1", "bn", "conv2", "block1"]


# --- requests that make no sense -----------------------------------------------------------------


@pytest.mark.parametrize(
    "options, said",
    [
        ({"name": "resnet-18"}, "did you mean 'resnet18'"),
        ({"name": "resnet21"}, "Valid: resnet18, resnet34"),
        ({"name": "cifar-resnet21"}, "depth 21; expected 6n + 2 with n from 1 to 200. The nearest"),
        ({"name": "cifar-resnet21"}, "The nearest: 20 or 26"),
        ({"name": "cifar-resnet2"}, "The nearest: 8."),
        ({"name": "cifar-resnet1208"}, "The nearest: 1202."),
        ({"name": "cifar-plain0"}, "The nearest: 8."),
        ({"name": "wrn-28-0"}, "widening factor 0; expected at least 1"),
        ({"name": "wrn-30-2"}, "depth 30; expected 6n + 4"),
        ({"name": "wrn-28"}, "did you mean 'wrn-28-10'"),
        ({"name": "cifar-resnet٢٠"}, "no such name"),
        ({"name": ""}, "no such name"),
        ({"name": "resnet18", "version": "v9"}, "version of resnet18 'v9'"),
        ({"name": "plain18", "version": "v2"}, "version of plain18 'v2': no such name; Valid: v1"),
        ({"name": "cifar-resnet20", "version": "v1.5"}, "Valid: v1, v1-no-relu, v1-one-norm, v2"),
        ({"name": "resnet18", "shortcut": "D"}, "shortcut of resnet18 'D'"),
        ({"name": "plain18", "shortcut": "A"}, "shortcut of plain18 'A'"),
        ({"name": "wrn-28-10", "shortcut": "A"}, "Valid: B"),
        ({"name": "resnet18", "classes": 0}, "classes: 0; expected a whole number"),
        ({"name": "resnet18", "classes": 2.5}, "classes: 2.5; expected a whole number"),
    ],
)
def test_a_wrong_request_is_refused_with_what_is_valid(options, said):
    with pytest.raises(ConfigError) as caught:
        architecture(**options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Conv(0), "channels = 0; expected a whole number of at least 1"),
        (lambda: Conv(8, kernel=0), "kernel = 0"),
        (lambda: Conv(8, groups=3), "8 channels in 3 groups"),
        (lambda: Conv(8, padding="full"), "padding = 'full'; expected 'same', 'valid'"),
        (lambda: Conv(8, padding=-1), "padding = -1"),
        (lambda: Conv(8, padding=(1, 2)), r"padding = \(1, 2\)"),
        (lambda: MaxPool(strides=-1), "strides = -1"),
        (lambda: AvgPool(0), "AvgPool: kernel = 0"),
        (lambda: Pad(0, 0, 0, -1), "right = -1; expected a whole number of at least 0"),
        (lambda: Dense(2.0), "units = 2.0"),
        (lambda: basic(0, 64), "channels = 0"),
        (lambda: bottleneck(0, 64), "channels = 0"),
        (lambda: basic(64, 64, 0), "strides = 0"),
        (lambda: basic(32, 64, 2, shortcut="A"), "64 channels in, 32 out"),
        (lambda: basic(64, 64, version="v3"), "version 'v3'"),
        (lambda: basic(64, 64, shortcut="b"), "shortcut 'b'"),
    ],
)
def test_a_layer_or_block_refuses_sizes_that_make_no_sense(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
