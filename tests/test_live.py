"""Live cells without a browser: the standard library is enough for what the book has stored."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))
from browser import live
from browser.python import ROOT, archive
from page.cells import prepare

CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


def live_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if "live" in cell["metadata"].get("tags", ())]


def code_of(cell: dict) -> str:
    return "".join(cell["source"])


CELLS = {path.stem: live_cells(path) for path in CHAPTERS if live_cells(path)}


def stored(cell: dict) -> list[dict]:
    """The outputs in the notebook, as `live.run` gives them."""
    found = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        kinds = (("svg", "image/svg+xml"), ("html", "text/html"), ("text", "text/plain"))
        kind, text = next(((k, data[m]) for k, m in kinds if m in data), ("stream", None))
        found.append({"kind": kind, "text": "".join(text or output["text"])})
    return found


# It runs all live cells of a chapter in a Python that has the archive alone.
RUNNER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import live
codes = json.load(sys.stdin)
print(json.dumps([json.loads(live.run(json.dumps({"number": i, "code": code})))
                  for i, code in enumerate(codes)]))
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    """The file that goes into the browser."""
    path = tmp_path_factory.mktemp("browser") / "d2lres.zip"
    path.write_bytes(archive())
    return path


def test_the_chapters_on_networks_are_alive():
    """At least 25 cells, in each of these."""
    wanted = {"resnet18", "shortcuts", "basic-and-bottleneck", "family"}
    assert wanted | {"input-size", "padding", "versions"} <= set(CELLS)
    assert sum(map(len, CELLS.values())) >= 25


@pytest.mark.parametrize("chapter", CELLS)
def test_live_cells_give_their_stored_outputs_with_the_standard_library_alone(chapter, packed):
    """-I -S hides site-packages; no file of the package lies outside the archive."""
    codes = [code_of(cell) for cell in CELLS[chapter]]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUNNER, packed],
        input=json.dumps(codes), capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for cell, outputs in zip(CELLS[chapter], found, strict=True):
        assert outputs == stored(cell), code_of(cell)


# --- planning and running ------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch):
    """A worker that has run nothing."""
    for name in ("ran", "makers"):
        monkeypatch.setattr(live, name, {})
    monkeypatch.setattr(live, "names", {"__name__": "__main__"})


def planned(cells: list[str], wanted: int) -> list[int]:
    return json.loads(live.plan(json.dumps({"cells": cells, "wanted": wanted})))


def run(number: int, code: str) -> list[dict]:
    return json.loads(live.run(json.dumps({"number": number, "code": code})))


@pytest.mark.parametrize(
    "cells, expected",
    [
        (["a = 1", "b = 2", "print(a)"], [0, 2]),
        (["a = 1", "b = a", "a = 3", "print(b)"], [0, 1, 3]),
        (["a = []", "a.append(1)", "print(a)"], [0, 1, 2]),
        (["a = {}", "a['b'] = 1", "c = 1", "print(a)"], [0, 1, 3]),
        (["x = 1", "x += 1", "print(x)"], [0, 1, 2]),
        (["g = 1", "def f(x):\n    return x + g", "x = 5", "f(1)"], [0, 1, 3]),
        (["s = 1", "for s in range(3):\n    print(s)"], [1]),
        (["s = 1", "[s for s in range(3)]"], [1]),
        (["s = 1", "[s for t in range(3)]"], [0, 1]),
        (["from math import prod as p", "lambda x: p([x, y])"], [0, 1]),
        (["a = 1", "b = 2; c = (", "print(a)"], [0, 1, 2]),
        (["print(1)", "import math", "math.pi"], [1, 2]),
    ],
    ids=str,
)
def test_a_cell_needs_those_that_make_what_it_uses(cells, expected, fresh):
    assert planned(cells, len(cells) - 1) == expected


def test_what_was_run_as_it_stands_is_not_run_again(fresh):
    cells = ["a = 1", "b = a + 1", "print(b)"]
    for number in planned(cells, 2):
        run(number, cells[number])
    assert planned(cells, 2) == [2]
    assert planned(["a = 5", *cells[1:]], 2) == [0, 1, 2]  # edited
    assert planned([cells[0], "b = a + 7", cells[2]], 2) == [1, 2]
    run(2, "b = 9")  # another cell took the name
    assert planned([*cells[:2], "b = 9", "print(b)"], 3) == [3]
    assert planned([*cells[:2], "print(b)"], 2) == [1, 2]


def test_a_cell_whose_need_was_run_anew_is_run_anew(fresh):
    """The middle cell was run with the first as it was."""
    cells = ["a = 1", "b = a + 1", "print(b)"]
    for number in (0, 1, 2):
        run(number, cells[number])
    run(0, "a = 5")
    changed = ["a = 5", *cells[1:]]
    assert planned(changed, 2) == [1, 2]


def test_values_prints_and_errors_come_as_a_notebook_has_them(fresh):
    assert run(0, "print(1)\n2") == [
        {"kind": "stream", "text": "1\n"}, {"kind": "text", "text": "2"}
    ]  # fmt: skip
    assert run(1, "a = 2") == run(2, "None") == []
    printed, error = run(3, "def f():\n    return {}['a']\n\nprint('before')\nf()")
    assert printed["text"] == "before\n" and error["kind"] == "error"
    lines = error["text"].splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[-1] == "KeyError: 'a'"
    assert lines[1] == '  File "<cell 4>", line 5, in <module>' and lines[2] == "    f()"
    assert "live.py" not in error["text"]


def test_a_mistake_in_the_syntax_is_pointed_at(fresh):
    (error,) = run(0, "a = 1\nb = (2")
    assert "line 2" in error["text"] and "'(' was never closed" in error["text"]


def test_an_error_of_the_package_has_the_line_of_the_cell_alone(fresh):
    (error,) = run(0, "from d2lres import summarize\nsummarize('resnet19')")
    assert error["text"].count("File") == 1 and "resnet18" in error["text"].splitlines()[-1]


def test_a_flood_of_text_is_cut(fresh):
    (text,) = run(0, "for i in range(100_000):\n    print(i)")
    assert len(text["text"]) < live.MOST + 100 and "not shown" in text["text"][-60:]


def test_leaving_python_is_an_error_like_others(fresh):
    (error,) = run(0, "raise SystemExit(3)")
    assert error["text"].endswith("SystemExit: 3\n")


# --- controls ------------------------------------------------------------------------------------


def controls(code: str) -> list:
    html = '<html data-content_root="../"><body><main><div class="cell tag_live">'
    html += f'<div class="cell_input"><pre>{code}</pre></div></div></main></body></html>'
    page = BeautifulSoup(html, "html.parser")
    prepare(page)
    assert [button.string for button in page.select(".live-bar button")] == ["Run", "Stop", "Reset"]
    return page.select(".live-controls [name]")


def test_a_range_in_a_comment_is_a_slider():
    (control,) = controls("kernel = 3  # 1 to 7\nprint(kernel)  # 1 to 7")
    assert [control[key] for key in ("type", "name", "min", "max", "value")] == [
        "range", "kernel", "1", "7", "3"
    ]  # fmt: skip


def test_choices_in_a_comment_are_a_choice_and_written_as_the_value_is():
    words, numbers = controls('shortcut = "B"  # A, B or C\ndepth = 18  # 18 or 34')
    assert [each["value"] for each in words("option")] == ['"A"', '"B"', '"C"']
    assert [each["value"] for each in numbers("option")] == ["18", "34"]
    assert words.find(selected=True).string == "B"


@pytest.mark.parametrize(
    "code", ["a = 3", "a = 3  # pixels", "a = b  # 1 to 7", "f(a=3)  # 1 to 7"]
)
def test_other_comments_are_comments(code):
    assert controls(code) == []


def test_every_control_of_the_book_can_be_moved():
    """Its value lies in its range, and each end or choice runs."""
    tried = 0
    for cells in CELLS.values():
        codes = [code_of(cell) for cell in cells]
        for number, code in enumerate(codes):
            for control in controls(code):
                values = [option["value"] for option in control("option")]
                values = values or [control["min"], control["value"], control["max"]]
                for value in values:
                    live.names.clear()
                    live.names.update({"__name__": "__main__", "d2lres": __import__("d2lres")})
                    live.ran.clear()
                    before, _, rest = code.partition(f"{control['name']} = ")
                    new = f"{before}{control['name']} = {value}  #{rest.partition('#')[2]}"
                    for each in planned([*codes[:number], new, *codes[number + 1 :]], number):
                        outputs = run(each, new if each == number else codes[each])
                        assert not [o for o in outputs if o["kind"] == "error"], (new, outputs)
                    tried += 1
    assert tried > 15
