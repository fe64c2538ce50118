"""The command line as its users meet it: what it prints, where, and its exit status."""

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_recipe import SMALL
from variants import VARIANTS, fitting

from d2lres import architecture_names, summarize
from d2lres.commands import main
from d2lres.structure import architecture, with_padding
from d2lres.train.recipes import RECIPES, recipe_names

ROOT = Path(__file__).parents[1]


def d2lres(capfd, *words):
    """(exit status, stdout, stderr) of `d2lres WORDS`."""
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    out, err = capfd.readouterr()
    return stop.value.code or 0, out, err


def test_list_prints_every_name(capfd):
    status, out, _ = d2lres(capfd, "list")
    assert status == 0
    lines = [line.strip() for line in out.splitlines()]
    names = [line for line in lines if not line.startswith("#") and not line.endswith(":")]
    assert names == architecture_names() + recipe_names()


def test_list_says_how_endless_families_are_named_and_which_options_they_have(capfd):
    said = d2lres(capfd, "list")[1]
    assert (
        "# any depth 6n + 2 from 8 to 1202; version v1 v1-no-relu v1-one-norm v2; shortcut A B C"
        in said
    )


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_summary_json_adds_up(capfd, name, version, shortcut):
    options = ["--version", version, "--shortcut", shortcut, "--classes", "10"]
    shape = fitting(name, (1, 96, 96))
    words = ["summary", name, "--json", "--input", ",".join(map(str, shape)), *options]
    status, out, _ = d2lres(capfd, *words)
    found = json.loads(out)
    assert status == 0
    for cost in ("params", "buffers", "macs"):
        assert found[cost] == sum(row[cost] for row in found["rows"])
    chosen = {"classes": 10, "version": version, "shortcut": shortcut}
    assert found == summarize(name, shape, **chosen).to_dict()


def test_summary_prints_the_table(capfd):
    s = summarize("resnet18")
    assert d2lres(capfd, "summary", "resnet18")[1] == f"{s}\n"
    assert d2lres(capfd, "summary", "resnet18", "--markdown")[1] == f"{s.to_markdown()}\n"


def test_the_usual_options_are_those_of_the_net(capfd):
    found = json.loads(d2lres(capfd, "summary", "cifar-resnet20", "--json")[1])
    assert (found["version"], found["shortcut"], found["params"]) == ("v1", "A", 269_722)


def test_summary_shows_receptive_fields_and_memory(capfd):
    s = summarize("resnet50")
    assert d2lres(capfd, "summary", "resnet50", "--show", "fields")[1] == f"{s.fields()}\n"
    found = json.loads(d2lres(capfd, "summary", "resnet50", "--show", "fields", "--json")[1])
    assert found == s.fields_dict()
    memory = ["summary", "resnet50", "--show", "memory", "--batch-size", "32"]
    assert d2lres(capfd, *memory)[1] == f"{s.memory_table(32)}\n"
    assert json.loads(d2lres(capfd, *memory, "--json")[1]) == s.memory_dict(32)


def test_padding_is_that_of_every_window(capfd):
    words = ["summary", "resnet18", "--input", "3,225,225", "--padding", "same", "--json"]
    found = json.loads(d2lres(capfd, *words)[1])
    same = with_padding(architecture("resnet18"), "same")
    assert found == summarize(same, (3, 225, 225)).to_dict()
    assert found["rows"][0]["output_shape"] == [64, 113, 113]  # 225 / 2, rounded up
    status, _, err = d2lres(capfd, "summary", "resnet18", "--padding", "full")
    assert status == 2 and err.startswith("error: Conv: padding = 'full'; expected 'same', 'valid'")


def test_nhwc_takes_the_input_in_its_own_order(capfd):
    words = ["summary", "resnet18", "--layout", "NHWC", "--input", "720,1280,3", "--json"]
    found = json.loads(d2lres(capfd, *words)[1])
    assert found["rows"][0]["output_shape"] == [360, 640, 64]
    assert found["layout"] == "NHWC"


def test_compare_prints_a_line_an_architecture(capfd):
    status, out, _ = d2lres(capfd, "compare", "resnet18", "resnet50")
    assert status == 0 and "11,689,512" in out and "25,557,032" in out
    found = json.loads(d2lres(capfd, "compare", "resnet50", "--json")[1])
    assert found == [summarize("resnet50").to_dict()]
    markdown = d2lres(capfd, "compare", "resnet18", "--markdown")[1]
    assert "| resnet18 | v1 B |" in markdown


