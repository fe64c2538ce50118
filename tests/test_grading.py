"""Grading: what hostile and careless submissions get, each in its sandbox, one after the other."""

import contextlib
import json
import os
import re
import socket
import tempfile
import threading
from dataclasses import replace
from multiprocessing.util import get_temp_dir
from pathlib import Path

import pytest
import small_course as small
from click.testing import CliRunner

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import Settings, sandbox
from d2lres.classroom.batch import grade
from d2lres.classroom.marks import read_result
from d2lres.commands import main
from d2lres.errors import MissingDependency

MB = sandbox.MB
# Generous in time, for a busy machine, except for those who would take all of it.
LIMITS = sandbox.Limits(
    cell_seconds=30, seconds=150, memory=700 * MB, processes=80, disk=24 * MB, output=20_000
)
SHORT = replace(LIMITS, cell_seconds=4.5, seconds=40.5)  # half seconds are seconds, too
ENDLESS = ("endless-loop", "stubborn-loop")
LOOPS = (*ENDLESS, "run-cell")  # whose kernel never answers, or with IPython 9 answers nothing
TOO_LONG = "the cell ran longer than 4.5 s"


def sandbox_works() -> bool:
    try:
        sandbox.check_sandbox()
    except MissingDependency:
        return False
    return True


needs_sandbox = pytest.mark.skipif(not sandbox_works(), reason="bubblewrap is missing or forbidden")


def mean(body: str, start: str = "") -> dict:
    """Answers whose `mean` has this body, after this code at the top of the cell."""
    lines = "\n".join("    " + line for line in body.splitlines())
    return {"mean_answer": f"{start}\ndef mean(xs):\n{lines}\n    return sum(xs) / len(xs)"}


WRONG = {
    "mean_answer": "def mean(xs):\n    return 7",
    "spread_answer": "def spread(xs):\n    return 7",
}


def wrong(start: str) -> dict:
    """Wrong answers to both, after this code."""
    return WRONG | {"mean_answer": f"{start}\n\n{WRONG['mean_answer']}"}


SWALLOW = """from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.showtraceback = lambda *a, **k: None
get_ipython().showtraceback = lambda *a, **k: None
get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)"""
RUN_CELL = """from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
async def fake(*a, **k):
    return ExecutionResult(None)
get_ipython().run_cell_async = fake
InteractiveShell.run_cell_async = fake"""
TRANSFORMER = """import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())"""
FORGER = """kernel = get_ipython().kernel
import types
async def no_asserts(self, stream, ident, parent):
    lines = parent["content"]["code"].splitlines()
    parent["content"]["code"] = "\\n".join(lines[-1:])
    await type(self).execute_request(self, stream, ident, parent)
forged = types.MethodType(no_asserts, kernel)
class Handlers(dict):
    def get(self, key, default=None):
        return forged if key == "execute_request" else dict.get(self, key, default)
    def __getitem__(self, key):
        return forged if key == "execute_request" else dict.__getitem__(self, key)
    def update(self, other):
        pass
kernel.shell_handlers = Handlers(kernel.shell_handlers)"""
START, SEND = "kernel = get_ipython().kernel", "kernel.session.send"
HELPERS = """import builtins
np.testing.assert_allclose = lambda *a, **k: None
builtins.all = lambda xs: True
all = builtins.all"""
CODE_SWAP = "np.testing.assert_allclose.__code__ = (lambda *a, **k: None).__code__"

