"""Recorded runs: those in the repository, and the recording of a new one."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from small_recipe import SMALL

from d2lres import ConfigError, DataError, runs, summarize
from d2lres.commands import main
from d2lres.data import SETS, load
from d2lres.runs import (
    CHECKPOINT,
    confusion,
    evaluate_run,
    floor,
    load_run,
    recalibrate_run,
    train_recipe,
)
from d2lres.structure import architecture, count, training_step, without_norm
from d2lres.train.rates import Rates, best_rate
from d2lres.train.recipes import RECIPES, find_recipe, recipe_names

RUNS = sorted(path.parent for path in (Path(__file__).parents[1] / "runs").rglob("run.json"))


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_names_an_architecture_and_a_data_set_that_exist(name):
    from d2lres.data import SETS
    from d2lres.structure import architecture_names

    r = find_recipe(name)
    assert r.architecture in architecture_names()
    if r.dataset == "imagenet":  # a folder of the reader's
        return
    assert r.dataset in SETS
    assert len(SETS[r.dataset].classes) == r.classes


def test_an_unknown_recipe_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'fashion-mnist-native'"):
        find_recipe("fashion-mnist-nativ")


NATIVE = find_recipe("fashion-mnist-native").changed(num_epochs=1, images=500)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One epoch of the native recipe on the sample's first images."""
    return train_recipe(NATIVE, tmp_path_factory.mktemp("runs") / "r", data="sample")


def test_a_run_names_all_that_decided_it(run):
    record = run.record
    assert run.recipe == NATIVE
    assert record["settings"] == {
        "data": "sample",
        "seed": 0,
        "device": record["settings"]["device"],
        "kvstore": "device",
    }
    assert record["data"]["label"] == "fashion-mnist (sample), 500 training images"
    assert len(record["data"]["sha256"]) == 64
    assert record["machine"]["mxnet"] and record["machine"]["numpy"] and record["machine"]["python"]
    assert record["params"] == summarize("resnet18", (1, 28, 28), classes=10).params
    assert sum(map(sum, record["final"]["confusion"])) == 500  # the sample's test images


def test_a_run_knows_what_its_images_were_normalized_with(run, tmp_path):
    assert run.normalization is None
    recipe = find_recipe("fashion-mnist-native").changed(num_epochs=1, images=64, normalize=True)
    means, deviations = train_recipe(recipe, tmp_path / "r", data="sample").normalization
    images = load("fashion-mnist", data="sample").first(64).train_images / 255
    assert means == pytest.approx([images.mean()])
    assert deviations == pytest.approx([images.std()])


def test_the_confusion_matrix_holds_the_test_accuracy(run):
    table = run.record["final"]["confusion"]
    right = sum(table[i][i] for i in range(10)) / sum(map(sum, table))
    assert right == pytest.approx(run.record["final"]["test_acc"])


def test_a_row_of_the_confusion_matrix_is_a_true_class():
    true, predicted = numpy.array([0, 0, 1]), numpy.array([1, 1, 1])
    assert confusion(true, predicted, 2) == [[0, 2], [0, 1]]


def test_evaluate_reproduces_the_recorded_accuracy_exactly(run):
    accuracy, recorded, label = evaluate_run(run.folder)
    assert accuracy == recorded
    assert label == "fashion-mnist (sample), 500 training images"


def test_the_floor_is_counted_and_stands_beside_what_was_measured(run):
    """Six operations a MAC; the rates are given, so that all is known."""
    rows = count(architecture("resnet18", 10), (1, 28, 28))
    macs, speed = sum(row.macs for row in rows), run.history.epochs[-1].examples_per_s
    most = training_step(rows, run.recipe.batch_size)
    found, by_operations, by_bytes = floor(run, Rates(6e6 * macs, 1e30)).splitlines()
    assert found.startswith(f"{speed:,.0f} images/s in the last epoch: {speed / 1e6:.2g} of what")
    assert by_operations.startswith("  1,000,000 by the operations: ")
    assert f" {6 * macs / 1e9:,.3f} GFLOP an image" in by_operations
    assert f" {most.bytes / most.images / 1e6:,.2f} MB an image" in by_bytes