@pytest.mark.parametrize(
    "words, said",
    [
        (["summary", "resnet21"], "architecture 'resnet21'"),
        (["summary", "resnet18", "--input", "abc"], "--input: 'abc'; expected channels"),
        (["summary", "resnet18", "--input", "3,0,5"], "(3, 0, 5); expected three whole numbers"),
        (["summary", "resnet18", "--input", "3,5"], "--input: '3,5'"),
        (["summary", "resnet18", "--classes", "0"], "classes: 0"),
        (["summary", "resnet18", "--classes", "ten"], "'ten' is not a valid integer"),
        (["summary", "resnet18", "--version", "v9"], "version of resnet18 'v9'"),
        (["summary", "resnet18", "--shortcut", "D"], "shortcut of resnet18 'D'"),
        (["summary", "plain18", "--shortcut", "A"], "shortcut of plain18 'A'"),
        (["summary", "cifar-resnet20", "--version", "v1.5"], "version of cifar-resnet20 'v1.5'"),
        (["summary", "cifar-resnet21"], "The nearest: 20 or 26."),
        (["summary", "wrn-28-0"], "widening factor 0"),
        (["summary", "wrn-28-10", "--input", "3,0,32"], "(3, 0, 32)"),
        (["summary", "resnet18", "--layout", "CHWN"], "layout 'CHWN'"),
        (["summary", "resnet18", "--show", "speed"], "'speed'"),
        (["summary", "resnet18", "--show", "memory", "--batch-size", "0"], "batch size: 0"),
        (["summary", "resnet18", "--batch-size", "8"], "expected --show memory"),
        (["summary", "resnet18", "--json", "--markdown"], "expected one of them"),
        (["compare", "resnet18", "plain18", "--version", "v2"], "version of plain18 'v2'"),
        (["summary"], "Missing argument 'ARCH'"),
        (["compare"], "Missing argument"),
        (["compare", "resnet18", "vgg16"], "architecture 'vgg16'"),
        (["sumary"], "No such command 'sumary'"),
        (["data", "where", "mnist"], "'mnist'"),
        (["train", "fashion"], "recipe 'fashion'"),
        (["train", "fashion-mnist-native", "--epochs", "0"], "num_epochs = 0"),
        (["train", "fashion-mnist-native", "--batch-size", "-4"], "batch_size = -4"),
        (["train", "fashion-mnist-native", "--device", "tpu"], "device 'tpu'"),
        (["train", "fashion-mnist-native", "--data", "half"], "'half'"),
        (["train", "imagenet-v1.5", "--data", "sample"], "data 'sample' of imagenet"),
        (["train", "fashion-mnist-native", "--seed", "-1", "--out", "no-such-run"], "seed"),
    ],
)
def test_a_wrong_request_gets_one_line_and_status_2(capfd, words, said):
    status, out, err = d2lres(capfd, *words)
    assert (status, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    "words, said",
    [
        (["evaluate", "no-such-folder"], "no-such-folder/run.json: no such file"),
        (["data", "where", "cifar-10", "--root", "no-such-folder"], "cifar-10"),
    ],
)
def test_a_failed_action_gets_one_line_and_status_1(capfd, monkeypatch, tmp_path, words, said):
    monkeypatch.setenv("D2LRES_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    status, out, err = d2lres(capfd, *words)
    assert (status, out) == (1, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert said in err


def test_data_verify_prints_the_checksum_of_every_file(capfd):
    full = Path("/usr/share/datasets/fashion-mnist")
    if not full.exists():
        pytest.skip("no complete Fashion-MNIST here")
    status, out, _ = d2lres(capfd, "data", "verify", "fashion-mnist", "--root", str(full))
    assert status == 0 and len(out.splitlines()) == 4
    for line in out.splitlines():
        checksum, path, variant = line.split()
        content = gzip.decompress(Path(path).read_bytes())
        assert (checksum, variant) == (hashlib.sha256(content).hexdigest(), "(full)")


def test_debug_shows_the_traceback():
    with pytest.raises(Exception, match="resnet21"):
        main(["--debug", "summary", "resnet21"])


def test_a_fault_of_ours_is_one_line_too(capfd, monkeypatch):
    monkeypatch.setattr("d2lres.structure.summarize", lambda *a, **k: 1 / 0)
    status, _, err = d2lres(capfd, "summary", "resnet18")
    assert status == 1
    assert err.startswith("error: ZeroDivisionError") and "--debug" in err and err.count("\n") == 1


def test_ctrl_c_is_one_line(capfd, monkeypatch):
    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("d2lres.structure.summarize", stop)
    status, _, err = d2lres(capfd, "summary", "resnet18")
    assert status == 130
    assert err.strip() == "error: stopped by the keyboard; what was finished is kept."


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m d2lres summary resnet152 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith("resnet152") and done.stderr == ""


def test_train_then_evaluate(capfd, monkeypatch, tmp_path):
    """A run on the sample from the command line, resumed for one more epoch, then evaluated."""
    steady = SMALL.changed(schedule="constant", lr=0.02)  # so that an epoch more is allowed
    monkeypatch.setitem(RECIPES, "small", steady)
    out = str(tmp_path / "run")
    words = ["train", "small", "--data", "sample", "--validation"]
    words += ["--out", out, "--batch-size", "50"]
    status, said, _ = d2lres(capfd, *words, "--epochs", "1")
    assert status == 0 and "fashion-mnist (sample), validation" in said and out in said
    status, said, _ = d2lres(capfd, *words, "--epochs", "2", "--resume")
    assert status == 0 and len(said.splitlines()) == 4  # header, two epochs, the label
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["final"]["test_acc"]
    status, said, _ = d2lres(capfd, "evaluate", out)
    assert status == 0 and said.startswith(
        f"test accuracy {recorded:.4f} on fashion-mnist (sample), validation"
    )
    status, said, _ = d2lres(capfd, "evaluate", out, "--recalibrate")
    assert status == 0 and "with statistics of 2,500 training images" in said
    assert f"recorded {recorded:.4f}" in said
    status, _, err = d2lres(capfd, *words)
    assert status == 2 and "holds a recorded run already" in err
