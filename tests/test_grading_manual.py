"""Points and comments of the teacher: read or refused in words, and nothing is dropped."""

import csv
import unicodedata

import pytest
import small_course as small
from bs4 import BeautifulSoup

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom.marks import write_result
from d2lres.classroom.outputs import error
from d2lres.classroom.reports import report
from d2lres.classroom.tables import harmful, harmless
from d2lres.errors import ConfigError
from d2lres.files import write_whole


@pytest.fixture
def result_of(tmp_path):
    return small.result_maker(tmp_path)


@pytest.fixture
def form(tmp_path):
    """Fill in the form: replace, in its text, what stands there by something else."""
    path = tmp_path / "out" / "manual.csv"

    def fill(*changes, save=lambda text: text.encode("utf-8-sig")):
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read().replace("\r\n", "\n")
        for old, new in changes:
            assert old in text, text
            text = text.replace(old, new)
        path.write_bytes(save(text))
        return path

    return fill


def rows(path) -> dict:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def page_of(tmp_path, student) -> str:
    page = (tmp_path / "out" / "feedback" / f"{student}.html").read_text()
    return " ".join(BeautifulSoup(page, "html.parser").get_text().split())


@pytest.mark.parametrize(
    "save",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode("cp1252"),
        lambda text: text.replace(",", ";").encode(),
    ],
    ids=["as written", "windows", "semicolons"],
)
def test_points_for_written_answers_are_filled_in_and_counted(result_of, tmp_path, save):
    result_of("Müller")
    result_of("=bo")
    report(tmp_path / "out")
    form = tmp_path / "out" / "manual.csv"
    text = form.read_text(encoding="utf-8-sig")
    lines = [line.rpartition(",") for line in text.splitlines()]
    assert [line[0] for line in lines] == [
        "student,cell,points,comment",
        "'=bo,explain,,",
        "Müller,explain,,",
    ]
    assert lines[0][2] == "answer" and lines[1][2] == lines[2][2] != ""  # they wrote the same
    form.write_bytes(save(text.replace("Müller,explain,,", "Müller,explain,4.5,Größer als *alle*")))
    path, pages, _ = report(tmp_path / "out")
    table = rows(path)
    assert list(table["Müller"].values())[1:7] == ["2", "3", "4.5", "9.5", "10", ""]
    assert list(table["'=bo"].values())[1:7] == ["2", "3", "", "5", "10", "explain"]
    page = next(page for page in pages if page.stem == "Müller").read_text()
    assert "Größer als *alle*" in BeautifulSoup(page, "html.parser").get_text()


@pytest.mark.parametrize(
    "line, said",
    [
        ("ana,explain,6,", "line 2: points '6'; expected 0 to 5"),
        ("ana,explain,-1,", "points '-1'"),
        ("ana,explain,nan,", "points 'nan'"),
        ("ana,explain,many,", "points 'many'"),
        ("anna,explain,5,", "student 'anna'"),
        ("ana,essay,5,", "cell 'essay'"),
    ],
)
def test_points_that_cannot_be_are_named_by_line(result_of, tmp_path, line, said):
    result_of("ana")
    write_whole(tmp_path / "out" / "manual.csv", f"student,cell,points,comment\n{line}\n".encode())
    with pytest.raises(ConfigError, match=said):
        report(tmp_path / "out")
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.parametrize("content", ["", "name,points\nana,5\n"])
def test_a_file_with_other_columns_is_refused(result_of, tmp_path, content):
    result_of("ana")
    write_whole(tmp_path / "out" / "manual.csv", content.encode())
    with pytest.raises(ConfigError, match="expected student, cell, points, comment"):
        report(tmp_path / "out")


