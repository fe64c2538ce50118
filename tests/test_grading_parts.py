"""The parts that grading stands on: plain data, outputs, the scratch folder, bulkheads, limits."""

import base64
import fcntl
import json
import os
import tempfile
import time
from math import inf, nan
from pathlib import Path

import numpy
import pytest
import small_course as small
from click.testing import CliRunner
from test_grading import LIMITS, needs_sandbox, sandbox_works

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import examine, sandbox
from d2lres.classroom.batch import collect_check, grade
from d2lres.classroom.client import Settings
from d2lres.classroom.marks import read_result, result_file
from d2lres.classroom.outputs import clean, error
from d2lres.classroom.plain import NotPlain, decode, encode
from d2lres.classroom.reference import plain_python
from d2lres.classroom.running import Session
from d2lres.classroom.sandbox import Limits
from d2lres.classroom.scratch import scratch_folder
from d2lres.classroom.students import readable
from d2lres.classroom.workers import Failed, Workers
from d2lres.commands import main
from d2lres.errors import ConfigError

# --- plain data -----------------------------------------------------------------------------------


def test_plain_data_come_back_as_they_were():
    data = {"a": [1, 2.5, None, True, "ä"], "b": (1, (2,)), "c": numpy.float32(0.5)}
    assert decode(encode(data)) == {"a": [1, 2.5, None, True, "ä"], "b": [1, [2]], "c": 0.5}


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_arrays_keep_their_kind_and_shape(kind, shape):
    array = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape).astype(kind)
    found = decode(encode([array]))[0]
    assert found.dtype == array.dtype and found.shape == shape and (found == array).all()


def array(kind="float64", shape=(1,), data=bytes(8)) -> str:
    content = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    return json.dumps({"array": kind, "shape": shape, "data": content})


@pytest.mark.parametrize(
    "text",
    [
        None, 7, b"1", "", "[", "NaN", "[Infinity]", "1e999", "9" * 5000, str(2**63), "[" * 100_000,
        "[" * 30 + "]" * 30, '"' + "x" * 1_000_000 + '"', "[" + "1," * 3_000_000 + "1]",
        '"\\ud800"', '{"\\ud800": 1}', array("object"), array(["float64"]), array(shape=[2]),
        array(shape=[-1]), array(shape=[10**9, 0], data=b""), array(shape=[True]), array(shape=7),
        array(shape=[1] * 9), array(data="%%"), array(data=7),
        array(data=numpy.array(nan).tobytes()), array(data=numpy.array(-inf).tobytes()),
        '{"array": "float64"}',
    ],
)  # fmt: skip
def test_what_is_not_plain_is_refused(text):
    with pytest.raises(NotPlain):
        decode(text)


class Everything:
    def __eq__(self, other):
        return True


class Number(float):
    def __repr__(self):
        return "1.5"


class Text(str):
    def __eq__(self, other):
        return True


def test_no_object_comes_through():
    for each in (Everything(), [Everything()], {"a": Everything()}, {1, 2}, 1j, b"x"):
        with pytest.raises(NotPlain):
            encode(each)
    found = decode(encode([Number(7), Text("a")]))
    assert found == [7.0, "a"] and [type(each) for each in found] == [float, str]
    lists = []
    lists.append(lists)
    with pytest.raises(NotPlain):
        encode(lists)


def test_in_plain_nbgrader_both_halves_run_at_once():
    def given(random):
        return random.integers(5, size=3)

    def probe(numbers):
        return numbers + 1

    def judge(found, numbers):
        assert (found == numbers + 1).all()
        return 2

    assert examine(probe, judge, given) == 2
    with pytest.raises(AssertionError):
        examine(lambda: 7, lambda found: judge(numpy.array(found), numpy.array(1)))


# --- outputs --------------------------------------------------------------------------------------

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()


def test_an_output_is_made_anew_from_what_is_known():
    found = clean(
        "execute_result",
        {
            "execution_count": "<b>", "data": {
                "text/plain": "\ud800x", "image/png": PNG + "\n", "image/jpeg": PNG,
                "application/javascript": "alert(1)", "text/latex": "$x$", "image/svg+xml": "<svg>",
            },
            "metadata": {"image/png": {"width": 20, "height": "1 onerror=x"}, "x": "y"},
        },
    )  # fmt: skip
    assert found == {
        "output_type": "display_data", "data": {"text/plain": "\ufffdx", "image/png": PNG},
        "metadata": {"image/png": {"width": 20}},
    }  # fmt: skip
    assert clean("stream", {"name": "stdout", "text": ["a"]}).text == ""
    assert clean("error", {"ename": 7, "evalue": [], "traceback": [1, "a"]}).traceback == ["", "a"]