# student: (answers, points for mean-test, points for spread-test, what the notes or reasons say)
CASES = {
    "right": ({}, 2, 3, ""),
    "special-casing": ({"mean_answer": "def mean(xs):\n    return 2"}, 0, 3, "no whole number"),
    "endless-loop": (mean("while True: pass"), 0, 3, f"TimeoutError: {TOO_LONG}"),
    "stubborn-loop": (
        mean("signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
             "import signal, time"),
        0, 3, f"mean-test ended early: {TOO_LONG}, and did not stop",
    ),
    "fork-bomb": (
        mean("for _ in range(500):\n    if os.fork() == 0:\n        time.sleep(60); os._exit(0)",
             "import os, time"),
        0, 3, "BlockingIOError",
    ),
    "10-gb": (mean("bytearray(10 << 30)"), 0, 3, "MemoryError"),
    "10-gb-shared": (
        mean("m = mmap.mmap(-1, 10 << 30)\nfor i in range(640): m.write(bytes(16 << 20))",
             "import mmap"),
        0, 3, "mean-test ended early: it used more than 700 MB of memory",
    ),
    "reads-solution": (
        mean("for place in PLACES: open(place).read()", "PLACES = {places!r}"),
        0, 3, "No such file",
    ),
    "writes-outside": (
        mean("open('/usr/escaped', 'w')", "import contextlib, os\n"
             "for place in {outside!r}:\n"
             "    with contextlib.suppress(OSError):\n"
             "        os.makedirs(os.path.dirname(place), exist_ok=True); open(place, 'w')"),
        0, 3, "Read-only file system",
    ),
    "fills-disk": (
        mean("for i in range(9): open(f'/tmp/{i}', 'wb').write(bytes(8 << 20))"),
        0, 3, "No space left",
    ),
    "socket": (
        mean("socket.create_connection(('127.0.0.1', {port}), 3)", "import socket"),
        0, 3, "Connection refused|Network is unreachable",
    ),
    "sys-exit": (mean("sys.exit(0)", "import sys"), 0, 3, "SystemExit"),
    "os-exit": (mean("os._exit(0)", "import os"), 0, 3, "mean-test ended early: its process ended"),
    "100-mb": (mean("print('x' * 100_000_000)"), 2, 3, ""),
    "100-mb-past-python": (mean("os.system('yes | head -c 100000000')", "import os"), 2, 3, ""),
    "prints-for-ever": (
        mean("while True: display('x' * 10_000)"), 0, 3, "printed without end",
    ),
    "garbled-status": (
        mean(f"{SEND}(kernel.iopub_socket, 'status', {{}}, kernel.get_parent())", START),
        0, 3, "mean-test ended early: its kernel sent nonsense: KeyError",
    ),
    "garbled-output": (
        mean(f"{SEND}(kernel.iopub_socket, 'error', {{'ename': 7}}, kernel.get_parent())\n"
             "display({'text/html': 7}, raw=True)", START),
        2, 3, "",
    ),
    "warns": (mean("import warnings; warnings.warn('careful')"), 2, 3, ""),
    "lean-kernel": (  # it starts without what nobody asks for, and has it when somebody does
        mean("import jedi, debugpy", "import gc, sys\n"
             "assert gc.isenabled() and not {'jedi', 'debugpy'} & {*sys.modules}"),
        2, 3, "",
    ),
    "helpers": (wrong(HELPERS), 0, 0, "AssertionError: the mean of 1, 2, 3"),
    "code-swap": (wrong(CODE_SWAP), 0, 0, "AssertionError: the mean of 1, 2, 3"),
    "swallows-errors": (wrong(SWALLOW), 0, 0, "AssertionError: the mean of 1, 2, 3"),
    "run-cell": (wrong(RUN_CELL), 0, 0, "TimeoutError|AssertionError|NotPlain"),
    "transformer": (wrong(TRANSFORMER), 0, 0, small.HIDDEN),
    "forger": (wrong(FORGER), 0, 0, "NameError"),
    "says-so": (wrong("print('All tests passed')"), 0, 0, "AssertionError"),
}  # fmt: skip

# student: (the file handed in, what the notes say); all answers are right
CARELESS = {
    "windows": (
        lambda: json.dumps(small.submission(explain="Größe ½"), ensure_ascii=False).encode(
            "cp1252"
        ),
        "read as cp1252",
    ),
    "lost-marks": (lambda: without_marks(small.submission()), "spread-test"),
}
DAMAGED = {
    "truncated": (lambda: json.dumps(small.submission()).encode()[:2000], "truncated"),
    "another": (lambda: without_marks(small.submission(), cells=1), "another notebook"),
}


def without_marks(notebook, cells: int | None = None):
    """The notebook, or its first cells, as an editor leaves it that drops metadata."""
    notebook.cells = notebook.cells[:cells]
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """All cases graded in one batch, beside a server that nobody should reach."""
    here = tmp_path_factory.mktemp("graded")
    course, folder, out = small.write_course(here / "course"), here / "submitted", here / "out"
    server = socket.create_server(("127.0.0.1", 0))
    reached = []
    threading.Thread(target=lambda: reached.append(server.accept()), daemon=True).start()
    escaped = [str(here / "escaped"), "/var/tmp/d2lres-escaped", str(course / "source/escaped")]
    places = [str(course / "source/sums/sums.ipynb"), str(folder / "right/sums.ipynb"), str(out)]
    fill = {"{places!r}": repr(places), "{outside!r}": repr(escaped),
            "{port}": str(server.getsockname()[1])}  # fmt: skip
    for student, (answers, *_) in CASES.items():
        texts = {name: replace_all(text, fill) for name, text in answers.items()}
        small.hand_in(here / "loops" if student in LOOPS else folder, student,
                      small.submission(**texts))  # fmt: skip
    for student, (made, _) in {**CARELESS, **DAMAGED}.items():
        small.hand_in(folder, student, made())
    get_temp_dir()  # Python's own for its processes, which stays until this one ends
    scratch = tempfile.mkdtemp()  # of this batch: other tests run kernels at the same time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", scratch)
        for each, limits in ((here / "loops", SHORT), (folder, LIMITS)):
            settings = Settings(limits)
            # Those who loop wait for their limits, all at once.
            grade("sums", each, out, course=course, settings=settings, jobs=3, progress=False)
    return {"out": out, "folder": folder, "course": course, "reached": reached, "escaped": escaped,
            "scratch": scratch}  # fmt: skip


def replace_all(text: str, words: dict) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


