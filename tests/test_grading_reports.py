"""Marks, grades.csv and the feedback, from results whose tests have not really run."""

import csv
import json

import pytest
import small_course as small
from bs4 import BeautifulSoup
from click.testing import CliRunner
from nbformat import v4

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom.marks import read_result, write_result
from d2lres.classroom.outputs import error
from d2lres.classroom.reports import report
from d2lres.commands import main
from d2lres.errors import ConfigError, DataError
from d2lres.files import write_whole


@pytest.fixture
def result_of(tmp_path):
    """A result as `grade` writes it; `outputs` are those of the tests, by cell id."""
    return small.result_maker(tmp_path)


def rows(path) -> dict:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def scores(result) -> list:
    return [cell["score"] for cell in result["cells"]]


# --- marks ----------------------------------------------------------------------------------------


def test_a_test_with_an_error_has_no_points_and_its_reason(result_of):
    failed = {"mean-test": [error("AssertionError", "the mean of 1, 2, 3 is 2")]}
    result = result_of("ana", failed)
    assert scores(result) == [0, 3, None]
    assert result["cells"][0]["why"] == "AssertionError: the mean of 1, 2, 3 is 2"


def test_neither_a_warning_nor_a_number_on_display_changes_the_points(result_of):
    warning = v4.new_output("stream", name="stderr", text="careful")
    own = v4.new_output("execute_result", data={"text/plain": "0.5"})
    assert scores(result_of("ana", {"mean-test": [warning], "spread-test": [own]})) == [2, 3, None]


def test_a_written_answer_waits_for_the_teacher_and_an_empty_one_does_not(result_of):
    assert scores(result_of("ana")) == [2, 3, None]
    untouched = small.cell_text("explain")
    result = result_of("bo", explain=untouched)
    assert scores(result) == [2, 3, 0] and result["cells"][2]["why"] == "not answered"


# --- grades.csv -----------------------------------------------------------------------------------


def test_the_table_has_points_sum_and_what_is_left_to_do(result_of, tmp_path):
    result_of("ana")
    result_of("bo", {"mean-test": [error("AssertionError", "no")]}, notes=["read as cp1252"])
    write_result(tmp_path / "out", {
        "format": 1, "student": "cem", "assignment": "sums", "status": "damaged", "cells": [],
        "notes": ["truncated"],
    })  # fmt: skip
    path, *_ = report(tmp_path / "out")
    table = rows(path)
    assert list(table["ana"]) == [
        "student", "mean-test", "spread-test", "explain", "sum", "of", "needs manual grading",
        "notes",
    ]  # fmt: skip
    assert list(table["ana"].values()) == ["ana", "2", "3", "", "5", "10", "explain", ""]
    assert list(table["bo"].values())[1:7] == ["0", "3", "", "3", "10", "explain"]
    assert table["bo"]["notes"] == "read as cp1252; mean-test: AssertionError: no"
    assert list(table["cem"].values()) == ["cem", "", "", "", "", "", "", "NOT GRADED; truncated"]


def test_points_of_a_notebook_in_the_source_s_order_even_if_the_first_student_is_damaged(
    result_of, tmp_path
):
    write_result(tmp_path / "out", {
        "format": 1, "student": "aaa", "assignment": "sums", "status": "damaged", "cells": [],
        "notes": ["empty"],
    })  # fmt: skip
    result_of("ana")
    path, *_ = report(tmp_path / "out")
    assert list(rows(path)["aaa"])[1:4] == ["mean-test", "spread-test", "explain"]


@pytest.mark.parametrize("name", ["=1+1", "+a", "-b", "@SUM(A1)"])
def test_no_name_becomes_a_formula(result_of, tmp_path, name):
    result_of(name)
    path, *_ = report(tmp_path / "out")
    assert list(rows(path)) == [f"'{name}"]


def test_names_keep_their_letters_in_a_spreadsheet(result_of, tmp_path):
    result_of("Žofia Müller")
    path, *_ = report(tmp_path / "out")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") and "Žofia Müller" in rows(path)


# --- feedback -------------------------------------------------------------------------------------


def test_the_feedback_shows_points_reasons_and_notes(result_of, tmp_path):
    failed = {"mean-test": [error("AssertionError", "the mean of 1, 2, 3 is 2")]}
    result_of("ana", failed, notes=["read as cp1252"])
    _, (page,), _ = report(tmp_path / "out")
    text = " ".join(BeautifulSoup(page.read_text(), "html.parser").get_text(" ").split())
    assert "sums: ana: 3 of 10 points" in text
    assert "Test mean-test 0 of 2 points" in text and "the mean of 1, 2, 3 is 2" in text
    assert "read as cp1252" in text and "waits for the teacher" in text


def test_html_of_a_student_does_not_run_in_the_teacher_s_browser(result_of, tmp_path):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    shown = v4.new_output("display_data", data={"text/html": attack})
    result_of("<img src=x onerror=alert(3)>", {"mean-test": [shown]}, [attack], explain=attack)
    _, (page,), _ = report(tmp_path / "out")
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert not [s for s in soup.find_all("script") if "alert" in s.get_text()]
    assert not soup.find_all(onerror=True)


def test_a_report_is_whole_or_the_old_one(result_of, tmp_path, monkeypatch):
    result_of("ana")
    path, *_ = report(tmp_path / "out")
    before = path.read_bytes()
    result_of("bo")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DataError, match="No space left"):
        report(tmp_path / "out")
    assert path.read_bytes() == before
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "ana.json", "bo.json", "feedback", "grades.csv", "manual.csv",
    ]  # fmt: skip


def test_a_folder_without_results_or_of_two_assignments_is_refused(result_of, tmp_path):
    with pytest.raises(ConfigError, match="no results"):
        report(tmp_path / "empty")
    result = result_of("ana")
    write_result(tmp_path / "out", result | {"student": "bo", "assignment": "areas"})
    with pytest.raises(ConfigError, match="areas, sums"):
        report(tmp_path / "out")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 99}'])
def test_what_is_no_result_is_named(tmp_path, content):
    write_whole(tmp_path / "ana.json", content.encode())
    with pytest.raises(DataError, match="ana.json"):
        read_result(tmp_path / "ana.json")


def test_the_command_prints_where_the_files_are(result_of, tmp_path):
    result_of("ana")
    done = CliRunner().invoke(main, ["assignments", "report", str(tmp_path / "out")])
    assert done.exit_code == 0 and "grades.csv" in done.output and "1 page" in done.output
    assert (tmp_path / "out" / "feedback" / "ana.html").is_file()
    assert json.loads((tmp_path / "out" / "ana.json").read_text())["student"] == "ana"
