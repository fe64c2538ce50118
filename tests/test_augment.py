"""Random changes of images: what moves, what stays, and by which seed."""

import numpy
import pytest

from d2lres import ConfigError, load
from d2lres.data import BatchIterator
from d2lres.data.augment import augmentation, crop, flip

X = numpy.arange(1, 1 + 50 * 2 * 6 * 5).astype("uint16").reshape(50, 2, 6, 5)  # all different
FILL = (7, 9)


def rng(seed=0):
    return numpy.random.RandomState(seed)


def test_a_crop_is_a_shift_that_lets_the_fill_in():
    shifts = set()
    for before, after in zip(X, crop(X, rng(), FILL, pixels=2), strict=True):
        padded = numpy.stack(
            [numpy.pad(c, 2, constant_values=f) for c, f in zip(before, FILL, strict=True)]
        )
        found = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if (padded[:, top : top + 6, left : left + 5] == after).all()
        ]
        assert len(found) == 1
        shifts |= set(found)
    assert len(shifts) > 15  # of 25


def test_a_flip_mirrors_about_half_of_the_images_and_nothing_else():
    flipped = flip(X, rng())
    mirrored = [(a[:, :, ::-1] == b).all() for a, b in zip(X, flipped, strict=True)]
    same = [(a == b).all() for a, b in zip(X, flipped, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 15 <= sum(mirrored) <= 35


def test_what_is_drawn_follows_from_the_seed_and_the_given_images_stay():
    both, before = augmentation(("crop", "flip"), FILL), X.copy()
    assert (both(X, rng(3)) == both(X, rng(3))).all()
    assert (both(X, rng(3)) != both(X, rng(4))).any()
    assert (before == X).all()
    assert augmentation((), FILL) is None


# --- what a recipe asks of a data set ------------------------------------------------------------


@pytest.fixture(scope="module")
def cifar():
    return load("cifar-10", data="sample")


def test_statistics_are_those_of_the_pixels(cifar):
    means, deviations = cifar.statistics()
    pixels = cifar.train_images / 255
    assert numpy.allclose(means, pixels.mean(axis=(0, 2, 3)))
    assert numpy.allclose(deviations, pixels.std(axis=(0, 2, 3)))


def test_normalized_images_have_mean_0_and_deviation_1(cifar):
    passed = BatchIterator(cifar, "train", 2000, normalize=cifar.statistics())
    ((X, _),) = passed
    assert numpy.allclose(X.asnumpy().mean(axis=(0, 2, 3)), 0, atol=1e-3)
    assert numpy.allclose(X.asnumpy().std(axis=(0, 2, 3)), 1, atol=1e-3)


def test_the_first_images_are_a_fixed_choice_that_results_must_name(cifar):
    small, larger = cifar.first(100), cifar.first(200)
    assert small.label == "cifar-10 (sample), 100 training images"
    assert (larger.train_images[:100] == small.train_images).all()
    assert len(set(small.train_labels.tolist())) == 10
    assert len(small.test_labels) == len(cifar.test_labels)
    for wrong in (0, 2001):
        with pytest.raises(ConfigError, match=f"{wrong} training images; expected 1 to 2000"):
            cifar.first(wrong)


def test_validation_images_are_a_tenth_of_the_training_images_and_never_trained_on(cifar):
    held_out = cifar.validation()
    assert held_out.label == "cifar-10 (sample), validation"
    assert (len(held_out.train_labels), len(held_out.test_labels)) == (1800, 200)
    parts = [image.tobytes() for image in held_out.train_images]
    asked = [image.tobytes() for image in held_out.test_images]
    assert sorted(parts + asked) == sorted(image.tobytes() for image in cifar.train_images)
    assert len(set(held_out.test_labels.tolist())) == 10
    again = cifar.validation()
    assert (again.test_images == held_out.test_images).all()  # the same on every machine
    places = [i for i, image in enumerate(cifar.train_images[:50]) if image.tobytes() in asked]
    assert places == [10, 36, 49]  # of another choice, results could not be compared
