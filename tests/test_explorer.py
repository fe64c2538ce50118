"""What the network explorer answers, in the Python of the tests; the page is tested beside it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from d2lres.errors import D2lresError
from d2lres.structure import architecture_families, architecture_names, summarize

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))
from browser import explorer
from browser.python import ROOT, archive

STATIC = ROOT / "_static"


def asked(*choices, columns=1, every_layer=False) -> dict:
    question = {"choices": choices, "columns": columns, "every_layer": every_layer}
    return json.loads(explorer.answer(json.dumps(question)))


def test_what_goes_into_the_browser_needs_the_standard_library_alone(tmp_path):
    """-I -S hides site-packages; no file of the package lies outside the archive."""
    path = tmp_path / "d2lres.zip"
    path.write_bytes(archive())
    question = json.dumps({"choices": [{"net": "resnet50"}], "columns": 2, "every_layer": True})
    code = f"import sys; sys.path.insert(0, {str(path)!r}); import explorer;"
    code += f"print(explorer.answer({question!r}))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(explorer.answer(question))
    assert path.stat().st_size < 250_000


@pytest.mark.parametrize("name", architecture_names())
def test_every_architecture_is_shown(name):
    (net,) = asked({"net": name})["nets"]
    summary = summarize(name)
    assert net["title"] == summary.title and f"{summary.macs:,} MACs" in net["said"]
    assert net["layers"] == summary._repr_html_()
    for row in summary.parts():
        assert f">{row.name}<" in net["parts"] and f">{row.params:,}<" in net["parts"]
    assert len(net["csv"].splitlines()) == 1 + len(summary.rows)


def test_empty_words_are_the_usual():
    words = ("version", "shortcut", "input", "classes", "padding", "batch")
    empty = {"net": " resnet18 ", **dict.fromkeys(words, "")}
    assert asked(empty) == asked({"net": "resnet18"}) == asked({})


@pytest.mark.parametrize(
    "choice, options",
    [
        ({"net": "resnet81"}, {}),
        ({"net": "resnet18", "version": "v3"}, {"version": "v3"}),
        ({"net": "plain18", "shortcut": "A"}, {"shortcut": "A"}),
        ({"net": "resnet18", "classes": "0"}, {"classes": 0}),
        ({"net": "resnet18", "input": "3,0,224"}, {"input_shape": (3, 0, 224)}),
        ({"net": "resnet18", "padding": "valid"}, {"padding": "valid"}),
        ({"net": "resnet18", "padding": "none"}, {"padding": "none"}),
    ],
    ids=str,
)
def test_a_wrong_choice_gets_the_packages_own_message(choice, options):
    with pytest.raises(D2lresError) as error:
        summarize(choice["net"], **options)
    assert asked(choice)["nets"] == [{"error": str(error.value)}]


@pytest.mark.parametrize(
    "word, text", [("input", "3,224"), ("input", "a,b,c"), ("classes", "ten"), ("batch", "1.5")]
)
def test_what_is_no_number_is_said_with_what_was_expected(word, text):
    (net,) = asked({"net": "resnet18", word: text})["nets"]
    assert net["error"].startswith(f"{word}: {text!r}; expected ")


def test_a_batch_below_one_is_the_accountings_error():
    (net,) = asked({"batch": "0"})["nets"]
    assert net["error"] == "batch size: 0; expected a whole number of at least 1."


def test_two_networks_are_compared_where_they_differ():
    """He et al. (2015), table 1: 18 and 34 have one stem, one head, and other stages."""
    table = asked({"net": "resnet18"}, {"net": "resnet34"})["differences"]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)<", row) for row in table.split("<tr>")[1:]]
    found = {row[0]: row[1:] for row in rows}
    assert found["parameters"] == ["11,689,512", "21,797,672", "1.86"]
    assert found["blocks in each stage"] == ["2-2-2-2", "3-4-6-3", ""]
    assert not {"input", "version", "padding", "parameters of stem", "MACs of head"} & set(found)
    assert "Nothing differs" in asked({}, {"net": "resnet18"})["differences"]
    assert asked({}, {"net": "resnet19"})["differences"] == ""


def test_the_gluon_code_runs():
    """It ends with the shape of what leaves the net."""
    pytest.importorskip("mxnet")
    for padding in ("", "same"):
        choice = {"net": "cifar-resnet8", "classes": "7", "batch": "2", "padding": padding}
        (net,) = asked({**choice, "input": "1,9,8"})["nets"]
        *lines, last = net["gluon"].splitlines()
        names = {}
        exec("\n".join(lines), names)
        assert eval(last, names) == (2, 7)


def test_what_the_browsers_python_loads_to_begin_with_is_compiled():
    """Else it would compile it at each start; the rest is smaller as source."""
    names = set(ZipFile(STATIC / "pyodide" / "python_stdlib.zip").namelist())
    for module in ("os", "asyncio/__init__", "_pyodide/_base"):
        assert f"{module}.pyc" in names and f"{module}.py" not in names
    assert "pdb.py" in names


def test_pyodide_is_as_its_readme_says():
    version = re.search(r'="(\d+\.\d+\.\d+)"', (STATIC / "pyodide" / "pyodide.mjs").read_text())[1]
    readme = (STATIC / "pyodide" / "README.md").read_text()
    assert f"Pyodide](https://pyodide.org) {version}," in readme and f"VERSION={version}`" in readme


def test_the_page_offers_what_the_package_has():
    page = (ROOT / "chapters" / "explorer.md").read_text(encoding="utf-8")
    families = architecture_families()
    for name, known in {
        "version": {version for family in families for version in family.versions},
        "shortcut": {shortcut for family in families for shortcut in family.shortcuts},
        "padding": {"same", "valid"},
    }.items():
        for field in (name, f"{name}2"):
            [options] = re.findall(rf'<select name="{field}">(.*?)</select>', page)
            assert set(re.findall(r"<option>(.*?)</option>", options)) == known - {"none"}
