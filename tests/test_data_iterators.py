"""Batches: their shape and range, every image once, and an order that a seed repeats."""

import dataclasses

import numpy
import pytest

from d2lres.data import BatchIterator, load, load_cifar10, load_fashion_mnist
from d2lres.errors import ConfigError
from d2lres.live import gluon, np, npx

SAMPLE = {name: load(name, "sample") for name in ("fashion-mnist", "cifar-10")}


def few(count: int, name: str = "fashion-mnist"):
    """The first `count` images of a sample, as a data set; each with its own first pixel."""
    d = SAMPLE[name]
    images = d.train_images[:count].copy()
    images[:, 0, 0, 0] = numpy.arange(count) % 256
    return dataclasses.replace(
        d,
        train_images=images,
        train_labels=d.train_labels[:count],
        test_images=d.test_images[:count],
        test_labels=d.test_labels[:count],
    )


def order(iterator) -> list[int]:
    """The marks that `few` left in the images, in the order of one pass."""
    return [int(v) for X, _ in iterator for v in (X[:, 0, 0, 0] * 255).round().asnumpy()]


@pytest.mark.parametrize(
    ("make", "resize", "shape"),
    [
        (load_fashion_mnist, None, (1, 28, 28)),
        (load_fashion_mnist, 96, (1, 96, 96)),
        (load_cifar10, None, (3, 32, 32)),
        (load_cifar10, 64, (3, 64, 64)),
    ],
)
def test_shapes_types_and_range(make, resize, shape):
    train_iter, test_iter = make(300, resize=resize, data="sample")
    assert (len(train_iter), train_iter.num_examples) == (7, 2000)
    assert (len(test_iter), test_iter.num_examples) == (2, 500)
    assert "sample" in train_iter.dataset.label
    batches = list(train_iter)
    assert [len(y) for _, y in batches] == [300] * 6 + [200]
    for X, y in batches:
        assert X.shape == (len(y), *shape) and X.dtype == np.float32
        assert y.dtype == np.int32
    X = batches[0][0]
    assert float(X.min()) >= 0 and 0.9 < float(X.max()) <= 1 and 0.05 < float(X.mean()) < 0.95


@pytest.mark.parametrize("name", SAMPLE)
def test_pixels_and_labels_are_those_of_the_data_set(name):
    d = SAMPLE[name]
    X, y = next(iter(BatchIterator(d, "test", 7)))
    assert (X * 255).round().astype("uint8").asnumpy().tolist() == d.test_images[:7].tolist()
    assert y.asnumpy().tolist() == d.test_labels[:7].tolist()


def test_a_side_can_depend_on_the_epoch():
    iterator = BatchIterator(few(9), "train", 4, resize=lambda epoch: (14, None)[epoch])
    assert {X.shape[-2:] for X, _ in iterator} == {(14, 14)}
    assert {X.shape[-2:] for X, _ in iterator} == {(28, 28)}


def test_labels_stay_with_their_images():
    d = few(200)
    for X, y in BatchIterator(d, "train", 64, shuffle=True):
        marks = (X[:, 0, 0, 0] * 255).round().astype("int32").asnumpy()
        assert y.asnumpy().tolist() == d.train_labels[marks].tolist()


