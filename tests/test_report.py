"""Tables that say what was counted."""

import json
import re

import pytest

from d2lres import architecture_names, contrast, summarize


@pytest.mark.parametrize("name", architecture_names())
def test_the_text_fits_80_columns(name):
    assert max(map(len, summarize(name).to_text().splitlines())) <= 80


@pytest.mark.parametrize("name", architecture_names())
def test_the_printed_total_is_the_sum_of_the_printed_column(name):
    header, *rows, total = summarize(name, (1, 96, 96)).cells()
    for column in map(header.index, ("params", "buffers", "MACs")):
        printed = [int(row[column].replace(",", "") or 0) for row in rows]
        assert f"{sum(printed):,}" == total[column]


def test_the_json_has_the_promised_keys_and_adds_up():
    found = json.loads(json.dumps(summarize("resnet50").to_dict()))
    keys = [
        "architecture",
        "version",
        "shortcut",
        "input_shape",
        "params",
        "buffers",
        "macs",
        "rows",
    ]
    assert list(found) == keys
    for column in ("params", "buffers", "macs"):
        assert found[column] == sum(row[column] for row in found["rows"])
    assert set(found["rows"][0]) == {"name", "op", "output_shape", "params", "buffers", "macs"}


def test_markdown_and_html_have_a_line_an_operation():
    s = summarize("resnet18")
    pipes = [line for line in s.to_markdown().splitlines() if line.startswith("|")]
    assert len(pipes) == len(s.rows) + 3  # header, rule, total
    assert s._repr_html_().count("<tr>") == len(s.rows) + 2
    assert {line.count("|") for line in pipes} == {7}


def test_a_contrast_has_a_line_an_architecture_in_the_order_asked():
    table = contrast(["resnet50", "resnet18"], (3, 64, 64)).to_text()
    assert re.findall(r"^resnet\d+", table, re.MULTILINE) == ["resnet50", "resnet18"]
    assert f"{summarize('resnet50', (3, 64, 64)).macs:,}" in table
