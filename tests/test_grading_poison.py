"""No submission stops another's mark, page or row: one poisoned one among three good ones."""

import csv
import io
import json
import os
import time
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_course as small

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import Settings, reports
from d2lres.classroom import marks as marking
from d2lres.classroom.batch import check_one
from d2lres.classroom.collecting import find_submissions
from d2lres.classroom.marks import grade_one, write_result
from d2lres.classroom.reference import grade_id, load_assignment
from d2lres.classroom.reports import report, write_page
from d2lres.classroom.students import one_line

GOOD = ("ana", "bo", "zoe")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return small.write_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def class_of(course, tmp_path, monkeypatch):
    """Hand in three good ones beside what is there, grade without running, and report.

    Returns the rows of grades.csv, the lines, and the folder of the results.
    """
    assignment, out = load_assignment("sums", course), tmp_path / "out"
    passed = small.passed(assignment)
    monkeypatch.setattr(marking, "run", lambda notebook, judges, settings: (passed, []))
    monkeypatch.setattr(reports, "usable_cores", lambda: 1)  # a process for four pages is enough
    judges = SimpleNamespace(assignment=assignment)

    def run(change=lambda result: None):
        for student in GOOD:
            small.hand_in(tmp_path / "in", student, small.submission())
        submissions, skipped = find_submissions("sums", tmp_path / "in")
        for submission in submissions:
            can_be_graded, _ = check_one("sums", course, submission)
            assert can_be_graded or submission.student not in GOOD
            result = grade_one(judges, submission, Settings())
            if submission.student not in GOOD:
                change(result)
            write_result(out, result)
        grades, pages, lines = report(out)
        with open(grades, encoding="utf-8-sig", newline="") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
        for student in GOOD:
            assert list(rows[student].values())[1:7] == ["2", "3", "", "5", "10", "explain"]
            assert rows[student]["notes"] == ""
            assert "5 of 10 points" in (out / "feedback" / f"{student}.html").read_text()
        return rows, skipped + lines, out

    return run


def with_cell(**changes) -> bytes:
    """A right submission whose last cell, the written answer, has these fields."""
    notebook = json.loads(json.dumps(small.submission()))
    notebook["cells"][-1] |= changes
    return json.dumps(notebook).encode()


def archive(*members, link=False) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if link else 0o100644) << 16
            file.writestr(info, content)
    return out.getvalue()


def nested(depth: int) -> dict:
    found = {}
    for _ in range(depth):
        found = {"a": found}
    return found


WHOLE = json.dumps(small.submission()).encode()
PASTED = {"a.png": {"image/png": small.PNG}}

