"""Courses in nbgrader's form, ours in nbgrader, and marks in its gradebook."""

import copy
import json
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import small_course as small
from bs4 import BeautifulSoup
from click.testing import CliRunner
from nbformat import v4

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import Settings, batch
from d2lres.classroom.assignments import COURSE, list_assignments, release, without_answers
from d2lres.classroom.batch import grade
from d2lres.classroom.marks import read_result
from d2lres.classroom.outputs import error
from d2lres.classroom.reference import grade_id, is_test, load_assignment
from d2lres.classroom.reports import report
from d2lres.classroom.sandbox import check_sandbox
from d2lres.commands import main
from d2lres.errors import DataError, MissingDependency


def sandbox_works() -> bool:
    try:
        check_sandbox()
    except MissingDependency:
        return False
    return True


needs_sandbox = pytest.mark.skipif(not sandbox_works(), reason="bubblewrap is missing or forbidden")


def source_with(course: Path, *cells, name="sums/sums"):
    """The small course with these cells at the end; returns its folder."""
    notebook = small.source()
    notebook.cells += cells
    path = course / "source" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return course


# --- what a source may hold -----------------------------------------------------------------------


@pytest.mark.parametrize("line", ["### AUTOTEST mean([1]);", "### HASHED AUTOTEST x", "# AUTOTEST"])
def test_a_directive_that_is_not_instantiated_is_refused_by_name(tmp_path, line):
    test = small.marked(v4.new_code_cell, "auto-test", f"x = 1\n{line}", 1)
    course = source_with(tmp_path, test)
    for read in (
        lambda: list_assignments(course),
        lambda: release([], tmp_path / "out", course=course),
        lambda: load_assignment("sums", course),
    ):
        with pytest.raises(DataError, match=r"sums\.ipynb: cell auto-test: `#+ .*AUTOTEST"):
            read()
    test.source = small.examined(
        'assert str(type(1)) == "<class int>", "type of AUTOTEST is wrong"'
    )
    source_with(tmp_path, test)
    assert load_assignment("sums", course) and list_assignments(course)["sums"].points == 11


def test_an_image_of_the_mark_scheme_stays_with_the_teacher():
    notebook = small.source()
    text = "Explain ![](attachment:a.png).\n### BEGIN MARK SCHEME\n![](attachment:a.png.png)"
    task = small.marked(v4.new_markdown_cell, "task", f"{text}\n### END MARK SCHEME", 3)
    task.metadata["nbgrader"].update(task=True, grade=False)
    image = {"image/png": small.PNG}
    task["attachments"] = {"a.png": image, "a.png.png": image, "b.png": image}
    answer = notebook.cells[7]
    answer.source, answer["attachments"] = "![](attachment:model.png)", {"model.png": image}
    notebook.cells.append(task)
    released = without_answers(notebook, Path())
    assert released.cells[-1]["attachments"] == {"a.png": image}
    assert not released.cells[7].get("attachments")


def test_several_notebooks_and_files_in_one_folder(tmp_path):
    course = source_with(tmp_path / "course", name="week1/part1")
    source_with(tmp_path / "course", name="week1/part2")
    source_with(tmp_path / "course")
    for inside in ("data.csv", "lib/helper.py", ".secret", "__pycache__/x.pyc"):
        path = course / "source" / "week1" / inside
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    assert list(list_assignments(course)) == ["sums", "week1/part1", "week1/part2"]
    release(["week1/part1"], tmp_path / "out", course=course)
    files = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert files == {"week1/part1.ipynb", "week1/data.csv", "week1/lib/helper.py"}
    digest = load_assignment("week1/part2", course).digest
    (course / "source" / "week1" / "data.csv").write_text("2")
    assert load_assignment("week1/part2", course).digest != digest
    for place in ("ana/part2.ipynb", "ana/part1.ipynb", "bo/week1/part2.ipynb"):
        path = tmp_path / "in" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(small.submission()))
    command = ["assignments", "collect-check", "week1/part2", str(tmp_path / "in")]
    done = CliRunner().invoke(main, [*command, "--course", str(course)])
    assert done.exit_code == 0 and done.output.splitlines()[:2] == ["ok       ana", "ok       bo"]


@needs_sandbox
def test_files_plots_tasks_and_a_test_of_no_points(tmp_path):
    task = small.marked(v4.new_markdown_cell, "draw", "Draw it.", 4)
    task.metadata["nbgrader"].update(task=True, grade=False)
    course = source_with(
        tmp_path / "course",
        small.marked(v4.new_code_cell, "free-test", small.examined("assert mean([1]) == 1"), 0),
        small.marked(v4.new_code_cell, "file-test",
                     small.examined("import helper\n"
                                    "assert helper.seven == int(open('lib/data.csv').read())"), 1),
        task,
    )  # fmt: skip
    folder = course / "source" / "sums"
    (folder / "lib").mkdir()
    (folder / "helper.py").write_text("seven = 7")
    (folder / "lib" / "data.csv").write_text("7")
    notebook = copy.deepcopy(load_assignment("sums", course).released)
    for cell in notebook.cells:
        cell.source = small.ANSWERS.get(grade_id(cell), cell.source)
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    notebook.cells.append(v4.new_code_cell(plot))
    small.hand_in(tmp_path / "in", "ana", notebook)
    grade("sums", tmp_path / "in", tmp_path / "out", course=course, jobs=1, progress=False)
    result = read_result(tmp_path / "out" / "ana.json")
    assert [(cell["id"], cell["score"], cell["why"]) for cell in result["cells"]] == [
        ("mean-test", 2, ""), ("spread-test", 3, ""), ("explain", None, ""),
        ("free-test", 0, ""), ("file-test", 1, ""), ("draw", None, ""),
    ]  # fmt: skip
    _, (page,), _ = report(tmp_path / "out")
    pictures = BeautifulSoup(page.read_text(), "html.parser").find_all("img")
    assert len(pictures) == 1 and pictures[0]["src"].startswith("data:image/png;base64,")