@needs_sandbox
@pytest.mark.parametrize("student", CASES)
def test_each_ends_with_its_mark_and_a_reason(batch, student):
    _, mean_points, spread_points, reason = CASES[student]
    result = read_result(batch["out"] / f"{student}.json")
    said = "\n".join(result["notes"] + [cell["why"] for cell in result["cells"]])
    scores = {cell["id"]: cell["score"] for cell in result["cells"]}
    assert scores == {"mean-test": mean_points, "spread-test": spread_points, "explain": None}, said
    assert re.search(reason, said), said
    assert result["seconds"] < (SHORT if student in LOOPS else LIMITS).seconds + 30
    if not reason:
        assert said.strip() == ""
    assert (batch["out"] / f"{student}.json").stat().st_size < 300_000


@needs_sandbox
@pytest.mark.parametrize("student", ENDLESS)
def test_a_cell_that_took_too_long_says_so_below_it(batch, student):
    cells = read_result(batch["out"] / f"{student}.json")["notebook"].cells
    assert TOO_LONG in str([cell.get("outputs") for cell in cells])


@needs_sandbox
def test_nothing_left_the_sandbox(batch):
    assert not batch["reached"]
    for place in batch["escaped"] + ["/usr/escaped"]:
        assert not os.path.exists(place)
    assert not [line for line in command_lines() if batch["scratch"] in line]
    os.rmdir(batch["scratch"])  # which is empty


def command_lines() -> list[str]:
    """The command line of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@needs_sandbox
@pytest.mark.parametrize("student", CARELESS)
def test_a_careless_one_has_its_marks_and_a_note(batch, student):
    result = read_result(batch["out"] / f"{student}.json")
    assert [cell["score"] for cell in result["cells"]] == [2, 3, None]
    assert CARELESS[student][1] in "\n".join(result["notes"])


@needs_sandbox
@pytest.mark.parametrize("student", DAMAGED)
def test_a_damaged_one_has_its_reason_and_no_marks(batch, student):
    result = read_result(batch["out"] / f"{student}.json")
    assert result["status"] == "damaged" and result["cells"] == []
    assert DAMAGED[student][1] in result["notes"][0]


@needs_sandbox
def test_the_same_command_goes_on_where_it_was_interrupted(batch):
    out, folder = batch["out"], batch["folder"]
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.json")}
    (out / "right.json").unlink()
    small.hand_in(folder, "says-so", small.submission())  # handed in again, right this time
    (out / "warns.json").write_text("{")  # by something else than `grade`
    now, number, _ = grade(
        "sums", folder, out, course=batch["course"], settings=Settings(LIMITS), progress=False
    )
    again = {path.stem for path in before if before[path] != path.stat().st_mtime_ns}
    assert (now, number) == (3, len(CASES) - len(LOOPS) + len(CARELESS) + len(DAMAGED))
    assert again == {"right", "says-so", "warns"}
    assert [cell["score"] for cell in read_result(out / "says-so.json")["cells"]] == [2, 3, None]


# --- where there is no sandbox --------------------------------------------------------------------


@pytest.fixture
def one(tmp_path):
    """The command that grades one right submission; more options may follow."""
    course = small.write_course(tmp_path / "course")
    small.hand_in(tmp_path / "submitted", "ana", small.submission())
    return [
        "assignments", "grade", "sums", str(tmp_path / "submitted"), "--course", str(course),
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip


def test_without_a_sandbox_nothing_runs(one, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, one)
    assert done.exit_code == 1 and not (tmp_path / "out").exists()
    assert "bubblewrap: not found" in done.output and "apt-get install bubblewrap" in done.output


def test_a_sandbox_that_cannot_start_is_named_with_what_it_said(one, tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    done = CliRunner().invoke(main, one)
    assert done.exit_code == 1 and "No permissions to create new namespace" in done.output


def test_no_sandbox_grades_nevertheless(one, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(main, [*one, "--no-sandbox", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    result = read_result(tmp_path / "out" / "ana.json")
    assert [cell["score"] for cell in result["cells"]] == [2, 3, None]
    assert result["sandbox"] is False


@pytest.mark.parametrize(
    "options, said",
    [
        (["--jobs", "0"], "--jobs: 0"),
        (["--seconds", "0"], "--seconds: 0.0; expected a number above 0"),
        (["--course", "/nowhere"], "no assignment"),
    ],
)
def test_a_wrong_request_is_one_line(one, options, said):
    done = CliRunner().invoke(main, [*one, *options])
    assert done.exit_code == 2 and said in done.output and done.output.count("\n") == 1


def test_what_may_not_be_seen_is_empty_inside(tmp_path):
    """A course within a folder that the sandbox shows is covered by an empty one."""
    line = sandbox.command(sandbox.Limits(), [], [sandbox.PACKAGE / "classroom", tmp_path])
    covered = [line[i + 1] for i, word in enumerate(line) if word == "--tmpfs"]
    assert str(sandbox.PACKAGE / "classroom") in covered and str(tmp_path) not in covered
