"""What is handed in: folders, archives, platforms; what is skipped is named."""

import copy
import io
import json
import tracemalloc
import zipfile

import pytest
import small_course as small
from click.testing import CliRunner
from nbformat import v4

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import handed_in
from d2lres.classroom.collecting import find_submissions
from d2lres.classroom.marks import check, key, marks
from d2lres.classroom.reference import grade_id, load_assignment
from d2lres.classroom.students import file_name, is_called, readable
from d2lres.classroom.submissions import Damaged, Submission
from d2lres.commands import main
from d2lres.errors import ConfigError

WHOLE = json.dumps(small.submission()).encode()


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return load_assignment("sums", small.write_course(tmp_path_factory.mktemp("course")))


def found_in(folder, *paths, archive=None):
    """{student: (path below the top, problem, notes)} of these files, and the lines."""
    if archive:
        with zipfile.ZipFile(folder / archive, "w") as file:
            for path in paths:
                file.writestr(path, WHOLE)
        folder = folder / archive
    else:
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(WHOLE)
    submissions, lines = find_submissions("sums", folder)
    return {
        each.student: (str(each.path.relative_to(folder)) if not each.problem else "",
                       each.problem, each.notes)
        for each in submissions
    }, lines  # fmt: skip


MOODLE = "Ana Ek_12_assignsubmission_file_"
LAYOUTS = {
    # path: (student, what the notes say)
    "ana/sums.ipynb": ("ana", ()),
    "ana.ipynb": ("ana", ()),
    "ana/sums/sums.ipynb": ("ana", ()),
    "ana/Sums.IPYNB": ("ana", ("read from Sums.IPYNB",)),
    "ana/sums (1).ipynb": ("ana", ("read from sums (1).ipynb",)),
    "ana/sums.ipynb.txt": ("ana", ()),
    "ana/my work/final.ipynb": ("ana", ("read from my work/final.ipynb",)),
    "ana (1).ipynb": ("ana", ("read from ana (1).ipynb",)),
    f"{MOODLE}/sums.ipynb": ("Ana Ek_12", ()),
    f"{MOODLE}/work/any.ipynb": ("Ana Ek_12", ("read from work/any.ipynb",)),
    f"{MOODLE}sums.ipynb": ("Ana Ek_12", ()),
    "ekana_345_67890_sums.ipynb": ("ekana_345", ()),
    "ekana_345_67890_sums-2.ipynb": ("ekana_345", ("read from sums-2.ipynb",)),
    "ekana_LATE_345_67890_sums.ipynb": ("ekana_345", ("handed in late, by its file's name",)),
    "anon_kqWzx_67890_sums.ipynb": ("anon_kqWzx", ()),
}


@pytest.mark.parametrize("archive", [None, "class.zip"], ids=["folder", "zip"])
@pytest.mark.parametrize("path", LAYOUTS)
def test_a_layout_is_read(tmp_path, assignment, path, archive):
    student, notes = LAYOUTS[path]
    found, lines = found_in(tmp_path, path, archive=archive)
    assert list(found) == [student] and lines == []
    assert found[student][1] == "" and set(notes) <= set(found[student][2])
    source = tmp_path / archive if archive else tmp_path
    (submission,), _ = find_submissions("sums", source)
    notebook, _ = check(assignment, submission)
    assert [grade_id(c) for c in notebook.cells if grade_id(c)] == assignment.marked()


def test_a_class_in_one_archive(tmp_path):
    """As Moodle makes it; a Mac has opened it and closed it again."""
    found, lines = found_in(
        tmp_path, f"{MOODLE}/sums.ipynb", f"{MOODLE}/plot.png", "__MACOSX/._sums.ipynb",
        "Bo Öst_13_assignsubmission_file_/sums.ipynb", ".DS_Store", "Thumbs.db",
        "Bo Öst_13_assignsubmission_onlinetext_/onlinetext.html", archive="Sums-101.zip",
    )  # fmt: skip
    assert [(name, path, problem) for name, (path, problem, _) in found.items()] == [
        ("Ana Ek_12", f"{MOODLE}/sums.ipynb", ""),
        ("Bo Öst_13", "Bo Öst_13_assignsubmission_file_/sums.ipynb", ""),
    ]
    assert lines == [
        "Ana Ek_12: not read: plot.png",
        "Bo Öst_13: not read: onlinetext.html",
        "skipped 3 that no person wrote, such as .DS_Store, ._sums.ipynb, Thumbs.db",
    ]


