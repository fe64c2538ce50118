"""Live Gluon nets against the accounting of their architecture, for every architecture."""

import pytest
from first_batch import started
from variants import VARIANTS, fitting

from d2lres import (
    ConfigError,
    ShapeError,
    architecture,
    build,
    count,
    live_counts,
    summarize,
)
from d2lres.live import (
    ResidualBlock,
    autograd,
    copy_weights,
    gluon,
    mx,
    np,
    zero_last_gamma,
)
from d2lres.structure import (
    Conv,
    MaxPool,
    ReLU,
    basic,
    explicit,
    memory,
    pads,
    with_padding,
    without_norm,
)


def shape_for(name):
    """No square, so that height and width cannot be confused; small where the stem keeps it."""
    keeps = name.startswith(("cifar", "wrn"))
    return fitting(name, (3, 16, 12) if keeps else (3, 64, 48))


FEW = ("resnet18", "resnet50", "cifar-resnet20", "gluon-resnet18", "gluon-resnet50", "se-resnet50")
# The blocks of these are those of other nets here: to be counted, and no more.
LIKE_OTHERS = tuple(f"cifar-resnet{d}" for d in (32, 44, 56)) + (
    "cifar-plain32", "cifar-plain44", "resnet101", "gluon-resnet101",
)  # fmt: skip
TRAINED_IN_A_CHAPTER = "cifar-resnet1202"  # and counted there: seconds to build


def in_some(name, version, shortcut):
    """Every net as it usually is, and of each kind of block one net in all that it can be.

    A deeper net repeats the blocks of its family.  The counts of all are in `test_golden`.
    """
    if name == TRAINED_IN_A_CHAPTER:
        return False
    net = architecture(name)
    return name in FEW or (version, shortcut) == (net.version, net.shortcut)


@pytest.fixture(scope="module")
def net(request):
    name, version, shortcut = request.param
    net = build(name, classes=7, version=version, shortcut=shortcut)
    yield started(net, shape_for(name))
    mx.nd.waitall()  # else the arrays of nets that nobody waited for fill the memory


SOME = [pytest.param(each.values, id=each.id) for each in VARIANTS if in_some(*each.values)]
SOME.sort(key=lambda each: each.values[0][0] in LIKE_OTHERS)  # last
some_nets = pytest.mark.parametrize("net", SOME, indirect=True)
distinct_nets = pytest.mark.parametrize(
    "net", [each for each in SOME if each.values[0][0] not in LIKE_OTHERS], indirect=True
)


@some_nets
def test_numbers_shapes_and_stem_are_those_counted(net):
    """Params and buffers; the shape that leaves every part; the operations of the stem, in order"""
    shape = shape_for(net.architecture.name)
    rows, X = count(net.architecture, shape), np.zeros((2, *shape))
    assert live_counts(net) == {
        "params": sum(row.params for row in rows),
        "buffers": sum(row.buffers for row in rows),
    }
    for part, child in zip(net.architecture.parts, net, strict=True):
        X = child(X)
        counted = [row for row in rows if row.name.startswith(part + ".")][-1].output_shape
        assert X.shape == (2, *counted)
    ops = {"Conv2D": "Conv", "BatchNorm": "BN", "Activation": "ReLU"}
    ops |= dict.fromkeys(("MaxPool2D", "SamePool"), "MaxPool")
    counted = [row.op for row in rows if row.name.startswith("stem.")]
    assert [ops[type(layer).__name__] for layer in net[0]] == counted


@distinct_nets
def test_gradients_reach_every_parameter(net):
    X = np.random.uniform(size=(2, *shape_for(net.architecture.name)))
    with autograd.record():
        l = gluon.loss.SoftmaxCrossEntropyLoss()(net(X), np.array([1, 5]))
    l.backward()
    for name, parameter in net.collect_params().items():
        if parameter.grad_req != "null":
            assert parameter.grad().asnumpy().any(), name


@distinct_nets
def test_hybridized_equals_imperative(net):
    X = np.random.uniform(size=(2, *shape_for(net.architecture.name)))
    before = net(X)
    net.hybridize()
    after = net(X)
    net.hybridize(False)
    assert np.abs(before - after).max() <= 1e-4 * np.abs(before).max()