@pytest.mark.parametrize("batch_size", [1, 7, 64, 100, 1000])
def test_every_example_once_in_each_pass(batch_size):
    iterator = BatchIterator(few(100), "train", batch_size, shuffle=True)
    for _ in range(2):
        assert sorted(order(iterator)) == list(range(100))
    assert len(iterator) == -(-100 // batch_size) == sum(1 for _ in iterator)


def test_order_is_a_function_of_seed_and_epoch():
    def passes(seed):
        iterator = BatchIterator(few(100), "train", 32, shuffle=True, seed=seed)
        return [order(iterator) for _ in range(3)]

    first = passes(0)
    assert first == passes(0) != passes(1)
    assert len({tuple(p) for p in first} | {tuple(p) for p in passes(1)}) == 6  # all different
    assert list(range(100)) not in first


def test_order_never_changes():
    """NumPy promises RandomState's stream; a recorded run is repeatable only while this holds."""
    iterator = BatchIterator(few(10), "train", 10, shuffle=True, seed=7)
    assert [order(iterator), order(iterator)] == [
        [0, 1, 5, 7, 6, 9, 4, 3, 2, 8],
        [9, 8, 5, 6, 2, 3, 7, 0, 1, 4],
    ]


def test_resuming_sets_the_epoch():
    whole = BatchIterator(few(100), "train", 32, shuffle=True)
    assert whole.epoch == 0
    passes = [order(whole) for _ in range(3)]
    assert whole.epoch == 3
    resumed = BatchIterator(few(100), "train", 32, shuffle=True)
    resumed.epoch = 2
    assert order(resumed) == passes[2] and resumed.epoch == 3


def test_a_pass_broken_off_does_not_count():
    iterator = BatchIterator(few(100), "train", 32, shuffle=True)
    first = [next(iter(iterator))[1].asnumpy().tolist() for _ in range(2)]
    assert first[0] == first[1] and iterator.epoch == 0


def test_test_iterator_keeps_its_order():
    _, test_iter = load_fashion_mnist(100, data="sample")
    labels = [[int(v) for _, y in test_iter for v in y.asnumpy()] for _ in range(2)]
    assert labels[0] == labels[1] == SAMPLE["fashion-mnist"].test_labels.tolist()


@pytest.mark.parametrize(("name", "size"), [("fashion-mnist", 96), ("cifar-10", 50)])
def test_resize_equals_d2l_transforms(name, size):
    """d2l resizes image by image; a batch at once must give the same numbers."""
    transforms = gluon.data.vision.transforms
    d2l_way = transforms.Compose([transforms.Resize(size), transforms.ToTensor()])
    images = SAMPLE[name].train_images[:5]
    ours, _ = next(iter(BatchIterator(SAMPLE[name], "train", 5, resize=size)))
    for image, x in zip(images, ours, strict=True):
        theirs = d2l_way(np.array(image.transpose(1, 2, 0), dtype="uint8"))
        assert theirs.shape == x.shape and float(abs(theirs - x).max()) == 0


def test_augment_changes_training_batches_alone_and_repeats():
    def brighten(X, rng):
        assert X.dtype == numpy.uint8 and X.shape[1:] == (1, 28, 28)
        return numpy.full_like(X, rng.randint(256))

    def values():
        train_iter, test_iter = load_fashion_mnist(1000, data="sample", augment=brighten, seed=3)
        seen = [float(X[0, 0, 0, 0]) for _ in range(2) for X, _ in train_iter]
        assert any(float(X.max()) != float(X.min()) for X, _ in test_iter)
        return seen

    assert values() == values() and len(set(values())) > 2


def test_augment_must_keep_the_type():
    iterator = BatchIterator(few(8), "train", 8, augment=lambda X, rng: X / 255)
    with pytest.raises(ConfigError, match="augment: it returned float64; expected uint8"):
        next(iter(iterator))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("batch_size", 0),
        ("batch_size", -1),
        ("batch_size", 2.5),
        ("batch_size", None),
        ("batch_size", True),
        ("resize", 0),
        ("resize", -3),
        ("resize", "96"),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 1.5),
        ("data", "foo"),
    ],
)
def test_bad_arguments_are_named(argument, value):
    for make in (load_fashion_mnist, load_cifar10):
        with pytest.raises(ConfigError, match=rf"{argument} {value!r}: .*expected"):
            make(**{"batch_size": 32, "data": "sample"} | {argument: value})


def test_d2l_trains_on_it_unchanged(capsys):
    import matplotlib

    matplotlib.use("Agg")
    from d2l import mxnet as d2l

    d = few(160)
    train_iter = BatchIterator(d, "train", 32, shuffle=True)  # 5 batches: train_ch6 needs as many
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(10))
    d2l.train_ch6(net, train_iter, BatchIterator(d, "test", 32), 3, 0.1, npx.cpu())
    printed = capsys.readouterr().out
    loss = float(printed.split("loss ")[1].split(",")[0])
    assert 0 < loss < numpy.log(10)  # below guessing: the labels belong to the images
    assert train_iter.epoch == 3
