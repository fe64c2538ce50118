"""Experiments: plain data that names runs, and a command that records those that are missing."""

import json
import os
import re
import shutil
import subprocess
import sys
from operator import mul
from pathlib import Path

import numpy
import pytest
from small_recipe import SMALL as SMALL_RECIPE
from tiny_cifar import tiny_cifar

from d2lres import ConfigError, live_counts, np
from d2lres.commands import main
from d2lres.data import SETS
from d2lres.files import locked
from d2lres.runs import (
    EXPERIMENTS,
    Comparison,
    Experiment,
    build_net,
    check_data,
    experiment_names,
    find_experiment,
    load_run,
    paired_difference,
    results,
    run_experiment,
)
from d2lres.runs.experiments import recorded_runs
from d2lres.runs.experiments.comparing import student
from d2lres.runs.experiments.recording import SMALL
from d2lres.structure import architecture
from d2lres.train import Epoch, Recipe, find_recipe, recipe_names

RUNS = Path(__file__).parents[1] / "runs"
TINY = SMALL_RECIPE.changed(name="tiny", images=200, batch_size=100, num_epochs=2, resize=14)


def test_a_recipe_can_leave_normalization_out():
    """The convolutions' and the head's weights alone, and no running statistics."""
    recipe = find_experiment("rates").recipes[-1]
    net = build_net(recipe)
    net.initialize()
    net(np.zeros((1, 3, 16, 16))).wait_to_read()
    widths = [3] + 7 * [16] + 6 * [32] + 6 * [64]  # 6n + 1 convolutions, n = 3
    weights = 9 * sum(map(mul, widths, widths[1:])) + 64 * 10 + 10
    assert live_counts(net) == {"params": weights, "buffers": 0}
    assert not recipe.norm and recipe.to_dict()["norm"] is False
    assert Recipe(**recipe.to_dict()) == recipe


@pytest.mark.parametrize("name", experiment_names())
def test_an_experiment_can_be_run(name):
    """Nets and data that exist, names of their own, three seeds wherever nets are compared."""
    experiment = EXPERIMENTS[name]
    runs = list(experiment.runs())
    assert len({folder for folder, _, _ in runs}) == len(runs)
    tasks = {recipe.only for recipe in experiment.recipes}  # nets of other classes: no comparison
    assert len(experiment.seeds) >= 3 or len(experiment.recipes) == len(tasks)
    assert experiment.question.endswith("?") and experiment.minutes > 0
    for _, recipe, _ in runs:
        assert architecture(recipe.architecture, 10, recipe.version, recipe.shortcut)
        assert recipe.dataset in SETS
        assert set(recipe.only) <= set(SETS[recipe.dataset].classes)


def test_all_experiments_together_take_a_day_at_most():
    assert sum(experiment.minutes for experiment in EXPERIMENTS.values()) <= 24 * 60


def test_what_the_book_has_recorded_is_what_its_experiments_say():
    """Recipe, seed and engine of each."""
    found = 0
    for experiment in EXPERIMENTS.values():
        runs = {name: (recipe, seed) for name, recipe, seed in experiment.runs()}
        recorded = {name for name in runs if (RUNS / name / "run.json").exists()}
        for name in recorded:
            run = load_run(RUNS / name)
            settings = run.record["settings"]
            recipe, seed = runs[name]
            told = {name: getattr(recipe, name) for name in ("source", "classes")}
            same = run.recipe.changed(**told) == recipe
            assert same and settings["seed"] == seed, name
            assert settings.get("engine", "mxnet") == experiment.engine, name
        found += len(recorded)
    assert found > 250


def test_the_readme_of_the_runs_names_what_pytorch_trained():
    text = (RUNS / "README.md").read_text()
    (named,) = re.findall(r"^((?:`\S+`, )+.*) were trained with PyTorch", text, re.M)
    trained = {
        run[0].recipe.name.partition("/")[0]
        for run in recorded_runs(RUNS).values()
        if run[0].record["settings"].get("engine") == "torch"
    }
    assert set(re.findall(r"`(\w+)`", named)) == trained
    (on_cores,) = re.findall(r"; (`[^;]*) on two cores", text)
    records = (run.record for runs in recorded_runs(RUNS).values() for run in runs)
    assert set(re.findall(r"`(\S+)`", on_cores)) == {
        f"{record['recipe']['name']}-{record['settings']['seed']}"
        for record in records
        if record["settings"].get("engine") == "torch" and record["settings"]["device"] == "cpu"
    }


