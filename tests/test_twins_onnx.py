"""ONNX graphs of all architectures: what onnxruntime computes is what Gluon computes.

Truth is the Gluon net of the same data with the same weights.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy
import onnxruntime
import pytest
from variants import VARIANTS, fitting

import d2lres
from d2lres import ConfigError, ShapeError, architecture, build, count
from d2lres.commands import main
from d2lres.live import init, mx, np
from d2lres.structure import (
    BatchNorm,
    Conv,
    Dense,
    ZeroChannels,
    explicit,
    transform,
    with_padding,
)
from d2lres.twins import onnx as twins
from d2lres.twins.places import expected_shapes, places

ROOT = Path(__file__).parents[1]
RUN = d2lres.recorded("halves/first-0")  # has its weights; images of 16x16
CLASSES = 7


def thin(net):
    """The same net with a quarter of its channels, and with as many outputs as it had."""

    def quarter(layer):
        if isinstance(layer, Conv):
            return replace(layer, channels=layer.channels // 4)
        if isinstance(layer, ZeroChannels):
            return ZeroChannels(layer.added // 4)
        return Dense(layer.units // 4) if isinstance(layer, Dense) else layer

    return replace(transform(net, quarter), head=net.head)


def shape_for(net):
    """No square; small where the stem keeps it."""
    return fitting(net.name, (3, 16, 12) if net.input_shape[-1] == 32 else (3, 64, 48))


class Uniform(init.Initializer):
    """Numbers from `low` to `high`, so that no gamma is 1, no mean 0 and no variance 1."""

    def __init__(self, low, high):
        super().__init__(low=low, high=high)
        self.low, self.high = low, high

    def _init_weight(self, _, array):
        array[:] = RNG.uniform(self.low, self.high, size=array.shape)


RNG = numpy.random.default_rng(7)
RANGES = {"gamma": (0.5, 1.5), "beta": (-0.5, 0.5), "mean": (-0.5, 0.5), "var": (0.5, 1.5)}


def live(net, shape=None, gamma=RANGES["gamma"], **options):
    """The Gluon net of an architecture, past its first batch, with numbers that hide nothing."""
    net = build(net, **options)
    for kind, limits in {**RANGES, "gamma": gamma}.items():
        for parameter in net.collect_params(f".*{kind}").values():
            parameter.init = Uniform(*limits)
    net.initialize(init.MSRAPrelu(factor_type="in", slope=0))
    X = images(shape or shape_for(net.architecture), 1)
    net(X if net.layout == "NCHW" else X.transpose(0, 2, 3, 1)).wait_to_read()
    return net


def images(shape, number=2):
    return np.array(RNG.normal(size=(number, *shape)), dtype="float32")


def run(model, X, **inputs) -> dict:
    """The outputs of a model, by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    content = model if isinstance(model, bytes) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"images": X.asnumpy(), **inputs}), strict=True))


def apart(found, expected) -> float:
    """The largest difference, as a share of the largest number that is expected."""
    expected = expected.asnumpy()
    assert found.shape == expected.shape and numpy.isfinite(expected).all()
    return float(abs(found - expected).max() / abs(expected).max())


def numbers_in(model) -> int:
    """Weights and statistics, without the whole numbers that say how much is padded."""
    floats = [t for t in model.graph.initializer if t.data_type == twins.TensorProto.FLOAT]
    return sum(int(numpy.prod(tensor.dims)) for tensor in floats)


# --- every architecture --------------------------------------------------------------------------


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_onnx_gives_what_gluon_gives(name, version, shortcut):
    """A quarter as wide; and as deep as it is, where version and shortcut are its usual ones.

    Of others the first two blocks of each stage: the third is the second once more.
    """
    net = thin(architecture(name, classes=CLASSES, version=version, shortcut=shortcut))
    usual = architecture(name)
    if (version, shortcut) != (usual.version, usual.shortcut) or usual.depth > 1000:
        net = replace(net, stages=tuple(blocks[:2] for blocks in net.stages))
    # else the sums grow so that the sigmoid of a gate makes much of a rounding
    small = {"gamma": (0.1, 0.3)} if name.startswith("se-") else {}
    net = live(net, **small)
    X = images(shape_for(net.architecture))
    model = twins.model_of(net, input_shape=X.shape[1:])  # onnx.checker has seen it
    assert apart(run(model, X)["logits"], net(X)) < 1e-4
    rows = count(net.architecture, X.shape[1:])
    # a gamma and a beta of three channels that are not trained, where the image is normalized first
    fixed = 6 * (BatchNorm(scale=False, center=False) in net.architecture.stem)
    assert numbers_in(model) == sum(row.params + row.buffers for row in rows) + fixed
    mx.nd.waitall()


