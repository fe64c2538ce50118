"""Training in PyTorch: the same recipe, order, steps and records as in MXNet.

Truth is MXNet's engine on the same images with the same weights.
"""

import json
import signal
import subprocess
import sys

import numpy
import pytest
from small_recipe import SMALL
from test_cli import ROOT, d2lres
from test_folder import CLASSES, photos, records  # noqa: F401  # fixtures
from test_interrupted import command, figures, finish, stop_in_second_epoch

import d2lres as package
from d2lres import ConfigError, DataError, build, runs
from d2lres.data import BatchIterator, PhotoIterator, augmentation, load
from d2lres.live import zero_last_gamma
from d2lres.train import find_recipe

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make twins")

import torch_workers_steps  # noqa: E402

from d2lres.data import TorchBatches, TorchPhotos  # noqa: E402
from d2lres.train.torch_engine import (  # noqa: E402
    TorchEngine,
    fit,
    precision,
    predict,
    recalibrate,
)
from d2lres.twins import begin  # noqa: E402
from d2lres.twins import torch as twins  # noqa: E402
from d2lres.twins.params import read_params  # noqa: E402

CPU, TORCH = torch.device("cpu"), ("--engine", "torch")
TINY = SMALL.changed(name="tiny", images=128, batch_size=32, num_epochs=2)


@pytest.fixture(scope="module")
def sample():
    return load("cifar-10", data="sample").first(150)


# --- the images ----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("crop", "flip")])
def test_order_labels_and_changed_images_are_those_of_mxnet(sample, names):
    """Two epochs: another order, other crops and flips."""
    fill, normalize = [100, 110, 120], sample.statistics()
    options = {"shuffle": True, "seed": 5, "normalize": normalize}
    theirs = BatchIterator(sample, "train", 64, augment=augmentation(names, fill), **options)
    ours = TorchBatches(sample, "train", 64, augment=names, fill=fill, **options)
    assert len(ours) == len(theirs) == 3 and ours.num_examples == 150
    for epoch in (1, 2):
        for (X, y), (X_there, y_there) in zip(ours, theirs, strict=True):
            assert (y == y_there.asnumpy()).all()
            assert abs(X.numpy() - X_there.asnumpy()).max() <= 1e-5
            assert X.is_contiguous(memory_format=torch.channels_last)
        assert ours.epoch == theirs.epoch == epoch


@pytest.mark.parametrize("side", [12, 16, 24, 31, 40, 96])
def test_resized_images_are_those_of_mxnet_to_the_last_bit(sample, side):
    (X, _), (X_there, _) = (
        next(iter(kind(sample, "test", 100, side))) for kind in (TorchBatches, BatchIterator)
    )
    assert X.shape == (100, 3, side, side)
    assert abs(X.numpy() - X_there.asnumpy()).max() <= 1e-6


@pytest.mark.parametrize("form", ["photos", "records"])
@pytest.mark.parametrize("augment", [True, False])
def test_photographs_are_cut_as_for_mxnet(request, form, augment):
    """Two epochs of another side: the same rectangles and reflections, in the same order."""
    root = request.getfixturevalue(form)
    options = {"side": lambda epoch: (16, 24)[epoch], "shuffle": True, "seed": 3}
    theirs, ours = (
        kind(root, "train", 7, augment=augment, **options) for kind in (PhotoIterator, TorchPhotos)
    )
    assert len(ours) == len(theirs) == 4 and ours.dataset == theirs.dataset
    for epoch in (1, 2):
        for (X, y), (X_there, y_there) in zip(ours, theirs, strict=True):
            assert (y == y_there.asnumpy()).all()
            assert X.shape == X_there.shape and X.is_contiguous(memory_format=torch.channels_last)
            assert abs(X.numpy() - X_there.asnumpy()).max() <= 1e-5
        assert ours.epoch == theirs.epoch == epoch


# --- the steps -----------------------------------------------------------------------------------