@pytest.mark.parametrize("inner", [f"{MOODLE}/sums.ipynb", "ekana_345_67_sums.ipynb"])
def test_a_class_s_archive_may_lie_in_the_folder(tmp_path, inner):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as file:
        file.writestr(inner, WHOLE)
    found, _ = found_in(tmp_path, "bo/sums.ipynb")
    assert list(found) == ["bo", LAYOUTS.get(inner, ["ekana_345"])[0]] or list(found)[0] < "bo"
    assert len(found) == 2


def test_an_archive_of_one_student_is_that_student_s(tmp_path):
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as file:
        file.writestr("sums.ipynb", WHOLE)
    found, _ = found_in(tmp_path, "bo/sums.ipynb")
    assert list(found) == ["ana", "bo"]


def zipped(*members) -> bytes:
    """An archive of these files: (name, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


OWN = zipped(("sums.ipynb", WHOLE), ("helper.py", b"7"), ("__MACOSX/._sums.ipynb", b""))
OWN_ARCHIVES = {
    # path in the class's archive: the student
    f"{MOODLE}/work.zip": "Ana Ek_12",
    f"{MOODLE}work.zip": "Ana Ek_12",
    "ekana_345_67890_work.zip": "ekana_345",
    "ekana_LATE_345_67890_work.zip": "ekana_345",
    "ana/work.zip": "ana",
    "ana.zip": "ana",
}


@pytest.mark.parametrize("path", OWN_ARCHIVES)
def test_a_student_s_own_archive_in_that_of_the_class_is_read(tmp_path, assignment, path):
    student = OWN_ARCHIVES[path]
    (tmp_path / "class.zip").write_bytes(zipped((path, OWN), ("bo/sums.ipynb", WHOLE)))
    before = sorted(tmp_path.iterdir())
    found, lines = find_submissions("sums", tmp_path / "class.zip")
    submission = next(each for each in found if each.student == student)
    assert len(found) == 2 and submission.problem == "" and submission.content() == WHOLE
    assert check(assignment, submission)[1] == list(submission.notes)
    assert ("handed in late, by its file's name" in submission.notes) == ("LATE" in path)
    assert [line.rpartition("/")[2] for line in lines[1:]] == [
        "skipped 1 that no person wrote, such as ._sums.ipynb"
    ]
    assert lines[0].startswith(f"{student}: not read: ") and lines[0].endswith("helper.py")
    assert sorted(tmp_path.iterdir()) == before  # nothing was unpacked


@pytest.mark.parametrize(
    "own, said",
    [
        (zipped(("in.zip", OWN)), "in.zip: an archive within an archive; unpack it"),
        (zipped(("sums.ipynb", b" " * 3_000_000)), "larger than 2 MB"),
        (zipped(("sums.ipynb", WHOLE)) + bytes(3_000_000), "larger than 2 MB"),
        (zipped(("../sums.ipynb", WHOLE)), "a path that leads elsewhere"),
        (zipped(*((str(i), b"") for i in range(51))), "it holds 51 files; expected at most 50"),
        (OWN[:-300] + bytes(300), "no archive that can be read"),
        (b"", "no archive that can be read"),
    ],
    ids=["deeper", "a bomb", "a large one", "a way out", "many", "a damaged one", "nothing"],
)
def test_the_rules_for_archives_hold_within_one(tmp_path, monkeypatch, own, said):
    monkeypatch.setattr(handed_in, "LARGEST", 2_000_000)
    monkeypatch.setattr(handed_in, "MOST", 50)
    (tmp_path / "class.zip").write_bytes(zipped(("ana/work.zip", own), ("bo/sums.ipynb", WHOLE)))
    (ana, bo), _ = find_submissions("sums", tmp_path / "class.zip")
    with pytest.raises(Damaged, match=said):
        ana.content()
    assert bo.content() == WHOLE


def test_the_folder_itself_may_be_in_the_archive(tmp_path):
    found, _ = found_in(
        tmp_path, "submitted/ana/sums.ipynb", "submitted/bo/sums.ipynb", archive="monday.zip"
    )
    assert list(found) == ["ana", "bo"]


def test_a_copy_beside_the_notebook_is_named_and_two_unlike_names_are_not_guessed(tmp_path):
    found, lines = found_in(
        tmp_path, "ana/sums.ipynb", "ana/sums (1).ipynb", "bo/first.ipynb", "bo/second.ipynb",
        "cem/sums.ipynb", "cem/essay.pdf", "dua.ipynb", "dua (1).ipynb",
        "eve/sums/sums.ipynb", "eve/areas/areas.ipynb", "eve/.ipynb_checkpoints/sums.ipynb",
    )  # fmt: skip
    assert found["ana"] == ("ana/sums.ipynb", "", ("not read beside it: sums (1).ipynb",))
    assert found["bo"][1] == "no sums.ipynb; notebooks found: first.ipynb, second.ipynb"
    assert found["cem"][:2] == ("cem/sums.ipynb", "")
    assert found["dua"][1] == "two submissions: dua (1).ipynb and dua.ipynb"
    assert found["eve"] == ("eve/sums/sums.ipynb", "", ())
    assert lines == [
        "cem: not read: essay.pdf",
        "skipped 1 that no person wrote, such as .ipynb_checkpoints",
    ]


def test_files_that_were_handed_out_come_back_without_a_word(tmp_path):
    for place in ("ana/data.csv", "ana/sums/data.csv", "ana/mine.csv"):
        small.hand_in(tmp_path, "ana", small.submission())
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("7")
    files = {"data.csv": tmp_path / "ana" / "data.csv"}
    (ana,), lines = find_submissions("sums", tmp_path, files)
    assert lines == ["ana: not read: mine.csv"] and ana.notes == ()


@pytest.mark.parametrize("path", ["ana/{}", "ana/sums/{}", "ana/my work/{}", "a_1_2_{}"])
@pytest.mark.parametrize("archive", [False, True], ids=["folder", "zip"])
def test_a_changed_copy_of_a_file_of_the_course_has_a_note(tmp_path, path, archive):
    """The grader uses the course's own, and the student should know."""
    files = {name: tmp_path / name for name in ("helper.py", "data.csv")}
    for file in files.values():
        file.write_text("the course's")
    given = {"helper.py": b"mine", "data.csv": b"the course's", "sums.ipynb": WHOLE}
    members = [(path.format(name), content) for name, content in given.items()]
    if archive:
        (tmp_path / "in.zip").write_bytes(zipped(*members))
    for name, content in () if archive else members:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    folder = tmp_path / ("in.zip" if archive else "in")
    (ana,), lines = find_submissions("sums", folder, files)
    assert lines == []
    assert "helper.py had been changed; the course's own is used" in ana.notes
    assert "data.csv" not in " ".join(ana.notes)


