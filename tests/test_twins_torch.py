"""PyTorch's twins of all architectures: the names, outputs, gradients and statistics of the nets.

Truth is the Gluon net of the same data with the same weights, and for the names what torchvision
publishes, written down by rule.
"""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy
import pytest
from variants import VARIANTS, fitting

from d2lres import ConfigError, ShapeError, architecture, build, count, summarize
from d2lres.live import autograd, gluon, mx, np
from d2lres.structure import (
    Architecture,
    Conv,
    Dense,
    MaxPool,
    Pad,
    ZeroChannels,
    explicit,
    transform,
    with_padding,
    without_norm,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make twins")

from d2lres.twins import torch as twins  # noqa: E402

RNG = numpy.random.default_rng(7)


@pytest.fixture(autouse=True)
def numbers_of_its_own():
    """A test draws the same numbers whichever ran before: 1e-3 leaves little room."""
    global RNG
    RNG = numpy.random.default_rng(7)
    torch.manual_seed(7)


CLASSES = 7
# 1202 layers take seconds: once is enough, in a prediction.
EVERY = [p for p in VARIANTS if "1202" not in p.values[0] or p.values[1:] == ("v1", "A")]
TRAINED = [p for p in EVERY if "1202" not in p.values[0]]


def steady(name, version, shortcut) -> bool:
    """Whether training does not make rounding larger, step by step.

    It does where a deep net hands little on unchanged, and in the deepest nets with bottlenecks: of
    some, the first gradient is a hundred million.
    """
    if not name.endswith(("44", "56", "110", "101", "152")):
        return True
    if name == "resnet101":
        return (version, shortcut) in (("v1", "A"), ("v2", "B"))
    return name.startswith("cifar-resnet") and (shortcut != "C" or version == "v1-no-relu")


def calm(twin) -> None:
    """Let every branch begin small: a tenth of the usual gamma in its last normalization."""
    for block in (each for each in twin.modules() if isinstance(each, twins.Residual)):
        layers = [getattr(block, name) for name in block.branch]
        *_, last = [None, *(each for each in layers if isinstance(each, torch.nn.BatchNorm2d))]
        if last is not None:
            torch.nn.init.constant_(last.weight, 0.1)


def shape_for(net: Architecture) -> tuple:
    """No square; small where the stem keeps it."""
    channels, side, _ = net.input_shape
    return fitting(net.name, (channels, 16, 12) if side == 32 else (channels, 64, 48))


def filled(twin, seed=0):
    """The twin with numbers that hide nothing: no gamma is 1, no mean 0, no variance 1."""
    generator = torch.Generator().manual_seed(seed)
    state = twin.state_dict()
    with torch.no_grad():
        for place in twin.places:
            for kind in place.shapes.keys() - {"weight"}:
                values = state[f"{place.torch}.{twins.KINDS.get(kind, kind)}"]
                least = 0.5 if kind in ("gamma", "running_var") else -0.5
                values.copy_(torch.rand(values.shape, generator=generator) + least)
            if not getattr(place.layer, "scale", True):
                state[f"{place.torch}.weight"].fill_(1)
    return twin


def images(shape, number=2):
    return RNG.uniform(size=(number, *shape)).astype("float32")


def apart(found, expected) -> float:
    """The largest difference, as a share of the largest number that is expected."""
    return float(abs(found - expected).max() / max(abs(expected).max(), 1e-30))


def answers(twin, X):
    twin.eval()
    with torch.no_grad():
        return twin(torch.from_numpy(X)).numpy()


# --- every net -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name, version, shortcut", EVERY)
def test_the_numbers_are_those_counted_and_the_places_those_of_gluon(name, version, shortcut):
    """Without memory for the numbers: PyTorch's device "meta" has shapes alone."""
    net = architecture(name, version=version, shortcut=shortcut)
    with torch.device("meta"):
        twin = twins.build(net)
    s = summarize(name, version=version, shortcut=shortcut)
    assert sum(p.numel() for p in twin.parameters() if p.requires_grad) == s.params
    state = twin.state_dict()
    buffers = [key for key in state if key.endswith(("running_mean", "running_var"))]
    assert sum(state[key].numel() for key in buffers) == s.buffers
    pairs = [pair for place in twin.places for pair in twins.keys(place).items()]
    assert list(dict(pairs)) == list(build(net)._collect_params_with_prefix())
    ours = [key for key in state if not key.endswith("num_batches_tracked")]
    assert sorted(dict(pairs).values()) == sorted(ours)


def narrow(net: Architecture, factor: int) -> Architecture:
    """The same net with so many times fewer channels."""

    def narrower(layer):
        if isinstance(layer, Conv):
            groups = max(1, layer.groups // factor)
            return replace(layer, channels=layer.channels // factor, groups=groups)
        if isinstance(layer, ZeroChannels):
            return replace(layer, added=layer.added // factor)
        if isinstance(layer, Dense) and layer.units > CLASSES:  # in a gate
            return replace(layer, units=layer.units // factor)
        return layer

    return transform(net, narrower)


@pytest.mark.parametrize("name, version, shortcut", TRAINED)
def test_three_steps_of_training_and_a_prediction(name, version, shortcut):
    """Losses, gradients, statistics, outputs.

    In double precision, since the gradients of a deep net in single are off by 2 % in both; and
    with few channels, since neither knows how many there are.
    """
    full = architecture(name, version=version, shortcut=shortcut, classes=CLASSES)
    small = full.input_shape[1] == 32
    twin, number = twins.build(narrow(full, 4 if small else 8)).double(), 4
    lr = 2**-14  # after long steps, rounding decides; MXNet keeps it as it is
    if not steady(name, version, shortcut):
        lr = 2**-45  # the statistics move, and the weights do not
        if name.endswith(("101", "152")):
            calm(twin)
    shape = fitting(name, (twin.channels, *((10, 8) if small else (40, 33))))
    net, begun = twins.to_gluon(twin), twins.gluon_arrays(twin)
    twins.load_gluon_arrays(twin, begun)  # what single precision keeps of them
    for layer in twin.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):  # MXNet keeps its 1e-5 in single precision
            assert layer.eps == 1e-5
            layer.eps = float(numpy.float32(layer.eps))
    net.cast("float64")
    net.hybridize()
    optimizer = torch.optim.SGD(twin.parameters(), lr)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})
    for _ in range(3):
        X, y = RNG.uniform(size=(number, *shape)), RNG.integers(0, CLASSES, number)
        X_there = np.array(X, dtype="float64")
        X_there.attach_grad()  # MXNet updates statistics on the way back, which must come so far
        with autograd.record():
            l = gluon.loss.SoftmaxCrossEntropyLoss()(net(X_there), np.array(y))
        l.backward()
        optimizer.zero_grad()
        ours = torch.nn.functional.cross_entropy(twin(torch.from_numpy(X)), torch.from_numpy(y))
        ours.backward()
        assert abs(ours.item() - float(l.mean())) <= 1e-4
        check_gradients(twin, net, number)
        trainer.step(number)
        optimizer.step()
    mx.nd.waitall()
    check_statistics(twin, net, begun, count(twin.architecture, shape), number)
    twins.load_gluon_arrays(twin, twins.gluon_arrays(twins.from_gluon(net)))
    assert apart(answers(twin, X), net(np.array(X, dtype="float64")).asnumpy()) <= 1e-6


def check_gradients(twin, net, number):
    ours, parameters = dict(twin.named_parameters()), net._collect_params_with_prefix()
    largest = max(p.grad.abs().max().item() for p in ours.values() if p.requires_grad)
    for place in twin.places:
        for theirs, key in twins.keys(place).items():
            if key in ours and ours[key].requires_grad:
                expected = parameters[theirs].grad().asnumpy() / number
                assert abs(ours[key].grad.numpy() - expected).max() <= 1e-3 * largest, theirs


def check_statistics(twin, net, begun, rows, number):
    """Biased there, unbiased here.

    Three batches leave 0.9^3 of the first value and add variances: PyTorch's are n / (n - 1) times
    Gluon's, with n numbers a channel.
    """
    rows = [row for row in rows if row.op in ("Conv", "BN", "Dense")]
    state, parameters, seen = twin.state_dict(), net._collect_params_with_prefix(), 0
    for place, row in zip(twin.places, rows, strict=True):
        if "running_var" not in place.shapes:
            continue
        mean, var = (
            (state[f"{place.torch}.{kind}"].numpy(), parameters[f"{place.gluon}.{kind}"])
            for kind in ("running_mean", "running_var")
        )
        assert apart(mean[0], mean[1].data().asnumpy()) <= 1e-4, place.gluon
        n = number * numpy.prod(row.output_shape[1:])
        kept = 0.9**3 * begun[f"{place.gluon}.running_var"]
        explained = kept + (var[1].data().asnumpy() - kept) * n / (n - 1)
        assert apart(var[0], explained) <= 1e-4, place.gluon
        seen += 1
    assert seen


SOME = [
    ("resnet18", "v1", "A"),
    ("resnet18", "v1.5", "B"),
    ("resnet18", "v2", "C"),
    ("cifar-resnet20", "v1", "A"),
    ("cifar-resnet20", "v1-no-relu", "B"),
    ("cifar-resnet1202", "v1", "A"),
    ("plain34", None, None),
    ("resnet50", "v1.5", "B"),
    ("resnet50", "v2", "A"),
    ("wrn-16-8", None, None),
    ("d2l-resnet18", None, None),
    ("gluon-resnet18", "v2", None),
    ("gluon-resnet50", "v1", None),
    ("resnext50-32x4d", None, None),
    ("se-resnet50", None, None),
]


@pytest.mark.parametrize("name, version, shortcut", SOME)
def test_outputs_in_single_precision(name, version, shortcut):
    twin = filled(twins.build(name, version=version, shortcut=shortcut, classes=7))
    X = images(shape_for(twin.architecture), number=1)
    assert apart(answers(twin, X), twins.to_gluon(twin)(np.array(X)).asnumpy()) <= 1e-4


# --- padding, layouts, other layers --------------------------------------------------------------


def pooling_becomes(layer):
    return lambda each: layer(each) if isinstance(each, MaxPool) else each


PADDED = {  # a net that may change its shape, and one with shortcuts for "same"
    "on every side": ("plain18", (3, 64, 50), lambda net: with_padding(net, 2)),
    "each side its own": ("plain18", (3, 64, 50), lambda net: with_padding(net, (0, 2, 2, 1))),
    "valid": ("cifar-plain8", (3, 40, 36), lambda net: with_padding(net, "valid")),
    "same": ("resnet18", (3, 33, 47), lambda net: explicit(with_padding(net, "same"), (3, 33, 47))),
    "a layer of its own": (
        "plain18",
        (3, 64, 50),
        lambda net: transform(net, pooling_becomes(lambda pool: Pad(1, 0, 2, 0))),
    ),
    "without normalization": ("resnet18", (3, 33, 47), without_norm),
}


@pytest.mark.parametrize("name, shape, change", PADDED.values(), ids=PADDED)
def test_every_padding(name, shape, change):
    twin = filled(twins.build(change(architecture(name, classes=5)), input_shape=shape))
    net, X = twins.to_gluon(twin), images(shape, number=1) - 0.5
    assert apart(answers(twin, X), net(np.array(X)).asnumpy()) <= 1e-4
    assert apart(answers(twins.from_gluon(net), X), answers(twin, X)) == 0


def test_what_is_padded_around_a_pooling_never_wins():
    """Negative numbers, as v2's pooling sees them: a zero at the border would be the largest."""
    wide = pooling_becomes(lambda pool: replace(pool, padding=(1, 2, 2, 1)))
    twin = twins.build(transform(architecture("resnet18", version="v2"), wide))
    assert (twin.maxpool(-torch.ones(1, 64, 8, 8)) == -1).all()


@pytest.mark.parametrize("name", ["cifar-resnet20", "se-resnet50", "resnext50-32x4d"])
def test_channels_last_gives_the_same(name):
    twin = filled(twins.build(name, classes=7))
    X = images(shape_for(twin.architecture))
    before = answers(twin, X)
    twin = twin.to(memory_format=torch.channels_last)
    with torch.no_grad():
        after = twin(torch.from_numpy(X).to(memory_format=torch.channels_last))
    assert apart(after.numpy(), before) <= 1e-5


def test_what_gluon_does_not_train_stays_as_it_is():
    """The first normalization of Gluon's v2 nets has no gamma and no beta of its own."""
    twin = twins.build("gluon-resnet18", version="v2")
    assert [key for key, p in twin.named_parameters() if not p.requires_grad] == [
        "bn1.weight",
        "bn1.bias",
    ]
    net = twins.to_gluon(twin)
    net[0][0].gamma.set_data(np.full((3,), 5.0))  # which Gluon does not look at
    assert (twins.from_gluon(net).bn1.weight == 1).all()


# --- torchvision's names -------------------------------------------------------------------------


def published(depths, blocks, groups=1, width=64) -> dict:
    """The keys and shapes of torchvision's `resnet`, models/resnet.py, by its rules."""
    keys = {}

    def conv(name, channels, entering, kernel):
        keys[f"{name}.weight"] = (channels, entering, kernel, kernel)

    def norm(name, channels):
        for kind in ("weight", "bias", "running_mean", "running_var"):
            keys[f"{name}.{kind}"] = (channels,)
        keys[f"{name}.num_batches_tracked"] = ()

    conv("conv1", 64, 3, 7)
    norm("bn1", 64)
    entering = 64
    for stage, depth in enumerate(depths, 1):
        planes = 64 * 2 ** (stage - 1)
        inner = planes * width // 64 * groups
        leaving = planes if blocks == "basic" else 4 * planes
        kernels = ((planes, 3), (planes, 3))
        if blocks == "bottleneck":
            kernels = ((inner, 1), (inner, 3), (leaving, 1))
        for block in range(depth):
            path, before = f"layer{stage}.{block}", entering
            for i, (channels, kernel) in enumerate(kernels, 1):
                grouped = groups if (blocks, i) == ("bottleneck", 2) else 1
                conv(f"{path}.conv{i}", channels, before // grouped, kernel)
                norm(f"{path}.bn{i}", channels)
                before = channels
            if block == 0 and (stage > 1 or entering != leaving):
                conv(f"{path}.downsample.0", leaving, entering, 1)
                norm(f"{path}.downsample.1", leaving)
            entering = leaving
    keys |= {"fc.weight": (1000, entering), "fc.bias": (1000,)}
    return keys


TORCHVISION = {
    # name of the net there and here: its keys, and how many its documentation says that it trains
    "resnet18": (published((2, 2, 2, 2), "basic"), 11_689_512),
    "resnet34": (published((3, 4, 6, 3), "basic"), 21_797_672),
    "resnet50": (published((3, 4, 6, 3), "bottleneck"), 25_557_032),
    "resnet101": (published((3, 4, 23, 3), "bottleneck"), 44_549_160),
    "resnet152": (published((3, 8, 36, 3), "bottleneck"), 60_192_808),
    "resnext50-32x4d": (published((3, 4, 6, 3), "bottleneck", groups=32, width=4), 25_028_904),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_keys_and_shapes_are_torchvisions(name):
    keys, params = TORCHVISION[name]
    with torch.device("meta"):
        twin = twins.build(name, version="v1.5")
    assert {key: tuple(value.shape) for key, value in twin.state_dict().items()} == keys
    assert sum(p.numel() for p in twin.parameters()) == params


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_state_dict_with_these_keys_loads_strictly_and_goes_on_to_gluon(name):
    keys, _ = TORCHVISION[name]
    generator = torch.Generator().manual_seed(1)
    state = {
        key: torch.rand(shape, generator=generator) * 0.1 + (0.5 if "running_var" in key else 0)
        for key, shape in keys.items()
    }
    twin = twins.build(name, version="v1.5")
    twin.load_state_dict(state, strict=True)
    X = images((3, 64, 48))
    assert apart(twins.to_gluon(twin)(np.array(X)).asnumpy(), answers(twin, X)) <= 1e-4


@pytest.mark.skipif(not find_spec("torchvision"), reason="torchvision is not installed")
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_own_net_gives_the_same_outputs(name):
    try:
        from torchvision import models
    except RuntimeError as error:  # of a build for CUDA beside a PyTorch without
        pytest.skip(f"torchvision does not load: {error}")
    theirs = getattr(models, name.replace("-", "_"))(weights=None)
    twin = twins.build(name, version="v1.5")
    twin.load_state_dict(filled_like(theirs).state_dict(), strict=True)
    X = images((3, 64, 48))
    assert apart(answers(twin, X), answers(theirs, X)) <= 1e-5


def filled_like(net):
    with torch.no_grad():
        for key, value in net.state_dict().items():
            if key.endswith(("running_var", "running_mean")):
                value.uniform_(0.5, 1.5)
    return net


# --- what cannot be ------------------------------------------------------------------------------


def test_a_padding_that_depends_on_the_image_is_refused():
    with pytest.raises(ConfigError, match="depends on the image.*explicit"):
        twins.build(with_padding(architecture("resnet18"), "same"))


@pytest.mark.parametrize(
    "data, options, found",
    [
        ("resnet81", {}, "architecture 'resnet81': no such name"),
        (None, {}, "build: None"),
        (architecture("resnet18"), {"classes": 3}, "build: .* with classes"),
    ],
)
def test_what_is_no_architecture_is_refused(data, options, found):
    with pytest.raises(ConfigError, match=found):
        twins.build(data, **options)


def test_other_images_than_it_was_built_for_are_refused():
    with pytest.raises(ShapeError, match=r"\(1, 3, 32, 32\).*\(N, 1, H, W\)"):
        twins.build("resnet18", input_shape=(1, 96, 96))(torch.zeros(1, 3, 32, 32))


def test_a_net_without_numbers_has_no_twin():
    net = build("cifar-resnet8")
    net.initialize()
    with pytest.raises(ShapeError, match="0.0.weight has no numbers yet"):
        twins.from_gluon(net)


def test_weights_of_another_net_are_refused_and_change_nothing():
    twin = twins.build("cifar-resnet8")
    before = twin.conv1.weight.clone()
    arrays = twins.gluon_arrays(twins.build("cifar-resnet14"))
    with pytest.raises(ConfigError, match=r"30 left over \(1\.1\.branch\.0\.weight"):
        twins.load_gluon_arrays(twin, arrays)
    assert (twin.conv1.weight == before).all()


def test_without_pytorch_one_line_says_how_to_get_it():
    code = "import sys; sys.modules['torch'] = None; import d2lres.twins.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MissingDependency" in done.stderr
    assert "pip install .[torch]" in done.stderr


def test_the_room_itself_loads_no_framework():
    code = "import sys, d2lres.twins.places; print({'torch', 'mxnet', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


# --- a recorded run ------------------------------------------------------------------------------


def test_a_run_is_exported_as_a_state_dict(tmp_path, capfd):
    """What `d2lres export --to torch` writes gives the answers of the run's Gluon net."""
    from test_cli import d2lres

    from d2lres import recorded, runs

    run, out = recorded("cifar10-fast-0"), tmp_path / "net.pth"
    assert d2lres(capfd, "export", "cifar10-fast-0", "--to", "torch", "--out", str(out))[0] == 0
    twin = twins.build(architecture("cifar-resnet20", classes=10)).eval()
    twin.load_state_dict(torch.load(out, weights_only=True), strict=True)
    X = images((3, 32, 32))
    assert apart(answers(twin, X), runs.trained_net(run)(np.array(X)).asnumpy()) <= 1e-4


@pytest.mark.parametrize(
    "words, said",
    [
        (("--stages",), "stages of a state dict"),
        (("--out", "{folder}"), "a folder; expected the name of a file"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(tmp_path, capfd, words, said):
    from test_cli import d2lres

    words = [word.format(folder=tmp_path) for word in words]
    command = ("export", "cifar10-fast-0", "--to", "torch", "--out", str(tmp_path / "net.pth"))
    status, _, told = d2lres(capfd, *command, *words)
    assert status == 2 and said in told and told.count("\n") == 1
    assert not list(tmp_path.iterdir())