@pytest.mark.parametrize(
    "kind, content",
    [
        ("stream", {"name": ["stdout"], "text": "x"}), ("stream", {}), ("comm_open", {}),
        ("error", {"ename": 7}),
        ("display_data", {"data": ["text/plain"]}), ("display_data", {}),
        ("display_data", {"data": {"image/png": 7}}),
        ("display_data", {"data": {"image/png": "%"}}),
        ("display_data", {"data": {"image/png": base64.b64encode(b"<svg").decode()}}),
        ("update_display_data", {"data": {"text/plain": "x"}}),
    ],
)  # fmt: skip
def test_nothing_else_is_an_output(kind, content):
    assert clean(kind, content) is None


# --- names, magics, limits ------------------------------------------------------------------------


def test_every_name_can_be_written():
    long, other = result_file("out", "x" * 250), result_file("out", "x" * 249)
    assert len(long.name) < 220 and long != other
    assert result_file("out", "Žofia") == Path("out/Žofia.json")


def test_400_magics_are_taken_out_at_once():
    source = "%pwd\n" * 400 + "x = !ls\nint?\nif x:\n    %time y = 1\ndef f(): pass\n"
    started = time.monotonic()
    text = plain_python(source)
    assert time.monotonic() - started < 5
    assert text == "pass\n" * 402 + "if x:\n    pass\ndef f(): pass\n"
    whole = "x = (7\n     %2)\n"
    assert plain_python(whole) == whole


@pytest.mark.parametrize(
    "options, said",
    [
        ({"cell_seconds": nan}, "--cell-seconds: nan"),
        ({"cell_seconds": inf}, "--cell-seconds: inf"),
        ({"seconds": -inf}, "--seconds: -inf"), ({"seconds": 0}, "--seconds: 0"),
        ({"memory": 0}, "--memory: 0"),
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused_in_words(options, said):
    with pytest.raises(ConfigError, match=f"{said}; expected a number above 0"):
        Limits(**options)


# --- the scratch folder ---------------------------------------------------------------------------


def test_a_folder_whose_owner_was_killed_is_removed_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("d2lres-orphan", "d2lres-alive", "d2lres-new", "other"):
        (tmp_path / name / "k").mkdir(parents=True)
    for name in ("d2lres-orphan", "d2lres-alive", "other"):
        (tmp_path / name / "lock").touch()
    with open(tmp_path / "d2lres-alive" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with scratch_folder() as folder:
            assert {path.name for path in tmp_path.iterdir()} == {
                "d2lres-alive", "d2lres-new", "other", folder.name,
            }  # fmt: skip
    assert not folder.exists()


def test_a_temporary_folder_with_a_long_name_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 100)))
    with pytest.raises(ConfigError, match="Set TMPDIR"), scratch_folder():
        pass


# --- bulkheads ------------------------------------------------------------------------------------


def test_what_one_call_does_ends_no_other():
    calls = [
        (abs, -1),
        (int, "x"),
        (os._exit, 1),
        (time.sleep, 60),
        (bytearray, 10 << 30),
        (abs, -2),
    ]
    done = []
    with Workers(2, (abs, 0), 3, 2 << 30) as workers:
        found = list(workers.each(calls, lambda: done.append(1)))
    assert [found[0], found[-1], len(done)] == [1, 2, 6]
    said = [str(each) for each in found[1:5] if isinstance(each, Failed)]
    assert said[0].startswith("ValueError: invalid literal")
    assert said[1:] == ["its process was ended (too little memory?)", "it took longer than 3 s",
                        "MemoryError: "]  # fmt: skip


SOON = "from IPython.core import inputtransformer2\ninputtransformer2.TRANSFORM_LOOP_LIMIT = 9"


