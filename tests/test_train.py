"""Training: it learns, it repeats, it resumes, it says what is wrong."""

import json
import math
import resource
import signal
from dataclasses import replace

import numpy
import pytest

from d2lres import ConfigError, DataError, History, build, evaluate, fit, load
from d2lres.data import BatchIterator
from d2lres.live import gluon, init, mx, np, npx
from d2lres.train import CrossEntropy, Epoch, MixedLoss, checkpoints, mixed, predict, recalibrate
from d2lres.train.gluon_engine import GluonEngine

nn = gluon.nn


@pytest.fixture(scope="module")
def sample():
    """The first 300 training and 100 test images of the sample."""
    d = load("fashion-mnist", data="sample")
    return replace(
        d,
        train_images=d.train_images[:300],
        train_labels=d.train_labels[:300],
        test_images=d.test_images[:100],
        test_labels=d.test_labels[:100],
    )


def iterators(sample, batch_size=64):
    return (
        BatchIterator(sample, "train", batch_size, shuffle=True, seed=3),
        BatchIterator(sample, "test", batch_size),
    )


def small_net():
    mx.random.seed(1)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, 2), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(10))
    return net


def train(sample, num_epochs=3, net=None, **options):
    net = net or small_net()
    return fit(net, *iterators(sample), num_epochs=num_epochs, lr=0.1, **options), net


def without_time(history):
    return [(e.epoch, e.train_loss, e.train_acc, e.test_acc) for e in history.epochs]


def test_the_loss_falls_and_the_accuracy_is_above_chance(sample):
    history, net = train(sample)
    loss = history.column("train_loss")
    assert loss == sorted(loss, reverse=True)
    assert history.column("test_acc")[-1] > 0.3
    assert history.column("epoch") == [1, 2, 3]


def test_two_runs_with_one_seed_are_equal_to_the_last_digit(sample):
    assert without_time(train(sample)[0]) == without_time(train(sample)[0])


def test_one_epoch_of_fit_is_one_epoch_of_plain_gluon(sample):
    """The loop written out without any of fit's care gives the same loss and weights."""
    history, net = train(sample, num_epochs=1)
    plain = small_net()
    plain.initialize(init.Xavier())
    trainer = gluon.Trainer(plain.collect_params(), "sgd", {"learning_rate": 0.1})
    loss, total = gluon.loss.SoftmaxCrossEntropyLoss(), 0.0
    for X, y in iterators(sample)[0]:
        with mx.autograd.record():
            l = loss(plain(X), y)
        l.backward()
        trainer.step(len(X))
        total += float(l.sum())
    assert history.epochs[0].train_loss == pytest.approx(total / 300, rel=1e-5)
    for ours, theirs in zip(
        net.collect_params().values(), plain.collect_params().values(), strict=True
    ):
        assert np.abs(ours.data() - theirs.data()).max() < 1e-5


def test_several_devices_learn_what_one_does(sample):
    """Two CPU contexts: each batch is split between them and the gradients are added."""
    plain = nn.HybridSequential()  # no batch normalization, whose statistics are a device's own
    plain.add(nn.Dense(10))
    mx.random.seed(1)
    one, _ = train(sample, net=plain, device=npx.cpu(0))
    two_nets = nn.HybridSequential()
    two_nets.add(nn.Dense(10))
    mx.random.seed(1)
    two, _ = train(sample, net=two_nets, device=[npx.cpu(0), npx.cpu(1)])
    assert two.column("train_loss") == pytest.approx(one.column("train_loss"), rel=1e-4)
    assert two.column("test_acc") == one.column("test_acc")


def test_a_last_batch_that_leaves_a_device_without_images_is_refused(sample):
    batches, _ = iterators(sample, batch_size=299)  # of 300 images: one is left
    with pytest.raises(DataError, match="a batch of 1 images for 2 devices"):
        fit(small_net(), batches, num_epochs=1, lr=0.1, device=[npx.cpu(0), npx.cpu(1)])


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9, "weight_decay": 1e-3, "mixup": 0.3, "label_smoothing": 0.1}]
)
def test_resumed_equals_uninterrupted(sample, tmp_path, options):
    whole, net = train(sample, num_epochs=4, **options)
    train(sample, num_epochs=2, checkpoint=tmp_path / "c", **options)
    options |= {"checkpoint": tmp_path / "c", "resume": True}
    resumed, again = train(sample, num_epochs=4, **options)
    assert without_time(resumed) == without_time(whole)
    for a, b in zip(net.collect_params().values(), again.collect_params().values(), strict=True):
        assert (a.data() == b.data()).all()


