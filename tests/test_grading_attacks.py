"""Grading: whoever attacks the verdict gets exactly the marks of the real answers."""

import json
import re

import pytest
import small_course as small
from test_grading import LIMITS, mean, needs_sandbox, wrong

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom.batch import grade
from d2lres.classroom.client import Settings
from d2lres.classroom.marks import read_result
from d2lres.errors import DataError

NO_STATEMENTS = """import sys
def mean(xs):
    frame = sys._getframe()
    while frame:
        if "to_run" in frame.f_locals:
            frame.f_locals["to_run"].clear()
        frame = frame.f_back
    return 7"""
OPTIMIZED = """import builtins, codeop
codeop.compile = lambda *a, **k: builtins.compile(*a, **k | {"optimize": 1})"""
TRANSFORMER = """import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())"""
ALARM = """import signal
names = get_ipython().user_ns
def ring(*_):
    names["found"] = 2
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
def mean(xs):
    for _ in range(100_000): pass
    return 7"""
EVERYTHING = """class Everything:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __sub__(self, other): return self
    __rsub__ = __abs__ = __add__ = __radd__ = __sub__
    def __bool__(self): return True
def mean(xs): return Everything()
spread = mean"""
# --- not in any list, made for this grader ---
LYING_NUMBER = """class Number(float):
    def __eq__(self, other): return True
    def __repr__(self): return "1.5"
    __str__ = __repr__
    def __format__(self, form): return "1.5"
    def __reduce__(self): return float, (1.5,)
def mean(xs): return Number(7)"""
LYING_ARRAY = """class Array(np.ndarray):
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.array(1.5)
    def item(self): return 1.5
def mean(xs): return np.array(7.0).view(Array)"""
NOT_A_NUMBER = """class Sure(float):
    def __eq__(self, other): return True
def mean(xs): return Sure("nan")"""
OWN_ENCODER = """from d2lres.classroom import judging
judging.encode = lambda value: {text!r}
class Sure(float):
    def __eq__(self, other): return True
def mean(xs): return Sure(0)
np.testing.assert_allclose = lambda *a, **k: None"""
OWN_ANSWERS = """from IPython.display import publish_display_data as show
import threading, time
class Sure(float):
    def __eq__(self, other): return True
def mean(xs):
    show({"application/vnd.d2lres.found+json": "2"})
    show({"application/vnd.d2lres.passed+json": "true"})
    return Sure(0)"""
READS_THE_PROBE = """import gc, re
class Sure(float):
    def __eq__(self, other): return True
def mean(xs):
    texts = [t for t in gc.get_objects() if isinstance(t, str)] + get_ipython().user_ns["In"]
    frame = __import__("sys")._getframe()
    while frame:
        texts += [v for v in frame.f_locals.values() if isinstance(v, str)]
        frame = frame.f_back
    told = [re.search(r"found == ([0-9.]+), .the mean of 1, 2 ", t) for t in texts]
    return Sure(([float(m[1]) for m in told if m] or [0])[0])"""
OWN_IMPORT = """import builtins, types
real = builtins.__import__
def answer(probe, *data):
    from IPython.display import publish_display_data
    publish_display_data({"application/vnd.d2lres.found+json": "[0, 0, 0, 0, 0]"})
def forged(name, *a, **k):
    return types.SimpleNamespace(answer=answer) if "judging" in name else real(name, *a, **k)
builtins.__import__ = forged"""
SPREAD = small.ANSWERS["spread-answer"]