def test_a_frozen_net_has_no_floor(capfd, tmp_path, monkeypatch):
    frozen = SMALL.changed(name="frozen", start="cifar10-fast-0", frozen=True)
    monkeypatch.setitem(RECIPES, "frozen", frozen)
    with pytest.raises(SystemExit) as stop:
        main(["train", "frozen", "--floor", "--out", str(tmp_path / "r")])
    said = capfd.readouterr().err
    assert stop.value.code == 2 and said.count("\n") == 1 and "features are frozen" in said


def test_the_rate_of_a_device_is_the_best_of_its_turns(monkeypatch):
    """On a clock of our own: turns of 4, 2 and 3 seconds do 6 each, so 3 a second at best."""
    clock = iter([0, 0, 4, 10, 12, 20, 23])  # when it begins; then the start and end of each turn
    monkeypatch.setattr("d2lres.train.rates.perf_counter", lambda: next(clock))
    assert best_rate(6, lambda: None, seconds=23) == 3


def test_the_command_line_prints_the_floor(capfd, tmp_path, monkeypatch):
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    with pytest.raises(SystemExit) as stop:
        main(["train", "tiny", "--data", "sample", "--floor", "--out", str(tmp_path / "r")])
    *_, found, by_operations, by_bytes = capfd.readouterr().out.splitlines()
    assert not stop.value.code and "images/s in the last epoch: " in found
    for line in (by_operations, by_bytes):  # a processor does between 0.1 and 10,000 of either
        assert 0.1 < float(line.split(", ")[-1].split()[0].replace(",", "")) < 1e4


def test_a_run_tested_with_new_statistics_keeps_its_weights_and_its_figures(tmp_path):
    """After eight steps the statistics hold 0.9**8 of what they began with: new ones help."""
    folder = tmp_path / "r"
    recipe = SMALL.changed(images=300, batch_size=40, num_epochs=1, resize=14)
    run = train_recipe(recipe, folder, data="sample")
    noted = recalibrate_run(folder).record
    found = noted.pop("recalibrated")
    assert noted == run.record
    assert evaluate_run(folder)[0] == run.record["final"]["test_acc"] < found["test_acc"]
    assert found["images"] == 6 * 300 + 2 * 40  # 50 batches: six passes of eight, and two
    assert recalibrate_run(folder).record["recalibrated"] == found  # it repeats


def test_a_recorded_run_is_not_overwritten(run):
    recipe = NATIVE.changed(num_epochs=10)
    with pytest.raises(ConfigError, match="holds a recorded run already"):
        train_recipe(recipe, run.folder, data="sample")
    with pytest.raises(ConfigError, match="holds a run with seed 0; expected 7"):
        train_recipe(recipe, run.folder, data="sample", seed=7, resume=True)
    with pytest.raises(ConfigError, match="holds a run with recipe"):
        train_recipe(recipe.changed(lr=0.1), run.folder, data="sample", resume=True)


def test_a_training_is_not_made_longer_where_its_images_grow(tmp_path):
    """The sides keep their shares of the epochs: those that are done would have had others."""
    recipe = find_recipe("fashion-mnist-native").changed(
        architecture="cifar-resnet8", images=64, num_epochs=2, sides=((0, 14), (1, 28))
    )
    train_recipe(recipe, tmp_path / "r", data="sample")
    with pytest.raises(ConfigError, match="holds a run with recipe"):
        train_recipe(recipe.changed(num_epochs=4), tmp_path / "r", data="sample", resume=True)


TINY = find_recipe("fashion-mnist-native").changed(
    name="tiny", architecture="cifar-resnet8", images=64, resize=8, num_epochs=2
)


@pytest.fixture
def tiny(tmp_path):
    """A folder with a finished run of two epochs."""
    return train_recipe(TINY, tmp_path / "r", data="sample").folder