WAYS = {
    "old line ends": lambda text: text.replace("\n", "\r").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "tabs of Excel": lambda text: text.replace(",", "\t").encode("utf-16"),
    "sep": lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
    "sep and old line ends": lambda text: ("sep=;\n" + text.replace(",", ";"))
    .replace("\n", "\r").encode(),
    "capitals and spaces": lambda text: text.replace("student,cell", "Student , Cell").encode(),
    "empty columns": lambda text: text.replace("\n", ",,\n").encode(),
    "empty lines": lambda text: text.replace("\n", "\n\n,,,,\n").encode(),
    "other accents": lambda text: unicodedata.normalize("NFD", text).encode(),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_table_is_read_however_it_was_saved(result_of, form, tmp_path, way):
    result_of("Müller")
    report(tmp_path / "out")
    form(("explain,,", "explain,4,fine"), save=WAYS[way])
    for _ in range(2):  # what `report` has written is read again
        path, *_ = report(tmp_path / "out")
        assert rows(path)["Müller"]["explain"] == "4"
    assert "fine" in page_of(tmp_path, "Müller")


@pytest.mark.parametrize("cell", ["explain", "mean-test"])
def test_a_comment_without_points_reaches_the_feedback(result_of, form, tmp_path, cell):
    result_of("ana", {"mean-test": [error("AssertionError", "no")]})
    report(tmp_path / "out")
    form(("explain,,", f'{cell},,"Nearly, see\nthe <b>second</b> line"'))
    path, *_ = report(tmp_path / "out")
    assert "Nearly, see the <b>second</b> line" in page_of(tmp_path, "ana")
    row = rows(path)["ana"]
    assert (row["mean-test"], row["explain"]) == ("0", "")
    assert "Nearly, see\nthe" in (tmp_path / "out" / "manual.csv").read_text()


def test_a_mark_of_a_test_can_be_corrected_with_a_comment(result_of, form, tmp_path):
    result_of("ana", {"mean-test": [error("AssertionError", "no")]})
    report(tmp_path / "out")
    form(("\nana,explain", "\nana,mean-test,1.5,half of it\nana,explain"))
    path, *_ = report(tmp_path / "out")
    assert rows(path)["ana"]["mean-test"] == "1.5" and rows(path)["ana"]["notes"] == ""
    assert "half of it" in page_of(tmp_path, "ana")


@pytest.mark.parametrize(
    "more, said",
    [
        ("ana,explain,4,\nana,explain,5,", "line 3: student 'ana', cell 'explain' a second time"),
        ("ana,explain,4,\nana,explain,,why", "a second time, as in line 2"),
        ("ana,explain,4,well, nearly,,x", "line 2: 7 fields; expected 4"),
        ('ana,explain,4,"' + "x" * 200_000 + '"', "field larger than field limit"),
    ],
)
def test_what_would_be_dropped_is_refused(result_of, tmp_path, more, said):
    result_of("ana")
    write_whole(tmp_path / "out" / "manual.csv", f"student,cell,points,comment\n{more}\n".encode())
    with pytest.raises(ConfigError, match=said):
        report(tmp_path / "out")


def test_a_column_that_is_not_known_is_refused(result_of, tmp_path):
    result_of("ana")
    text = "student,cell,points,comment,remark\nana,explain,4,,Good\n"
    write_whole(tmp_path / "out" / "manual.csv", text.encode())
    with pytest.raises(ConfigError, match="columns .* remark; expected"):
        report(tmp_path / "out")


def test_an_empty_line_beside_a_filled_one_is_no_contradiction(result_of, tmp_path):
    result_of("ana")
    text = "student,cell,points,comment\nana,explain,,\nana,explain,4,\nana,explain,,\n"
    write_whole(tmp_path / "out" / "manual.csv", text.encode())
    path, *_ = report(tmp_path / "out")
    assert rows(path)["ana"]["explain"] == "4"


def test_points_for_an_answer_that_has_changed_since_are_not_counted(result_of, form, tmp_path):
    result_of("ana")
    report(tmp_path / "out")
    form(("explain,,", "explain,4,fine"))
    report(tmp_path / "out")
    result_of("ana", explain="Something else.")
    path, _, lines = report(tmp_path / "out")
    assert rows(path)["ana"]["explain"] == "" and len(lines) == 1
    assert "manual.csv, line 2: ana has changed the answer explain since 4 points" in lines[0]
    answer = (tmp_path / "out" / "manual.csv").read_text().rpartition(",")[2].strip()
    form((answer, ""))  # the teacher has looked again
    path, _, lines = report(tmp_path / "out")
    assert rows(path)["ana"]["explain"] == "4" and lines == []


def test_a_table_without_that_column_learns_it(result_of, tmp_path):
    result_of("ana")
    table = tmp_path / "out" / "manual.csv"
    write_whole(table, b"student;cell;points;comment\nana;explain;4;\n")
    report(tmp_path / "out")
    result_of("ana", explain="Something else.")
    _, _, (line,) = report(tmp_path / "out")
    assert "has changed the answer" in line
    assert table.read_text(encoding="utf-8-sig").startswith("student;cell;points;comment;answer")


def test_a_late_student_gets_a_line_and_no_other_is_touched(result_of, form, tmp_path):
    result_of("ana")
    report(tmp_path / "out")
    form(("explain,,", "explain,4,fine"))
    result_of("zoe")
    path, *_ = report(tmp_path / "out")
    lines = (tmp_path / "out" / "manual.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.rpartition(",")[0] for line in lines[1:]] == [
        "ana,explain,4,fine",
        "zoe,explain,,",
    ]
    assert rows(path)["ana"]["explain"] == "4"


def test_a_student_who_is_damaged_now_stops_nobody(result_of, form, tmp_path):
    result_of("ana")
    result = result_of("bo")
    report(tmp_path / "out")
    form(("bo,explain,,", "bo,explain,4,fine"), ("ana,explain,,", "ana,explain,3,"))
    write_result(tmp_path / "out", result | {"status": "damaged", "cells": [], "notes": ["empty"]})
    path, _, lines = report(tmp_path / "out")
    assert rows(path)["ana"]["explain"] == "3" and rows(path)["bo"]["sum"] == ""
    assert "line 3: bo has no marks, so the line is not counted" in lines[0]
    assert [page.name for page in (tmp_path / "out" / "feedback").iterdir()] == ["ana.html"]
    assert "bo,explain,4,fine" in (tmp_path / "out" / "manual.csv").read_text()


# --- formulas -------------------------------------------------------------------------------------

NAMES = [
    "=1+1", "+a", "-b", "@SUM(A1)", "'=x", "''=x", " =x", "' =x", "x;=1+cmd|' /C calc'!A0", "x,=1",
    "x\t=1", 'x"=1', "x;'=1", "\uff1d1", "O'Neil", "'t Hooft", "Ek, Ana", "ana", "x=1", "a-b",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_field_is_a_formula_wherever_a_program_splits(name):
    safe = harmless(name)
    for separator in ",;\t|":
        for part in safe.split(separator):
            assert not part.strip(' "').startswith(("=", "+", "-", "@", "\uff1d")), safe
    assert harmful(safe) == name
    assert len({harmless(each) for each in NAMES}) == len(NAMES)


def test_marks_are_still_numbers_and_words_still_words():
    assert [harmless(each) for each in ("4.5", "ana", "x=1", "a-b", "'t Hooft")] == [
        "4.5", "ana", "x=1", "a-b", "'t Hooft",
    ]  # fmt: skip


def test_the_reason_of_a_student_is_one_line_in_the_table(result_of, tmp_path):
    said = "=cmd\n;=cmd\x1b[2J"
    result_of("ana", {"mean-test": [error("=A", said)]}, notes=[said])
    path, *_ = report(tmp_path / "out")
    notes = rows(path)["ana"]["notes"]
    assert "\n" not in notes and "\x1b" not in notes
    assert not [part for part in notes.split(";") if part.strip().startswith("=")]


# --- tables for platforms -------------------------------------------------------------------------


def test_moodle_and_canvas_get_their_own_columns(result_of, form, tmp_path):
    result_of("Ana Ek_12")
    result_of("bo_13")
    report(tmp_path / "out")
    form(("Ana Ek_12,explain,,", "Ana Ek_12,explain,4,fine"))
    report(tmp_path / "out", export="moodle")
    table = [
        line.split(",") for line in
        (tmp_path / "out" / "moodle.csv").read_text(encoding="utf-8-sig").splitlines()
    ]  # fmt: skip
    assert table == [
        ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)",
         "Feedback comments"],
        ["Participant 12", "Ana Ek", "9", "10", "", "explain: fine"],
        ["Participant 13", "bo", "", "10", "", ""],  # an answer still waits
    ]  # fmt: skip
    report(tmp_path / "out", export="canvas")
    table = (tmp_path / "out" / "canvas.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table == [
        "Student,ID,SIS User ID,SIS Login ID,Section,sums",
        "    Points Possible,,,,,10",
        "Ana Ek,12,,,,9",
        "bo,13,,,,",
    ]
