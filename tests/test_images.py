"""What nets and blocks take for images, and what they say of anything else."""

import numpy
import pytest
from first_batch import started

from d2lres import BasicBlock, ShapeError, architecture, build
from d2lres.live import autograd, mx, np
from d2lres.structure import basic, with_padding

UINT8 = r"input of uint8; expected float32. Scale pixels to \[0, 1\]: X.astype\('float32'\) / 255"
WRONG = {  # what is done to float32 images, and what is said
    "bytes": (lambda X: X.astype("uint8"), UINT8),
    "bytes of NumPy": (lambda X: X.asnumpy().astype("uint8"), UINT8),
    "whole numbers": (lambda X: X.astype("int32"), "input of int32; expected float32. Scale"),
    "twice as long": (lambda X: X.astype("float64"), r"float64; expected float32. Convert it"),
    "half as long": (lambda X: X.astype("float16"), r"float16; expected float32. Convert it"),
    "a list": (lambda X: X.tolist(), r"of type list; expected an array \(N, C, H, W\)"),
    "nothing": (lambda X: None, "of type NoneType; expected an array"),
    "no image": (lambda X: X[:0], r"\(0, 3, 16, 12\) is empty; expected at least one image"),
    "no pixel": (lambda X: X[:, :, :0], r"\(2, 3, 0, 12\) is empty"),
}
BLOCKS = {
    "net": lambda: build("cifar-resnet8", classes=2),
    "block": lambda: BasicBlock(4, 3, strides=2),
    "v2 block": lambda: build(basic(4, 3, version="v2")),  # meets a normalization first
}


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("kind", BLOCKS)
def test_what_is_no_batch_of_floating_numbers_is_refused_in_words(kind, wrong, hybridize):
    net = started(BLOCKS[kind](), (3, 16, 12))
    if hybridize:
        net.hybridize()
    change, said = WRONG[wrong]
    with pytest.raises(ShapeError, match=said):
        net(change(np.ones((2, 3, 16, 12))))


@pytest.mark.parametrize("hybridize", [False, True])
def test_a_net_for_the_other_layout_names_its_own_axes(hybridize):
    net = build("cifar-resnet8", classes=2, layout="NHWC")
    net.initialize()
    X = np.ones((2, 16, 12, 3))
    expected = net(X)
    if hybridize:
        net.hybridize()
    assert np.abs(net(X.asnumpy().astype("float64")) - expected).max() < 1e-6
    with pytest.raises(ShapeError, match=UINT8):
        net(X.astype("uint8"))
    with pytest.raises(ShapeError, match=r"expected an array \(N, H, W, C\) of float32"):
        net(X.tolist())
    with pytest.raises(ShapeError, match=r"\(2, 16, 0, 3\) is empty"):
        net(X[:, :, :0])


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("kind", BLOCKS)
def test_floating_numbers_of_numpy_and_mxnets_older_arrays_are_taken(kind, hybridize):
    net = started(BLOCKS[kind](), (3, 16, 12))
    if hybridize:
        net.hybridize()
    X = np.random.uniform(size=(2, 3, 16, 12))
    older, expected = X.as_nd_ndarray().copy(), net(X)
    for same in (X.asnumpy(), X.asnumpy().astype("float64"), older):
        assert (net(same) == expected).all()
    older.attach_grad()
    with autograd.record():
        l = net(older).sum()
    l.backward()
    assert older.grad.abs().sum().asscalar() > 0  # what was converted keeps its gradient


@pytest.mark.parametrize("name, version", [("cifar-resnet8", None), ("gluon-resnet18", "v2")])
def test_a_net_in_another_precision_asks_for_that(name, version):
    """The one that begins with a normalization, which stays in float32, as well."""
    net = started(build(name, version=version), (3, 32, 32))
    net.cast("float16")
    with pytest.raises(ShapeError, match=r"float32; expected float16. .*X.astype\('float16'\)"):
        net(np.zeros((1, 3, 32, 32)))
    net.cast("float64")
    assert net(numpy.zeros((1, 3, 32, 32), "float32")).dtype == numpy.float64


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("first", [False, True])
def test_an_image_that_is_too_small_is_refused_as_in_the_count(first, layout):
    net = build(with_padding(architecture("plain18"), "valid"), layout=layout)
    net.initialize()
    X = np.zeros((1, 3, 64, 435) if layout == "NCHW" else (1, 64, 435, 3))
    if not first:
        net(np.zeros(tuple({64: 435}.get(n, n) for n in X.shape))).wait_to_read()
    with pytest.raises(ShapeError, match=r"stage\d.block\d.conv\d: input of \d+x\d+ pixels"):
        net(X)


def test_symbols_pass():
    """As `export` needs them."""
    X = mx.sym.var("X").as_np_ndarray()
    net = build("cifar-resnet8")
    assert set(net.collect_params()) < set(net(X).list_inputs())
