"""Files of weights: which net they belong to, and the same for Gluon.

Truth is MXNet, which wrote the files or reads them, and the twins' own outputs.
"""

import struct
from importlib.util import find_spec

import numpy
import pytest
from test_cli import d2lres

from d2lres import ConfigError, DataError, build, np, npx
from d2lres.live import gluon, mx
from d2lres.twins.params import V1, V2, read_params, write_params
from d2lres.twins.weights import identify, read_weights

needs_torch = pytest.mark.skipif(
    not find_spec("torch"), reason="PyTorch is not installed: make twins"
)


def started(net, shape=(1, 3, 32, 32)):
    mx.random.seed(3)
    net.initialize()
    net(np.zeros(shape)).wait_to_read()
    return net


# --- Gluon's file, without MXNet -----------------------------------------------------------------


def test_what_gluon_writes_is_read_and_written_again_to_the_byte(tmp_path):
    net = started(build("cifar-resnet8"))
    net.save_parameters(str(tmp_path / "theirs.params"))
    arrays = read_params(tmp_path / "theirs.params")
    for name, parameter in net._collect_params_with_prefix().items():
        assert (arrays[name] == parameter.data().asnumpy()).all()
    write_params(tmp_path / "ours.params", arrays)
    found = [(tmp_path / name).read_bytes() for name in ("ours.params", "theirs.params")]
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int32", "int64"])
def test_every_type_and_a_single_number(tmp_path, dtype):
    arrays = {"a": numpy.arange(6).reshape(2, 3).astype(dtype), "b": numpy.array(5, dtype)}
    write_params(tmp_path / "x.params", arrays)
    for name, array in npx.load(str(tmp_path / "x.params")).items():
        assert array.dtype == dtype and (array.asnumpy() == arrays[name]).all()
    assert all((read_params(tmp_path / "x.params")[k] == v).all() for k, v in arrays.items())


def test_the_older_layouts_are_read(tmp_path):
    """As MXNet before 1.0, 0.11 and 0.9 wrote an array: with its storage, 64-bit and 32-bit sizes.

    Each is a list of one array, named "x": 1, 2, 3.
    """
    data = numpy.float32([1, 2, 3]).tobytes()
    about = struct.pack("<iii", 1, 0, 0)
    layouts = [
        struct.pack("<Iiiq", V2, 0, 1, 3),
        struct.pack("<Iiq", V1, 1, 3),
        struct.pack("<II", 1, 3),
    ]
    for layout in layouts:
        content = struct.pack("<QQQ", 0x112, 0, 1) + layout + about + data
        (tmp_path / "x.params").write_bytes(content + struct.pack("<QQ", 1, 1) + b"x")
        assert read_params(tmp_path / "x.params")["x"].tolist() == [1, 2, 3]
        npx.reset_np()  # with NumPy's semantics, MXNet refuses what was saved without them
        try:
            found = mx.nd.load(str(tmp_path / "x.params"))["x"].asnumpy()
        finally:
            npx.set_np()
        assert found.tolist() == [1, 2, 3]


def test_a_damaged_file_is_named_wherever_it_was_cut(tmp_path):
    path = tmp_path / "x.params"
    write_params(path, {"a": numpy.zeros((2, 2), "float32"), "b": numpy.ones(3, "float32")})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"x\.params: .*; expected"):
            read_params(path)
    path.write_bytes(whole + b"more")
    with pytest.raises(DataError, match="4 bytes more"):
        read_params(path)


def test_every_changed_byte_is_read_or_named(tmp_path):
    path = tmp_path / "x.params"
    write_params(path, {"a": numpy.zeros((2, 2), "float32"), "b": numpy.ones(3, "float32")})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :])
        try:
            read_params(path)
        except DataError:
            pass


# --- Gluon's model zoo ---------------------------------------------------------------------------


@pytest.mark.parametrize("older", [False, True], ids=["names of now", "names as published"])
@pytest.mark.parametrize("depth, version", [(18, "v1"), (50, "v1"), (18, "v2")])
def test_the_model_zoos_files_go_into_our_net_with_the_same_outputs(
    tmp_path, depth, version, older
):
    theirs = started(gluon.model_zoo.vision.get_model(f"resnet{depth}_{version}", classes=5))
    for name, parameter in theirs.collect_params().items():
        if name.endswith("running_mean"):
            parameter.set_data(np.random.uniform(size=parameter.shape))
    path = tmp_path / "zoo.params"
    if older:
        npx.save(str(path), {name: p.data() for name, p in theirs.collect_params().items()})
    else:
        theirs.save_parameters(str(path))
    first = identify(path)[0]
    assert (first.net.name, first.net.version) == (f"gluon-resnet{depth}", version)
    write_params(tmp_path / "ours.params", first.arrays)
    ours = build(first.net)
    ours.load_parameters(str(tmp_path / "ours.params"))
    X = np.random.uniform(size=(1, 3, 64, 48))
    assert np.abs(ours(X) - theirs(X)).max() <= 1e-5 * np.abs(theirs(X)).max()


