"""The address of the repository: kept in _config.yml, and written wherever it is given."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import address

ROOT = Path(__file__).parents[1]
CONFIG = (ROOT / "_config.yml").read_text(encoding="utf-8")
HERE = address.address(CONFIG)
ELSEWHERE = "someone/else-where"
MOVED = {
    "url": f"https://github.com/{ELSEWHERE}", "branch": "v2",
    "repository": ELSEWHERE, "owner": "someone", "name": "else-where",
}  # fmt: skip
# The repositories of others that the project cites or fetches from.
CITED = {
    "KaimingHe/resnet-1k-layers", "NVIDIA/DeepLearningExamples", "googlecolab/backend-info",
    "kuangliu/pytorch-cifar", "zalandoresearch/fashion-mnist", "containers/bubblewrap",
    "microsoft/onnxruntime",
    "tensorflow/models", "apache/mxnet", "pyodide/pyodide",
}  # fmt: skip

BINARY = {".png", ".params", ".webp", ".woff", ".xz"}
OTHERS = {ROOT / "_static" / name for name in ("pyodide", "onnxruntime")}  # as they came

FILE = pytest.mark.parametrize("path", address.files(), ids=lambda p: str(p.relative_to(ROOT)))


def tracked() -> list[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("no checkout")
    return [ROOT / name for name in done.stdout.splitlines()]


@FILE
def test_a_file_gives_the_address_of_today(path):
    assert address.written(path, HERE) == path.read_text(encoding="utf-8"), "make address"


def test_no_other_address_is_given_anywhere():
    """Not even ours, outside the forms that the script writes: it would not move with them."""
    for path in tracked():
        if (
            path.suffix in BINARY
            or path == ROOT / "_config.yml"
            or OTHERS.intersection(path.parents)
        ):
            continue
        text = path.read_text(encoding="utf-8")
        for form, _ in address.FORMS:
            text = re.sub(form, "", text)
        for found in re.findall(r"github\.com/([\w.-]+/[\w.-]+)", text):
            assert found.removesuffix(".git") in CITED, f"{path.relative_to(ROOT)}: {found}"
        assert HERE["repository"] not in text, f"{path.relative_to(ROOT)}: {HERE['repository']}"


def test_every_chapter_opens_with_the_same_cell():
    assert address.SETUP_CELL.format(**HERE) in (ROOT / "chapters" / "running.md").read_text()
    for path in (ROOT / "chapters").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = next(cell for cell in cells if cell["cell_type"] == "code")
        assert "".join(first["source"]) == address.SETUP_CELL.format(**HERE), path.name
        assert first["outputs"] == [] and cells.index(first) <= 2, path.name


@FILE
def test_an_address_that_moves_moves_everywhere_and_back(path):
    text = path.read_text(encoding="utf-8")
    moved = (address.notebook if path.suffix == ".ipynb" else address.page)(text, MOVED)
    assert HERE["repository"] not in moved
    assert address.written(path, MOVED) == moved
    back = (address.notebook if path.suffix == ".ipynb" else address.page)(moved, HERE)
    assert back == text, "to the byte"


def test_in_a_notebook_the_setup_cell_alone_moves():
    path = ROOT / "chapters" / "residual-block.ipynb"
    before, after = json.loads(path.read_text()), json.loads(address.written(path, MOVED))
    changed = [i for i, c in enumerate(before["cells"]) if c != after["cells"][i]]
    assert len(changed) == 1
    [cell] = changed
    assert after["cells"][cell]["source"][3] == (f"    %pip install -q git+{MOVED['url']}@v2\n")
    assert before["metadata"] == after["metadata"]


def test_a_readme_moves_in_every_form():
    moved = address.written(ROOT / "README.md", MOVED)
    for given in (
        "colab.research.google.com/github/someone/else-where/blob/v2/chapters/",
        "mybinder.org/v2/gh/someone/else-where/v2",
        "codespaces.new/someone/else-where",
        f"git clone {MOVED['url']}\ncd else-where\n",
    ):
        assert given in moved, given


def test_the_script_says_what_it_would_change_and_changes_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "_config.yml").write_text(CONFIG.replace(HERE["url"], MOVED["url"]))
    (tmp_path / "README.md").write_text(f"git clone {HERE['url']}\ncd {HERE['name']}\n")
    monkeypatch.setattr(address, "ROOT", tmp_path)
    monkeypatch.setattr(address.sys, "argv", ["address.py", "--check"])
    monkeypatch.setattr(address, "files", lambda: [tmp_path / "README.md"])
    assert address.main() == 1 and capsys.readouterr().out == "README.md\n"
    assert HERE["url"] in (tmp_path / "README.md").read_text()
    monkeypatch.setattr(address.sys, "argv", ["address.py"])
    assert address.main() == 0
    assert (tmp_path / "README.md").read_text() == f"git clone {MOVED['url']}\ncd else-where\n"
    assert capsys.readouterr().out == "README.md\n" and address.main() == 0
    assert capsys.readouterr().out == ""
