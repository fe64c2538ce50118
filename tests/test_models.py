"""Live Gluon nets against the accounting of their architecture, for every architecture."""

import pytest

from d2lres import (
    ConfigError,
    ShapeError,
    architecture,
    architecture_names,
    build,
    count,
    live_counts,
)
from d2lres._mxnet import autograd, gluon, mx, np

SHAPE = (3, 64, 48)  # no square, so that height and width cannot be confused


@pytest.fixture(scope="module", params=architecture_names())
def net(request):
    mx.random.seed(0)
    net = build(request.param, classes=7)
    net.initialize()
    net(np.zeros((1, *SHAPE)))
    return net


def test_params_and_buffers_are_those_counted(net):
    rows = count(net.architecture, SHAPE)
    assert live_counts(net) == {
        "params": sum(row.params for row in rows),
        "buffers": sum(row.buffers for row in rows),
    }


def test_every_part_gives_the_shape_counted(net):
    rows, X = count(net.architecture, SHAPE), np.zeros((2, *SHAPE))
    for part, child in zip(net.architecture.parts, net, strict=True):
        X = child(X)
        counted = [row for row in rows if row.name.startswith(part + ".")][-1].output_shape
        assert X.shape == (2, *counted)


def test_the_stem_has_the_operations_counted_in_their_order(net):
    ops = {"Conv2D": "Conv", "BatchNorm": "BN", "Activation": "ReLU", "MaxPool2D": "MaxPool"}
    counted = [row.op for row in count(net.architecture) if row.name.startswith("stem.")]
    assert [ops[type(layer).__name__] for layer in net[0]] == counted


def test_gradients_reach_every_parameter(net):
    X, y = np.random.uniform(size=(2, *SHAPE)), np.array([1, 5])
    with autograd.record():
        l = gluon.loss.SoftmaxCrossEntropyLoss()(net(X), y)
    l.backward()
    for name, parameter in net.collect_params().items():
        if parameter.grad_req != "null":
            assert np.abs(parameter.grad()).sum() > 0, name


def test_hybridized_equals_imperative(net):
    X = np.random.uniform(size=(2, *SHAPE))
    before = net(X)
    net.hybridize()
    after = net(X)
    net.hybridize(False)
    assert np.abs(before - after).max() <= 1e-4 * np.abs(before).max()


@pytest.mark.parametrize(
    "zoo_name, name", [("resnet18_v1", "resnet18"), ("resnet34_v1", "resnet34")]
)
def test_the_gluon_zoos_net_with_our_weights_gives_our_outputs(zoo_name, name):
    """18 and 34 are the same nets there, layer for layer."""
    ours, theirs = build(name), gluon.model_zoo.vision.get_model(zoo_name)
    X = np.random.uniform(size=(1, 3, 64, 64))
    for net in (ours, theirs):
        net.initialize()
        net(X)
    # theirs lists the branch before the shortcut too; only names differ
    sources = list(ours.collect_params().values())
    targets = list(theirs.collect_params().values())
    assert [p.shape for p in sources] == [p.shape for p in targets]
    for source, target in zip(sources, targets, strict=True):
        target.set_data(source.data())
    assert np.abs(ours(X) - theirs(X)).max() <= 1e-4 * np.abs(ours(X)).max()


def test_the_zoos_resnet50_keeps_biases_on_the_1x1_convolutions():
    theirs = gluon.model_zoo.vision.resnet50_v1()
    theirs.initialize()
    theirs(np.zeros((1, 3, 64, 64)))
    ours = sum(row.params for row in count(architecture("resnet50")))
    # every bottleneck has two of them, with as many biases as channels out
    biases = sum(
        depth * (width // 4 + width)
        for depth, width in zip((3, 4, 6, 3), (256, 512, 1024, 2048), strict=True)
    )
    assert live_counts(theirs)["params"] - ours == biases == 18_880


def test_an_architecture_can_be_given_as_data():
    assert build(architecture("resnet18", classes=3)).architecture.head[-1].units == 3


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize(
    "shape, said",
    [
        ((3, 64, 64), r"expected \(N, C, H, W\)"),
        ((2, 1, 64, 64), "has 1 channel; expected 3"),
        ((2, 64, 64, 3), "has 64 channels; expected 3"),
    ],
)
def test_images_that_do_not_fit_are_refused_in_words(hybridize, shape, said):
    net = build("resnet18", classes=2)
    net.initialize()
    net(np.zeros((1, 3, 64, 64)))
    if hybridize:
        net.hybridize()
    with pytest.raises(ShapeError, match=said):
        net(np.zeros(shape))


def test_counting_a_net_that_has_seen_no_data_says_what_to_do():
    with pytest.raises(ShapeError, match="pass one batch through it first"):
        live_counts(build("resnet18"))


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'resnet50'"):
        build("resnet5O")
