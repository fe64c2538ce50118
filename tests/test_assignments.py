"""The assignments: the student versions hide what they must, and wrong answers are told what is
wrong.  That the sources earn full marks, `test_grading_course` sees in nbgrader and here."""

import ast
import copy
import json
import re
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from nbgrader.utils import determine_grade, is_grade, is_solution
from wrong_answers import SPECIAL, TOLD

from d2lres.classroom.assignments import COURSE, list_assignments, release, student_version
from d2lres.commands import main
from d2lres.errors import ConfigError, DataError

ROOT = Path(__file__).parents[1]
ASSIGNMENTS = list_assignments()
NAMES = list(ASSIGNMENTS)
WRITTEN = {"5": ["explain-the-curve"], "6": ["explain-the-difference"]}  # read by a teacher
EACH = pytest.mark.parametrize("name", NAMES)


@cache
def source(name):
    return nbformat.read(ASSIGNMENTS[name].source, as_version=4)


@cache
def released(name):
    return nbformat.reads(student_version(ASSIGNMENTS[name].source), as_version=4)


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def checks(notebook):
    """The cells that are graded by running them."""
    return [cell for cell in notebook.cells if is_grade(cell) and cell.cell_type == "code"]


# --- running cells in this process ---------------------------------------------------------------


def run_cell(cell, namespace) -> "Exception | None":
    """Run a cell as IPython would; the exception that it ends with, or None."""
    code = TransformerManager().transform_cell(cell.source)
    try:
        exec(compile(code, grade_id(cell) or "cell", "exec"), namespace)
    except Exception as error:
        return error


def run_until(notebook, check: str, tests=None) -> "Exception | None":
    """Run all that comes before a check but other checks, then the check.

    `tests`, a notebook to take the check from: the student version has no hidden tests.
    """
    namespace = {"__name__": "__main__"}
    for cell in notebook.cells:
        if grade_id(cell) == check:
            (last,) = (c for c in (tests or notebook).cells if grade_id(c) == check)
            return run_cell(last, namespace)
        if cell.cell_type == "code" and not is_grade(cell):
            error = run_cell(cell, namespace)
            assert error is None or is_solution(cell), f"{cell.source}: {error!r}"
    raise AssertionError(f"no cell {check}")


# --- the sources ---------------------------------------------------------------------------------


@EACH
def test_a_source_says_what_it_is_worth_and_how_long_it_takes(name):
    notebook, page = source(name), (COURSE / "README.md").read_text()
    first = notebook.cells[0].source
    stated = int(re.search(r"\*\*Points:\*\* (\d+)", first)[1])
    assert stated == ASSIGNMENTS[name].points == 20
    headings = re.findall(r"^## .*\((\d+) points", text_of(notebook), re.MULTILINE)
    assert sum(map(int, headings)) == stated
    minutes = re.search(r"\*\*Time:\*\* about (\d+) minutes", first)[1]
    row = f"| `{name}` | {ASSIGNMENTS[name].title} | {stated} | {minutes} |"
    assert row in re.sub(r"\[(.*?)\]\(.*?\)", r"\1", page)


def text_of(notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells)


@EACH
def test_a_source_is_in_nbgraders_form(name):
    notebook = source(name)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [grade_id(cell) for cell in notebook.cells if grade_id(cell)]
    assert len(ids) == len(set(ids)) == len({cell.id for cell in notebook.cells if grade_id(cell)})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            assert re.fullmatch(r"[a-z][a-z0-9]+(-[a-z0-9]+)*", cell.id) and cell.id == grade_id(
                cell
            )
            assert cell.metadata.nbgrader.schema_version == 3
        assert not cell.get("outputs") and not cell.get("execution_count")
    for cell in checks(notebook):
        assert "### BEGIN HIDDEN TESTS" in cell.source, f"{grade_id(cell)}: nothing is hidden"
    written = [cell for cell in notebook.cells if is_grade(cell) and is_solution(cell)]
    assert [grade_id(cell) for cell in written] == WRITTEN.get(name[0], [])


@EACH
def test_arguments_come_in_the_package_s_order(name):
    """First the channels that leave, then those that enter, as `BasicBlock` and Gluon have it."""
    tree = ast.parse("\n".join(cell.source for cell in source(name).cells if is_solution(cell)
                               and cell.cell_type == "code"))  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            both = [each for each in names if each in ("channels", "in_channels")]
            assert both in ([], ["channels"], ["in_channels"], ["channels", "in_channels"]), (
                node.name
            )


def test_there_are_six_in_the_order_of_the_book():
    assert [name[:2] for name in NAMES] == ["1-", "2-", "3-", "4-", "5-", "6-"]