def test_a_run_is_not_resumed_to_fewer_epochs_than_it_has(tiny, monkeypatch, capfd):
    """Its record would hold two epochs of one; nothing is written."""
    before = {file: file.read_bytes() for file in tiny.rglob("*") if file.is_file()}
    with pytest.raises(ConfigError, match="2 epochs are done; expected no more than the 1"):
        train_recipe(TINY.changed(num_epochs=1), tiny, data="sample", resume=True)
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    words = ["train", "tiny", "--data", "sample", "--out", str(tiny), "--resume", "--epochs", "1"]
    with pytest.raises(SystemExit) as stop:
        main(words)
    said = capfd.readouterr().err
    assert stop.value.code == 2 and said.startswith("error: ") and "2 epochs are done" in said
    assert {file: file.read_bytes() for file in tiny.rglob("*") if file.is_file()} == before


def test_a_run_is_not_resumed_on_other_images_under_the_same_name(tiny):
    """As where an original was fetched after a copy had been trained on."""
    record = json.loads((tiny / "run.json").read_text())
    record["data"]["sha256"] = "0" * 64
    (tiny / "run.json").write_text(json.dumps(record))
    with pytest.raises(ConfigError, match="holds a run with images .*SHA-256 0{64}; expected"):
        train_recipe(TINY.changed(num_epochs=3), tiny, data="sample", resume=True)


def test_a_run_that_others_go_on_with_names_what_each_part_was_trained_with(tiny, monkeypatch):
    first = load_run(tiny).record
    same = train_recipe(TINY, tiny, data="sample", resume=True).record
    assert "earlier" not in first and "earlier" not in same
    monkeypatch.setattr(runs.recording, "commit", lambda: "another")
    options = {"data": "sample", "resume": True}
    second = train_recipe(TINY.changed(num_epochs=3), tiny, kvstore="local", **options).record
    monkeypatch.setattr(runs.recording, "machine", lambda engine: {"processor": "another"})
    third = train_recipe(TINY.changed(num_epochs=4), tiny, **options).record
    parts = [
        {"epochs": n, **{key: found[key] for key in ("settings", "machine", "commit")}}
        for n, found in ((2, first), (3, second))
    ]
    assert (second["earlier"], third["earlier"]) == (parts[:1], parts)
    assert (second["commit"], second["settings"]["kvstore"]) == ("another", "local")
    assert third["machine"] == {"processor": "another"} and len(third["history"]) == 4


def test_a_record_without_its_checkpoint_is_not_trained_over(run, tmp_path):
    """As in the repository, where only run.json is kept."""
    (tmp_path / "run.json").write_text((run.folder / "run.json").read_text())
    recipe = NATIVE.changed(num_epochs=2)
    with pytest.raises(ConfigError, match="without the state of its training"):
        train_recipe(recipe, tmp_path, data="sample", resume=True)
    assert load_run(tmp_path).history == run.history


def test_a_finished_run_resumed_is_the_same_run(run):
    again = train_recipe(NATIVE, run.folder, data="sample", resume=True)
    assert again.history == run.history


