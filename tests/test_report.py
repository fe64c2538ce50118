"""Tables that say what was counted."""

import json
import re

import pytest
from variants import VARIANTS, fitting

from d2lres import ConfigError, ShapeError, architecture, architecture_names, contrast, summarize
from d2lres.structure import architectures_table, implementations

COSTS = ("params", "buffers", "macs")


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
@pytest.mark.parametrize("shape", [None, (3, 10_000, 10_000)], ids=["usual", "huge"])
def test_the_text_fits_80_columns(name, version, shortcut, shape):
    s = summarize(name, shape, version=version, shortcut=shortcut)
    for text in (s.to_text(), s.fields().to_text(), s.memory_table(32).to_text()):
        assert max(map(len, text.splitlines())) <= 80


def test_a_contrast_of_everything_fits_80_columns():
    text = contrast(architecture_names()).to_text()
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) == len(architecture_names()) + 3


def test_names_are_shortened_only_where_they_must():
    assert "stage1.block1.conv1 " in summarize("resnet18").to_text()
    longest = summarize("cifar-resnet1202", (3, 4_000, 4_000), shortcut="C").to_text()
    assert "s1.b1.conv1 " in longest and "stage1" not in longest


@pytest.mark.parametrize("name", architecture_names())
def test_the_printed_total_is_the_sum_of_the_printed_column(name):
    table = summarize(name, fitting(name, (1, 96, 96))).table()
    *rows, total = table.rows
    for column in map(table.header.index, ("params", "buffers", "MACs")):
        printed = [int(row[column].replace(",", "") or 0) for row in rows]
        assert f"{sum(printed):,}" == total[column]


def test_the_json_has_the_promised_keys_and_adds_up():
    found = json.loads(json.dumps(summarize("resnet50").to_dict()))
    keys = ["architecture", "version", "shortcut", "input_shape", *COSTS, "rows"]
    assert list(found) == keys
    for column in COSTS:
        assert found[column] == sum(row[column] for row in found["rows"])
    for row in found["rows"]:
        assert list(row) == ["name", "op", "output_shape", *COSTS]


def test_markdown_and_html_have_a_line_an_operation():
    s = summarize("resnet18")
    pipes = [line for line in s.to_markdown().splitlines() if line.startswith("|")]
    assert len(pipes) == len(s.rows) + 3  # header, rule, total
    assert s._repr_html_().count("<tr>") == len(s.rows) + 2
    assert {line.count("|") for line in pipes} == {7}


def test_the_repr_is_the_table_and_html_says_the_same():
    for shown in (summarize("resnet18"), contrast(["resnet18"])):
        assert repr(shown) == shown.to_text()
        assert f"{11_689_512:,}" in repr(shown) and f"{11_689_512:,}" in shown._repr_html_()


def test_the_parts_carry_the_last_shape_and_the_sums():
    s = summarize("resnet50", (3, 720, 1280))
    parts = {part.name: part for part in s.parts()}
    assert list(parts) == ["stem", "stage1", "stage2", "stage3", "stage4", "head"]
    assert parts["stage4"].output_shape == (2048, 23, 40)
    assert sum(part.params for part in parts.values()) == s.params
    assert parts["stage1"].macs == sum(r.macs for r in s.rows if r.name.startswith("stage1."))


def test_a_contrast_has_a_line_an_architecture_in_the_order_asked():
    table = contrast(["resnet50", "resnet18"], (3, 64, 64)).to_text()
    assert re.findall(r"^resnet\d+", table, re.MULTILINE) == ["resnet50", "resnet18"]
    assert f"{summarize('resnet50', (3, 64, 64)).macs:,}" in table


def test_a_contrast_says_at_which_input_each_was_counted():
    rows = contrast(["resnet18", "cifar-resnet20"]).table().rows
    assert [row[2] for row in rows] == ["3x224x224", "3x32x32"]


# --- layouts -------------------------------------------------------------------------------------


def test_nhwc_reads_and_shows_channels_last_and_counts_the_same():
    first, last = (
        summarize("resnet50", (3, 90, 60)),
        summarize("resnet50", (90, 60, 3), layout="NHWC"),
    )
    assert last.rows == first.rows
    assert "on 90x60x3" in last.to_text() and "45x30x64" in last.to_text()
    found = last.to_dict()
    assert (found["layout"], found["input_shape"]) == ("NHWC", [90, 60, 3])
    assert found["rows"][0]["output_shape"] == [45, 30, 64]
    assert found["rows"][-1]["output_shape"] == [1000]
    assert summarize("resnet50", layout="NHWC").input_shape == (3, 224, 224)