def test_an_unknown_experiment_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'degradation'"):
        find_experiment("degradatoin")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    out, said = tmp_path_factory.mktemp("runs"), []
    recipes = (TINY, TINY.changed(name="other", lr=0.1))
    experiment = Experiment("e", "?", recipes, seeds=(0, 1), weights=True)
    run_experiment(experiment, out, data="sample", say=said.append)
    return out, said, experiment


def test_every_run_is_recorded_once_with_its_seed(recorded):
    out, said, experiment = recorded
    assert len(said) == 8  # a start and an end each
    for folder, recipe, seed in experiment.runs():
        run = load_run(out / folder)
        assert run.recipe == recipe and run.record["settings"]["seed"] == seed
        assert run.record["data"]["label"].endswith("200 training images")


def test_small_weights_of_the_first_seed_are_kept_and_the_state_of_training_is_not(recorded):
    out, _, experiment = recorded
    for folder, _, seed in experiment.runs():
        kept = {"run.json"} if seed else {"run.json", "net.params"}
        assert {file.name for file in (out / folder).iterdir()} == kept
        assert seed or (out / folder / "net.params").stat().st_size <= SMALL


def test_all_weights_are_kept_where_that_is_asked_for(tmp_path, monkeypatch, capfd):
    experiment = Experiment("e", "?", (TINY,), seeds=(0, 1))
    monkeypatch.setitem(EXPERIMENTS, "e", experiment)
    words = ["experiments", "run", "e", "--out", str(tmp_path), "--data", "sample"]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--keep-weights"])
    assert not stop.value.code
    for folder, _, _ in experiment.runs():
        assert (tmp_path / folder / "net.params").exists()


def test_several_processes_share_an_experiment(recorded, tmp_path):
    """What another one is training is left to it; the next run is begun."""
    _, _, experiment = recorded
    first, second, *others = (name for name, _, _ in experiment.runs())
    for name in others:
        shutil.copytree(recorded[0] / name, tmp_path / name)
    (tmp_path / first).mkdir()
    said = []
    with locked(tmp_path / first, "training into it"):
        run_experiment(experiment, tmp_path, data="sample", say=said.append)
    assert f"{first}: another process is training it" in said
    assert not (tmp_path / first / "run.json").exists()
    assert (tmp_path / second / "run.json").exists()


def test_what_is_recorded_needs_no_engine():
    """All of it was trained with PyTorch, which need not be installed to say so."""
    code = "import sys; sys.modules['torch'] = None; from d2lres.commands import main; main()"
    words = ["experiments", "run", "overnight", "choice"]
    words += ["--out", str(RUNS)]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.count(": recorded already\n") == 6 == len(done.stdout.splitlines())


def test_what_is_recorded_is_not_run_again_and_what_is_not_goes_on(recorded, tmp_path):
    out, _, experiment = recorded
    before = (out / "tiny-0" / "run.json").stat().st_mtime_ns
    said = []
    run_experiment(experiment, out, data="sample", say=said.append)
    assert said == [f"{folder}: recorded already" for folder, _, _ in experiment.runs()]
    assert (out / "tiny-0" / "run.json").stat().st_mtime_ns == before

    class Power(Exception):
        pass

    def cut(message):
        if "epochs" in message and "tiny-1" in message:
            raise Power

    with pytest.raises(Power):
        run_experiment(experiment, tmp_path, data="sample", say=cut)
    run_experiment(experiment, tmp_path, data="sample", say=lambda message: None)
    for folder, _, _ in experiment.runs():
        again, first = load_run(tmp_path / folder), load_run(out / folder)
        assert again.history.column("train_loss") == first.history.column("train_loss")


def test_the_command_runs_what_it_is_asked_for(recorded, capfd, monkeypatch):
    out, _, experiment = recorded
    monkeypatch.setitem(EXPERIMENTS, "e", experiment)
    with pytest.raises(SystemExit) as stop:
        main(["experiments", "run", "e", "--out", str(out), "--data", "sample"])
    said = capfd.readouterr().out
    assert not stop.value.code and said.count("recorded already") == 4
    with pytest.raises(SystemExit):
        main(["experiments", "list"])
    listed = capfd.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in listed] == experiment_names()
    assert listed[-1].endswith("(4 runs, about 0 minutes)")
    for line, e in zip(listed, EXPERIMENTS.values(), strict=True):
        runs = len(list(e.runs()))
        number = "1 run" if runs == 1 else f"{runs} runs"
        where = " on a GPU" if e.engine == "torch" else ""
        assert line.endswith(f"({number}, about {e.minutes} minutes{where})")


