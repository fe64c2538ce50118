"""Checking submissions before they are graded: what is read, matched back and refused."""

import ast
import copy
import json
import re
from pathlib import Path

import nbformat
import pytest
import small_course as small
from nbformat import v4

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from click.testing import CliRunner

from d2lres import classroom
from d2lres.classroom.collecting import find_submissions
from d2lres.classroom.marks import check
from d2lres.classroom.reference import grade_id, load_assignment
from d2lres.classroom.submissions import Damaged, Submission
from d2lres.commands import main
from d2lres.errors import ConfigError, D2lresError, DataError


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return small.write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def assignment(course):
    return load_assignment("sums", course)


@pytest.fixture
def checked(assignment, tmp_path):
    """Check a submission, given as a notebook or as bytes: the matched notebook and the notes."""

    def run(notebook):
        return check(assignment, Submission("ana", small.hand_in(tmp_path, "ana", notebook)))

    return run


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def without_marks(notebook, *names):
    """A copy in which these cells, or all, have lost their metadata."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if not names or grade_id(cell) in names:
            cell.metadata = nbformat.NotebookNode()
    return notebook


def everything_is_there(assignment, notebook):
    assert [grade_id(c) for c in notebook.cells if grade_id(c)] == assignment.marked()
    for name, text in small.ANSWERS.items():
        assert cell_of(notebook, name).source == text
    for name in ("mean-test", "spread-test"):
        assert cell_of(notebook, name).source == cell_of(assignment.source, name).source


def test_the_released_notebook_has_neither_solutions_nor_hidden_tests(assignment):
    released = "\n".join(cell.source for cell in assignment.released.cells)
    assert "BEGIN" not in released and small.HIDDEN not in released
    assert "len(xs)" not in released and small.ANSWERS["explain"] not in released
    assert small.HIDDEN in cell_of(assignment.source, "mean-test").source


def test_a_whole_submission_gets_the_hidden_tests_back_and_no_note(assignment, checked):
    notebook, notes = checked(small.submission())
    everything_is_there(assignment, notebook)
    assert notes == []


# --- reading --------------------------------------------------------------------------------------

ACCENTS = "Die Streuung wächst: größer als ½ – «ça va»."


@pytest.mark.parametrize(
    "encode, note",
    [
        (lambda text: text.encode(), None),
        (lambda text: text.encode("utf-8-sig"), "read as utf-8-sig"),
        (lambda text: text.encode("utf-16"), "read as utf-16"),
        (lambda text: text.encode("utf-16-le"), "read as utf-16-le"),
        (lambda text: text.encode("utf-16-be"), "read as utf-16-be"),
        (lambda text: text.encode("cp1252"), "read as cp1252"),
        (lambda text: text.replace("\n", "\r\n").encode("cp1252"), "read as cp1252"),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-le", "utf-16-be", "windows", "windows-crlf"],
)
def test_every_encoding_is_read_rightly(assignment, checked, encode, note):
    text = json.dumps(small.submission(explain=ACCENTS), ensure_ascii=False, indent=1)
    notebook, notes = checked(encode(text))
    assert cell_of(notebook, "explain").source == ACCENTS
    assert notes == ([note] if note else [])


def test_windows_line_ends_inside_cells_are_taken_out(assignment, checked):
    windows = small.submission()
    for cell in windows.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    notebook, notes = checked(windows)
    everything_is_there(assignment, notebook)
    assert notes == ["Windows line ends were taken out of its cells"]


WHOLE = json.dumps(small.submission()).encode()


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (WHOLE[:1500], "truncated: the file ends in the middle"),
        (WHOLE[: len(WHOLE) - 1], "truncated: the file ends in the middle"),
        (WHOLE.replace(b'"cells"', b'"cells'), "no JSON"),
        (b"%PDF-1.7 \x81\x8d", "neither UTF-8, UTF-16 nor Windows-1252"),
        (b"[1, 2]", "JSON, but no notebook"),
        (b'{"nbformat": 4}', "JSON, but no notebook"),
        (b'{"worksheets": []}', "version 3"),
        (b'{"cells": [{"cell_type": "code"}]}', "cell 1 has no type or no text"),
        (b'{"cells": [7]}', "cell 1 has no type or no text"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_reason(checked, content, reason):
    with pytest.raises(Damaged, match=reason):
        checked(content)


def test_a_folder_is_searched_and_the_rest_is_named(tmp_path):
    small.hand_in(tmp_path, "ana", b"{}")
    (tmp_path / "bo.ipynb").write_bytes(b"{}")
    (tmp_path / "list.txt").write_text("ana, bo")
    (tmp_path / "cem").mkdir()
    (tmp_path / "cem" / "Copy of sums (1).ipynb").write_bytes(b"{}")
    (tmp_path / "dua").mkdir()
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve" / "sums.ipynb").symlink_to("/etc/passwd")
    small.hand_in(tmp_path, "fay", b"{}")
    (tmp_path / "fay.ipynb").write_bytes(b"{}")
    found, skipped = find_submissions("sums", tmp_path)
    assert {each.student: each.problem for each in found} == {
        "ana": "", "bo": "", "cem": "", "dua": "no sums.ipynb; notebooks found: none",
        "eve": "sums.ipynb is not a file of its own (a link or a device)",
        "fay": "two submissions: sums.ipynb and fay.ipynb",
    }  # fmt: skip
    assert skipped == ["list.txt: skipped, neither a notebook nor a student's folder"]
    for nothing in (tmp_path / "dua", tmp_path / "missing"):
        with pytest.raises(ConfigError):
            find_submissions("sums", nothing)


# --- matching -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, by",
    [
        ("mean-test", "text"),
        ("mean-answer", "what it defines: mean"),
        ("explain", "neighbours"),
    ],
)
def test_a_cell_that_lost_its_mark_is_known_again(assignment, checked, name, by):
    notebook, notes = checked(without_marks(small.submission(), name))
    everything_is_there(assignment, notebook)
    assert len(notes) == 1 and name in notes[0] and by in notes[0]


def test_a_notebook_that_lost_all_marks_is_known_again(assignment, checked):
    notebook, notes = checked(without_marks(small.submission()))
    everything_is_there(assignment, notebook)
    assert len(notes) == len(assignment.marked())


def test_an_answer_is_not_guessed(checked):
    """Two cells that could be the written answer: the teacher decides."""
    notebook = without_marks(small.submission(), "explain")
    notebook.cells.append(v4.new_markdown_cell("P.S. I liked this."))
    with pytest.raises(Damaged, match="answer not found with certainty: explain"):
        checked(notebook)


def test_two_versions_of_an_answer_are_not_guessed_either(checked):
    notebook = small.submission()
    again = copy.deepcopy(cell_of(notebook, "mean-answer"))
    again.source = "def mean(xs):\n    return 0"
    notebook.cells.insert(4, again)
    with pytest.raises(Damaged, match="mean-answer is there 2 times, with different text"):
        checked(notebook)


def test_the_same_cell_twice_counts_once(assignment, checked):
    notebook = small.submission()
    notebook.cells.insert(4, copy.deepcopy(cell_of(notebook, "mean-test")))
    matched, notes = checked(notebook)
    everything_is_there(assignment, matched)
    assert notes == ["cell mean-test was there 2 times; the first counts"]


def test_a_changed_test_gets_its_text_back(assignment, checked):
    notebook = small.submission()
    cell_of(notebook, "mean-test").source = "assert True"
    cell_of(notebook, "spread-test").cell_type = "markdown"
    matched, notes = checked(notebook)
    everything_is_there(assignment, matched)
    assert any("mean-test had been changed" in note for note in notes)


@pytest.mark.parametrize("move", ["delete", "to the top"])
def test_a_test_that_is_missing_or_moved_is_put_back_after_its_answer(assignment, checked, move):
    notebook = small.submission()
    test = cell_of(notebook, "spread-test")
    notebook.cells.remove(test)
    if move == "to the top":
        notebook.cells.insert(0, test)
    matched, notes = checked(notebook)
    everything_is_there(assignment, matched)
    assert notes == ["given cell spread-test was missing or moved; put back in its place"]


def test_a_missing_answer_is_reported_and_not_zero(checked):
    notebook = small.submission()
    notebook.cells.remove(cell_of(notebook, "spread-answer"))
    with pytest.raises(Damaged, match=r"spread-answer \(defines spread\)"):
        checked(notebook)


def test_answers_in_another_order_are_reported(checked):
    notebook = small.submission()
    answer = cell_of(notebook, "spread-answer")
    notebook.cells.remove(answer)
    notebook.cells.insert(1, answer)
    with pytest.raises(Damaged, match="stands before an answer"):
        checked(notebook)


def test_a_notebook_of_another_assignment_is_named(checked):
    other = v4.new_notebook(cells=[small.marked(v4.new_code_cell, "area", "def area(): pass", 1)])
    with pytest.raises(Damaged, match="no answer of sums in it: another notebook"):
        checked(other)


# --- the assignment and the command ---------------------------------------------------------------


def test_the_files_import_in_the_order_in_which_they_are_explained():
    folder = Path(classroom.__file__).parent
    order = re.findall(r"(\w+)\.py", classroom.__doc__)
    assert sorted(order) == sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")
    for at, name in enumerate(order):
        tree = ast.parse((folder / f"{name}.py").read_text())
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        own = [node for node in froms if node.level == 1]
        used = {node.module or alias.name for node in own for alias in node.names}
        assert used <= set(order[:at]), f"{name}.py imports {used - set(order[:at])}"


def test_an_assignment_that_is_not_there_is_named(course, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'sums'"):
        load_assignment("sum", course)
    with pytest.raises(ConfigError, match="no assignment"):
        load_assignment("sums", tmp_path)


def test_a_source_that_nbgrader_refuses_is_named(tmp_path):
    path = small.write_course(tmp_path) / "source/sums/sums.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", ""))
    with pytest.raises(DataError, match="no end solution"):
        load_assignment("sums", tmp_path)


def test_the_command_names_the_damaged_and_goes_on(course, tmp_path):
    small.hand_in(tmp_path, "ana", small.submission())
    small.hand_in(tmp_path, "bo", WHOLE[:900])
    small.hand_in(tmp_path, "cem", without_marks(small.submission(), "mean-test"))
    command = ["assignments", "collect-check", "sums", str(tmp_path), "--course", str(course)]
    done = CliRunner().invoke(main, command)
    lines = done.output.splitlines()
    assert done.exit_code == 1 and lines[-1] == "1 damaged."
    assert lines[0] == "ok       ana"
    assert lines[1] == "DAMAGED  bo" and "sums.ipynb: truncated" in lines[2]
    assert lines[3] == "ok       cem" and "known again by its text" in lines[4]
    (tmp_path / "bo" / "sums.ipynb").write_bytes(WHOLE)
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0 and done.output.splitlines()[-1] == "None is damaged."


def test_a_wrong_request_is_one_line(course, tmp_path):
    command = ["assignments", "collect-check", "sums", str(tmp_path / "none")]
    done = CliRunner().invoke(main, [*command, "--course", str(course)])
    assert done.exit_code == 2 and "no such folder" in done.output
    assert not isinstance(done.exception, D2lresError)
