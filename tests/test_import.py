"""What `import d2lres` costs and needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import d2lres

ROOT = Path(__file__).parents[1]
HEAVY = ("mxnet", "numpy", "matplotlib", "click", "tqdm", "requests")
PURE = (
    "errors",
    "arch",
    "zoo",
    "accounting",
    "tables",
    "report",
    "schedules",
    "recipes",
    "history",
    "nvidia",
    "setting_up",
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
    import re

    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "d2lres").rglob("*.py")
        if re.search(r"^\s*(import mxnet|from mxnet)", path.read_text(), re.MULTILINE)
    ]
    assert found == ["d2lres/_mxnet.py"]


# Each imports from those before it alone.
ORDER = (
    "errors", "files", "processor", "arch", "zoo", "accounting", "tables", "report", "schedules",
    "recipes", "history", "plot", "nvidia", "setting_up", "_mxnet", "blocks", "models",
    "equivalence", "data", "checkpoints", "train", "runs", "experiments", "doctor", "assignments",
    "grading", "cli_assignments", "cli_experiments", "cli",
)  # fmt: skip


def imported(path: Path) -> set:
    """The modules of the package that a file imports, wherever in it."""
    parts = path.relative_to(ROOT / "d2lres").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == len(parts):
            found |= {node.module.split(".")[0]} if node.module else {a.name for a in node.names}
    return found & set(ORDER)


def test_every_module_has_its_place():
    files = (ROOT / "d2lres").glob("*")
    modules = {
        path.stem for path in files if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert modules - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_imports_run_one_way(module):
    folder = ROOT / "d2lres" / module
    files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
    for path in files:
        later = imported(path) & set(ORDER[ORDER.index(module) :]) - {module}
        assert not later, f"{path.name} imports {later}"