def test_an_archive_without_a_submission_is_refused(tmp_path):
    (tmp_path / "class.zip").write_bytes(b"")
    with pytest.raises(ConfigError, match="no submission"):
        find_submissions("sums", tmp_path / "class.zip")
    with pytest.raises(ConfigError, match="or a zip of them"):
        find_submissions("sums", tmp_path / "none.zip")


def test_what_changes_in_an_archive_is_graded_anew(tmp_path, assignment):
    keys = set()
    for content in (WHOLE, WHOLE + b" ", WHOLE):
        with zipfile.ZipFile(tmp_path / "class.zip", "w") as file:
            file.writestr("ana/sums.ipynb", content)
        keys.add(key(assignment, find_submissions("sums", tmp_path / "class.zip")[0][0]))
    assert len(keys) == 2


@pytest.mark.parametrize(
    "file, called",
    [
        ("sums.ipynb", True), ("SUMS.ipynb", True), ("sums(2).ipynb", True),
        ("Copy of sums.ipynb", True), ("sums-Copy1.ipynb", True), ("sums_2.ipynb", True),
        ("sums-old.ipynb", False), ("sums.py", False), ("areas.ipynb", False),
    ],
)  # fmt: skip
def test_copies_are_known_by_their_names(file, called):
    assert is_called(file, "sums") is called


def test_names_are_readable_and_files_called_like_them():
    assert readable("M\udcfcller") == "Müller" == readable("Mu\u0308ller")
    assert readable("a\x1b[31m\n\u202e\ud800") == "a\ufffd[31m\ufffd\ufffd\ufffd"
    assert file_name("Žofia Müller") == "Žofia Müller"
    assert len({file_name(n) for n in (".a", "_a", "a/b", "a_b", "é" * 150, "é" * 151)}) == 6
    assert max(len(file_name("é" * n).encode()) for n in range(90, 300)) < 220


def test_the_command_prints_no_control_characters(tmp_path):
    course = small.write_course(tmp_path / "course")
    small.hand_in(tmp_path / "in", "a\x1b[2J", b"\x1b[31m")
    (tmp_path / "in" / "x\x1b\n.txt").write_text("")
    command = ["assignments", "collect-check", "sums", str(tmp_path / "in")]
    done = CliRunner().invoke(main, [*command, "--course", str(course)])
    assert done.exit_code == 1 and "\x1b" not in done.output
    assert len(done.output.splitlines()) == 5