@pytest.mark.parametrize("name", ["resnet18", "gluon-resnet18", "cifar-resnet20"])
def test_so_it_is_at_the_full_width(name):
    net = live(architecture(name))
    X = images(shape_for(net.architecture), 1)
    model = twins.model_of(net, input_shape=X.shape[1:])
    assert apart(run(model, X)["logits"], net(X)) < 1e-5


def test_a_thousand_layers_are_written():
    """Without weights that were learned: each is 0, so the logits are the biases of the head."""
    net = architecture("cifar-resnet1202")
    expected = expected_shapes(places(net))
    arrays = {name: numpy.zeros(shape, "float32") for name, shape in expected.items()}
    arrays["4.1.bias"] = numpy.arange(10, dtype="float32")
    model = twins.model_of(net, arrays)
    assert numbers_in(model) == sum(row.params + row.buffers for row in count(net))
    assert run(model, images((3, 32, 32), 1))["logits"].tolist() == [list(range(10))]


# --- windows -------------------------------------------------------------------------------------

# An even kernel, in strides that fit no side.
RAGGED = thin(architecture("resnet18", classes=CLASSES))
RAGGED = replace(RAGGED, stem=(replace(RAGGED.stem[0], kernel=4, strides=3), *RAGGED.stem[1:]))
SHAPES = pytest.mark.parametrize("shape", [(3, 64, 48), (3, 49, 65)])


@SHAPES
def test_same_stays_a_rule_in_the_graph(shape):
    """A live net needs numbers in its place; ONNX has the rule."""
    net = with_padding(RAGGED, "same")
    numbers = explicit(net, shape)
    gluon, X = live(numbers, shape), images(shape)
    assert apart(run(twins.model_of(gluon, input_shape=shape), X)["logits"], gluon(X)) < 1e-5
    theirs, ours = (expected_shapes(places(each, shape)) for each in (numbers, net))
    arrays = twins.parts_of(gluon)[2]
    renamed = {name: arrays[other] for name, other in zip(ours, theirs, strict=True)}
    model = twins.model_of(net, renamed, input_shape=shape)
    assert apart(run(model, X)["logits"], gluon(X)) < 1e-5
    rules = [a.s for node in model.graph.node for a in node.attribute if a.name == "auto_pad"]
    assert rules.count(b"SAME_UPPER") == sum(layer.padding == "same" for layer in windows(net))


def windows(net) -> list:
    """The layers of a net that have a padding."""
    found = []
    transform(net, lambda layer: found.append(layer) if hasattr(layer, "padding") else None)
    return found


@SHAPES
@pytest.mark.parametrize("padding", ["valid", 0, 1, (0, 1, 2, 0)])
def test_padding_of_other_kinds(padding, shape):
    """In the stem: a convolution and a pooling layer."""
    net = live(replace(RAGGED, stem=with_padding(RAGGED.stem, padding)), shape)
    X = images(shape)
    assert apart(run(twins.model_of(net, input_shape=shape), X)["logits"], net(X)) < 1e-5


def test_a_window_of_padding_alone_is_refused():
    """Gluon's answer there is nearly the least number; onnxruntime does not load such a graph."""
    net = replace(RAGGED, stem=(*RAGGED.stem[:-1], replace(RAGGED.stem[-1], padding=(3, 0, 0, 0))))
    with pytest.raises(ConfigError, match="stem.pool: padding .3, 0, 0, 0. for windows of 3"):
        twins.model_of(live(net), input_shape=(3, 64, 48))


# --- what is kept of a net -----------------------------------------------------------------------