def test_missing_and_damaged_runs_are_refused_by_name(run, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text('{"history": [')
    with pytest.raises(DataError, match="run.json"):
        load_run(tmp_path)
    record = {**run.record, "recipe": {"name": "x", "speed": 3}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match="run.json.*speed"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text((run.folder / "run.json").read_text())
    with pytest.raises(DataError, match="net.params: no such file"):
        evaluate_run(tmp_path)
    (tmp_path / "net.params").write_bytes(b"no weights")
    with pytest.raises(DataError, match="net.params"):
        evaluate_run(tmp_path)


def test_a_run_on_other_data_is_refused(run, tmp_path):
    record = json.loads((run.folder / "run.json").read_text())
    record["data"]["sha256"] = "0" * 64
    (tmp_path / "run.json").write_text(json.dumps(record))
    (tmp_path / "net.params").write_bytes((run.folder / "net.params").read_bytes())
    with pytest.raises(DataError, match="differs from the data of the run"):
        evaluate_run(tmp_path)


@pytest.mark.parametrize("name", ["degradation/plain21-0", "short", "", "a" * 5000, "a\0b", 3])
def test_a_recorded_run_that_is_none_is_refused_with_the_names_there_are(name):
    with pytest.raises(ConfigError, match="no such name; (did you mean|Valid: choice)") as found:
        runs.recorded(name)
    assert len(str(found.value)) < 700  # though there are hundreds of names


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_a_run_in_the_repository_counts_its_epochs_and_the_parameters_of_its_net(folder):
    """Truth: the accounting.  What is frozen is no parameter that was trained."""
    run = load_run(folder)
    assert run.history.column("epoch") == list(range(1, len(run.history.epochs) + 1))
    recipe, channels = run.recipe, SETS[run.recipe.dataset].image_shape[0]
    net = architecture(recipe.architecture, recipe.classes, recipe.version, recipe.shortcut)
    rows = count(net if recipe.norm else without_norm(net), (channels, 96, 96))
    trained = [row for row in rows if not recipe.frozen or row.name.startswith("head")]
    assert run.record["params"] == sum(row.params for row in trained)


# --- a record, a state and a folder know what they belong to --------------------------------------


@pytest.mark.parametrize(
    ("changes", "seed", "found"),
    [
        ({}, 1, "seed 0; expected 1"),
        ({"batch_size": 32}, 0, "recipe {'batch_size': 256}; expected {'batch_size': 32}"),
        ({"images": 128}, 0, "recipe {'images': 64}; expected {'images': 128}"),
    ],
)
def test_a_state_without_its_record_is_gone_on_with_by_its_own_training_alone(
    tiny, changes, seed, found
):
    """The state itself knows: a mixed run would be recorded as one."""
    (tiny / "run.json").unlink()
    options = {"data": "sample", "resume": True}
    other = TINY.changed(num_epochs=3, **changes)
    with pytest.raises(ConfigError, match=rf"epoch-0002.npz: holds a run with {found}"):
        train_recipe(other, tiny, seed=seed, **options)
    assert not (tiny / "run.json").exists()
    again = train_recipe(TINY.changed(num_epochs=3), tiny, **options)
    assert again.history.column("epoch") == [1, 2, 3]


def test_a_state_of_other_images_is_refused_without_the_record_too(tiny):
    file = tiny / CHECKPOINT / "epoch-0002.npz"
    with numpy.load(file) as content:
        arrays = {name: content[name] for name in content.files}
    owner = json.loads(arrays["belongs_to"].tobytes())
    owner["images"] = "others"
    arrays["belongs_to"] = numpy.frombuffer(json.dumps(owner).encode(), "uint8")
    numpy.savez(file, **arrays)
    (tiny / "run.json").unlink()
    with pytest.raises(ConfigError, match="holds a run with images others; expected fashion"):
        train_recipe(TINY, tiny, data="sample", resume=True)


HOLD = """
import sys
from pathlib import Path
from d2lres.files import locked
with locked(Path(sys.argv[1]), "training into it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_trainings_do_not_share_a_folder(tmp_path):
    """Of both, one would be lost.  The lock goes with the process, however that ends."""
    out = tmp_path / "r"
    out.mkdir()
    words = [sys.executable, "-c", HOLD, str(out)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, text=True, cwd=Path(__file__).parents[1], **pipes) as other:
        try:
            assert other.stdout.readline() == "held\n"
            with pytest.raises(DataError, match=f"{out}: process {other.pid} on .* is training"):
                train_recipe(TINY, out, data="sample")
        finally:
            other.kill()
    train_recipe(TINY.changed(num_epochs=1), out, data="sample")
    assert {file.name for file in out.iterdir()} == {"run.json", "net.params", CHECKPOINT}


def test_a_folder_is_free_after_a_training_that_failed(tmp_path, monkeypatch):
    def fail(*arguments):
        raise DataError("no images")

    monkeypatch.setattr("d2lres.runs.on_gluon.iterators", fail)
    for _ in range(2):
        with pytest.raises(DataError, match="^no images$"):
            train_recipe(TINY, tmp_path, data="sample")


@pytest.mark.parametrize("how", ["a file", "below a file", "read-only", "full", "a loop"])
def test_a_folder_that_cannot_be_written_is_found_before_the_data_are_read(
    tmp_path, monkeypatch, how
):
    def refuse(number):
        def write_bytes(path, content):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(Path, "write_bytes", write_bytes)  # root may write anywhere

    out = tmp_path / "r"
    if how in ("a file", "below a file"):
        out.write_text("mine")
        out = out / "s" if how == "below a file" else out
    elif how == "a loop":
        out.symlink_to(out)
    else:
        refuse(errno.EROFS if how == "read-only" else errno.ENOSPC)
    monkeypatch.setattr("d2lres.runs.on_gluon.iterators", None)
    monkeypatch.setattr("d2lres.runs.on_gluon.build_net", None)
    with pytest.raises(DataError, match=rf"^{out}: .*; expected a folder to write in\. .*--out"):
        train_recipe(TINY, out, data="sample")


def test_a_folder_for_the_state_that_is_none_is_found_before_the_first_epoch(tmp_path, monkeypatch):
    (tmp_path / CHECKPOINT).write_text("mine")
    monkeypatch.setattr("d2lres.train.epochs.train_epoch", None)
    with pytest.raises(DataError, match=f"{tmp_path / CHECKPOINT}: File exists; expected a folder"):
        train_recipe(TINY, tmp_path, data="sample")


def test_a_run_that_was_stopped_is_tested_and_said_to_be_unfinished(tiny, capfd):
    """As Ctrl-C leaves it: weights, and a record without an end.  Truth: `evaluate_run`."""
    record = json.loads((tiny / "run.json").read_text())
    accuracy = record["final"]["test_acc"]
    (tiny / "run.json").write_text(json.dumps({**record, "final": {}}))
    assert evaluate_run(tiny) == (accuracy, None, "fashion-mnist (sample), 64 training images")
    for more in ([], ["--recalibrate"]):
        with pytest.raises(SystemExit) as stop:
            main(["evaluate", str(tiny), *more])
        assert not stop.value.code
        assert capfd.readouterr().out.rstrip().endswith("; the run is not finished")


LACKS = [
    *[
        ((name,), f"without '{name}'")
        for name in (
            "recipe", "settings", "data", "history", "final", "params", "normalization", "machine",
            "commit",
        )
    ],
    (("settings", "data"), "'settings' is without 'data'"),
    (("settings", "seed"), "'settings' is without 'seed'"),
    (("data", "sha256"), "'data' is without 'sha256'"),
    (("data", "label"), "'data' is without 'label'"),
    (("final", "test_acc"), "'final' is without 'test_acc'"),
    (("recipe", "name"), "name"),
    (("history", 0), "epoch 2 at place 1"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "found"), LACKS, ids=lambda x: ".".join(map(str, x)))
def test_a_record_that_lacks_a_part_is_refused_in_words(path, found, tmp_path):
    record = json.loads((RUNS[0] / "run.json").read_text())
    *above, last = path
    part = record
    for name in above:
        part = part[name]
    del part[last]
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match=rf"run.json: .*{found}.*; expected a recorded run"):
        load_run(tmp_path)


@pytest.mark.parametrize("wrong", ["x", [1], {"x": 1}], ids=repr)
def test_a_record_with_a_part_of_another_type_is_refused_in_words(wrong, tmp_path):
    record = json.loads((runs.recorded("cifar10-fast-0").folder / "run.json").read_text())
    parts = [record, record["settings"], record["data"], record["recipe"], record["history"][0]]
    unread = {"buffers", "recalibrated", "device", "kvstore"}
    places = [(part, name) for part in parts for name in part if name not in unread]
    places += [
        (record["history"], 0),
        (record["final"], "test_acc"),
        (record["final"], "confusion"),
    ]
    tried = 0
    for part, name in places:
        right = part[name]
        if type(right) is type(wrong):
            continue
        part[name] = wrong
        (tmp_path / "run.json").write_text(json.dumps(record))
        part[name] = right
        with pytest.raises(DataError, match="run.json: .*; expected a recorded run"):
            load_run(tmp_path)
        tried += 1
    assert tried > 20


@pytest.mark.parametrize("text", ["[]", "5", "null", '"x"', "[" * 100_000, "\udcff"], ids=len)
def test_a_record_that_is_no_table_is_refused_in_words(text, tmp_path):
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match="run.json: .*; expected a recorded run"):
        load_run(tmp_path)
