"""What `import d2lres` costs and needs."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import d2lres

ROOT = Path(__file__).parents[1]
HEAVY = ("mxnet", "numpy", "matplotlib", "click", "tqdm", "requests")
MACHINE = ("importing", "nvidia", "processor", "repairs", "setting_up")
PURE = (
    "errors",
    "files",
    "names",
    "structure",
    "drawing",
    "practice",
    *(f"machine.{name}" for name in MACHINE),
    "train",
)


def run(code: str, *flags: str) -> str:
    done = subprocess.run(
        [sys.executable, *flags, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_package_loads_nothing_heavy():
    code = f"import sys, d2lres; print([m for m in {HEAVY} if m in sys.modules])"
    assert run(code) == "[]"


def test_the_package_loads_the_hook_for_mxnet_and_nothing_else_of_its_own():
    """With it the import takes milliseconds."""
    code = "import sys, d2lres; print(*sorted(m for m in sys.modules if m.startswith('d2lres')))"
    assert run(code) == "d2lres d2lres.machine d2lres.machine.importing d2lres.names"


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_need_the_standard_library_alone(module):
    """-I -S hides site-packages: whatever is imported then comes with Python."""
    run(f"import sys; sys.path.insert(0, {str(ROOT)!r}); import d2lres.{module}", "-I", "-S")


def test_counting_needs_the_standard_library_alone():
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import d2lres;"
        "print(d2lres.summarize('resnet18').params)"
    )
    assert run(code, "-I", "-S") == "11689512"


def test_an_installed_package_has_every_room():
    """And the recorded runs, which lie beside it here."""
    given = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = (path.parent.relative_to(ROOT) for path in (ROOT / "d2lres").rglob("__init__.py"))
    assert set(given) == {".".join(path.parts) for path in folders} | {"d2lres.recorded"}


@pytest.mark.parametrize("name", d2lres.__all__)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(d2lres, name)
    assert value.__doc__ or not callable(value)


def test_no_public_function_bears_a_modules_name():
    modules = {path.stem for path in (ROOT / "d2lres").glob("*.py")}
    modules |= {path.parent.name for path in (ROOT / "d2lres").glob("*/__init__.py")}
    assert not modules & set(d2lres.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'resnet'"):
        getattr(d2lres, "resnet")  # noqa: B009


def test_reading_a_recorded_run_needs_no_mxnet():
    code = (
        "import sys, d2lres; d2lres.recorded('fashion-mnist-native');print('mxnet' in sys.modules)"
    )
    assert run(code) == "False"


def test_one_file_imports_mxnet():
    """Any other would do so before the import is repaired and the threads are set."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "d2lres").rglob("*.py")
        if re.search(r"^\s*(import mxnet|from mxnet)", path.read_text(), re.MULTILINE)
    ]
    assert found == ["d2lres/live/_mxnet.py"]


# --- the floors ----------------------------------------------------------------------------------

GROUND = {"errors", "files", "names"}
# Which rooms a room may import, from the ground up.  Every one stands above those that it imports.
MAY_IMPORT = {
    "structure": GROUND,
    "machine": GROUND,
    "live": GROUND | {"structure", "machine"},
    "twins": GROUND | {"structure", "live"},
    "drawing": GROUND | {"structure"},
    "practice": GROUND | {"structure"},
    "plot": GROUND | {"structure", "drawing"},
    "classroom": GROUND | {"machine"},
    "data": GROUND | {"live", "twins"},
    "train": GROUND | {"live", "twins"},
    "runs": GROUND | {"structure", "machine", "live", "twins", "data", "train"},
    "commands": GROUND
    | {"structure", "machine", "live", "twins", "data", "train", "runs", "classroom"},
}


def imported(path: Path) -> set:
    """The rooms and files of the ground that a file imports, wherever in it."""
    package = ("d2lres", *path.relative_to(ROOT / "d2lres").parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            words = (*above, *(node.module or "").split("."))
            if words[0] == "d2lres":
                found |= {words[1]} if words[1:] and words[1] else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            found |= {words[1] for words in names if words[0] == "d2lres" and words[1:]}
    return found


def test_the_table_of_rooms_is_the_house():
    entries = {path.name.removesuffix(".py") for path in (ROOT / "d2lres").iterdir()}
    entries -= {"__init__", "__main__", "__pycache__"}
    assert entries == GROUND | set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_from_the_floors_below_it(room):
    above = list(MAY_IMPORT)[list(MAY_IMPORT).index(room) :]
    assert not MAY_IMPORT[room] & set(above)  # the table itself has no circle
    for path in (ROOT / "d2lres" / room).rglob("*.py"):
        found = imported(path) - {room, "__version__"}
        assert found <= MAY_IMPORT[room], f"{path.relative_to(ROOT)}: {found - MAY_IMPORT[room]}"


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_rests_on_itself(name):
    assert imported(ROOT / "d2lres" / f"{name}.py") <= GROUND


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_says_what_it_is_for_and_names_its_files(room):
    folder = ROOT / "d2lres" / room
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in folder.glob("*/__init__.py")}
    unnamed = {name for name in files | folders if not re.search(rf"\b{name}\b", text)}
    assert not unnamed


def test_chapters_and_assignments_import_from_rooms():
    """From d2lres, or from a room of it: never from a file inside one."""
    notebooks = [*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("assignments/source/*/*.ipynb")]
    assert len(notebooks) > 15
    for path in notebooks:
        for cell in json.loads(path.read_text())["cells"]:
            source = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
            for module in re.findall(r"^\s*(?:from|import) (d2lres[\w.]*)", source, re.MULTILINE):
                assert module.count(".") <= 1, f"{path.name}: {module}"
