"""Recipes and learning rates as plain data and plain functions: formulas and published settings."""

import json
from math import cos, pi

import pytest

from d2lres import ConfigError
from d2lres.train.recipes import RECIPES, Recipe, find_recipe, recipe_names
from d2lres.train.schedules import SCHEDULES, constant, cosine, one_cycle, steps, warmed

NAMES = pytest.mark.parametrize("name", recipe_names())


@NAMES
def test_a_recipe_survives_json(name):
    recipe = find_recipe(name)
    assert Recipe(**json.loads(json.dumps(recipe.to_dict()))) == recipe


@NAMES
def test_a_learning_rate_never_leaves_0_to_its_peak_and_reaches_the_peak(name):
    recipe = find_recipe(name)
    steps_an_epoch = 10
    rates = [
        recipe.learning_rate(i / steps_an_epoch)
        for i in range(steps_an_epoch * recipe.num_epochs + 1)
    ]
    assert all(0 <= rate <= recipe.peak * (1 + 1e-12) for rate in rates)
    assert max(rates) == pytest.approx(recipe.peak)


# --- schedules -----------------------------------------------------------------------------------


def test_constant_is_constant():
    assert {constant(t, 10) for t in range(11)} == {1.0}


def test_steps_are_those_of_the_paper():
    """0.1, divided by 10 at 32,000 and 48,000 of 64,000 batches (section 4.2)."""
    recipe, batches = find_recipe("cifar10-paper"), -(-50_000 // 128)
    assert recipe.num_epochs * batches == pytest.approx(64_000, rel=0.003)
    for batch, rate in [(0, 0.1), (31_900, 0.1), (32_200, 0.01), (47_900, 0.01), (48_200, 0.001)]:
        assert recipe.learning_rate(batch / batches) == pytest.approx(rate)
    assert steps(5, 10) == pytest.approx(0.1) and steps(4.999, 10) == 1.0


@pytest.mark.parametrize("t", [0, 1, 2.5, 7, 10])
def test_cosine_is_half_a_wave(t):
    assert cosine(t, 10) == pytest.approx((1 + cos(pi * t / 10)) / 2)


def test_one_cycle_goes_up_and_down_in_straight_lines():
    assert one_cycle(0, 10) == 0.04 and one_cycle(3, 10) == 1.0 and one_cycle(10, 10) == 0.0
    assert one_cycle(1.5, 10) == pytest.approx((0.04 + 1) / 2)
    assert one_cycle(6.5, 10) == pytest.approx(0.5)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_warm_up_climbs_to_the_start_and_then_takes_the_schedule(schedule):
    assert warmed(schedule, 0, 10, 2) == 0
    assert warmed(schedule, 1, 10, 2) == pytest.approx(0.5 * schedule(0, 8))
    assert warmed(schedule, 5, 10, 2) == pytest.approx(schedule(3, 8))
    assert warmed(schedule, 5, 10, 0) == schedule(5, 10)


# --- the modern recipe, step by step -------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [128, 256, 512, 1024])
@pytest.mark.parametrize("num_epochs", [50, 90, 250])
def test_imagenet_rates_are_those_of_the_formula(batch_size, num_epochs):
    """0.256 for each 256 images; from 512 images on, five epochs of climbing; then half a wave."""
    recipe = find_recipe("imagenet-v1.5").changed(batch_size=batch_size, num_epochs=num_epochs)
    peak, warmup = 0.256 * batch_size / 256, 5 if batch_size >= 512 else 0
    steps_an_epoch = 1_281_167 // batch_size
    for step in range(0, num_epochs * steps_an_epoch, 997):
        t = step / steps_an_epoch
        if t < warmup:
            expected = peak * t / warmup
        else:
            expected = peak * (1 + cos(pi * (t - warmup) / (num_epochs - warmup))) / 2
        assert recipe.learning_rate(t) == pytest.approx(expected)


def test_a_warm_up_that_is_not_in_force_shortens_no_training():
    """Batches of less than 512 images have none: one epoch is half a wave of a cosine."""
    short = find_recipe("imagenet-v1.5").changed(num_epochs=1)
    rate = short.fit_options()["lr"]
    for t in (0, 0.25, 0.5, 1):
        assert rate(t) == short.learning_rate(t) == pytest.approx(0.256 * (1 + cos(pi * t)) / 2)
    for change in ({"batch_size": 512}, {"warmup_from": 256}):
        with pytest.raises(ConfigError, match="warmup = 5; expected less than 1"):
            short.changed(**change)
        assert short.changed(**change, num_epochs=6).fit_options()["lr"](0) == 0


def test_the_modern_recipe_is_whole():
    """Each part as its source has it."""
    r = find_recipe("imagenet-v1.5")
    assert (r.architecture, r.version, r.momentum) == ("resnet50", "v1.5", 0.875)
    assert r.weight_decay == 1 / 32768 and not r.decay_norm
    assert (r.label_smoothing, r.mixup, r.schedule, r.zero_gamma) == (0.1, 0.2, "cosine", True)


def test_a_larger_batch_has_a_larger_rate_only_where_the_recipe_says_so():
    assert find_recipe("imagenet-v1.5").changed(batch_size=512).peak == 0.512
    assert find_recipe("cifar10-paper").changed(batch_size=256).peak == 0.1


# --- the images ----------------------------------------------------------------------------------


def test_sides_follow_one_another_and_without_any_there_is_one():
    recipe = find_recipe("cifar10-paper").changed(sides=((0, 16), (3, 24)))
    assert [recipe.side(epochs) for epochs in range(5)] == [16, 16, 16, 24, 24]
    assert find_recipe("cifar10-paper").side(0) is None
    assert find_recipe("fashion-mnist-reference").side(9) == 96


@NAMES
@pytest.mark.parametrize("length", [1, 2, 5, None])
def test_training_of_any_length_ends_with_images_of_the_size_that_is_tested(name, length):
    recipe = find_recipe(name)
    if length:
        recipe = recipe.changed(num_epochs=length, warmup=0)
    stored = {"cifar-10": 32, "fashion-mnist": 28}.get(recipe.dataset)
    tested = recipe.resize or stored
    assert (recipe.side(recipe.num_epochs - 1) or stored) == tested


@NAMES
def test_in_a_training_of_another_length_each_side_keeps_its_share(name):
    recipe = find_recipe(name)
    longer = recipe.changed(num_epochs=3 * recipe.num_epochs)
    for epoch in range(longer.num_epochs):
        assert longer.side(epoch) == recipe.side(epoch // 3)
    given = recipe.changed(num_epochs=3, warmup=0, sides=((0, 8), (1, 32)))
    assert [given.side(epoch) for epoch in range(3)] == [8, 32, 32]


# --- requests that make no sense -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"lr": 0}, "lr = 0; expected more than 0"),
        ({"num_epochs": -1}, "num_epochs = -1"),
        ({"momentum": 1.0}, "momentum = 1.0; expected 0 or more and less than 1"),
        ({"label_smoothing": -0.1}, "label_smoothing = -0.1"),
        ({"mixup": -1}, "mixup = -1; expected 0 or more"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"augment": ("crops",)}, "did you mean 'crop'"),
        ({"initializer": "zeros"}, "Valid: xavier, he"),
        ({"sides": (16,)}, "sides = (16,); expected pairs of an epoch and a side"),
        ({"sides": ((1, 16),)}, "sides = ((1, 16),); expected epochs from 0 on"),
        ({"sides": ((0, 16), (5, 24), (5, 32))}, "each more than the one before"),
        ({"sides": ((0, 0),)}, "sides = ((0, 0),); expected sides of more than 0"),
        ({"warmup": 10, "num_epochs": 10}, "warmup = 10; expected less than 10"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ConfigError) as caught:
        RECIPES["fashion-mnist-native"].changed(**changes)
    assert said in str(caught.value)