# --- answers that stand elsewhere -----------------------------------------------------------------


@pytest.fixture
def graded(assignment, tmp_path):
    """The marks of a submission whose tests pass, and the notes."""

    def run(notebook):
        path = small.hand_in(tmp_path, "ana", notebook)
        matched, notes = check(assignment, Submission("ana", path))
        return (
            {cell["id"]: cell["score"] for cell in marks(matched, small.passed(assignment))},
            notes,
            matched,
        )

    return run


def unanswered():
    return small.submission(explain=small.cell_text("explain"))


def test_an_answer_in_a_new_cell_goes_to_the_teacher_with_a_note(graded):
    for place in (7, 8, 2):  # above the given cell, below it, and far away
        notebook = unanswered()
        notebook.cells.insert(place, v4.new_markdown_cell("One far value moves it."))
        scores, notes, _ = graded(notebook)
        assert scores["explain"] is None, place
        assert notes == [
            f"answer explain is as it was handed out, but cell {place + 1} is the student's own: "
            "read it there"
        ]


def test_an_answer_within_the_question_goes_to_the_teacher(graded):
    notebook = unanswered()
    notebook.cells[6].source += "\n\nBecause of one far value."
    scores, notes, _ = graded(notebook)
    assert scores["explain"] is None and "cell 7 is the student's own" in notes[0]


def test_no_answer_at_all_is_still_none(graded):
    scores, notes, _ = graded(unanswered())
    assert scores["explain"] == 0 and notes == []
    notebook = unanswered()
    notebook.cells.append(v4.new_code_cell("mean([1])"))
    notebook.cells.append(v4.new_markdown_cell(" \n"))
    assert graded(notebook)[0]["explain"] == 0


def test_pasted_images_come_with_their_cells(graded):
    pasted = {"a.png": {"image/png": small.PNG}}
    notebook = small.submission(explain="![](attachment:a.png)")
    notebook.cells[-1]["attachments"] = pasted
    notebook.cells.append(v4.new_markdown_cell("![](attachment:a.png)", attachments=pasted))
    _, _, matched = graded(notebook)
    assert [cell.get("attachments") for cell in matched.cells[-2:]] == [pasted] * 2


def test_what_is_no_image_is_left_out_and_said(assignment, tmp_path):
    notebook = small.submission()
    for number, kinds in enumerate([{"image/png": "%"}, {"text/html": "PGI+"}, 7, {}]):
        notebook.cells[-1].setdefault("attachments", {})[f"{number}.png"] = kinds
    _, notes = check(assignment, Submission("ana", small.hand_in(tmp_path, "ana", notebook)))
    assert [note.partition(" was left")[0] for note in notes] == [
        f"cell 8: what was pasted as '{number}.png'" for number in range(4)
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with open(tmp_path / "a.ipynb", "wb") as file:
        file.truncate(50 << 30)
    tracemalloc.start()
    with pytest.raises(Damaged, match="larger than 100 MB"):
        Submission("a", tmp_path / "a.ipynb").content()
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


# --- tasks ----------------------------------------------------------------------------------------


def test_a_task_waits_for_the_teacher_and_keeps_its_advice(tmp_path):
    source = small.source()
    advice = "Draw it.\n### BEGIN MARK SCHEME\nTwo for the axes.\n### END MARK SCHEME"
    task = small.marked(v4.new_markdown_cell, "draw", advice, 4)
    task.metadata["nbgrader"].update(grade=False, task=True)
    source.cells.append(task)
    path = small.write_course(tmp_path) / "source" / "sums" / "sums.ipynb"
    path.write_text(json.dumps(source))
    assignment = load_assignment("sums", tmp_path)
    notebook = copy.deepcopy(assignment.released)
    for cell in notebook.cells:
        cell.source = small.ANSWERS.get(grade_id(cell), cell.source)
    notebook.cells.append(v4.new_code_cell("plot()"))
    matched, notes = check(assignment, Submission("a", small.hand_in(tmp_path, "a", notebook)))
    (entry,) = [cell for cell in marks(matched, {}) if cell["id"] == "draw"]
    assert entry == {"id": "draw", "points": 4, "score": None, "why": ""} and notes == []
    assert "Two for the axes" not in matched.cells[-2].source