def test_images_that_are_missing_or_not_the_published_ones_are_refused_before_any_training(
    tmp_path, monkeypatch, capfd
):
    recipe = find_recipe("cifar10-fast").changed(name="color", batch_size=5, num_epochs=1)
    monkeypatch.setitem(EXPERIMENTS, "gray", Experiment("gray", "?", (TINY,), data="sample"))
    monkeypatch.setitem(EXPERIMENTS, "color", Experiment("color", "?", (recipe,)))
    data, out = tmp_path / "data", tmp_path / "out"
    *_, tests = tiny_cifar(monkeypatch, data)

    def refused():
        with pytest.raises(SystemExit) as stop:
            main(["experiments", "run", "gray", "color", "--out", str(out)])
        assert stop.value.code and not out.exists()
        return capfd.readouterr().err

    assert "cifar-10: not found" in refused()
    monkeypatch.setenv("D2LRES_DATA", str(data))
    check_data(find_experiment("color"), out)
    (data / "test_batch.bin").write_bytes(tests[:-1] + b"?")
    message = refused()
    assert f"{data}: holds cifar-10 (unverified); expected cifar-10 (full)" in message
    assert "d2lres data fetch cifar-10" in message and "Traceback" not in message
    check_data(find_experiment("color"), out, data="sample")


def test_the_table_has_the_mean_and_the_spread_over_the_seeds(recorded):
    out, _, experiment = recorded
    rows = {row[0]: row for row in results(out).rows}
    assert list(rows) == ["other", "tiny"]
    tests = [load_run(out / f"tiny-{seed}").history.epochs[-1].test_acc for seed in (0, 1)]
    mean = f"{sum(tests) / 2:.4f} ({min(tests):.4f} to {max(tests):.4f})"
    assert rows["tiny"][2:4] == ("2", "2") and rows["tiny"][-1] == mean


def test_a_run_under_way_stands_in_the_table_as_far_as_it_came(recorded, tmp_path):
    out, _, _ = recorded
    shutil.copytree(out / "tiny-0", tmp_path / "tiny-0")
    path = tmp_path / "tiny-0" / "run.json"
    record = json.loads(path.read_text())
    record["history"][0]["test_acc"] = None
    path.write_text(json.dumps(record | {"history": record["history"][:1], "final": {}}))
    ((*_, epochs, params, train, test),) = results(tmp_path).rows
    assert (epochs, test) == ("1/2", "not yet") and float(train) > 0


def test_the_table_stands_in_the_readme_once(recorded, tmp_path, capfd):
    out, _, _ = recorded
    shutil.copytree(out, tmp_path, dirs_exist_ok=True)
    (tmp_path / "README.md").write_text("# Mine\n\nText.\n")
    for _ in range(2):
        with pytest.raises(SystemExit) as stop:
            main(["experiments", "table", "--out", str(tmp_path)])
        assert not stop.value.code
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# Mine\n\nText.\n") and text.count("| tiny |") == 1


# --- comparing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "p, degrees, quantile",
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 4, 2.776), (0.975, 30, 2.042), (0.8, 4, 0.941)],
)
def test_students_quantiles_are_those_of_the_tables(p, degrees, quantile):
    assert student(p, degrees) == pytest.approx(quantile, abs=6e-4)


def test_a_comparison_pools_what_all_variants_say_of_chance():
    """By hand: squares 2 + 8 + 0 over 2 + 2 + 1 degrees."""
    found = Comparison({"a": [1, 2, 3], "b": [3, 5, 7], "c": [4, 4]}, "a")
    assert (found.degrees, found.deviation) == (5, 2**0.5)
    assert found.difference("b") == 3 and found.error("b") == pytest.approx((2 * 2 / 3) ** 0.5)
    assert found.chance("b") == pytest.approx(2.5706 * found.error("b"), abs=1e-3)
    assert found.differs("b") and not found.differs("c") and not found.differs("a")
    assert found.chance("b") < found.detectable("b") < found.detectable("b", power=0.95)


def test_the_interval_holds_the_truth_in_95_of_100_experiments():
    random, inside = numpy.random.RandomState(0), 0
    for _ in range(1000):
        pairs = Comparison({"a": random.normal(0, 1, 3), "b": random.normal(2, 1, 3)}, "a")
        inside += abs(pairs.difference("b") - 2) <= pairs.chance("b")
    assert 930 <= inside <= 970  # three deviations of 1,000 such trials are 21


def test_what_a_pair_shares_does_not_widen_the_interval_of_its_difference():
    """Student's t with two degrees of freedom is 4.3027; the differences are 1, 2 and 3."""
    for shared in (0, 100):
        one, other = [1, 2 + shared, 3], [0, shared, 0]
        mean, chance = paired_difference(one, other)
        assert mean == 2 and chance == pytest.approx(4.3027 / 3**0.5, abs=1e-3)


