"""The reading key of the chapter After MXNet: both of its columns are run.

Truth is that the two sides compute the same, and that the twin's own layers do.
"""

import inspect
import json
import re
from pathlib import Path

import numpy
import pytest

from d2lres import autograd, gluon, init, live, np, npx
from d2lres import nn as theirs
from d2lres.structure import arch

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make twins")

from d2lres.twins import torch as twins  # noqa: E402

CHAPTER = Path(__file__).parents[1] / "chapters" / "after-mxnet.ipynb"
TEXT = "".join("".join(cell["source"]) for cell in json.loads(CHAPTER.read_text())["cells"])
TABLE = TEXT.split("| Gluon, as in this book | PyTorch |")[1].split("\n\n")[0]
ROWS = re.findall(r"^\| (`.*) \| (.*) \|$", TABLE, re.MULTILINE)
GLUON = {"nn": theirs, "np": np, "npx": npx, "init": init, "gluon": gluon, "autograd": autograd}
PYTORCH = {"nn": torch.nn, "torch": torch}


def pieces(cell: str) -> list[str]:
    """The code of a cell, which may have words between."""
    return re.findall(r"`([^`]+)`", cell)


KEY = [(pieces(left), pieces(right)) for left, right in ROWS]
# The row of each layer, and the same layer as data.
LAYERS = {
    "Conv2D": (arch.Conv(64, 3, strides=2, padding=1), 32),
    "BatchNorm": (arch.BatchNorm(), 64),
    "Activation": (arch.ReLU(), 64),
    "MaxPool2D": (arch.MaxPool(3, 2, 1), 64),
    "GlobalAvgPool2D": (arch.GlobalAvgPool(), 64),
    "Dense": (arch.Dense(10), 64),
}


def row(start: str) -> tuple[list[str], list[str]]:
    (found,) = [row for row in KEY if row[0][0].startswith(start)]
    return found


def test_the_key_is_read_whole():
    assert len(KEY) == len(TABLE.strip().splitlines()) - 1 == 19


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_the_same_on_either_side_and_in_the_twin(name):
    (left,), (right,) = row(f"nn.{name}(")
    data, channels = LAYERS[name]
    X = numpy.random.RandomState(0).normal(size=(4, channels, 9, 9)).astype("float32")
    X = X[:, :, :1, :1] if name == "Dense" else X
    layer = eval(left, GLUON)
    layer.initialize(init.Uniform(0.5))
    expected = layer(np.array(X)).asnumpy()
    made = eval(right, PYTORCH)
    made = made if isinstance(made, tuple) else (made,)
    shapes = {"": {key: p.shape for key, p in layer._collect_params_with_prefix().items()}}
    twin = twins.torch_layer(data, "", shapes)
    for each in (torch.nn.Sequential(*made), twin):
        arrays = [p.data().asnumpy() for p in layer.collect_params().values()]
        trained = list(each.parameters())
        with torch.no_grad():
            for p, array in zip(trained, arrays, strict=False):  # statistics, which follow, are new
                p.copy_(torch.from_numpy(array))
            found = each.eval()(torch.from_numpy(X)).numpy()
        assert found.shape == expected.shape
        assert abs(found - expected).max() <= 1e-5 * abs(expected).max()
    assert isinstance(twin, type(made[-1])) or name == "GlobalAvgPool2D"  # which is a mean there


def test_the_forward_of_a_block_has_the_arguments_that_the_key_says():
    (left,), (right,) = row("def hybrid_forward")
    for said, function in (
        (left, live.ResidualBlock.hybrid_forward),
        (right, twins.Residual.forward),
    ):
        name, arguments = re.fullmatch(r"def (\w+)\((.*)\)", said).groups()
        assert name == function.__name__
        assert arguments.split(", ") == list(inspect.signature(function).parameters)


def draw(layer):
    if isinstance(layer, torch.nn.Linear):
        torch.nn.init.xavier_uniform_(layer.weight)


def test_two_programs_from_the_key_take_the_same_steps(tmp_path):
    """Every other row, in the order of the table, on the CPU: three steps from the same weights."""
    rng, y = numpy.random.RandomState(0), numpy.arange(8) % 3
    a, weights = (rng.rand(*shape).astype("float32") for shape in ((8, 5), (3, 5)))
    file, last = str(tmp_path / "weights"), {}
    gluons = {**GLUON, "y": np.array(y), "batch_size": 8, "file": file}
    torches = {**PYTORCH, "y": torch.tensor(y), "draw": draw, "file": file}

    def both(start: str) -> None:
        """Run a row, each side where it belongs; `last` holds the values of expressions."""
        left, right = row(start)
        for side, codes, names in (("left", left, gluons), ("right", right, torches)):
            for code in codes:
                code = code.replace("npx.gpu()", "npx.cpu()").replace("cuda", "cpu")
                try:
                    last[side] = eval(code, names)
                except SyntaxError:  # a statement
                    exec(code, names)

    gluons |= {"a": theirs.Dense(3, in_units=5, use_bias=False), "b": theirs.Activation("relu")}
    torches |= {"a": torch.nn.Linear(5, 3, bias=False), "b": torch.nn.ReLU()}
    both("net = nn.HybridSequential")
    both("net.initialize")
    plain = torches["net"]
    both("net.hybridize")
    torches["net"] = plain  # the compiler would take its time at the first batch
    (parameter,) = gluons["net"].collect_params().values()
    parameter.set_data(np.array(weights))
    with torch.no_grad():
        plain[0].weight.copy_(torch.from_numpy(weights))

    gluons["a"] = torches["a"] = a
    torches["X"] = eval(row("np.array")[1][0].replace("cuda", "cpu"), torches)
    both("np.array")
    gluons["X"] = last["left"]
    both("loss = ")
    both("gluon.Trainer")
    gluons["trainer"], torches["optimizer"] = last["left"], last["right"]
    for _ in range(3):
        for start in ("with autograd.record", "l.backward", "trainer.step"):
            both(start)
        assert abs(gluons["l"].asnumpy().mean() / torches["l"].item() - 1) <= 1e-5
    found, expected = plain[0].weight.detach().numpy(), parameter.data().asnumpy()
    assert abs(found - expected).max() <= 1e-5 * abs(expected).max()
    assert abs(expected - weights).max() > 1e-3

    both("trainer.set_learning_rate")
    assert gluons["trainer"].learning_rate == torches["optimizer"].param_groups[0]["lr"] == 0.01
    (predict, _), (mode, without) = row("net(X)")
    exec(mode, torches)
    exec(without.replace("net(X)", "found = net(X)"), torches)
    expected = eval(predict, gluons).asnumpy()
    assert abs(torches["found"].numpy() - expected).max() <= 1e-5 * abs(expected).max()
    both("net.save_parameters")
    assert (torch.load(file)["0.weight"] == plain[0].weight).all()