@EACH
def test_a_student_needs_no_nbgrader(name):
    """And begins with the cell that every chapter begins with."""
    chapter = nbformat.read(ROOT / "chapters" / "residual-block.ipynb", as_version=4)
    setup = next(cell.source for cell in chapter.cells if cell.cell_type == "code")
    code = [cell.source for cell in released(name).cells if cell.cell_type == "code"]
    assert code[0] == setup
    assert not any("nbgrader" in text for text in code)


# --- the student versions ------------------------------------------------------------------------

SECRET = r"### BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)\n.*?### END \1"


@EACH
def test_a_student_version_holds_no_solution_and_no_hidden_test(name):
    """No line of theirs that is not visible elsewhere in the source."""
    whole, shown = text_of(source(name)), text_of(released(name))
    secret = "\n".join(m[0] for m in re.finditer(SECRET, whole, re.DOTALL))
    visible = {line.strip() for line in re.sub(SECRET, "", whole, flags=re.DOTALL).splitlines()}
    hidden = {line.strip() for line in secret.splitlines()} - visible
    assert len(hidden) > 20
    assert not hidden & {line.strip() for line in shown.splitlines()}
    assert not re.search(r"BEGIN|END|MARK SCHEME", shown)
    assert "raise NotImplementedError" in shown


@EACH
def test_a_student_version_has_the_same_cells_locked_and_with_checksums(name):
    ours, theirs = source(name).cells, released(name).cells
    assert [(c.id, c.cell_type, grade_id(c)) for c in ours] == [
        (c.id, c.cell_type, grade_id(c)) for c in theirs
    ]
    for cell in theirs:
        if "nbgrader" in cell.metadata:
            assert len(cell.metadata.nbgrader.checksum) == 32
            assert cell.metadata.deletable is False
            assert cell.metadata.get("editable", True) is is_solution(cell)