SMALL, SHAPE = architecture("cifar-resnet8", classes=CLASSES), (3, 16, 12)


def test_each_row_of_the_summary_is_a_node_of_its_name():
    model = twins.model_of(live(SMALL), input_shape=SHAPE)
    assert {row.name for row in count(SMALL)} <= {node.name for node in model.graph.node}
    assert [opset.version for opset in model.opset_import] == [17]


def test_a_normalization_keeps_its_epsilon():
    net, X = live(SMALL), images(SHAPE)
    layer = net[1][0].branch[1]
    layer._kwargs["eps"] = 0.5
    layer._clear_cached_op()
    assert apart(run(twins.model_of(net, input_shape=SHAPE), X)["logits"], net(X)) < 1e-5
    parameters = twins.parts_of(net)[2]
    usual = twins.model_of(SMALL, parameters, input_shape=SHAPE)
    assert apart(run(usual, X)["logits"], net(X)) > 1e-3


def test_a_layout_is_kept():
    net, X = live(SMALL, layout="NHWC"), images(SHAPE).transpose(0, 2, 3, 1)
    assert apart(run(twins.model_of(net, input_shape=SHAPE), X)["logits"], net(X)) < 1e-5


@pytest.mark.parametrize("number", [1, 5])
def test_a_batch_has_any_size(number):
    net, X = live(SMALL), images(SHAPE, number)
    model = twins.model_of(net, input_shape=SHAPE)
    assert apart(run(model, X)["logits"], net(X)) < 1e-5
    for value in (*model.graph.input, *model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "N"


def test_the_channels_of_the_weights_decide():
    """As for Fashion-MNIST: one channel, where the architecture's own images have three."""
    net = live(SMALL, (1, 28, 28))
    assert twins.model_of(net).graph.input[0].type.tensor_type.shape.dim[1].dim_value == 1


# --- stages and switches -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cifar-resnet8", "wrn-10-1", "cifar-plain8"])
def test_stages_are_outputs(name):
    net, X = live(architecture(name)), images(SHAPE)
    found = run(twins.model_of(net, input_shape=SHAPE, stages=True), X)
    assert list(found) == ["stage1", "stage2", "stage3", "logits"]
    for number, values in enumerate(found.values(), 2):
        assert apart(values, net[:number](X)) < 1e-5


BLOCKS = [f"stage{number}.block1.switch" for number in (1, 2, 3)]


def factors(*values) -> dict:
    return {name: numpy.array(value, "float32") for name, value in zip(BLOCKS, values, strict=True)}


@pytest.mark.parametrize("name", ["cifar-resnet8", "wrn-10-1"])  # with and without a ReLU after
def test_a_switch_multiplies_the_branch_of_its_block(name):
    """As in Gluon, where the branch of that block is multiplied."""
    net, X = live(architecture(name)), images(SHAPE)
    model = twins.model_of(net, input_shape=SHAPE, switches=True)
    assert [value.name for value in model.graph.input] == ["images", *BLOCKS]
    assert apart(run(model, X, **factors(1, 1, 1))["logits"], net(X)) < 1e-5

    def multiplied(block, factor):
        X = block.before
        return lambda Z: block.after(factor * block.branch(X(Z)) + block.shortcut(X(Z)))

    for values in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0), (0.5, 2, 1)]:
        Y = net[0](X)
        for stage, value in zip(net[1:-1], values, strict=True):
            Y = multiplied(stage[0], value)(Y)
        assert apart(run(model, X, **factors(*values))["logits"], net[-1](Y)) < 1e-5


