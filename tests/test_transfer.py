"""Transfer: a run that begins with the weights of another, and what is frozen stays to the bit."""

import numpy
import pytest

from d2lres import ConfigError, DataError, build, data, init, np, runs
from d2lres.live import freeze
from d2lres.runs import on_gluon
from d2lres.train import find_recipe

PRETRAINED, HELD_OUT = ("airplane", "cat", "frog"), ("ship", "dog")
FIRST = find_recipe("cifar10-fast").changed(
    name="first",
    architecture="cifar-resnet8",
    resize=16,
    sides=(),
    num_epochs=1,
    only=PRETRAINED,
    images=256,
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder of runs with one trained on three classes."""
    root = tmp_path_factory.mktemp("runs")
    runs.train_recipe(FIRST, root / "first-0", data="sample")
    return root


@pytest.fixture
def train(recorded, monkeypatch, tmp_path):
    """Train on the held-out classes and return (run, weights it began with, weights at the end)."""
    monkeypatch.setattr(runs.records, "RECORDED", (recorded,))

    def train(**changes):
        settings = {"name": "second", "only": HELD_OUT, "images": 64, "batch_size": 32, "lr": 0.1}
        recipe = FIRST.changed(**(settings | changes))
        out = tmp_path / f"second-{recipe.num_epochs}"
        run = runs.train_recipe(recipe, out, data="sample")
        return run, weights(recorded / "first-0"), weights(out)

    return train


def weights(folder):
    return {name: array.asnumpy() for name, array in np_load(folder / "net.params").items()}


def np_load(path):
    from d2lres import npx

    return npx.load(str(path))


def test_what_is_frozen_stays_to_the_bit_and_the_head_learns(train):
    run, before, after = train(start="first-0", frozen=True)
    changed = {name for name in before if not numpy.array_equal(before[name], after[name])}
    assert {name.split(".")[0] for name in changed} == {"4"}  # the head: (2, 64) after (3, 64)
    assert run.record["params"] == 64 * 2 + 2
    assert run.record["data"]["label"].endswith("2 of 10 classes, 64 training images")


def test_fine_tuning_begins_with_what_was_learned_and_moves_all_of_it(train):
    run, before, after = train(start="first-0", lr=1e-6)
    kept = [n for n in before if n.endswith("weight") and not n.startswith("4")]
    for name in kept:
        assert numpy.allclose(before[name], after[name], atol=1e-4)
    assert any(not numpy.array_equal(before[name], after[name]) for name in kept)
    assert run.record["params"] > 10_000


def test_a_run_that_began_with_another_is_evaluated_alone(train):
    run, _, _ = train(start="first-0", frozen=True)
    now, recorded_accuracy, _ = runs.evaluate_run(run.folder)
    assert now == recorded_accuracy


def test_features_that_never_change_are_computed_once_and_the_head_is_trained_to_its_optimum(train):
    """A logistic regression is convex: where its gradient is 0, no weights are better."""
    options = {"augment": (), "batch_size": 16, "num_epochs": 40, "lr": 0.1, "weight_decay": 0.1}
    run, before, after = train(start="first-0", frozen=True, **options)
    changed = {name for name in before if not numpy.array_equal(before[name], after[name])}
    assert {name.split(".")[0] for name in changed} == {"4"}
    assert runs.evaluate_run(run.folder)[0] == run.record["final"]["test_acc"]
    again, *_ = train(start="first-0", frozen=True, **options | {"num_epochs": 80})
    losses = [each.history.epochs[-1].train_loss for each in (run, again)]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert losses[0] < 0.9 * run.history.epochs[0].train_loss


@pytest.mark.parametrize(
    "changes", [{"mixup": 0.5}, {"augment": ("flip",)}, {"sides": ((0, 8), (1, 16))}]
)
def test_where_images_change_their_features_are_computed_anew(train, monkeypatch, changes):
    """Features of mixed images are no mixed features."""
    trained = []
    monkeypatch.setattr(on_gluon, "fit", lambda net, *_, **__: trained.append(net))
    with pytest.raises(AttributeError):  # there is no history
        train(start="first-0", frozen=True, num_epochs=2, **{"augment": (), **changes})
    assert len(trained[0]) == 5  # stem, three stages and head: the net, and not its head


def test_frozen_normalizations_use_their_statistics_in_training_too():
    """Batch statistics would make an image's output depend on the others in its batch."""
    from d2lres import autograd

    net = build("cifar-resnet8", classes=2)
    net.initialize(init.Xavier())
    X = np.random.normal(size=(4, 3, 16, 16))
    net(X).wait_to_read()
    freeze(net)
    with autograd.train_mode():
        together, alone = net(X)[:1], net(X[:1])
    assert numpy.allclose(together.asnumpy(), alone.asnumpy(), atol=1e-5)


def test_weights_that_are_not_there_or_do_not_fit_are_refused_by_name(recorded, train, tmp_path):
    with pytest.raises(ConfigError, match="recorded run 'frist-0': no such name; did you mean"):
        train(start="frist-0")
    with pytest.raises(DataError, match="expected weights that fit the net"):
        train(start="first-0", architecture="cifar-resnet14")
    with pytest.raises(DataError, match="expected weights that fit the net"):
        train(start="first-0", architecture="wrn-10-2")
    (recorded / "first-0" / "net.params").rename(tmp_path / "away")
    try:
        with pytest.raises(DataError, match="expected the weights of the run"):
            train(start="first-0")
    finally:
        (tmp_path / "away").rename(recorded / "first-0" / "net.params")


def test_frozen_without_weights_is_refused():
    with pytest.raises(ConfigError, match="frozen without a start"):
        FIRST.changed(frozen=True)


# --- some of the images, some of the classes ------------------------------------------------------


def test_only_keeps_the_images_of_the_classes_and_numbers_them_anew():
    everything = data.load("cifar-10", data="sample")
    some = everything.only(("ship", "cat"))
    assert some.classes == ("ship", "cat")
    for split in ("train", "test"):
        labels = getattr(everything, f"{split}_labels")
        images, found = getattr(some, f"{split}_images"), getattr(some, f"{split}_labels")
        assert found.dtype == labels.dtype and set(found.tolist()) == {0, 1}
        for number, old in ((0, 8), (1, 3)):  # ship and cat in CIFAR-10
            expected = getattr(everything, f"{split}_images")[labels == old]
            assert numpy.array_equal(images[found == number], expected)


@pytest.mark.parametrize(
    "classes, said",
    [
        (("ship", "cta"), "class 'cta': no such name; did you mean 'cat'"),
        (("ship",), "expected at least two"),
        (("ship", "ship"), "each once"),
    ],
)
def test_classes_that_make_no_sense_are_refused(classes, said):
    with pytest.raises(ConfigError, match=said):
        data.load("cifar-10", data="sample").only(classes)


def test_each_draw_takes_other_images_and_the_same_ones_everywhere():
    everything = data.load("cifar-10", data="sample")
    first, second, again = (everything.first(100, draw) for draw in (0, 1, 1))
    assert numpy.array_equal(second.train_images, again.train_images)
    assert not numpy.array_equal(first.train_images, second.train_images)
    assert numpy.array_equal(first.train_images, everything.first(100).train_images)
    assert second.label.endswith("100 training images, draw 1")


def test_an_experiment_that_draws_has_other_images_for_each_seed():
    experiment = runs.find_experiment("transfer")
    classes = set(data.load("cifar-10", data="sample").classes)
    learned = set(runs.find_experiment("halves").recipes[0].only)
    for name, recipe, seed in experiment.runs():
        assert recipe.draw == seed and name.endswith(f"-{seed}")
        assert set(recipe.only) in (learned, classes - learned)
        if recipe.start:  # what it knows are the other classes
            half = recipe.start.removeprefix("halves/").removesuffix("-0")
            assert not recipe.name.startswith(f"halves/{half}")
