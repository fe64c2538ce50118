"""Hybridized nets that change: the graph that a net keeps is that of the net as it is now."""

import gc
import weakref

import numpy
import pytest
from first_batch import started

from d2lres import BasicBlock, ConfigError, ShapeError, build
from d2lres.live import autograd, conv3x3, freeze, gluon, mx, np, sequential


def used(net, shape=(3, 16, 12)):
    """A hybridized net that keeps the graph of a training pass."""
    started(net, shape).hybridize(static_alloc=True)
    with autograd.train_mode():
        net(np.zeros((2, *shape))).wait_to_read()
    return net


def test_a_frozen_net_is_frozen_after_it_was_hybridized_and_in_every_net_that_holds_it():
    """Frozen normalizations do in training what they do in prediction."""
    net = used(build("cifar-resnet8", classes=4))
    body, around = net[:-1], sequential(net)
    for holder in (body, around, net[1]):
        holder.hybridize()
    X = np.random.normal(size=(4, 3, 16, 12))
    nets = (net, body, around, lambda X: net[1](net[0](X)))
    for each in nets:
        with autograd.train_mode():
            together, alone = each(X), each(X[:1])
        assert np.abs(together[:1] - alone).max() > 1e-3  # of the batch, so far
    freeze(net)
    for each in nets:
        with autograd.train_mode():
            found = each(X)
        assert np.abs(found - each(X)).max() < 1e-5


def test_another_branch_shortcut_or_layer_is_used_after_hybridize():
    net = used(build("cifar-resnet8", classes=4))
    X = np.random.normal(size=(2, 3, 16, 12))
    block, before = net[1][0], net(X)
    block.branch = sequential(conv3x3(16, 16))
    block.branch.initialize(mx.init.Constant(0))
    without = net(X)  # relu(0 + x) is x
    assert np.abs(without - before).max() > 1e-3
    assert np.abs(without - net[3:](net[2](net[0](X)))).max() < 1e-5
    dense = gluon.nn.Dense(3)
    dense.initialize()
    net[-1].add(dense)
    assert net(X).shape == (2, 3)


def test_another_branch_brings_its_own_number_of_channels():
    block = used(BasicBlock(4, 3, strides=2))
    block.branch, block.shortcut = (sequential(conv3x3(4, 5)) for _ in range(2))
    block.initialize()
    assert block(np.zeros((1, 5, 8, 8))).shape == (1, 4, 8, 8)
    with pytest.raises(ShapeError, match="has 3 channels; expected 5"):
        block(np.zeros((1, 3, 8, 8)))


def test_another_layout_is_used_after_hybridize():
    net = used(build("cifar-resnet8", classes=4))
    X = np.random.normal(size=(2, 3, 16, 12))
    expected = net(X)
    net.layout = "NHWC"
    assert np.abs(net(X.transpose(0, 2, 3, 1)) - expected).max() < 1e-5
    with pytest.raises(ConfigError, match="layout 'HWCN'"):
        net.layout = "HWCN"


@pytest.mark.parametrize("static", [False, True])
def test_another_grad_req_is_used_after_hybridize(static):
    """Gluon does this itself: null gives no gradient, add sums up, write begins anew."""
    net = used(build("cifar-resnet8", classes=4))
    net.hybridize(static_alloc=static)
    weight, X = net[0][0].weight, np.random.normal(size=(2, 3, 16, 12))

    def gradient(grad_req):
        weight.grad_req = grad_req
        for _ in range(2):
            with autograd.record():
                l = net(X).sum()
            l.backward()
        return None if grad_req == "null" else weight.grad().asnumpy()

    once = gradient("write")
    assert gradient("null") is None
    with pytest.raises(RuntimeError, match="grad_req='null'"):
        weight.grad()
    assert numpy.allclose(gradient("add"), 2 * once, rtol=1e-4, atol=1e-6)
    assert numpy.allclose(gradient("write"), once, rtol=1e-4, atol=1e-6)


def test_a_net_that_nobody_holds_is_forgotten():
    """What holds a block is known by weak references."""
    net = used(build("cifar-resnet8"))
    gone = weakref.ref(net[0])
    del net
    mx.nd.waitall()
    gc.collect()
    assert gone() is None