def test_a_plain_block_passes_on_what_it_gets_unless_it_changes_the_shape():
    """As a Gluon net does that is made of the other blocks, and of the sum that is said."""
    net, X = live(architecture("cifar-plain14")), images(SHAPE)
    model = twins.model_of(net, input_shape=SHAPE, switches=True)
    names = ["stage1.block1", "stage1.block2", "stage2.block2", "stage3.block2"]
    assert [value.name[:13] for value in model.graph.input] == ["images", *names]
    for values in [(1, 1, 1, 1), (0, 1, 1, 1), (1, 1, 0, 1), (0, 0, 0, 0), (1, 0.25, 1, 1)]:
        Y, factors = net[0](X), dict(zip(names, values, strict=True))
        for i, stage in enumerate(net[1:-1], 1):
            for j, block in enumerate(stage, 1):
                factor = factors.get(f"stage{i}.block{j}", 1)
                Y = block(Y) if factor == 1 else factor * block(Y) + (1 - factor) * Y
        switches = {f"{n}.switch": numpy.array(v, "float32") for n, v in factors.items()}
        assert apart(run(model, X, **switches)["logits"], net[-1](Y)) < 1e-5


def test_switches_for_no_block_are_refused():
    net = architecture("cifar-plain8")
    net = live(replace(net, stages=net.stages[1:]))  # both change the shape
    with pytest.raises(ConfigError, match="no block of cifar-plain8 can be left out"):
        twins.model_of(net, input_shape=SHAPE, switches=True)


# --- a recorded run ------------------------------------------------------------------------------