def poisoned(folder: Path) -> dict:
    """Submissions that no program expects: {student: whether it can have marks}."""
    whole = json.dumps(small.submission())
    deep = small.submission()
    deep.cells[2].metadata["nbgrader"]["x"] = json.loads("[" * 900 + "]" * 900)
    in_answer = small.ANSWERS["mean-answer"] + "\n" + "%pwd\n" * 400
    magics, magics_in_answer = small.submission(), small.submission(mean_answer=in_answer)
    magics.cells.insert(1, small.v4.new_code_cell("%pwd\n" * 600))
    for each in magics, magics_in_answer:  # IPython gives up at 500, having read all for each
        each.cells.insert(1, small.v4.new_code_cell(SOON))
    files = {
        "digits": whole.replace('"cells"', '"x": ' + "9" * 5000 + ', "cells"', 1).encode(),
        "type": whole.replace('"cell_type": "markdown"', '"cell_type": []', 1).encode(),
        "deep": json.dumps(deep).encode(),
        "n" * 250: json.dumps(small.submission()).encode(),
        "magics": json.dumps(magics).encode(),
        "magics-in-answer": json.dumps(magics_in_answer).encode(),
        os.fsdecode(b"M\xfcller"): whole.encode(),
    }
    for student, content in files.items():
        small.hand_in(folder, student, content)
    sparse = small.hand_in(folder, "sparse", b"{}")
    os.truncate(sparse, 50 << 30)
    locked = small.hand_in(folder, "locked", b"{}")
    locked.chmod(0)
    return {student: student not in ("digits", "type", "sparse", "locked")
            for student in (*files, "sparse", "locked")}  # fmt: skip


@needs_sandbox
def test_no_file_stops_the_class(tmp_path):
    course, folder, out = small.write_course(tmp_path / "c"), tmp_path / "in", tmp_path / "out"
    students = poisoned(folder)
    for good in ("ana", "maria", "zoe"):
        small.hand_in(folder, good, small.submission())
    checked = {student: ok for student, ok, _ in collect_check("sums", folder, course) if student}
    assert {readable(student) for student in students} < checked.keys()
    assert all(checked[good] for good in ("ana", "maria", "zoe"))
    *_, lines = grade(
        "sums", folder, out, course=course, settings=Settings(LIMITS), progress=False, jobs=2
    )
    for student in ("ana", "maria", "zoe"):
        cells = read_result(out / f"{student}.json")["cells"]
        assert [cell["score"] for cell in cells] == [2, 3, None]
    for student, fine in students.items():
        result = read_result(result_file(out, readable(student)))
        assert result["status"] == "damaged" or fine, student
        if result["status"] == "damaged":
            failed = [line for line in lines if line.startswith(f"failed: {readable(student)}: ")]
            assert result["notes"] and (failed or not result["notes"][0].startswith("failed"))


@pytest.mark.skipif(not sandbox_works(), reason="bubblewrap is missing or forbidden")
def test_a_cgroup_is_used_where_systemd_gives_one(tmp_path, monkeypatch):
    """A systemd-run of our own, which says what limit it was told and runs the rest."""
    fake = tmp_path / "systemd-run"
    fake.write_text("#!/bin/sh\necho 67108864\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    sandbox.has_cgroup.cache_clear()
    try:
        line = sandbox.command(LIMITS, [], [])
        assert line[0] == "systemd-run" and f"MemoryMax={LIMITS.memory}" in line
        assert line[line.index("--") + 1] == "bwrap" and sandbox.memory_limit() == "a cgroup"
        fake.write_text("#!/bin/sh\nexit 1\n")
        sandbox.has_cgroup.cache_clear()
        assert sandbox.command(LIMITS, [], [])[0] == "bwrap"
    finally:
        sandbox.has_cgroup.cache_clear()


def test_a_wrong_limit_is_one_line(tmp_path):
    course = small.write_course(tmp_path / "course")
    small.hand_in(tmp_path / "in", "ana", small.submission())
    line = ["assignments", "grade", "sums", str(tmp_path / "in"), "--course", str(course), "--out",
            str(tmp_path / "out")]  # fmt: skip
    for option, value in (("--cell-seconds", "nan"), ("--seconds", "inf"), ("--cell-seconds", "0")):
        done = CliRunner().invoke(main, [*line, option, value])
        assert done.exit_code == 2 and done.output.count("\n") == 1
        assert done.output.startswith(f"error: {option}: {float(value)}")


def test_all_outputs_together_are_limited_and_an_error_stays():
    notebook = small.v4.new_notebook(cells=[small.v4.new_code_cell("") for _ in range(100)])
    session = Session(notebook, None, LIMITS)
    for cell in notebook.cells:
        cell.outputs = [
            small.v4.new_output("stream", text="x" * LIMITS.output),
            error("ValueError", "no", ["a long way"] * 99),
        ]
        session.measure(cell)
    assert len(json.dumps(notebook)) < 60 * LIMITS.output
    assert notebook.cells[0].outputs[0].text == "x" * LIMITS.output
    assert notebook.cells[-1].outputs == [error("ValueError", "no")]