def three_alike(first: int):
    """A net of three layers that Gluon would have named so after `first` others.

    It is named by number and sorted by name: dense10 comes before dense9.
    """
    mx.random.seed(1)
    net = nn.HybridSequential()
    for i in range(3):
        net.add(nn.Dense(10, prefix=f"dense{first + i}_"))
    return net


def test_the_nets_that_were_made_before_change_nothing_in_a_resumed_training(sample, tmp_path):
    """Each momentum comes back to its own layer, whatever number that has in this process."""
    options = {"momentum": 0.9, "checkpoint": tmp_path / "c"}
    whole, _ = train(sample, num_epochs=4, net=three_alike(0), momentum=0.9)
    train(sample, num_epochs=2, net=three_alike(0), **options)
    resumed, _ = train(sample, num_epochs=4, net=three_alike(8), resume=True, **options)
    assert without_time(resumed) == without_time(whole)


def damage(file, how):
    content = file.read_bytes()
    changed = {
        "truncated": content[: len(content) // 2],
        "empty": b"",
        "one byte": content[:2000] + bytes([content[2000] ^ 1]) + content[2001:],
        "foreign": b"PK no archive",
    }
    file.write_bytes(changed[how])


@pytest.mark.parametrize("how", ["truncated", "empty", "one byte", "foreign"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_is_used(sample, tmp_path, capsys, how):
    whole, _ = train(sample, num_epochs=4, momentum=0.9)
    train(sample, num_epochs=3, momentum=0.9, checkpoint=tmp_path / "c")
    damage(tmp_path / "c" / "epoch-0003.npz", how)
    resumed, _ = train(sample, num_epochs=4, momentum=0.9, checkpoint=tmp_path / "c", resume=True)
    said = capsys.readouterr().err
    assert "epoch-0003.npz: damaged" in said and "Going on from epoch-0002.npz" in said
    assert without_time(resumed) == without_time(whole)


def test_where_every_checkpoint_is_damaged_nothing_is_trained_over(sample, tmp_path):
    train(sample, num_epochs=2, checkpoint=tmp_path / "c")
    for file in (tmp_path / "c").iterdir():
        damage(file, "truncated")
    with pytest.raises(DataError, match="epoch-0002.npz: damaged.*epoch-0001.npz: damaged"):
        train(sample, num_epochs=3, checkpoint=tmp_path / "c", resume=True)


def test_more_epochs_than_are_asked_for_are_no_state_to_go_on_from(sample, tmp_path):
    """Its history would be longer than the training, and the net is left as it was."""
    train(sample, num_epochs=2, checkpoint=tmp_path / "c")
    net = small_net()
    net.initialize()
    net(np.zeros((1, 1, 28, 28))).wait_to_read()
    before = net[0].weight.data().asnumpy()
    options = {"net": net, "checkpoint": tmp_path / "c", "resume": True}
    with pytest.raises(ConfigError, match="epoch-0002.npz: 2 epochs are done; expected no more"):
        train(sample, num_epochs=1, **options)
    assert (net[0].weight.data().asnumpy() == before).all()
    assert len(train(sample, num_epochs=2, **options)[0].epochs) == 2


def test_a_new_training_is_not_begun_over_the_state_of_another(sample, tmp_path):
    """Of both, the last epochs would be kept, and the longer training resumed."""
    train(sample, num_epochs=2, checkpoint=tmp_path / "c")
    kept = {file.name: file.read_bytes() for file in (tmp_path / "c").iterdir()}
    with pytest.raises(ConfigError, match="holds the state of a training already"):
        train(sample, num_epochs=1, checkpoint=tmp_path / "c")
    assert {file.name: file.read_bytes() for file in (tmp_path / "c").iterdir()} == kept


def test_resuming_without_a_folder_begins_anew(sample):
    assert without_time(train(sample, 1, resume=True)[0]) == without_time(train(sample, 1)[0])


def test_two_checkpoints_are_kept(sample, tmp_path):
    train(sample, num_epochs=4, checkpoint=tmp_path / "c")
    assert sorted(file.name for file in (tmp_path / "c").iterdir()) == [
        "epoch-0003.npz",
        "epoch-0004.npz",
    ]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on the size of files here")
def test_a_full_disk_stops_with_the_last_good_checkpoint_kept(sample, tmp_path):
    """A limit on the size of a file stands for the disk: writing fails half-way in the same way."""
    train(sample, num_epochs=1, checkpoint=tmp_path / "c")
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(DataError, match="epoch-0002.npz: .*The last good one is kept"):
            train(sample, num_epochs=2, checkpoint=tmp_path / "c", resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [file.name for file in (tmp_path / "c").iterdir()] == ["epoch-0001.npz"]
    resumed, _ = train(sample, num_epochs=2, checkpoint=tmp_path / "c", resume=True)
    assert without_time(resumed) == without_time(train(sample, num_epochs=2)[0])


def change(arrays, how):
    """Make of a state of one epoch with momentum one that this training did not write."""
    rows = json.loads(arrays["history"].tobytes())
    histories = {
        "100 epochs": [{**rows[0], "epoch": n} for n in range(1, 101)],
        "no epochs": [],
        "another epoch": [{**rows[0], "epoch": 3}],
        "no numbers": [{**rows[0], "train_loss": "low"}],
    }
    if how in histories:
        arrays["history"] = numpy.frombuffer(json.dumps(histories[how]).encode(), "uint8")
    elif how == "by number":  # as an earlier d2lres knew parameters
        arrays["optimizer/0/0"] = arrays.pop("optimizer/0.weight/0")
    elif how == "no momentum":
        for name in [name for name in arrays if name.startswith("optimizer/")]:
            del arrays[name]
    elif how == "one momentum less":
        del arrays["optimizer/0.weight/0"]
    elif how == "another shape":
        arrays["optimizer/0.weight/0"] = arrays["optimizer/0.weight/0"][:1]
    elif how == "old":
        del arrays["belongs_to"]


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("100 epochs", "holds 100 epochs; expected as many as its name says"),
        ("no epochs", "holds 0 epochs; expected as many as its name says"),
        ("another epoch", "damaged .*epoch 3 at place 1"),
        ("no numbers", "damaged .*train_loss 'low' of epoch 1 is no number"),
        ("by number", "0.* of the optimizer is .*; expected"),
        ("no momentum", ".* of the optimizer is missing; expected"),
        ("one momentum less", r"0.weight/0 of the optimizer is missing; expected \("),
        ("another shape", "0.weight/0 of the optimizer is"),
        ("old", "of an older d2lres, without the training that it belongs to"),
    ],
)
def test_a_state_that_this_training_did_not_write_is_refused_by_name(sample, tmp_path, how, found):
    options = {"momentum": 0.9, "checkpoint": tmp_path / "c"}
    train(sample, num_epochs=1, **options)
    file = tmp_path / "c" / "epoch-0001.npz"
    with numpy.load(file) as content:
        arrays = {name: content[name] for name in content.files}
    change(arrays, how)
    numpy.savez(file, **arrays)
    with pytest.raises(DataError, match=f"epoch-0001.npz: {found}"):
        train(sample, num_epochs=200, resume=True, **options)


def test_momentum_that_the_optimizer_does_not_have_is_refused(sample, tmp_path):
    train(sample, num_epochs=1, momentum=0.9, checkpoint=tmp_path / "c")
    with pytest.raises(DataError, match="of the optimizer is .*; expected none"):
        train(sample, num_epochs=2, checkpoint=tmp_path / "c", resume=True)


def test_a_state_under_the_name_of_another_epoch_is_refused(sample, tmp_path):
    train(sample, num_epochs=1, checkpoint=tmp_path / "c")
    (tmp_path / "c" / "epoch-0001.npz").rename(tmp_path / "c" / "epoch-0003.npz")
    with pytest.raises(DataError, match="epoch-0003.npz: holds 1 epochs"):
        train(sample, num_epochs=4, checkpoint=tmp_path / "c", resume=True)


def test_a_state_belongs_to_the_training_that_it_was_given(sample, tmp_path):
    options = {"checkpoint": tmp_path / "c", "resume": True}
    mine = {"seed": 1, "sides": (1, 2)}  # JSON makes a list of the tuple
    train(sample, num_epochs=1, belongs_to=mine, **options)
    for other in (None, {"seed": 2, "sides": (1, 2)}, {"seed": 1}):
        with pytest.raises(ConfigError, match="epoch-0001.npz: holds a run with"):
            train(sample, num_epochs=2, belongs_to=other, **options)
    assert len(train(sample, num_epochs=2, belongs_to=mine, **options)[0].epochs) == 2


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_half_precision_comes_back_with_its_float32_copies(tmp_path, momentum):
    """Truth: the optimizer that was saved; without momentum a state is (None, copy)."""

    def stepped():
        net = nn.Dense(2, in_units=3)
        net.initialize()
        net.cast("float16")
        options = {"momentum": momentum, "multi_precision": True, "learning_rate": 0.1}
        trainer = gluon.Trainer(net.collect_params(), "sgd", options)
        with mx.autograd.record():
            total = sum((p.data() * 2).sum() for p in net.collect_params().values())
        total.backward()
        trainer.step(1)
        return net, trainer

    net, trainer = stepped()
    row = Epoch(1, 1.0, 1.0, None, 1.0, 1.0)
    devices = [npx.cpu()]
    checkpoints.save_checkpoint(tmp_path, GluonEngine(net, None, trainer, devices), History([row]))
    again, other = stepped()
    checkpoints.load_checkpoint(tmp_path, GluonEngine(again, None, other, devices), 1)
    for i, state in trainer._updaters[0].states.items():
        loaded = other._updaters[0].states[i]
        assert isinstance(loaded, tuple) and len(loaded) == len(state) == 2
        for a, b in zip(loaded, state, strict=True):
            assert (a is None and b is None) or (a.asnumpy() == b.asnumpy()).all()


def test_the_checkpoint_of_another_net_is_refused_by_name(sample, tmp_path):
    train(sample, num_epochs=1, checkpoint=tmp_path / "c")
    other = nn.HybridSequential()
    other.add(nn.Dense(10))
    with pytest.raises(DataError, match=str(tmp_path / "c")):
        train(sample, net=other, num_epochs=2, checkpoint=tmp_path / "c", resume=True)


def test_evaluate_is_the_share_of_right_predictions(sample):
    _, net = train(sample)
    y_hat, y = predict(net, iterators(sample)[1])
    assert y.tolist() == sample.test_labels.tolist()
    assert evaluate(net, iterators(sample)[1]) == numpy.mean(y_hat == y)


def test_recalibrating_moves_the_statistics_to_those_of_the_images_and_no_weight(sample):
    """Of the first mean m, 0.9**batches remains: the average is 0.9**n m + (1 - 0.9**n) mean."""
    net = nn.HybridSequential()
    net.add(nn.BatchNorm(), nn.Dense(10))
    net.initialize()
    images, _ = iterators(sample)
    X = next(iter(images))[0]
    net(X)
    mean, weight = 5.0, net[1].weight.data().asnumpy()
    net[0].running_mean.set_data(np.full_like(net[0].running_mean.data(), mean))
    recalibrate(net, [(X, None)], batches=20)
    left = 0.9**20
    expected = left * mean + (1 - left) * X.mean(axis=(0, 2, 3)).asnumpy()
    assert net[0].running_mean.data().asnumpy() == pytest.approx(expected, rel=1e-4)
    assert (net[1].weight.data().asnumpy() == weight).all()


def test_a_loss_that_is_no_number_stops_with_the_batch_and_a_hint(sample):
    with pytest.raises(DataError, match=r"epoch 1, batch [2-5]: the loss is .*smaller learning"):
        fit(small_net(), *iterators(sample), num_epochs=3, lr=1e30)


def test_the_test_images_are_asked_every_so_often_and_after_the_last_epoch(sample):
    history, net = train(sample, num_epochs=5, test_every=2)
    asked = [epoch.epoch for epoch in history.epochs if epoch.test_acc is not None]
    assert asked == [2, 4, 5]
    assert history.epochs[-1].test_acc == evaluate(net, iterators(sample)[1])
    always, _ = train(sample, num_epochs=5)  # the training does not notice
    assert always.column("train_loss") == history.column("train_loss")


def test_the_test_images_can_be_asked_again_with_new_statistics(sample):
    """As `recalibrate` measures them; the training goes on with its own."""
    expected, twin = train(sample, num_epochs=3, test_every=2)
    history, net = train(sample, num_epochs=3, test_every=2, recalibrated=True)
    for name in ("train_loss", "train_acc", "test_acc"):
        assert history.column(name) == expected.column(name)
    for one, other in zip(*(each.collect_params().values() for each in (net, twin)), strict=True):
        assert (one.data() == other.data()).all()
    assert [found is None for found in history.column("recalibrated_acc")] == [True, False, False]
    images, tests = iterators(sample)
    images.epoch = 2
    recalibrate(net, images)
    found = history.epochs[-1].recalibrated_acc
    assert found == evaluate(net, tests) != history.epochs[-1].test_acc
    assert History.from_list(history.to_list()) == history
    assert not any("recalibrated_acc" in row for row in expected.to_list())


def test_weights_that_are_no_numbers_stop_even_where_the_loss_is_one(sample):
    """MXNet's ReLU makes 0 of nan, so the loss stays that of guessing, and finite."""
    net = nn.HybridSequential()
    net.add(nn.Dense(8), nn.Activation("relu"), nn.Dense(10))
    net.initialize()
    net(np.zeros((1, 784))).wait_to_read()
    net[0].weight.set_data(np.full((8, 784), math.nan))
    with pytest.raises(DataError, match="epoch 1: dense.*weight holds values that are no numbers"):
        fit(net, *iterators(sample), num_epochs=2, lr=0.1)


def test_a_device_without_memory_says_which_batch_size_to_try(sample):
    class Full(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense = nn.Dense(10)

        def __call__(self, X):
            raise mx.MXNetError("cudaMalloc retry failed: out of memory")

    with pytest.raises(DataError, match="batches of 64 images.*Try a batch size of 32"):
        fit(Full(), *iterators(sample), num_epochs=1, lr=0.1)


def test_half_precision_on_the_cpu_is_refused(sample):
    with pytest.raises(ConfigError, match="float16' on the CPU"):
        train(sample, num_epochs=1, dtype="float16", device=npx.cpu())


# --- the parts of a recipe -----------------------------------------------------------------------


def test_smoothed_cross_entropy_is_that_of_smoothed_targets():
    """With the share s spread over K classes: -(1 - s) log p_y - s / K * sum of log p."""
    y_hat, y = np.random.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2], dtype="int32")
    log_p = numpy.log(npx.softmax(y_hat).asnumpy())
    for s in (0.0, 0.1, 0.5):
        targets = (1 - s) * numpy.eye(4)[y.asnumpy()] + s / 4
        expected = -(targets * log_p).sum(axis=1)
        assert numpy.allclose(CrossEntropy(s)(y_hat, y).asnumpy(), expected, atol=1e-5)


def test_mixup_mixes_images_and_classes_by_one_share():
    X, y, rng = np.arange(6).reshape(6, 1), np.arange(6), numpy.random.RandomState(0)
    for mixed_X, targets in mixed([(X, y)] * 20, 0.4, rng):
        first, second, share = targets.asnumpy().T
        assert (first == y.asnumpy()).all() and sorted(second) == y.tolist()
        assert len(set(share)) == 1 and 0 <= share[0] <= 1
        assert numpy.allclose(mixed_X[:, 0].asnumpy(), share * first + (1 - share) * second)


@pytest.mark.parametrize("hybridize", [False, True])
def test_the_loss_of_mixed_images_is_the_mixed_loss(hybridize):
    y_hat, y = np.random.normal(size=(2, 4)), np.array([[0, 3, 0.25], [1, 1, 0.5]])
    loss, plain = MixedLoss(CrossEntropy(0.1)), CrossEntropy(0.1)
    if hybridize:
        loss.hybridize()
    first, second = plain(y_hat, y[:, 0]), plain(y_hat, y[:, 1])
    expected = y[:, 2] * first + (1 - y[:, 2]) * second
    assert np.abs(loss(y_hat, y) - expected).max() < 1e-6


def test_momentum_and_decay_are_those_of_the_formula(sample):
    """v <- m v - lr (g + wd w), w <- w + v, written out; gamma, beta and biases are not decayed."""
    options = {"momentum": 0.9, "weight_decay": 0.1}
    _, net = train(sample, num_epochs=1, decay_norm=False, **options)
    plain = small_net()
    plain.initialize(init.Xavier())
    loss, velocity = gluon.loss.SoftmaxCrossEntropyLoss(), {}
    for X, y in iterators(sample)[0]:
        with mx.autograd.record():
            l = loss(plain(X), y).mean()
        l.backward()
        for name, p in plain.collect_params().items():
            if p.grad_req != "null":
                decay = 0.1 if name.endswith("weight") else 0.0
                v = 0.9 * velocity.get(name, 0) - 0.1 * (p.grad() + decay * p.data())
                velocity[name] = v
                p.set_data(p.data() + v)
    for ours, theirs in zip(
        net.collect_params().values(), plain.collect_params().values(), strict=True
    ):
        assert np.abs(ours.data() - theirs.data()).max() < 1e-4


def test_a_schedule_is_asked_for_every_batch(sample):
    asked = []
    train(sample, num_epochs=2)  # 300 images in batches of 64: 5 steps
    fit(small_net(), *iterators(sample), num_epochs=2, lr=lambda t: asked.append(t) or 0.1)
    assert asked[-10:] == pytest.approx([i / 5 for i in range(10)])


@pytest.mark.parametrize(
    "bad", [{"num_epochs": 0}, {"test_every": 0}, {"lr": -1}, {"lr": math.nan}, {"lr": "0.1"}]
)
def test_numbers_out_of_range_are_refused(sample, bad):
    with pytest.raises(ConfigError, match=f"fit: {next(iter(bad))}"):
        fit(small_net(), *iterators(sample), **{"num_epochs": 1, "lr": 0.1} | bad)


def test_a_trained_net_is_trained_further_not_anew(sample):
    first, net = train(sample, num_epochs=3)
    further, _ = train(sample, num_epochs=1, net=net)
    assert further.epochs[0].train_loss < first.epochs[-1].train_loss


def test_any_iterable_of_batches_will_do(sample):
    """A list or Gluon's DataLoader, not only the book's iterators: equal batches, equal figures."""
    train_iter, test_iter = iterators(sample)
    batches, loader = list(train_iter), list(test_iter)
    images = gluon.data.ArrayDataset(*(np.concatenate(part) for part in zip(*loader, strict=True)))
    history = fit(
        small_net(), batches, gluon.data.DataLoader(images, batch_size=50), num_epochs=1, lr=0.1
    )
    assert without_time(history) == without_time(train(sample, num_epochs=1)[0])


def test_a_residual_net_trains(sample):
    mx.random.seed(0)
    history, _ = train(sample, num_epochs=2, net=build("resnet18", classes=10))
    assert history.epochs[1].train_loss < history.epochs[0].train_loss


def test_history_survives_json_and_prints_a_table():
    history = History([Epoch(1, 1.25, 0.5, 0.25, 9.0, 33.3), Epoch(2, 1.0, 0.75, None, 9.0, 33.3)])
    assert History.from_list(json.loads(json.dumps(history.to_list()))) == history
    assert repr(history).splitlines() == [
        "epoch  train loss  train acc  test acc",
        "    1       1.250      0.500     0.250",
        "    2       1.000      0.750",
    ]


def test_the_bar_shows_the_mean_loss_so_far(sample, capsys):
    history = fit(small_net(), iterators(sample)[0], num_epochs=1, lr=0.1, progress=True)
    shown = capsys.readouterr().err
    assert "epoch 1/1" in shown and "images" in shown
    fit(small_net(), iterators(sample)[0], num_epochs=1, lr=0.1)  # no terminal: nothing
    assert capsys.readouterr().err == "" and history.epochs