@pytest.mark.parametrize(
    "name, side", [("resnet18", 32), ("cifar-resnet20", 16), ("wrn-16-8", 16), ("se-resnet50", 32)]
)
def test_a_few_steps_of_training_lower_the_loss(name, side):
    """Four images, to be learnt by heart."""
    net = build(name, classes=4)
    mx.random.seed(1)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    X, y = np.random.uniform(size=(4, 3, side, side)), np.arange(4)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.02, "momentum": 0.9})
    losses = []
    for _ in range(8):
        with autograd.record():
            l = gluon.loss.SoftmaxCrossEntropyLoss()(net(X), y).mean()
        l.backward()
        trainer.step(1)
        losses.append(float(l))
    assert min(losses[-2:]) < 0.5 * losses[0]


# --- against Gluon's zoo -------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_the_gluon_zoos_net_with_our_weights_gives_our_outputs(depth, version):
    """The named deviations are all that there are: with equal weights the outputs are equal."""
    ours = build(f"gluon-resnet{depth}", version=version, classes=10)
    theirs = gluon.model_zoo.vision.get_model(f"resnet{depth}_{version}", classes=10)
    shape = (3, 64, 64)
    for net in (ours, theirs):
        net.collect_params().setattr("grad_req", "null")  # which takes half of the memory
    theirs.initialize(mx.init.Zero())  # none is left, and to draw them takes a third of the time
    theirs(np.zeros((1, *shape))).wait_to_read()
    started(ours, shape)
    # the layers are registered in the same order there; only their names differ
    sources, targets = (list(net.collect_params().values()) for net in (ours, theirs))
    assert [p.shape for p in sources] == [p.shape for p in targets]
    for source, target in zip(sources, targets, strict=True):
        if not source.name.endswith("weight"):  # else a normalization would change next to nothing
            source.set_data(np.random.uniform(0.5, 1.5, size=source.shape))
        target.set_data(source.data())
    X = np.random.uniform(size=(1, *shape))
    assert np.abs(ours(X) - theirs(X)).max() <= 1e-4 * np.abs(ours(X)).max()


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_the_zoos_bottlenecks_keep_biases_on_their_1x1_convolutions(depth):
    """Two in every block, with as many numbers as channels leave them: 18,880 in ResNet-50."""
    a = architecture(f"resnet{depth}")
    biases = sum(
        blocks * (width // 4 + width) for blocks, width in zip(a.depths, a.widths, strict=True)
    )
    assert summarize(f"gluon-resnet{depth}").params - summarize(a).params == biases
    assert depth != 50 or biases == 18_880


def test_the_zoos_v2_normalizes_its_stem():
    """BN after the first convolution: 2 x 64.  That on the image has neither gamma nor beta."""
    for depth in (18, 50):
        theirs = summarize(f"gluon-resnet{depth}", version="v2")
        ours = summarize(f"resnet{depth}", version="v2")
        assert theirs.params - ours.params == 2 * 64
        assert theirs.buffers - ours.buffers == 2 * (64 + 3)


def test_d2ls_net_is_ours_with_biases_and_without_normalized_projections():
    """4,800 biases more, 1,792 numbers of normalization less; its buffers go with the latter."""
    ours = summarize("resnet18", (1, 96, 96), classes=10)
    theirs = summarize("d2l-resnet18")
    channels = 64 + 4 * 64 + 4 * 128 + 4 * 256 + 4 * 512 + (128 + 256 + 512)
    assert channels == 4_800
    assert theirs.params - ours.params == channels - 2 * (128 + 256 + 512)
    assert ours.buffers - theirs.buffers == 2 * (128 + 256 + 512) == 1_792


# --- padding, layouts, memory --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "cifar-resnet20", "se-resnet50"])
def test_same_padding_becomes_numbers_and_is_built(name):
    shape = (3, 45, 30)
    net = explicit(with_padding(architecture(name, classes=3), "same"), shape)
    found = started(build(net), shape)
    X = np.random.uniform(size=(1, *shape))
    for part, child in zip(net.parts, found, strict=True):
        X = child(X)
        row = [row for row in count(net, shape) if row.name.split(".")[0] == part][-1]
        assert X.shape == (1, *row.output_shape)


def test_padding_that_depends_on_the_image_is_refused_in_words():
    with pytest.raises(ConfigError, match=r"structure.explicit\(architecture, input_shape\)"):
        build(with_padding(architecture("resnet18"), "same"))


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("sides", [(8, 9), (9, 8), (7, 6)])
def test_a_pool_with_same_padding_is_the_one_with_the_numbers_of_its_size(kernel, sides, hybridize):
    """Outputs and gradients, of maps with even and odd sides, where no two pixels are equal."""
    same = MaxPool(kernel, 2, "same")
    found = []
    for pool in (same, MaxPool(kernel, 2, pads(same, *sides))):
        net, X = build(pool), np.arange(2 * sides[0] * sides[1]).reshape(1, 2, *sides) * 7 % 151
        net.hybridize(hybridize)
        X.attach_grad()
        with autograd.record():
            Y = net(X)
        Y.backward(np.arange(Y.size).reshape(Y.shape))
        found.append((Y, X.grad))
    assert all((a == b).all() for a, b in zip(*found, strict=True))


def test_a_fixed_pool_fits_one_size():
    """7x7 at 224x224; 8x12 at 256x384 leave 2x6 windows, for which the head has no weights."""
    net = started(build("tensorflow-resnet34", classes=2), (3, 224, 224))
    with pytest.raises(mx.MXNetError, match=r"Shape inconsistent.*\(2,6144\)"):
        net(np.zeros((1, 3, 256, 384)))
    with pytest.raises(ShapeError, match="head.pool: input of 4x4 pixels; expected at least 7x7"):
        net(np.zeros((1, 3, 97, 97)))


def test_one_sided_padding_pads_a_maximum_with_what_never_wins():
    """Zeros would win over an image of -1 everywhere."""
    pool = build(MaxPool(3, 2, padding=(0, 1, 0, 1)))
    assert (pool(-np.ones((1, 1, 4, 4))) == -1).all()


@pytest.mark.parametrize("hybridize", [False, True])
def test_nhwc_images_give_what_the_same_images_give_as_nchw(hybridize):
    nets = {layout: build("resnet18", classes=3, layout=layout) for layout in ("NCHW", "NHWC")}
    X = np.random.uniform(size=(2, 3, 40, 33))
    images = {"NCHW": X, "NHWC": np.transpose(X, (0, 2, 3, 1))}
    outputs = []
    for layout, net in nets.items():
        mx.random.seed(0)
        net.initialize()
        if hybridize:
            net.hybridize()
        outputs.append(net(images[layout]))
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-5
    with pytest.raises(ShapeError, match=r"40, 33\) has 33 channels; expected 3"):
        nets["NHWC"](X)
    with pytest.raises(ShapeError, match=r"expected \(N, H, W, C\)"):
        nets["NHWC"](X[0])
    with pytest.raises(ConfigError, match="layout 'HWCN'"):
        build("resnet18", layout="HWCN")


@pytest.mark.parametrize("name", ["resnet18", "cifar-resnet20", "se-resnet50"])
def test_weights_take_the_memory_that_was_counted(name, tmp_path):
    """The file of the weights is a little longer: it has names and shapes too."""
    shape = shape_for(name)
    net = started(build(name, classes=7), shape)
    need = memory(count(net.architecture, shape))
    net.save_parameters(str(tmp_path / "net.params"))
    file = (tmp_path / "net.params").stat().st_size
    assert need.weights_float32 < file < 1.06 * need.weights_float32
    net.cast("float16")
    arrays = [parameter.data() for parameter in net.collect_params().values()]
    assert sum(a.size * a.dtype.itemsize for a in arrays) == need.weights_float16


# --- the last gamma ------------------------------------------------------------------------------


@pytest.mark.parametrize("name, blocks", [("resnet18", 8), ("resnet50", 16), ("cifar-resnet20", 9)])
def test_with_the_last_gamma_at_zero_every_block_begins_as_its_shortcut(name, blocks):
    net = build(name, classes=3)
    assert zero_last_gamma(net) == blocks
    net = started(net, shape_for(name))
    X = np.random.uniform(size=(2, *shape_for(name)))
    X = net[0](X)
    for stage in list(net)[1:-1]:
        for block in stage:
            Y = block(X)
            assert np.abs(Y - np.maximum(block.shortcut(X), 0)).max() < 1e-6
            X = Y


@pytest.mark.parametrize("name, version", [("resnet18", "v2"), ("plain18", None)])
def test_without_a_last_gamma_there_is_nothing_to_set(name, version):
    with pytest.raises(ConfigError, match="no branch ends in a batch normalization"):
        zero_last_gamma(build(name, version=version))


def test_the_last_gamma_is_set_before_the_weights_are_drawn():
    net = build("resnet18")
    net.initialize()
    with pytest.raises(ConfigError, match="initialized already"):
        zero_last_gamma(net)


# --- requests that make no sense -----------------------------------------------------------------


def test_a_slice_of_a_net_shares_its_weights():
    net = started(build("cifar-resnet20", shortcut="B"), (3, 16, 12))
    X = np.random.uniform(size=(1, 3, 16, 12))
    assert (net[:2](X) == net[1](net[0](X))).all()
    assert net[:2][1] is net[1]


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


# --- parts of a net ------------------------------------------------------------------------------


def test_a_layer_a_block_or_a_tuple_becomes_gluons():
    X = np.random.normal(size=(2, 3, 8, 8))
    conv, layers = build(Conv(5, strides=2)), build((Conv(5), ReLU()))
    for net in (conv, layers):
        net.initialize()
    assert conv(X).shape == (2, 5, 4, 4)
    assert layers(X).shape == (2, 5, 8, 8) and float(layers(X).min()) == 0
    block = build(basic(6, 3, 2))
    assert isinstance(block, ResidualBlock)
    assert type(build([basic(6, 3, 2)])[0]) is type(block)


def test_options_beside_data_and_what_is_no_layer_are_refused():
    with pytest.raises(ConfigError, match="classes with data; expected a name beside options"):
        build(architecture("resnet18"), classes=10)
    with pytest.raises(ConfigError, match="build: 3; expected a name, an architecture"):
        build((Conv(5), 3))


def test_copied_weights_give_equal_outputs_in_prediction_and_training():
    shape = (3, 16, 16)
    ours, theirs = (started(build("cifar-resnet8"), shape) for _ in range(2))
    theirs.initialize(force_reinit=True)  # else both began with the same seed
    X = np.random.normal(size=(4, *shape))
    ours[0][1].running_mean.set_data(np.ones(16))
    assert np.abs(ours(X) - theirs(X)).max() > 1e-3
    copy_weights(ours, theirs)
    assert (ours(X) == theirs(X)).all()
    with autograd.train_mode():
        assert np.abs(ours(X) - theirs(X)).max() < 1e-6
    gamma = ours[0][1].gamma
    gamma.set_data(2 * gamma.data())  # a copy: the other does not follow
    assert float(theirs[0][1].gamma.data()[0]) == 1


def test_weights_of_another_net_are_not_copied_and_nothing_is_changed():
    ours, theirs = (started(build(name), (3, 16, 16)) for name in ("cifar-resnet8", "wrn-10-2"))
    before = [p.data().asnumpy() for p in theirs.collect_params().values()]
    with pytest.raises(ShapeError, match="expected equal shapes. Use two nets of one architecture"):
        copy_weights(ours, theirs)
    after = [p.data().asnumpy() for p in theirs.collect_params().values()]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    with pytest.raises(ShapeError, match="not known yet"):
        copy_weights(build("cifar-resnet8"), build("cifar-resnet8"))


@pytest.mark.parametrize("name", ["resnet50", "cifar-plain20", "wrn-16-8", "se-resnet50"])
def test_without_norm_no_normalization_is_left_and_all_else_is(name):
    net = architecture(name)
    rows, bare = summarize(net).rows, summarize(without_norm(net)).rows
    kept = [(row.op, row.output_shape, row.macs) for row in rows if row.op != "BN"]
    assert [(row.op, row.output_shape, row.macs) for row in bare] == kept
    assert not any(row.buffers for row in bare)