# --- whose weights? ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "net.params"
    started(build("cifar-resnet8", classes=4), (1, 1, 8, 8)).save_parameters(str(path))
    return path


def test_channels_and_classes_are_those_of_the_file(plain):
    found = identify(plain, "cifar-resnet8")
    assert [(fit.net.version, fit.net.shortcut) for fit in found] == [
        ("v1", "A"),
        ("v1-no-relu", "A"),
    ]
    assert found[0].classes == 4


def test_a_file_for_another_net_is_told_apart(plain):
    with pytest.raises(ConfigError, match=r"30 missing .*resnet14") as error:
        identify(plain, "cifar-resnet14")
    assert "They are those of no net of the zoo" in str(error.value)  # it lists no cifar-resnet8
    with pytest.raises(ConfigError, match="version of cifar-resnet8 'v9'"):
        identify(plain, "cifar-resnet8", version="v9")


@pytest.fixture(scope="module")
def state_dict(tmp_path_factory):
    torch = pytest.importorskip("torch")
    from d2lres.twins.torch import build

    twin = build("resnet50", version="v1.5", classes=6)
    path = tmp_path_factory.mktemp("state") / "resnet50.pth"
    torch.save(twin.state_dict(), path)
    return path, twin


def test_a_state_dict_becomes_gluons_weights(capfd, tmp_path, state_dict):
    path, twin = state_dict
    out = tmp_path / "net.params"
    status, said, _ = d2lres(capfd, "weights", str(path), "--into", "resnet50", "--out", str(out))
    assert status == 0
    assert "resnet50 (version v1.5, shortcut B), 6 classes: 267 arrays with torchvision's" in said
    assert "fit as well: resnet50 (version v1, shortcut B)" in said
    net = build("resnet50", version="v1.5", classes=6)
    net.load_parameters(str(out))
    import torch

    X = numpy.random.RandomState(0).uniform(size=(1, 3, 64, 48)).astype("float32")
    expected = twin.eval()(torch.from_numpy(X)).detach().numpy()
    assert abs(net(np.array(X)).asnumpy() - expected).max() <= 1e-4 * abs(expected).max()


@needs_torch
def test_what_wraps_a_state_dict_is_taken_off(tmp_path, state_dict):
    import torch

    _, twin = state_dict
    state = {f"module.{key}": value for key, value in twin.state_dict().items()}
    torch.save({"epoch": 9, "state_dict": state}, tmp_path / "checkpoint.pth.tar")
    assert identify(tmp_path / "checkpoint.pth.tar", "resnet50")[0].net.version == "v1.5"


@needs_torch
def test_one_line_says_what_is_missing_and_whose_weights_they_are(capfd, tmp_path, state_dict):
    import torch

    path, twin = state_dict
    status, _, said = d2lres(capfd, "weights", str(path), "--into", "resnet101")
    assert status == 2 and said.count("\n") == 1
    assert "255 missing (layer3.6.conv1.weight, " in said
    assert "They are those of resnet50 (version v1.5, shortcut B)." in said
    state = dict(twin.state_dict())
    state["ema.decay"] = state.pop("fc.bias")
    torch.save(state, tmp_path / "half.pth")
    status, _, said = d2lres(capfd, "weights", str(tmp_path / "half.pth"))
    assert status == 2
    assert "1 missing (fc.bias); 1 left over (ema.decay); expected what resnet50" in said


@needs_torch
def test_nothing_in_a_file_is_executed(tmp_path):
    import torch

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    torch.save({"conv1.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(DataError, match="more than arrays"):
        read_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "made").exists()


@needs_torch
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"some text", b"\x80\x02."])
def test_what_is_no_file_of_weights_is_named(capfd, tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    status, _, said = d2lres(capfd, "weights", str(tmp_path / "x.pth"))
    assert status == 1 and said.count("\n") == 1 and "x.pth: damaged" in said


def test_a_file_that_is_not_there_is_named(capfd, tmp_path):
    status, _, said = d2lres(capfd, "weights", str(tmp_path / "none.pth"))
    assert status == 1 and "none.pth: No such file" in said