@EACH
def test_a_student_version_as_it_is_earns_nothing(name):
    notebook, namespace = copy.deepcopy(released(name)), {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        error = run_cell(cell, namespace)
        if error:
            cell.outputs = [
                nbformat.v4.new_output("error", ename=type(error).__name__, evalue=str(error))
            ]
        if is_grade(cell):
            assert "No answer yet: replace this line" in str(error), grade_id(cell)
    assert [determine_grade(cell)[0] for cell in notebook.cells if is_grade(cell)] == [0] * len(
        [cell for cell in notebook.cells if is_grade(cell)]
    )


# --- wrong answers -------------------------------------------------------------------------------


def answered(name, cell_id, *changes):
    """The source with an answer changed: pairs of what is there and what stands there instead."""
    notebook = copy.deepcopy(source(name))
    (cell,) = (c for c in notebook.cells if grade_id(c) == cell_id)
    for old, new in changes:
        assert old in cell.source, f"{cell_id}: {old!r} is not in it"
        cell.source = cell.source.replace(old, new)
    return notebook


def cases(table):
    return [
        pytest.param(name, *case, id=f"{name[0]}-{case[0]}-{number}")
        for name in NAMES
        for number, case in enumerate(table[name], 1)
    ]


@pytest.mark.parametrize("name, cell_id, changes, check, said", cases(TOLD))
def test_a_wrong_answer_is_told_what_is_wrong(name, cell_id, changes, check, said):
    """By the visible tests: the student reads it before handing in."""
    error = run_until(answered(name, cell_id, *changes), check, tests=released(name))
    assert isinstance(error, AssertionError), f"{check}: {error!r}"
    assert said in " ".join(str(error).split())


@pytest.mark.parametrize("name, cell_id, changes, check", cases(SPECIAL))
def test_an_answer_made_for_the_visible_tests_fails_a_hidden_one(name, cell_id, changes, check):
    notebook = answered(name, cell_id, *changes)
    for cell in checks(released(name)):
        assert run_until(notebook, grade_id(cell), tests=released(name)) is None, grade_id(cell)
    error = run_until(notebook, check)
    assert isinstance(error, AssertionError), f"{check}: {error!r}"


def test_every_check_is_failed_by_some_wrong_answer():
    for name in NAMES:
        failed = {case[2] for case in TOLD[name]}
        assert failed == {grade_id(cell) for cell in checks(source(name))}


# --- the page for teachers -----------------------------------------------------------------------

PAGE = (ROOT / "chapters" / "teachers.md").read_text()


def test_the_page_for_teachers_has_a_row_for_every_chapter_in_the_order_of_the_book():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters = [Path(c["file"]) for part in parts[:-1] for c in part["chapters"]]
    titles = {}
    for chapter in chapters:
        first = nbformat.read(ROOT / chapter.with_suffix(".ipynb"), as_version=4).cells[0].source
        titles[f"{chapter.name}.ipynb"] = re.match(r"# (.*)", first)[1]
    table = PAGE.split("what they need\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| \[(.*?)\]\((.*?)\)", table, re.MULTILINE) == [
        (title, file) for file, title in titles.items()
    ]


def test_the_page_for_teachers_quotes_the_tests():
    rows = re.findall(r"^\| [^|]* \| ([\d, ]+) \| \"(.*)\" \|$", PAGE, re.MULTILINE)
    assert len(rows) > 12
    for numbers, quoted in rows:
        for number in numbers.split(", "):
            text = text_of(released(NAMES[int(number) - 1]))
            assert quoted in re.sub(r'"\s*\n\s*f?"', "", text), (number, quoted)


def test_the_page_for_teachers_names_every_assignment():
    assert re.findall(r"^\| `(\d.*?)` \|", PAGE, re.MULTILINE) == NAMES


# --- the command ---------------------------------------------------------------------------------


def d2lres(capfd, *words):
    """(exit status, stdout, stderr) of `d2lres assignments WORDS`."""
    with pytest.raises(SystemExit) as stop:
        main(["assignments", *map(str, words)])
    out, err = capfd.readouterr()
    return stop.value.code or 0, out, err


def test_list_needs_no_nbgrader(capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    status, out, _ = d2lres(capfd, "list")
    assert status == 0
    assert out.splitlines()[1] == "2-residual-block: The residual block (20 points)"
    assert len(out.splitlines()) == len(NAMES)


def test_release_writes_every_student_version(capfd, tmp_path):
    status, out, err = d2lres(capfd, "release", "--out", tmp_path)
    paths = [tmp_path / name / f"{name}.ipynb" for name in NAMES]
    assert (status, err) == (0, "")
    assert out.splitlines() == [str(path) for path in paths]
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == paths
    for name, path in zip(NAMES, paths, strict=True):
        assert json.loads(path.read_text()) == json.loads(nbformat.writes(released(name)))


def test_release_does_not_write_over_answers(capfd, tmp_path):
    one, two = (tmp_path / name / f"{name}.ipynb" for name in NAMES[:2])
    release([NAMES[1]], tmp_path)
    assert d2lres(capfd, "release", NAMES[1], "--out", tmp_path)[0] == 0  # nothing would change
    two.write_text("answers")
    status, out, err = d2lres(capfd, "release", *NAMES[:2], "--out", tmp_path)
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.startswith(f"error: {two}: there already") and "--force" in err
    assert two.read_text() == "answers" and not one.exists()
    assert d2lres(capfd, "release", *NAMES[:2], "--out", tmp_path, "--force")[0] == 0
    assert one.exists() and "answers" not in two.read_text()[:7]


def test_a_release_that_cannot_be_written_leaves_nothing(capfd, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    status, _, err = d2lres(capfd, "release", NAMES[0], "--out", tmp_path)
    assert status == 1 and "No space left on device" in err and err.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_unknown_assignment_is_told_the_nearest(capfd, tmp_path):
    status, out, err = d2lres(capfd, "release", "2-residual-blok", "--out", tmp_path / "out")
    assert (status, out) == (2, "") and not (tmp_path / "out").exists()
    assert "did you mean '2-residual-block'?" in err and all(name in err for name in NAMES)


def test_without_nbgrader_it_says_how_to_install_it(capfd, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    status, out, err = d2lres(capfd, "release", "--out", tmp_path)
    assert (status, out) == (1, "") and err.count("\n") == 1
    assert err.startswith("error: nbgrader: ") and "pip install nbgrader" in err


def test_without_the_repository_it_says_so(tmp_path):
    with pytest.raises(DataError, match="not to the installed package"):
        list_assignments(tmp_path)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("### END SOLUTION", "### THE END", "no end solution statement"),
        ('"grade_id": "check-output-side"', '"grade_id": "by-hand"', "Duplicate grade id"),
        ('"nbformat": 4', '"nbformat": 4,', "JSON"),
    ],
)
def test_a_source_that_nbgrader_refuses_is_named(capfd, tmp_path, old, new, said):
    course = tmp_path / "assignments"
    path = course / "source" / "a" / "a.ipynb"
    path.parent.mkdir(parents=True)
    (course / "nbgrader_config.py").write_text((COURSE / "nbgrader_config.py").read_text())
    text = ASSIGNMENTS[NAMES[0]].source.read_text()
    path.write_text(text.replace(old, new))
    with pytest.raises((DataError, ConfigError), match=r"a\.ipynb") as error:
        release([], tmp_path / "out", course=course)
    assert said in str(error.value) and "Traceback" not in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