def test_the_interval_of_pairs_holds_the_truth_in_95_of_100_experiments():
    random, inside = numpy.random.RandomState(0), 0
    for _ in range(1000):
        shared = random.normal(0, 5, 6)
        one, other = (shared + random.normal(mean, 1, 6) for mean in (2, 0))
        mean, chance = paired_difference(list(one), list(other))
        inside += abs(mean - 2) <= chance
    assert 930 <= inside <= 970  # three deviations of 1,000 such trials are 21


def test_what_cannot_be_compared_is_refused():
    for one, other in (([1, 2], [1]), ([1], [2]), ([], [])):
        with pytest.raises(ConfigError, match="expected as many of both, two at least"):
            paired_difference(one, other)
    with pytest.raises(ConfigError, match="one training of each; expected two"):
        Comparison({"a": [1], "b": [2]}, "a")
    with pytest.raises(ConfigError, match="reference"):
        Comparison({"a": [1, 2]}, "b")


@pytest.mark.parametrize("path", sorted(RUNS.rglob("run.json")), ids=lambda p: p.parent.name)
def test_a_run_in_the_repository_is_of_an_experiment_or_a_recipe_and_of_full_data(path):
    record = json.loads(path.read_text())
    known = {name: recipe for e in EXPERIMENTS.values() for name, recipe, _ in e.runs()}
    known |= {name: find_recipe(name) for name in recipe_names()}
    name = path.parent.relative_to(RUNS).as_posix()
    classes = record["recipe"].get("classes", 10)  # a run says how many its data had
    assert load_run(path.parent).recipe == known[name].changed(classes=classes)
    data = "sample" if name.startswith("sample") else "full"
    assert record["settings"]["data"] == data
    assert record["data"]["label"].startswith(f"{known[name].dataset} ({data})")
    assert record["commit"] and not record["commit"].endswith("+")
    if known[name].normalize:  # each channel has a mean and a deviation that images can have
        means, deviations = (record["normalization"][key] for key in ("means", "deviations"))
        assert len(means) == len(deviations) and 0 < min(means) and max(means) < 1
        assert 0.2 < min(deviations) and max(deviations) < 0.4
    else:
        assert record["normalization"] is None


def test_the_readme_of_the_runs_has_the_table_of_what_lies_beside_it():
    assert results(RUNS).to_markdown() in (RUNS / "README.md").read_text(), (
        "d2lres experiments table"
    )


# --- a recorded run repeats ----------------------------------------------------------------------


def first_epochs(name):
    """The first epoch of every seed that is recorded of a recipe."""
    return [load_run(path.parent).history.epochs[0] for path in RUNS.glob(f"{name}-*/run.json")]


def close(epoch, other) -> bool:
    """Equal but for the rounding of another processor, which some steps of training enlarge."""
    return (
        abs(epoch.train_loss - other.train_loss) < 0.01 * other.train_loss
        and abs(epoch.train_acc - other.train_acc) < 0.01
    )


AGAIN = """
import json, sys
from d2lres import mx
from d2lres.runs import build_net, initializer, iterators, load_run, normalization
from d2lres.train import fit

run = load_run(sys.argv[1])
recipe, settings = run.recipe, run.record["settings"]
train_iter, _ = iterators(recipe, settings["data"], settings["seed"])
assert train_iter.dataset.sha256 == run.record["data"]["sha256"]
assert normalization(train_iter) == run.record["normalization"]
mx.random.seed(settings["seed"])
net = build_net(recipe)
net.initialize(initializer(recipe))
history = fit(net, train_iter, **recipe.fit_options() | {"num_epochs": 1})
print(json.dumps(history.to_list()))
"""


def test_the_first_epoch_of_the_cheapest_run_repeats_from_its_seed():
    """Truth: the record itself.  Another seed gives other figures, so equality is no accident.

    A process of its own, with as many threads as the run had: they decide the order of sums.
    """
    run = load_run(RUNS / "sample-0")
    environment = {**os.environ, "OMP_NUM_THREADS": run.record["machine"]["OMP_NUM_THREADS"]}
    words = [sys.executable, "-c", AGAIN, str(RUNS / "sample-0")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    epoch = Epoch(**json.loads(done.stdout)[0])
    assert close(epoch, run.history.epochs[0])
    others = [e for e in first_epochs("sample") if e != run.history.epochs[0]]
    assert others and not any(close(other, run.history.epochs[0]) for other in others)