STRONG = {
    "sides": (),
    "num_epochs": 10,
    "lr": 0.05,
    "weight_decay": 0.05,
}  # to be seen in ten steps
RECIPES = {
    "reference": find_recipe("fashion-mnist-reference").changed(initializer="he"),
    "modern": find_recipe("cifar10-fast").changed(**STRONG),
    "mixed": find_recipe("cifar10-fast").changed(**STRONG, mixup=0.2),
    "decay everywhere": find_recipe("cifar10-wide").changed(**STRONG),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_ten_losses_agree(sample, recipe):
    """Equal weights, no augmentation: an epoch of one batch, so each loss is one step's.

    From He's weights: from Xavier's, a change of one part in ten million grows to 0.03 in as many
    steps in either engine.
    """
    twin = twins.build("cifar-resnet8")
    begin.initialize(twin, recipe.initializer, seed=1)
    net, one = twins.to_gluon(twin), sample.first(64)
    options = {"shuffle": True, "normalize": one.statistics()}
    theirs = package.fit(net, BatchIterator(one, "train", 64, **options), **recipe.fit_options())
    ours = fit(twin, TorchBatches(one, "train", 64, **options), **recipe.fit_options(), device=CPU)
    for name, most in (("train_loss", 1e-3), ("train_acc", 1.01 / 64)):  # an image near the border
        assert numpy.allclose(ours.column(name), theirs.column(name), rtol=0, atol=most), name
    assert abs(ours.column("train_loss")[0] - ours.column("train_loss")[9]) > 0.1
    found, expected = twins.gluon_arrays(twin), net._collect_params_with_prefix()
    for name, array in found.items():
        if not name.endswith("running_var"):  # unbiased here
            assert abs(array - expected[name].data().asnumpy()).max() <= 2e-3, name


def test_momentum_survives_a_rate_of_zero():
    """v = m v + lr g: with lr = 0 the weights go on by m v, as in Gluon."""
    twin = twins.build("cifar-resnet8")
    engine = TorchEngine(twin, CPU, momentum=0.5)
    X, y = torch.rand(4, 3, 16, 16), numpy.arange(4)
    moved = []
    for lr in (0.1, 0.0, 0.0):
        before = twin.fc.bias.detach().clone()
        engine.step(X, y, 4, lr)
        moved.append((twin.fc.bias.detach() - before).numpy())
    assert abs(moved[0]).max() > 1e-4
    assert numpy.allclose(moved[1], moved[0] / 2, rtol=1e-3)
    assert numpy.allclose(moved[2], moved[0] / 4, rtol=1e-3)


def begun(**options):
    """An engine on the CPU, always with the same first weights."""
    twin = twins.build("cifar-resnet8")
    begin.initialize(twin, "he", seed=0)
    return TorchEngine(twin, CPU, momentum=0.9, weight_decay=1e-4, **options)


def three_losses(engine):
    X = torch.rand(32, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return [engine.step(X, numpy.arange(32) % 10, 32, 0.05)[0][0].item() / 32 for _ in range(3)]


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_the_path_of_a_gpu_runs_on_the_cpu(monkeypatch, half):
    """Compiled and in half precision: bfloat16's 8 bits leave a loss right to 2 %."""
    compile_ = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda net, **_: compile_(net, backend="aot_eager", dynamic=False)
    )
    engine = begun()
    engine.compute_in(half)
    engine.compile()
    found, expected = three_losses(engine), three_losses(begun())
    assert engine.forward is not engine.plain
    assert all(p.dtype == torch.float32 for p in engine.net.parameters())
    assert numpy.allclose(found, expected, rtol=0.02 if half == "bfloat16" else 0.002)


def test_the_last_smaller_batch_is_not_compiled_for(monkeypatch):
    """Nor is its way back; the steps are those of the net."""
    sizes = []

    def compile_(net, **_):
        return lambda X: (sizes.append(len(X)), net(X))[1]

    monkeypatch.setattr(torch, "compile", compile_)
    engine, plain = begun(), begun()
    engine.compile()
    for size in (8, 8, 3, 8):
        X, y = torch.rand(size, 3, 16, 16), numpy.arange(size)
        (ours,), _, _ = engine.step(X, y, size, 0.1)
        (theirs,), _, _ = plain.step(X, y, size, 0.1)
        assert ours == theirs
    assert sizes == [8, 8, 8]


@pytest.mark.parametrize(
    "capability, expected",
    [((6, 1), "float32"), ((7, 0), "float16"), ((7, 5), "float16"), ((8, 0), "bfloat16"),
     ((9, 0), "bfloat16"), ((12, 0), "bfloat16")],
)  # fmt: skip
def test_a_card_computes_in_what_it_has_units_for(monkeypatch, capability, expected):
    """P40, V100, T4, A100, H100, RTX 50: PyTorch emulates bfloat16 on the first three."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision(torch.device("cuda:0")) == expected
    assert precision(CPU) == "float32"


def test_a_gradient_too_large_for_float16_leaves_the_step_out():
    """The factor, 65,536 at first, is halved; 3e38 times it is no number of float32 either."""
    engine = begun()
    engine.compute_in("float16")
    X, y = torch.rand(8, 3, 16, 16), numpy.arange(8)
    before, _ = engine.state()
    engine.step(X, y, 8, 3e38)
    after, velocities = engine.state()
    assert engine.scaler.get_scale() == 2**15
    assert not any(array.any() for array in velocities.values())
    trained = dict(engine.net.named_parameters())
    assert all((after[name] == before[name]).all() for name in trained)
    engine.step(X, y, 8, 0.01)
    assert any((engine.state()[0][name] != before[name]).any() for name in trained)


def no_triton(*_, **__):
    error = "Cannot find a working triton installation. Either the package is not installed or ..."
    raise RuntimeError(f"backend='inductor' raised:\nTritonMissing: {error}\n\nSet TORCHDYNAMO...")


@pytest.mark.parametrize(
    "compile_",
    [no_triton, lambda net, **_: no_triton, lambda net, **_: lambda X: FailsBackward.apply(net(X))],
    ids=["at the call", "with the first batch", "on the way back"],
)
def test_a_compiler_that_fails_is_done_without(monkeypatch, capfd, compile_):
    """As on Windows, or where Triton or a C compiler is missing; the steps are those of the net."""
    monkeypatch.setattr(torch, "compile", compile_)
    engine = begun()
    engine.compile()
    assert three_losses(engine) == three_losses(begun())
    assert engine.forward is engine.plain
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and len(said) < 250
    assert said.startswith("d2lres: torch.compile: TritonMissing: Cannot find a working triton")


class FailsBackward(torch.autograd.Function):
    """A step whose way back is compiled when it is needed."""

    @staticmethod
    def forward(ctx, X):
        return X.clone()

    @staticmethod
    def backward(ctx, gradient):
        no_triton()


def test_a_compiler_is_not_blamed_for_what_is_wrong_without_it(monkeypatch, capfd):
    def full(X):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "compile", lambda net, **_: full)
    engine = begun()
    engine.compile()
    with pytest.raises(torch.OutOfMemoryError):
        three_losses(engine)
    assert not capfd.readouterr().err


# --- how a training begins -----------------------------------------------------------------------


def test_the_test_images_can_be_asked_again_with_new_statistics(sample):
    """The training goes on as if they had not been: to the last digit."""

    def train(**options):
        twin, few = twins.build("cifar-resnet8"), sample.first(100)
        begin.initialize(twin, "he", seed=0)
        batches = TorchBatches(few, "train", 40, shuffle=True), TorchBatches(few, "test", 40)
        options |= {"num_epochs": 3, "test_every": 2, "lr": 0.1, "momentum": 0.9}
        return twin, batches, fit(twin, *batches, **options, device=CPU)

    (plain, _, expected), (twin, (images, tests), history) = train(), train(recalibrated=True)
    for name in ("train_loss", "test_acc"):
        assert history.column(name) == expected.column(name)
    for name, array in plain.state_dict().items():
        assert torch.equal(array, twin.state_dict()[name]), name
    assert [found is None for found in history.column("recalibrated_acc")] == [True, False, False]
    images.epoch = 2
    recalibrate(twin, images)
    y_hat, y = predict(twin, tests)
    assert history.epochs[-1].recalibrated_acc == (y_hat == y).mean()


@pytest.mark.parametrize("name", ["xavier", "he"])
def test_weights_have_the_spread_of_gluons(name):
    """Xavier: uniform, 3 / mean of both fans; He: normal, 2 / fan in.  Glorot (2010), He (2015)."""
    twin = twins.build("cifar-resnet20")
    begin.initialize(twin, name, seed=0)
    for layer in twin.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.numel() > 4000:
            w = layer.weight.detach()
            into, out = w[0].numel(), w[:, 0].numel()
            expected = {"xavier": 2 / (into + out), "he": 2 / into}[name]
            assert abs(w.var().item() / expected - 1) <= 0.08
            assert (abs(w).max() <= (3 * expected) ** 0.5 + 1e-6) == (name == "xavier")
    assert not twin.fc.bias.any()
    again = twins.build("cifar-resnet20")
    begin.initialize(again, name, seed=0)
    assert (again.fc.weight == twin.fc.weight).all()


@pytest.mark.parametrize("name", ["resnet50", "cifar-resnet20"])
def test_branches_begin_at_zero(name):
    twin = twins.build(name)
    begin.zero_last_gamma(twin)
    zero = [p for p in twin.parameters() if p.ndim == 1 and p.requires_grad and not p.any()]
    norms = [layer for layer in twin.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    gammas = [p for p in zero if any(p is norm.weight for norm in norms)]
    assert len(gammas) == zero_last_gamma(build(name))
    with pytest.raises(ConfigError, match="no branch ends in a batch normalization"):
        begin.zero_last_gamma(twins.build("cifar-resnet20", version="v2"))


# --- records -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with one run of each engine, 40x40 pixels, so that a resize takes part."""
    root = tmp_path_factory.mktemp("runs")
    recipe = TINY.changed(resize=40)
    for engine in ("torch", "mxnet"):
        runs.train_recipe(recipe, root / engine, data="sample", engine=engine)
    return root


def test_an_experiment_has_its_engine(tmp_path):
    """Unless another is asked for."""
    experiment = runs.Experiment("e", "?", (TINY.changed(num_epochs=1),), engine="torch")
    for engine, expected in ((None, "torch"), ("mxnet", "mxnet")):
        runs.run_experiment(
            experiment, tmp_path / expected, data="sample", engine=engine, say=lambda line: None
        )
        (found,) = (tmp_path / expected).glob("*/run.json")
        assert runs.load_run(found.parent).record["settings"].get("engine", "mxnet") == expected


def test_a_record_names_the_engine_its_version_and_the_device(recorded):
    record = json.loads((recorded / "torch/run.json").read_text())
    assert record["settings"]["engine"] == "torch"
    assert record["settings"]["device"] == "cpu"
    assert (record["settings"]["workers"], record["settings"]["precision"]) == (1, "float32")
    assert record["settings"]["gpu"] is None
    assert record["machine"]["torch"] == torch.__version__
    theirs = json.loads((recorded / "mxnet/run.json").read_text())
    for part in ("recipe", "data", "normalization", "params", "buffers"):
        assert record[part] == theirs[part]
    assert record["final"].keys() == theirs["final"].keys()


@pytest.mark.parametrize("trained", ["torch", "mxnet"])
def test_a_run_of_one_engine_is_evaluated_by_the_other(recorded, trained):
    accuracies = [
        runs.evaluate_run(recorded / trained, engine=engine)[0] for engine in ("torch", "mxnet")
    ]
    recorded_one = runs.load_run(recorded / trained).record["final"]["test_acc"]
    assert abs(accuracies[0] - accuracies[1]) <= 0.0002
    assert abs(accuracies[0] - recorded_one) <= 0.0002


def test_statistics_measured_anew_are_the_same_by_either_engine(recorded, sample):
    """Of the same weights and the same batches; PyTorch's variances are n / (n - 1) times Gluon's.

    n, the numbers of a channel in a batch: 40 x 40 for each of 32 images, and 10 x 10 at the end.
    """
    found = [
        runs.recalibrate_run(recorded / "mxnet", engine=engine).record["recalibrated"]
        for engine in ("torch", "mxnet")
    ]
    assert found[0].pop("engine") == "torch" and found[0]["images"] == found[1]["images"] == 1600
    assert abs(found[0]["test_acc"] - found[1]["test_acc"]) <= 0.0002


def test_a_variance_measured_anew_is_that_of_the_images():
    """After 50 equal batches 0.9**50 of the old ones is left; the first layer is a convolution."""
    twin, X = twins.build("cifar-resnet8"), torch.rand(4, 3, 8, 8)
    before = twin.fc.weight.detach().clone()
    assert recalibrate(twin, [(X, numpy.zeros(4))]) == 200
    with torch.no_grad():
        leaving = twin.conv1(X)
    assert torch.allclose(twin.bn1.running_mean, leaving.mean((0, 2, 3)), atol=0.01)
    expected = leaving.var((0, 2, 3), unbiased=True)
    assert torch.allclose(twin.bn1.running_var, 0.9**50 + (1 - 0.9**50) * expected, rtol=1e-4)
    assert (twin.fc.weight == before).all()


def test_the_other_engine_does_not_go_on(recorded, capfd):
    for found, asked in (("torch", "mxnet"), ("mxnet", "torch")):
        with pytest.raises(ConfigError, match=f"engine {found}; .*--engine {found}"):
            recipe = TINY.changed(resize=40)
            runs.train_recipe(recipe, recorded / found, data="sample", resume=True, engine=asked)


def test_the_state_of_the_other_engine_is_refused(sample, tmp_path):
    options = {"num_epochs": 1, "lr": 0.1, "momentum": 0.9, "checkpoint": tmp_path}
    twin = twins.build("cifar-resnet8")
    fit(twin, TorchBatches(sample, "train", 64), device=CPU, **options)
    with pytest.raises(
        ConfigError, match="epoch-0001.npz: of the engine torch; expected one of mxnet"
    ):
        package.fit(
            twins.to_gluon(twin), BatchIterator(sample, "train", 64), resume=True, **options
        )
    with pytest.raises(DataError, match="of another net"):
        other = twins.build("cifar-resnet14")
        fit(other, TorchBatches(sample, "train", 64), device=CPU, resume=True, **options)


def test_killed_and_resumed_equals_uninterrupted(tmp_path):
    """Momentum, schedule, crops and flips, in other processes: to the last digit."""
    whole = finish(tmp_path / "whole", *TORCH)
    status, _ = stop_in_second_epoch(tmp_path / "run", signal.SIGKILL, *TORCH)
    assert status == -signal.SIGKILL
    assert finish(tmp_path / "run", "--resume", *TORCH) == whole


def test_frozen_features_stay_to_the_bit(recorded, tmp_path, monkeypatch):
    """Those of a run of MXNet; the head, for other classes, learns."""
    monkeypatch.setattr(runs.records, "RECORDED", (recorded,))
    recipe = TINY.changed(
        name="head", resize=40, start="mxnet", frozen=True, only=("t-shirt", "trouser"), images=32,
        batch_size=16,
    )  # fmt: skip
    classes = load("fashion-mnist", data="sample").classes
    recipe = recipe.changed(only=classes[:2])
    run = runs.train_recipe(recipe, tmp_path / "head", data="sample", engine="torch")
    before, after = (
        read_params(folder / "net.params") for folder in (recorded / "mxnet", tmp_path / "head")
    )
    changed = {name for name in before if not numpy.array_equal(before[name], after[name])}
    assert changed == {"4.1.weight", "4.1.bias"}
    assert run.record["params"] == 64 * 2 + 2


def test_an_experiment_is_recorded_by_pytorch(capfd, tmp_path):
    out = tmp_path / "runs"
    status, said, _ = d2lres(capfd, "experiments", "run", "sample", "--out", str(out), *TORCH)
    assert status == 0 and said.count("sample-") == 4
    run = runs.load_run(out / "sample-0")
    assert run.record["settings"]["engine"] == "torch" and len(run.history.epochs) == 2


WITHOUT_MXNET = """
import json, sys
sys.modules["mxnet"] = None
sys.path.insert(0, "tests")
import small_recipe as s
images, commands = json.load(sys.stdin)
s.RECIPES["small"] = s.SMALL.changed(images=images, schedule="constant", warmup=0)
for words in commands:
    try:
        s.main(words)
    except SystemExit as end:
        if end.code:
            raise
"""


@pytest.mark.parametrize("images", [100, None], ids=["sample", "photographs"])
def test_all_of_it_works_where_mxnet_is_not(photos, tmp_path, images):  # noqa: F811
    """As on Windows or Apple silicon: train, go on, evaluate, and with statistics measured anew."""
    data = ["--data", "sample"] if images else ["--data-folder", str(photos)]
    train = ["train", "small", *data, "--batch-size", "8", *TORCH]
    out, whole = str(tmp_path / "run"), str(tmp_path / "whole")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MXNET], capture_output=True, text=True, cwd=ROOT,
        input=json.dumps([images, [
            [*train, "--epochs", "1", "--out", out],
            [*train, "--epochs", "2", "--out", out, "--resume"],
            [*train, "--epochs", "2", "--out", whole, "--floor"],
            ["evaluate", out, *TORCH],
            ["evaluate", out, "--recalibrate", *TORCH],
        ]]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")
    *_, floor, _, _, again, renewed = done.stdout.splitlines()
    assert "images/s in the last epoch: " in floor
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert again.startswith(f"test accuracy {record['final']['test_acc']:.4f} on ")
    assert renewed.startswith(f"test accuracy {record['recalibrated']['test_acc']:.4f} on ")
    if not images:
        assert record["recipe"]["classes"] == len(CLASSES)
        assert runs.evaluate_run(tmp_path / "run")[0] == record["final"]["test_acc"]  # by MXNet


# --- several processes ---------------------------------------------------------------------------


def torchrun(*words):
    """Two processes on this machine, which speak through gloo."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*start, *words], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_two_workers_take_the_steps_of_one(tmp_path):
    """Where nothing is normalized: each batch of five images in shares of three and two."""
    torchrun("tests/torch_workers_steps.py", str(tmp_path / "weights.params"))
    found, expected = read_params(tmp_path / "weights.params"), torch_workers_steps.train()
    for name, array in expected.items():
        assert abs(found[name] - array).max() <= 1e-5, name


def test_two_workers_record_one_run_which_any_engine_reads(tmp_path):
    torchrun(*command(tmp_path / "run")[1:], *TORCH)
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert len(record["history"]) == 2 and record["settings"]["workers"] == 2
    for engine in ("torch", "mxnet"):
        accuracy = runs.evaluate_run(tmp_path / "run", engine=engine)[0]
        assert abs(accuracy - record["final"]["test_acc"]) <= 0.0002


# --- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, said",
    [
        (["--device", "gpu:0"], "device 'gpu:0': no such device of PyTorch; expected auto, cpu"),
        (["--device", "cuda:64"], "device 'cuda:64': PyTorch"),
        (["--device", "mps"], "device 'mps': not here"),
        (["--kvstore", "dist_sync"], "kvstore 'dist_sync': with PyTorch"),
    ],
)
def test_devices_that_are_not_there(capfd, tmp_path, words, said):
    if words[1] == "mps" and torch.backends.mps.is_available():
        pytest.skip("it is there")
    out = ["--out", str(tmp_path / "run"), "--data", "sample"]
    status, _, found = d2lres(capfd, "train", "fashion-mnist-native", *out, *TORCH, *words)
    assert status == 2 and said in found and found.count("\n") == 1


def test_an_engine_that_is_none(capfd):
    status, _, said = d2lres(capfd, "train", "cifar10-fast", "--engine", "jax")
    assert status == 2 and "engine 'jax': no such name" in said


def test_without_pytorch_one_line_says_how_to_get_it(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from d2lres.commands import main; main()"
    words = command(tmp_path / "run", *TORCH)[2:]
    words[1] = "fashion-mnist-native"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "error: import torch: " in done.stderr and "pip install .[torch]" in done.stderr


@pytest.mark.parametrize("y", [[0, 1, 10], [0, -1, 2], [[0], [1], [2]]])
def test_labels_that_are_no_classes_are_named(y):
    batches = [(numpy.zeros((3, 3, 8, 8), "float32"), numpy.array(y))]
    twin = twins.build("cifar-resnet8")
    for ask in (
        lambda: fit(twin, batches, num_epochs=1, lr=0.1, device=CPU),
        lambda: predict(twin, batches),
    ):
        with pytest.raises(DataError, match="label"):
            ask()


def test_no_batch_and_no_memory_are_said_in_words(sample, monkeypatch):
    twin = twins.build("cifar-resnet8")
    with pytest.raises(DataError, match="batches: none came"):
        fit(twin, [], num_epochs=1, lr=0.1, device=CPU)

    def full(self, *_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB")

    monkeypatch.setattr(TorchEngine, "step", full)
    with pytest.raises(DataError, match="no memory for batches of 64 images; .* size of 32"):
        fit(twin, TorchBatches(sample, "train", 64), num_epochs=1, lr=0.1, device=CPU)


def test_a_rate_that_is_too_high_ends_in_words(sample):
    with pytest.raises(DataError, match="Try a smaller learning rate"):
        twin = twins.build("cifar-resnet8")
        fit(twin, TorchBatches(sample, "train", 64), num_epochs=3, lr=1e30, device=CPU)


def test_arrays_of_mxnet_are_taken_as_well(sample):
    twin = twins.build("cifar-resnet8")
    ours = predict(twin, TorchBatches(sample, "test", 100))
    theirs = predict(twin, BatchIterator(sample, "test", 100))
    assert (ours[0] == theirs[0]).all() and (ours[1] == theirs[1]).all()