def d2lres_says(capfd, *words):
    """(exit status, stdout, stderr) of `d2lres WORDS`."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    out, err = capfd.readouterr()
    return stop.value.code or 0, out, err


def test_export_writes_a_recorded_run(capfd, tmp_path):
    out = tmp_path / "new" / "net.onnx"
    words = ["export", "halves/first-0", "--to", "onnx", "--out", out, "--stages", "--switches"]
    status, said, err = d2lres_says(capfd, *words)
    assert (status, err) == (0, "")
    assert said == f"{out}: cifar-resnet20 with 269,397 parameters, trained on {LABEL}\n"
    assert [path.name for path in out.parent.iterdir()] == ["net.onnx"]

    net = d2lres.runs.build_net(RUN.recipe)
    net.load_parameters(str(d2lres.runs.weights_of(RUN)))
    X = images((3, 16, 16))
    model = twins.onnx.load(out)
    switches = {value.name: numpy.array(1, "float32") for value in model.graph.input[1:]}
    assert len(switches) == 9
    found = run(model, X, **switches)
    assert apart(found["logits"], net(X)) < 1e-5
    assert apart(found["stage3"], net[:-1](X)) < 1e-5


LABEL = RUN.record["data"]["label"]


def test_a_file_says_what_its_images_must_be_like(tmp_path):
    d2lres.runs.export_run(RUN, tmp_path / "net.onnx")
    model = twins.onnx.load(tmp_path / "net.onnx")
    facts = {entry.key: entry.value for entry in model.metadata_props}
    means, deviations = RUN.normalization
    assert json.loads(facts["input_shape"]) == [3, 16, 16]
    assert json.loads(facts["means"]) == list(means)
    assert json.loads(facts["deviations"]) == list(deviations)
    assert json.loads(facts["classes"]) == list(RUN.recipe.only)
    assert facts["params"] == f"{RUN.record['params']}" and facts["d2lres"] == d2lres.__version__
    assert facts["data"] == LABEL and facts["recipe"] == RUN.recipe.name
    numbers = [f"{number:.4f}" for number in (*means, *deviations)]
    for word in ("(N, 3, 16, 16)", "269,397", *numbers, *RUN.recipe.only):
        assert word in model.doc_string
    other = {"means": None, "classes": ["{cat}", "dog"]}
    plain = twins.model_of(live(SMALL), input_shape=SHAPE, facts=other).doc_string
    assert "Pixels from 0 to 1.\n" in plain and "deviation" not in plain and "{cat}, dog" in plain


def test_a_run_on_photographs_has_the_shape_of_its_recipe_and_no_names(tmp_path):
    """Its record does not name the folders that were the classes."""
    recipe = {**RUN.record["recipe"], "dataset": "/photographs", "only": []}
    run = replace(RUN, record={**RUN.record, "recipe": recipe})
    d2lres.runs.export_run(run, tmp_path / "net.onnx")
    told = twins.onnx.load(tmp_path / "net.onnx").doc_string
    assert "(N, 3, 16, 16)" in told and "Classes" not in told


def test_export_needs_no_mxnet(tmp_path):
    code = (
        "import sys; from d2lres.runs import export_run, find_run;"
        f"export_run(find_run('halves/first-0'), {str(tmp_path / 'net.onnx')!r});"
        "print('mxnet' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert (tmp_path / "net.onnx").stat().st_size > 1e6


# --- mistakes ------------------------------------------------------------------------------------


def test_a_net_without_numbers_is_refused():
    with pytest.raises(ConfigError, match="0.0.weight has no numbers yet; expected a net that"):
        twins.model_of(build("cifar-resnet8"))


@pytest.mark.parametrize("wrong", [None, {}, "weights of cifar-resnet14"])
def test_parameters_of_another_net_are_refused(wrong):
    parameters = twins.parts_of(live(architecture("cifar-resnet14")))[2] if wrong else wrong
    with pytest.raises(ConfigError, match="left over|missing"):
        twins.model_of(SMALL, parameters)


def test_what_is_no_net_is_refused():
    with pytest.raises(ConfigError, match="Dense; expected an Architecture, or a net from"):
        twins.model_of(d2lres.nn.Dense(3))


def test_an_image_without_room_is_refused():
    with pytest.raises(ShapeError, match="input shape: .3, 16.; expected three whole numbers"):
        twins.model_of(live(SMALL), input_shape=(3, 16))
    valid = replace(RAGGED, stem=with_padding(RAGGED.stem, "valid"))
    with pytest.raises(ShapeError, match="stem.conv: input of 3x3 pixels; expected at least 4x4"):
        twins.model_of(live(valid), input_shape=(3, 3, 3))


NET = ("export", "halves/first-0", "--to", "onnx")


@pytest.mark.parametrize(
    "words, status, said",
    [
        (("export", "no-such-run", "--to", "onnx", "--out", "FILE"), 2, "run 'no-such-run'"),
        (("export", "short/v2-0", "--to", "onnx", "--out", "FILE"), 1, "net.params: no such file"),
        (("export", "tests", "--to", "onnx", "--out", "FILE"), 1, "run.json: no such file"),
        ((*NET[:3], "tensorflow", "--out", "FILE"), 2, "form 'tensorflow': no such name"),
        ((*NET, "--out", "FOLDER"), 2, "a folder; expected the name of a file"),
        ((*NET, "--out", "FOLDER/kept/net.onnx"), 1, "kept/net.onnx: File exists; expected to"),
        (NET, 2, "Missing option '--out'"),
        (NET[:2], 2, "Missing option '--to'"),
        (NET[:1], 2, "Missing argument 'RUN'"),
    ],
)
def test_a_wrong_request_gets_one_line_and_leaves_no_file(capfd, tmp_path, words, status, said):
    (tmp_path / "kept").write_text("as it was")
    places = {"FILE": str(tmp_path / "net.onnx"), "FOLDER": str(tmp_path)}
    for place, path in places.items():
        words = [word.replace(place, path) for word in words]
    found, out, err = d2lres_says(capfd, *words)
    assert (found, out) == (status, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and said in err
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text() == "as it was"


def test_weights_of_another_net_and_damaged_ones_are_named(capfd, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(RUN.folder, folder)
    out = tmp_path / "net.onnx"
    words = ["export", folder, "--to", "onnx", "--out", out]
    weights = folder / "net.params"
    content = weights.read_bytes()
    weights.write_bytes(content[:100_000])
    status, _, err = d2lres_says(capfd, *words)
    assert status == 1 and err.count("\n") == 1 and "net.params: it ends" in err
    weights.write_bytes((ROOT / "runs/degradation/plain20-0/net.params").read_bytes())
    status, _, err = d2lres_says(capfd, *words)
    assert status == 2 and err.count("\n") == 1 and "missing (1.0.branch.0.weight" in err
    assert not out.exists()


def test_without_onnx_one_line_says_how_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['onnx'] = None; from d2lres.commands import main;"
        f"main({[*NET, '--out', str(tmp_path / 'net.onnx')]})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: import onnx: ") and done.stderr.count("\n") == 1
    assert "pip install .[onnx]" in done.stderr
    assert list(tmp_path.iterdir()) == []
