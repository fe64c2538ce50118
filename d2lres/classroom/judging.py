"""A hidden test in two halves: a probe beside the student's code, and a judge far from it.

    ### BEGIN HIDDEN TESTS
    from d2lres.classroom import examine


    def given(random):  # what the probe receives; `random` is a NumPy generator
        return random.integers(5, 99, size=4).tolist()


    def probe(sides):  # beside the student's code: asks it, and returns plain data
        return [output_side(side, 3, 2, 1) for side in sides]


    def judge(found, sides):  # where no code of the student is: decides
        for side, half in zip(sides, found, strict=True):
            assert half == (side + 1) // 2, f"{side} pixels: you give {half}."


    examine(probe, judge, given)
    ### END HIDDEN TESTS

In nbgrader, and wherever the notebook is run, this is a test cell like any other.  The grader takes
it apart: the probe alone enters the sandbox, with what is given, and its data alone come out.  A
judge that returns nothing gives all points of the cell, one that returns a number, as many.

It needs NumPy alone, since it runs beside student code too.  Chapter "For teachers".
"""

import ast
from dataclasses import dataclass

import numpy

from .plain import decode, encode

FOUND = "application/vnd.d2lres.found+json"  # how the data of a probe leave a kernel


def examine(probe, judge, given=None):
    """Both halves of a test in this process; returns what the judge returns.

    probe(*data) returns plain data, judge(found, *data) asserts.  `data` is what given(random)
    returns, or nothing without it.
    """
    data = [decode(encode(given(numpy.random.default_rng())))] if given else []
    return judge(decode(encode(probe(*data))), *data)


def answer(probe, *data: str) -> None:
    """The probe's half, in the kernel of the student: publish what the probe gives for `data`."""
    from IPython.display import publish_display_data

    publish_display_data({FOUND: encode(probe(*map(decode, data)))})


@dataclass(frozen=True)
class Test:
    """A test cell: its points, what students see of it, and the functions that they do not see."""

    points: float
    visible: str
    probe: str
    judge: str
    given: str = ""

    def questions(self, data: list[str]) -> list[str]:
        """The probe's half as two cells: an error of the probe should not show all of the data."""
        here = f"__import__({__name__!r}, fromlist=['answer'])"
        return [
            f"what_is_given = {data!r}",
            f"{self.probe}\n\n\n{here}.answer(probe, *what_is_given)",
        ]


def parse_test(points: float, visible: str, hidden: str, answers: set[str]) -> Test:
    """A test cell taken apart.  `answers` are the names that students define.

    Raises ValueError where it has not the form above: its points would depend on asserts beside the
    student's code, which that code can switch off.
    """
    nodes = ast.parse(hidden).body
    functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
    found = [getattr(node, "name", None) or ast.unparse(node) for node in nodes]
    names = ["probe", "judge", *({"given"} & functions.keys())]
    expected = [f"from {__package__} import examine", *names, f"examine({', '.join(names)})"]
    if sorted(found) != sorted(expected) or found[-1:] != expected[-1:]:
        raise ValueError(
            f"its hidden part has {'; '.join(found)[:300] or 'nothing'}, "
            f"and should have {'; '.join(expected)}"
        )
    for name in names[1:]:
        if used := answers & _free_names(functions[name]):
            raise ValueError(f"{name} uses {min(used)}, an answer of the student; only probe may")
    return Test(points, visible, **{name: ast.unparse(functions[name]) for name in names})


def _free_names(function: ast.FunctionDef) -> set[str]:
    """The names that a function reads and does not bind itself."""
    nodes = list(ast.walk(function))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {node.id for node in names} - bound
