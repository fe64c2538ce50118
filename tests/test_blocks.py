"""Residual blocks: shapes, the identity, and no silent broadcasting."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2lres import BasicBlock, Bottleneck, ResidualBlock, ShapeError, live_counts
from d2lres.live import GlobalAverage, autograd, build, conv3x3, gluon, mx, np, sequential
from d2lres.structure import basic, bottleneck, count_layers

nn = gluon.nn
CASES = [  # (block of the package, the same as data, width, in_channels, strides)
    (block, data, width, in_channels, strides)
    for block, data, expansion in ((BasicBlock, basic, 1), (Bottleneck, bottleneck, 4))
    for width, in_channels, strides in (
        (8, 8 * expansion, 1),
        (8, 3, 1),
        (8, 8 * expansion, 2),
        (6, 3, 2),
    )
]


def images(*shape):
    return np.random.uniform(size=shape)


def initialized(block):
    block.initialize()
    return block


def test_the_shapes_of_the_first_chapter():
    assert initialized(BasicBlock(3, 3))(images(4, 3, 6, 6)).shape == (4, 3, 6, 6)
    assert initialized(BasicBlock(6, 3, strides=2))(images(4, 3, 6, 6)).shape == (4, 6, 3, 3)


@pytest.mark.parametrize("block, data, width, in_channels, strides", CASES)
def test_block_data_and_accounting_agree(block, data, width, in_channels, strides):
    """The class spelt out in Gluon, the net built from data, and the count are one block."""
    plain = data(width, in_channels, strides)
    rows = count_layers([plain], (in_channels, 10, 12))
    nets = [initialized(block(width, in_channels, strides)), initialized(build(plain))]
    for net in nets:
        assert net(images(2, in_channels, 10, 12)).shape == (2, *rows[-1].output_shape)
        assert live_counts(net) == {
            "params": sum(row.params for row in rows),
            "buffers": sum(row.buffers for row in rows),
        }
    shapes = [[p.shape for p in net.collect_params().values()] for net in nets]
    assert shapes[0] == shapes[1]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from([basic, bottleneck]),
    width=st.integers(1, 6),
    in_channels=st.integers(1, 8),
    strides=st.integers(1, 3),
    sides=st.tuples(st.integers(1, 13), st.integers(1, 13)),
)
def test_counting_holds_for_blocks_and_sizes_of_any_kind(kind, width, in_channels, strides, sides):
    plain = kind(width, in_channels, strides)
    rows = count_layers([plain], (in_channels, *sides))
    net = initialized(build(plain))
    assert net(images(2, in_channels, *sides)).shape == (2, *rows[-1].output_shape)
    assert live_counts(net)["params"] == sum(row.params for row in rows)


@pytest.mark.parametrize("block, data, width, in_channels, strides", CASES)
def test_hybridized_equals_imperative(block, data, width, in_channels, strides):
    net, X = initialized(block(width, in_channels, strides)), images(2, in_channels, 10, 12)
    before = net(X)
    net.hybridize()
    assert np.abs(net(X) - before).max() < 1e-5


@pytest.mark.parametrize("block, out", [(BasicBlock, 8), (Bottleneck, 32)])
def test_a_zeroed_branch_makes_the_identity(block, out):
    """With the last gamma at 0 the branch gives 0, and relu(0 + x) is x for x of 0 and more."""
    net, X = initialized(block(8, out)), images(2, out, 5, 5)
    net(X)
    net.branch[len(net.branch) - 1].gamma.set_data(np.zeros(out))
    assert (net(X) == X).all()


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 1, 1, 1)])
def test_an_identity_shortcut_on_one_channel_never_broadcasts(hybridize, shape):
    net = initialized(ResidualBlock(conv3x3(64), sequential(), nn.Activation("relu")))
    if hybridize:
        net.hybridize()
    with pytest.raises(ShapeError) as caught:
        net(images(*shape))
    assert "residual block" in str(caught.value)
    assert "64" in str(caught.value) and "1x1 convolution" in str(caught.value)


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
@pytest.mark.parametrize("hybridize", [False, True])
def test_an_image_with_other_channels_is_refused_in_words(block, hybridize):
    net = initialized(block(64, 64))
    if hybridize:
        net.hybridize()
    with pytest.raises(ShapeError, match=r"\(2, 1, 8, 8\) has 1 channel.*expected 64"):
        net(images(2, 1, 8, 8))


@pytest.mark.parametrize("first", [[], [nn.BatchNorm(in_channels=4)]])
def test_a_branch_may_begin_without_a_convolution(first):
    net = initialized(ResidualBlock(sequential(*first), sequential(), nn.Activation("relu")))
    assert net(images(2, 4, 5, 5)).shape == (2, 4, 5, 5)
    if first:
        with pytest.raises(ShapeError, match="has 3 channels; expected 4"):
            net(images(2, 3, 5, 5))


@pytest.mark.parametrize("block, data, width, in_channels, strides", CASES)
def test_gradients_reach_every_parameter(block, data, width, in_channels, strides):
    net = initialized(block(width, in_channels, strides))
    with autograd.record():
        Y = (net(images(4, in_channels, 10, 12)) ** 2).sum()
    Y.backward()
    mx.nd.waitall()
    for name, parameter in net.collect_params().items():
        if parameter.grad_req != "null":
            assert np.abs(parameter.grad()).sum() > 0, name


def test_the_global_average_is_gluons_pool_in_outputs_and_gradients():
    mx.random.seed(0)
    X = np.random.normal(size=(2, 5, 7, 3))
    X.attach_grad()
    found = []
    for pool in (GlobalAverage(), nn.GlobalAvgPool2D()):
        with autograd.record():
            Y = pool(X)
            (Y**2).sum().backward()
        assert Y.shape == (2, 5, 1, 1)
        found.append((Y.asnumpy(), X.grad.asnumpy()))
    for ours, theirs in zip(*found, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