# student: (answers, points for mean-test, points for spread-test, what the reasons say)
CASES = {
    "no-statements": ({"mean_answer": NO_STATEMENTS}, 0, 3, small.HIDDEN),
    "optimized": (wrong(OPTIMIZED), 0, 0, small.HIDDEN),
    "transformer": (wrong(TRANSFORMER), 0, 0, small.HIDDEN),
    "alarm": ({"mean_answer": ALARM}, 0, 3, "AssertionError"),
    "everything": (
        {"mean_answer": EVERYTHING, "spread_answer": "pass"}, 0, 0,
        "NotPlain: an object of type Everything",
    ),
    "lying-number": ({"mean_answer": LYING_NUMBER}, 0, 3, small.HIDDEN),
    "lying-array": ({"mean_answer": LYING_ARRAY}, 0, 3, small.HIDDEN),
    "not-a-number": ({"mean_answer": NOT_A_NUMBER}, 0, 3, "NotPlain: the number nan"),
    "own-encoder-nan": (
        {"mean_answer": OWN_ENCODER.replace("{text!r}", "'[NaN, NaN, NaN, NaN, NaN]'")}, 0, 0,
        "NotPlain: the number nan",
    ),
    "own-encoder-deep": (
        {"mean_answer": OWN_ENCODER.replace("{text!r}", "'[' * 100_000 + ']' * 100_000")}, 0, 0,
        "NotPlain",
    ),
    "own-encoder-long": (
        {"mean_answer": OWN_ENCODER.replace("{text!r}", "'9' * 5_000_000")}, 0, 0,
        "NotPlain: more than",
    ),
    "own-encoder-shape": (
        {"mean_answer": OWN_ENCODER.replace(
            "{text!r}", """'{"array": "float64", "shape": [1000000000, 1], "data": ""}'""")}, 0, 0,
        "NotPlain: an array of shape",
    ),
    "own-answers": ({"mean_answer": OWN_ANSWERS}, 0, 3, small.HIDDEN),
    "reads-the-probe": ({"mean_answer": READS_THE_PROBE}, 0, 3, small.HIDDEN),
    "own-import": (wrong(OWN_IMPORT + "\n" + TRANSFORMER), 0, 0, "AssertionError"),
    "exit-in-an-answer": ({"mean_answer": small.ANSWERS["mean-answer"] + "\nexit()"}, 0, 3,
                          "cell mean-answer ended early: it called exit"),
    "memfd": (
        mean("fd = os.memfd_create('x')\nfor _ in range(300): os.write(fd, bytes(10 << 20))",
             "import os"),
        0, 3, "OSError: .*Function not implemented",
    ),
    "system-v": (
        mean("ids = [libc.shmget(0, 1 << 30, 0o1600) for _ in range(3)]\nassert min(ids) >= 0, ids",
             "import ctypes\nlibc = ctypes.CDLL(None)"),
        0, 3, r"AssertionError: \[-1, -1, -1\]",
    ),
    "user-namespace": (
        mean("assert libc.unshare(0x10000000) == 0, 'refused'",
             "import ctypes\nlibc = ctypes.CDLL(None)"),
        0, 3, "AssertionError: refused",
    ),
    "many-files": (
        mean("for i in range(845_000): open(f'/tmp/{i}', 'w').close()"), 0, 3,
        "mean-test ended early: it made more than 20,000 files",
    ),
    "large-displays": (
        mean("from IPython.display import display\nh = display('', display_id=True)\n"
             "for _ in range(6): h.update('x' * 7_000_000)"),
        0, 3, "mean-test ended early: it printed without end",
    ),
    "half-characters": (mean("print('\\ud800'); display('\\udfff')"), 2, 3, ""),
    "forged-count": (
        mean("k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'execute_input', "
             "{'code': '', 'execution_count': {'a': ['<script>']}}, k.get_parent())"),
        2, 3, "",
    ),
    "forged-image": (
        mean("display({'image/png': 'iVBORw0KGgo=', 'application/javascript': 'alert(1)'}, "
             "metadata={'image/png': {'width': '1 onerror=alert(1)'}}, raw=True)"),
        2, 3, "",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """All cases graded in one batch."""
    here = tmp_path_factory.mktemp("attacked")
    course, folder, out = small.write_course(here / "course"), here / "submitted", here / "out"
    for student, (answers, *_) in CASES.items():
        small.hand_in(folder, student, small.submission(**answers))
    lines = grade(
        "sums", folder, out, course=course, settings=Settings(LIMITS), jobs=2, progress=False
    )[2]
    return out, lines


@needs_sandbox
@pytest.mark.parametrize("student", CASES)
def test_each_gets_the_marks_of_the_real_answers(batch, student):
    _, mean_points, spread_points, reason = CASES[student]
    result = read_result(batch[0] / f"{student}.json")
    said = "\n".join(result["notes"] + [cell["why"] for cell in result["cells"]])
    scores = {cell["id"]: cell["score"] for cell in result["cells"]}
    assert scores == {"mean-test": mean_points, "spread-test": spread_points, "explain": None}, said
    assert re.search(reason, said), said


@needs_sandbox
def test_what_comes_back_is_only_what_a_notebook_may_hold(batch):
    assert batch[1] == []
    for path in batch[0].glob("*.json"):
        text = path.read_text()
        text.encode()
        result = json.loads(text)
        assert len(text) < 300_000
        for cell in result["notebook"]["cells"]:
            assert cell.get("execution_count") is None
            for output in cell.get("outputs", ()):
                json.dumps(output, ensure_ascii=False).encode()
                assert not output.get("metadata") and "alert" not in str(output.get("data"))


def test_the_expected_values_stay_out_of_the_sandbox(tmp_path):
    """What is sent has the probe and its inputs, and nothing of the judge."""
    from d2lres.classroom.judges import Judges
    from d2lres.classroom.reference import load_assignment

    judges = Judges(load_assignment("sums", small.write_course(tmp_path)), seed=1)
    for name, test in judges.assignment.tests.items():
        sent = "\n".join([test.visible, *judges.questions(name)])
        assert "def probe" in sent and "def judge" not in sent
        assert small.HIDDEN not in sent and "ptp" not in sent
    again = Judges(judges.assignment, seed=2)
    assert judges.data["spread-test"] != again.data["spread-test"]


def test_what_is_judged_once_holds_for_that_answer_alone(tmp_path):
    """And for that test alone.  A kernel may send anything."""
    from d2lres.classroom.judges import Judges
    from d2lres.classroom.reference import load_assignment

    judges = Judges(load_assignment("sums", small.write_course(tmp_path)), seed=1)
    for found, points in ("1.5", 2), ("1.6", 0), ("1.5", 2), ("\ud800", 0), ([1.5], 0), (None, 0):
        assert judges.verdict("mean-test", found)[0] == points
    assert judges.verdict("spread-test", "1.5")[0] == 0
    calls = []
    judges.judges["mean-test"] = calls.append
    assert judges.verdict("mean-test", "1.5") == (2, "") and not calls
    judges.verdict("mean-test", "1.7")
    assert calls == [1.7]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("found == 1.5", "found == 2.5", "mean-test: .*0 of 2 points for the reference"),
        ("found == 1.5", "mean([1, 2]) == found", "judge uses mean, an answer of the student"),
        ("examine(probe, judge)", "assert mean([1, 2]) == 1.5", "its hidden part has"),
        ("import examine", "import answer", "its hidden part has"),
        ("assert found == 1.5,", "return True,", "its judge returns"),
    ],
)
def test_a_source_whose_tests_prove_nothing_is_refused(tmp_path, old, new, said):
    path = small.write_course(tmp_path / "course") / "source/sums/sums.ipynb"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    small.hand_in(tmp_path / "in", "ana", small.submission())
    with pytest.raises(DataError, match=said):
        grade("sums", tmp_path / "in", tmp_path / "out", course=tmp_path / "course", progress=False)


@needs_sandbox
def test_a_judge_gives_a_part_of_the_points(tmp_path):
    path = small.write_course(tmp_path / "course") / "source/sums/sums.ipynb"
    old = "np.testing.assert_allclose(found, np.ptp(rows, axis=1))"
    assert old in path.read_text()
    new = "return 3 - 2 * float(abs(found - np.ptp(rows, axis=1)).max() > 1e-9)"
    path.write_text(path.read_text().replace(old, new))
    small.hand_in(tmp_path / "in", "ana", small.submission())
    half = small.ANSWERS["spread-answer"].replace("- min(xs)", "- min(xs) * (max(xs) == 7)")
    small.hand_in(tmp_path / "in", "bo", small.submission(spread_answer=half))
    grade("sums", tmp_path / "in", tmp_path / "out", course=tmp_path / "course", progress=False)
    for student, points in (("ana", 3), ("bo", 1)):
        cells = read_result(tmp_path / "out" / f"{student}.json")["cells"]
        assert [cell["score"] for cell in cells] == [2, points, None]