# --- nbgrader -------------------------------------------------------------------------------------


NAMES = list(list_assignments())


def solved(released, source):
    """The released notebook with the answers of the source."""
    answers = {grade_id(cell): cell.source for cell in source.cells}
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[grade_id(cell)]
    return released


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """nbgrader, in a copy of our course: a function that calls it, and its folder."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    course = tmp_path_factory.mktemp("nbgrader") / "course"
    shutil.copytree(COURSE / "source", course / "source")
    for name, less in LESS.items():
        train_less(course / "source" / name / f"{name}.ipynb", less)
    config = PyFileConfigLoader(str(COURSE / "nbgrader_config.py")).load_config()
    config.CourseDirectory.root = str(course)
    config.ExecutePreprocessor.timeout = 600
    api = NbGraderAPI(CourseDirectory(config=config), config=config)

    def call(what, *words):
        done = getattr(api, what)(*words)
        assert done["success"], f"{done.get('error')} {done['log'][-3000:]}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        patch.setenv("PYTHONPATH", str(COURSE.parent))  # what a notebook needs, it brings
        yield call, course


# The trainings that students explain in words take most of a minute, and no test asks them.
LESS = {
    "5-train-and-explain": {"num_epochs=14": "num_epochs=1", ".first(250)": ".first(50)"},
    "6-cifar-10": {
        "num_epochs=8": "num_epochs=1", "[:500]": "[:50]", "split(labels, 50)": "split(labels, 5)",
    },
}  # fmt: skip


def train_less(path: Path, less: dict) -> None:
    text = path.read_text()
    for old, new in less.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


@needs_sandbox
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_solution_gets_full_marks_in_nbgrader_and_here(
    nbgrader, tmp_path, name, monkeypatch
):
    """generate_assignment, autograde and generate_feedback, then `grade` on what they collected."""
    monkeypatch.setattr(batch, "usable_cores", lambda: 1)  # as elsewhere: a thread for each process
    call, course = nbgrader
    call("generate_assignment", name)
    source = nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)
    notebook = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    handed = course / "submitted" / "ana" / name / f"{name}.ipynb"
    handed.parent.mkdir(parents=True)
    nbformat.write(solved(notebook, source), handed)
    call("autograde", name, "ana")
    call("generate_feedback", name, "ana")
    assert (course / "feedback" / "ana" / name / f"{name}.html").is_file()
    theirs = scores_in(course / "gradebook.db", name, "ana")
    points = {
        grade_id(cell): cell.metadata["nbgrader"]["points"] if is_test(cell) else None
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert all(each > 0 for each in points.values() if each is not None)
    assert {cell: score for cell, (score, *_) in theirs.items()} == points
    grade(
        name, course / "submitted", tmp_path / "out", course=course, jobs=1, progress=False,
        settings=Settings(),
    )  # fmt: skip
    cells = read_result(tmp_path / "out" / "ana.json")["cells"]
    assert {cell["id"]: cell["score"] for cell in cells} == points, cells
    # Into nbgrader's own gradebook, in which the assignment is already.
    report(tmp_path / "out", gradebook=course / "gradebook.db")
    assert scores_in(course / "gradebook.db", name, "ana") == theirs


def scores_in(path: Path, name: str, student: str) -> dict:
    """{cell: (automatic score, manual score, whether it waits)} as formgrader reads them."""
    from nbgrader.api import Gradebook

    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        with Gradebook(f"sqlite:///{path}") as book:
            notebook = book.find_submission_notebook(name, name, student)
            return {
                grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for grade in notebook.grades
            }
    finally:
        os.environ["PATH"] = before


def test_marks_go_into_a_gradebook_that_formgrader_reads(tmp_path):
    from nbgrader.api import Gradebook

    result_of, book = small.result_maker(tmp_path), tmp_path / "db" / "gradebook.db"
    result_of("ana", {"mean-test": [error("AssertionError", "no")]})
    result_of("bo")
    command = ["assignments", "report", str(tmp_path / "out"), "--gradebook", str(book)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert scores_in(book, "sums", "ana") == {
        "mean-test": (0, None, False), "spread-test": (3, None, False),
        "explain": (None, None, True),
    }  # fmt: skip
    table = tmp_path / "out" / "manual.csv"
    table.write_text(table.read_text().replace("ana,explain,,", "ana,explain,4,fine"))
    assert CliRunner().invoke(main, command).exit_code == 0
    assert scores_in(book, "sums", "ana")["explain"] == (None, 4, False)
    with Gradebook(f"sqlite:///{book}") as opened:
        rows = {row["student"]: row for row in opened.submission_dicts("sums")}
        assert (rows["ana"]["score"], rows["ana"]["max_score"]) == (7, 10)
        assert rows["ana"]["needs_manual_grade"] is False and rows["bo"]["needs_manual_grade"]
        assert opened.find_comment("explain", "sums", "sums", "ana").comment == "fine"


def test_a_file_that_is_no_gradebook_is_named(tmp_path):
    small.result_maker(tmp_path)("ana")
    (tmp_path / "grades.db").write_text("these are no marks")
    with pytest.raises(DataError, match=r"grades\.db: .* expected nbgrader's gradebook\.db"):
        report(tmp_path / "out", gradebook=tmp_path / "grades.db")
    assert (tmp_path / "grades.db").read_text() == "these are no marks"
