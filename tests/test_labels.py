"""Labels that are none of the net's classes, and batches that are none: refused in words."""

import math
from dataclasses import replace

import numpy
import pytest

from d2lres import ConfigError, DataError, build, evaluate, fit, load
from d2lres.data import BatchIterator
from d2lres.live import gluon, mx, np, npx
from d2lres.runs import confusion
from d2lres.train import predict, recalibrate
from d2lres.train.passes import IN_FLIGHT

CLASSES, SIZE = 5, 4
WRONG = [5, 7, -1, 0.7, math.nan, math.inf]


def net_of(classes=CLASSES):
    mx.random.seed(0)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Dense(classes))
    net.initialize()
    return net


def batches(*labels, numbers="float32"):
    """One batch of `SIZE` images for each label, which is that of the last image in it."""
    X = np.random.uniform(size=(SIZE, 1, 2, 2))
    return [(X, np.array([0, 1, CLASSES - 1, label], dtype=numbers)) for label in labels]


def train(data_iter, net=None, **options):
    options = {"num_epochs": 1, "lr": 0.1, "device": mx.cpu()} | options
    return fit(net or net_of(), data_iter, progress=False, **options)


def said(label, where) -> str:
    return rf"{where}: label {label:g} for a net of 5 classes; expected whole numbers from 0 to 4"


@pytest.mark.parametrize("options", [{}, {"mixup": 0.3}, {"device": [npx.cpu(0), npx.cpu(1)]}])
@pytest.mark.parametrize("label", WRONG)
def test_a_label_that_is_no_class_stops_the_training_with_its_batch(label, options):
    """MXNet's loss takes 7 for 4, and -1 and nan for 0."""
    data = batches(0, 1, 2, 3, 4, 0, label, 1)
    with pytest.raises(DataError, match=said(label, "fit, epoch 1, batch 7")):
        train(data, **options)


def test_the_last_batch_is_looked_at_too():
    with pytest.raises(DataError, match=said(5, "batch 2")):
        train(batches(1, 5))


def test_labels_are_read_when_the_loss_of_their_batch_is():
    """No step waits for them: some more batches are under way by then."""
    drawn = []

    class Counted(list):
        def __iter__(self):
            for batch in super().__iter__():
                drawn.append(batch)
                yield batch

    with pytest.raises(DataError, match="batch 1: label 9"):
        train(Counted(batches(9, *range(CLASSES), *range(CLASSES))))
    assert len(drawn) == 1 + IN_FLIGHT


def test_the_books_own_iterator_with_a_net_of_too_few_classes():
    sample = load("fashion-mnist", data="sample").first(100)
    sample = replace(sample, test_images=sample.test_images[:100])
    net = build("cifar-resnet8", classes=CLASSES)
    with pytest.raises(DataError, match=r"label [5-9] for a net of 5 classes"):
        train(BatchIterator(sample, "train", 50, resize=8), net)
    for ask in (evaluate, predict):
        with pytest.raises(DataError, match=r"label [5-9] for a net of 5 classes"):
            ask(net, BatchIterator(sample, "train", 50, resize=8))


@pytest.mark.parametrize("label", WRONG)
def test_a_test_label_that_is_no_class_is_no_wrong_answer(label):
    net, data = net_of(), batches(0, label)
    for ask in (evaluate, predict, lambda net, data: train(batches(0), net, test_iter=data)):
        with pytest.raises(DataError, match=said(label, "predict")):
            ask(net, data)


@pytest.mark.parametrize("numbers", ["int32", "int64", "uint8", "float16", "float64"])
def test_whole_labels_of_any_type_are_taken(numbers):
    data = batches(*range(CLASSES), numbers=numbers)
    history = train(data, test_iter=data)
    usual = batches(*range(CLASSES))
    usual = [(X, y) for (X, _), (_, y) in zip(data, usual, strict=True)]
    expected = train(usual, test_iter=usual)
    for column in ("train_loss", "train_acc", "test_acc"):
        assert history.column(column) == expected.column(column)


def test_batches_of_numpy_and_of_mxnets_older_arrays_are_taken():
    data = batches(*range(CLASSES))
    expected = train(data, test_iter=data)
    for convert in (lambda a: a.asnumpy(), lambda a: a.as_nd_ndarray()):
        same = [(convert(X), convert(y)) for X, y in data]
        history = train(same, test_iter=same)
        for column in ("train_loss", "train_acc", "test_acc"):
            assert history.column(column) == expected.column(column)


SHAPES = {  # what is done to labels, and the shape that is named
    "a column": (lambda y: y.reshape(-1, 1), r"\(4, 1\)"),
    "one-hot": (lambda y: npx.one_hot(y, CLASSES), r"\(4, 5\)"),
    "too few": (lambda y: y[:2], r"\(2,\)"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_image_has_one_label(shape):
    """A column would be compared with every prediction, image by image."""
    change, named = SHAPES[shape]
    data = [(X, change(y)) for X, y in batches(0)]
    for ask in (train, lambda data: train(data, mixup=0.3), lambda data: evaluate(net_of(), data)):
        with pytest.raises(DataError, match=rf"batch 1: labels of shape {named} for 4 images"):
            ask(data)


@pytest.mark.parametrize("numbers", ["uint8", "int32"])
def test_images_in_whole_numbers_are_refused_as_the_net_refuses_them(numbers):
    """Cast without a word, a net would be trained on 0 to 255 and asked about 0 to 1."""
    data = [(X.astype(numbers), y) for X, y in batches(0)]
    for ask in (
        train,
        lambda data: train(data, mixup=0.3),
        lambda data: evaluate(net_of(), data),
        lambda data: recalibrate(net_of(), data),
    ):
        with pytest.raises(ConfigError, match=rf"input of {numbers}; expected float32. Scale"):
            ask(data)


def test_no_batch_at_all_is_refused():
    for ask in (train, lambda data: evaluate(net_of(), data)):
        with pytest.raises(DataError, match="batches: none came; expected images and labels"):
            ask([])


@pytest.mark.parametrize("y, y_hat, label", [([-1, 0], [0, 0], -1), ([0, 1], [0, 2], 2)])
def test_a_confusion_matrix_has_no_row_for_what_is_no_class(y, y_hat, label):
    with pytest.raises(DataError, match=f"confusion: label {label} for a net of 2 classes"):
        confusion(numpy.array(y), numpy.array(y_hat), 2)