# kind: (the file handed in, what is said of it; "" where it is graded without a word)
FILES = {
    "a pasted image": (with_cell(source="![](attachment:a.png)", attachments=PASTED), ""),
    "an image that is missing": (with_cell(source="![](attachment:gone.png)"), ""),
    "an image that is none": (with_cell(attachments={"a.png": {"image/png": 7}}), "left out"),
    "attachments that are a list": (with_cell(attachments=[1]), ""),
    "an image of 12 MB": (
        with_cell(attachments={"a.png": {"image/png": "A" * 12_000_000}}), "left out"),
    "21 MB of output": (
        WHOLE.replace(b'"outputs": []', b'"outputs": ["%s"]' % (b"x" * 21_000_000), 1), ""),
    "a long number": (
        with_cell(metadata={"a": 1234567}).replace(b"1234567", b"7" * 5000), "ValueError"),
    "a type that is a list": (with_cell(cell_type=[]), "cell 8 has no type or no text"),
    "marks nested 900 deep": (
        with_cell(metadata={"nbgrader": {"grade_id": "explain", "a": nested(900)}}), ""),
    "an id that is a list": (with_cell(metadata={"nbgrader": {"grade_id": ["explain"]}}), "lost"),
    "metadata that is a list": (with_cell(metadata=[1]), "lost its mark"),
    "text that is numbers": (with_cell(source=[1, 2]), "cell 8 has no type or no text"),
    "half a character": (WHOLE.replace(b"one far", rb"\ud800 \u0000 \u001b[2J"), ""),
    "a text of 6 MB": (with_cell(source="x" * 6_000_000), "characters in its cells"),
    "open brackets": (with_cell(source="[" * 40_000), ""),
    "stars": (with_cell(source="*a **b " * 6_000), ""),
    "nested tags": (with_cell(source="<div><b>" * 5_000), ""),
    "nested quotes": (with_cell(source=">" * 20_000), ""),
    "nested fractions": (with_cell(source="$" + r"\frac{" * 45 + "$"), ""),
    "formulas": (with_cell(source=" ".join(f"$x_{{{i}}}$" for i in range(3_000))), ""),
    "a task of its own": (
        with_cell(metadata={"nbgrader": {"grade_id": "explain", "task": True, "points": "x"}}), ""),
    "no JSON": (b"%PDF-1.7", "no JSON"),
    "half a file": (WHOLE[:900], "truncated"),
    "nothing": (b"", "empty"),
    "brackets": (b"[" * 100_000, "nested too deeply"),
    "millions of lists": (b'{"cells": [' + b"[]," * 6_000_000 + b"1]}", "6000002 brackets"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_file(class_of, tmp_path, kind):
    content, said = FILES[kind]
    small.hand_in(tmp_path / "in", "cem", content)
    rows, lines, _ = class_of()
    assert list(rows) == ["ana", "bo", "cem", "zoe"]
    assert said in rows["cem"]["notes"] if said else rows["cem"]["sum"] == "5", rows["cem"]
    assert not [line for line in lines if line.startswith("failed")]


def test_a_pasted_image_comes_back(class_of, tmp_path):
    small.hand_in(tmp_path / "in", "cem", FILES["a pasted image"][0])
    _, _, out = class_of()
    assert f"data:image/png;base64,{small.PNG}" in (out / "feedback" / "cem.html").read_text()


NAMES = {
    b"M\xfcller": "Müller",
    "Mu\u0308ller".encode(): "Müller",
    b"a\x1b[2Jb\nc": "a\ufffd[2Jb\ufffdc",
    "\u202egpj".encode(): "\ufffdgpj",
    b"n" * 250: "n" * 250,
    ("ü" * 125).encode(): "ü" * 125,
    b".hidden": ".hidden",
    b"'=x": "'=x",
    b"x;=1+cmd|' C calc'!A0": "x;=1+cmd|' C calc'!A0",
}


@pytest.mark.parametrize("name", NAMES, ids=NAMES.values())
def test_a_name(class_of, tmp_path, name):
    folder = os.fsencode(tmp_path / "in") + b"/" + name
    os.makedirs(folder)
    with open(folder + b"/sums.ipynb", "wb") as file:
        file.write(WHOLE)
    rows, lines, out = class_of()
    shown = NAMES[name].replace("'=", "''=").replace(";=", ";'=")
    assert rows[shown]["sum"] == "5" and lines == []
    assert len(list(out.glob("*.json"))) == len(list((out / "feedback").glob("*.html"))) == 4
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]
    report(out)  # its own manual.csv is read again


def links(folder: Path):
    (folder / "sums.ipynb").symlink_to("/etc/passwd")


def sparse(folder: Path):
    with open(folder / "sums.ipynb", "wb") as file:
        file.truncate(50 << 30)


PLACES = {
    "a link": (links, "a link or a device"),
    "a pipe": (lambda folder: os.mkfifo(folder / "sums.ipynb"), "a link or a device"),
    "a folder": (lambda folder: (folder / "sums.ipynb").mkdir(), "notebooks found: none"),
    "50 GB of nothing": (sparse, "larger than 100 MB"),
    "no archive": (lambda folder: (folder / "a.zip").write_bytes(b"PK\3\4"), "no archive"),
    "a loop": (lambda folder: (folder / "again").symlink_to(folder), "notebooks found: none"),
}
for kind, content, said in [
    ("an archive", archive(("sums.ipynb", WHOLE)), ""),
    ("an archive of a Mac", archive(("s/sums.ipynb", WHOLE), ("__MACOSX/._sums.ipynb", b"")), ""),
    ("a bomb", archive(("sums.ipynb", b" " * 150_000_000)), "larger than 100 MB"),
    ("a way out", archive(("../../sums.ipynb", WHOLE)), "a path that leads elsewhere"),
    ("a link in an archive", archive(("sums.ipynb", b"/etc/passwd"), link=True), "a link"),
    ("two of one name", archive(("sums.ipynb", WHOLE), ("sums.ipynb", b"")), "found: sums.ipynb"),
    ("two archives", archive(("in.zip", archive(("sums.ipynb", WHOLE)))), "within an archive"),
    ("a damaged archive", archive(("sums.ipynb", WHOLE))[:-400] + bytes(400), "no archive"),
]:
    PLACES[kind] = (lambda folder, c=content: (folder / "handed.zip").write_bytes(c), said)


@pytest.mark.parametrize("kind", PLACES)
def test_a_folder(class_of, tmp_path, kind):
    make, said = PLACES[kind]
    (tmp_path / "in" / "cem").mkdir(parents=True)
    make(tmp_path / "in" / "cem")
    rows, _, _ = class_of()
    assert list(rows) == ["ana", "bo", "cem", "zoe"]
    assert said in rows["cem"]["notes"] if said else rows["cem"]["sum"] == "5", rows["cem"]["notes"]
    assert not (tmp_path / "sums.ipynb").exists() and not (tmp_path.parent / "sums.ipynb").exists()


# kind: what is done to a result before it is written, as a forged kernel message could
def outputs(*found):
    def change(result):
        cell = next(c for c in result["notebook"].cells if grade_id(c) == "mean-test")
        cell.outputs = list(found)

    return change


def shown(**data):
    return {
        "output_type": "display_data", "metadata": {},
        "data": {kind.replace("_", "/"): value for kind, value in data.items()},
    }  # fmt: skip


RESULTS = {
    "half a character": outputs({"output_type": "stream", "name": "stdout", "text": "\ud800"}),
    "an output that is a number": outputs(7),
    "no data": outputs({"output_type": "display_data"}),
    "data that is a list": outputs({"output_type": "display_data", "data": [1]}),
    "a picture that is a number": outputs(shown(image_png=7)),
    "a text that is a dictionary": outputs({"output_type": "stream", "text": {"a": 1}}),
    "an error without a text": outputs({"output_type": "error"}),
    "nested tags": outputs(shown(text_html="<div>" * 10_000)),
    "a count that is a list": outputs({"output_type": "execute_result", "execution_count": []}),
    "notes that are numbers": lambda result: result.update(notes=[1]),
    "points that are none": lambda result: result["cells"][0].update(points=None),
    "a cell that is not there": lambda result: result["cells"][0].update(id="gone"),
    "no cells": lambda result: result.pop("cells"),
    "another assignment's notebook": lambda result: result.update(notebook={"cells": 7}),
    "an unknown state": lambda result: result.update(status=[]),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_result(class_of, tmp_path, kind):
    small.hand_in(tmp_path / "in", "cem", small.submission())
    rows, lines, out = class_of(RESULTS[kind])
    assert list(rows) == ["ana", "bo", "cem", "zoe"]
    page = out / "feedback" / "cem.html"
    assert page.exists() or [line for line in lines if line.startswith("failed: cem: ")]


def test_half_a_result(class_of, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cem.json").write_text('{"format": 1, "student"')
    rows, lines, _ = class_of()
    assert "delete the file and grade again" in rows["cem"]["notes"]
    assert lines[0].startswith("failed: cem: cem.json: DataError")


def slow_page(path, *arguments):
    """In a worker, as the next one: `write_page` with one page that cannot be made."""
    if path.stem == "cem":
        time.sleep(60)
    write_page(path, *arguments)


def large_page(path, *arguments):
    if path.stem == "cem":
        bytearray(10 << 30)
    write_page(path, *arguments)


@pytest.mark.parametrize(
    "page, seconds, said",  # enough for the others, on a machine with other work
    [(slow_page, 5, "it took longer than 5 s"), (large_page, 60, "MemoryError: ")],
    ids=["time", "memory"],
)
def test_a_page_that_takes_too_much(class_of, tmp_path, monkeypatch, page, seconds, said):
    monkeypatch.setattr(reports, "write_page", page)
    monkeypatch.setattr(reports, "PAGE_SECONDS", seconds)
    small.hand_in(tmp_path / "in", "cem", small.submission())
    rows, lines, _ = class_of()
    assert rows["cem"]["sum"] == "5"
    assert lines == [one_line(f"failed: cem: no feedback: {said}")]