@pytest.mark.parametrize("layout", ["NHCW", "nchw", ""])
def test_an_unknown_layout_is_refused(layout):
    with pytest.raises(ConfigError, match="layout"):
        summarize("resnet18", layout=layout)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("shape", [(224, 224), (3, 0, 5), ()])
def test_a_shape_that_is_none_is_refused_in_either_layout(layout, shape):
    with pytest.raises(ShapeError, match="input shape"):
        summarize("resnet18", shape, layout=layout)


# --- receptive fields and memory -----------------------------------------------------------------


def test_fields_say_all_where_the_whole_image_is_seen():
    rows = summarize("resnet18").fields().rows
    assert rows[0][3:] == ("7", "2") and rows[-1][3:] == ("all", "all")
    assert rows[-3][3:] == ("435", "32")
    data = summarize("resnet18").fields_dict()["rows"]
    assert [row["receptive_field"] for row in data][-3:] == [435, None, None]


def test_memory_is_shown_in_million_bytes_and_given_in_bytes():
    s = summarize("resnet18")
    shown = dict(s.memory_table(32).rows)
    assert shown["weights in float32"] == f"{4 * (s.params + s.buffers) / 1e6:,.1f}" == "46.8"
    assert shown["activations of 32 images in training"] == f"{s.memory(32).training / 1e6:,.1f}"
    assert s.memory_dict(32)["training"] == 32 * s.memory(1).training
    assert "1 image in" in s.memory_table(1).to_text()


def test_an_architecture_of_ones_own_can_be_summarized():
    from dataclasses import replace

    mine = replace(architecture("resnet18", classes=3), name="mine")
    assert summarize(mine, (1, 32, 32)).to_text().startswith("mine (v1, shortcut B) on 1x32x32")


# --- implementations side by side ----------------------------------------------------------------


def test_implementations_are_told_apart_by_what_is_published_of_them():
    """d2l's 20 biases, Gluon's 32, TensorFlow's 4 projections: the chapter counts live nets."""
    table = implementations(
        {
            "paper": "resnet18",
            "d2l": "d2l-resnet18",
            "tensorflow": "tensorflow-resnet34",
            "gluon": "gluon-resnet50",
            "v1.5": architecture("resnet50", version="v1.5"),
            "v2": architecture("gluon-resnet50", version="v2"),
            "plain": "plain18",
        }
    )
    assert [row[1:] for row in table.rows] == [
        ("3x3", "0", "3", "yes", "yes", "all", "11,689,512"),
        ("3x3", "20", "3", "no", "yes", "all", "11,692,520"),
        ("3x3", "0", "4", "yes", "yes", "7x7", "21,801,896"),
        ("1x1", "32", "4", "yes", "yes", "all", "25,575,912"),
        ("3x3", "0", "4", "yes", "yes", "all", "25,557,032"),
        ("3x3", "0", "4", "no", "yes", "all", "25,549,480"),
        ("3x3", "0", "0", "", "yes", "all", "11,515,688"),
    ]
    assert max(map(len, table.to_text().splitlines())) <= 80


def test_the_papers_table_of_architectures():
    """He et al. (2015), table 1, row by row: sizes, blocks and how many."""
    table = architectures_table([f"resnet{depth}" for depth in (18, 34, 50, 101, 152)])
    assert table.header == ("stage", "output", "layers", "18", "34", "50", "101", "152")
    assert [row[:3] for row in table.rows] == [
        ("conv1", "112", "7x7, 64, stride 2"),
        ("", "56", "3x3 max pool, stride 2"),
        ("conv2_x", "56", "[3x3, 64; 3x3, 64]"),
        ("conv2_x", "56", "[1x1, 64; 3x3, 64; 1x1, 256]"),
        ("conv3_x", "28", "[3x3, 128; 3x3, 128]"),
        ("conv3_x", "28", "[1x1, 128; 3x3, 128; 1x1, 512]"),
        ("conv4_x", "14", "[3x3, 256; 3x3, 256]"),
        ("conv4_x", "14", "[1x1, 256; 3x3, 256; 1x1, 1024]"),
        ("conv5_x", "7", "[3x3, 512; 3x3, 512]"),
        ("conv5_x", "7", "[1x1, 512; 3x3, 512; 1x1, 2048]"),
        ("", "1", "average pool, 1000-d fc, softmax"),
    ]
    counts = [row[3:] for row in table.rows[2:10]]
    assert counts[0] == ("x 2", "x 3", "", "", "") and counts[1] == ("", "", "x 3", "x 3", "x 3")
    assert counts[4] == ("x 2", "x 6", "", "", "") and counts[5] == ("", "", "x 6", "x 23", "x 36")
