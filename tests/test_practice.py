"""Answers to the book's exercises: right ones pass, known mistakes hear what to think of next."""

import doctest
import json
import re
from pathlib import Path

import pytest

from d2lres import practice
from d2lres.errors import ConfigError
from d2lres.practice import check, exercise_labels
from d2lres.structure import summarize

CHAPTERS = Path(__file__).parents[1] / "chapters"


def formula(n):
    """Of cifar-resnet(6n+2): stem, n blocks a stage, less what two narrow inputs save, head."""
    blocks = n * sum(18 * c * c + 4 * c for c in (16, 32, 64))
    return 27 * 16 + 2 * 16 + blocks - sum(9 * c * c // 2 for c in (32, 64)) + 64 * 10 + 10


#: By closed formulas, and the solutions in the chapters.
RIGHT = {
    "ex-share": (75.2, 24.2),
    "ex-odd": (23, 40),
    "ex-misprint": (1170648, 2 * 9 * 256**2),
    "ex-equal-cost": ((69632 / 18) ** 0.5,),
    "ex-no-bottleneck": (341_832_488,),
    "ex-shortcuts-zeros": ([0, 64, 128, 256], (192, 256, 512, 1024)),
    "ex-shortcuts-count": (
        16 * 32 + 32 * 64 + 2 * (32 + 64),
        3 * (16**2 + 32) + 2 * (32**2 + 64) + 2 * (64**2 + 128),
    ),
    "ex-family-depths": (102,),
    "ex-family-parameters": (formula,),
    "ex-family-forty": (39, 1),
    "ex-family-search": (455, (13, 1, 1, 1), (1, 1, 1, 13), 34),
    "ex-input-size-seven": (6 * 32 + 1, 7 * 32),
    "ex-input-size-batch": (53, 13),
    "ex-padding-version": (2 * (4 + 8 + 16),),
    "ex-padding-shift": (31,),
    "ex-versions-152": (231_211_008,),
    "ex-versions-v2": (-7680,),
}
MISTAKES = [
    ("ex-share", (24, 75), "the wrong way round"),
    ("ex-share", (0.75, 0.24), "Give percent"),
    ("ex-share", (25, 25), "four times as many"),
    ("ex-share", (75, 75), "the cost of a convolution"),
    ("ex-odd", (22, 40), "rounded up"),
    ("ex-odd", (45, 80), "after 4 halvings"),
    ("ex-odd", (40, 23), "width first"),
    ("ex-misprint", (69632, 69633), "the factor 64"),
    ("ex-misprint", (1170648, 1170649), "cannot be divided by 64"),
    ("ex-misprint", (1170648, 589824), "one of the two convolutions"),
    ("ex-equal-cost", (64,), "73,728"),
    ("ex-equal-cost", (88,), "A basic block has two"),
    ("ex-no-bottleneck", (21_797_672,), "That is ResNet-34"),
    ("ex-no-bottleneck", (25_557_032,), "ResNet-50 as it is"),
    ("ex-shortcuts-zeros", ([64, 128, 256, 512], [256, 512, 1024, 2048]), "How many of them"),
    ("ex-shortcuts-zeros", ([64, 64, 128, 256], [192, 256, 512, 1024]), "64 leave a basic block"),
    ("ex-shortcuts-zeros", ([0, 64, 128, 256], [0, 256, 512, 1024]), "From 64 to 256"),
    ("ex-shortcuts-zeros", ([0, 64, 128], [192, 256, 512, 1024]), "four stages"),
    ("ex-shortcuts-count", (2560, 11488), "A normalization follows"),
    ("ex-shortcuts-count", (2656, 11488), "two numbers for each channel"),
    ("ex-shortcuts-count", (2752, 14240), "Two of its nine projections"),
    ("ex-family-depths", (50,), "How many convolutions"),
    ("ex-family-depths", (152,), "a bottleneck has three"),
    ("ex-family-parameters", (lambda n: formula(n) + 27648 - 4608,), "half the channels"),
    ("ex-family-parameters", (lambda n: formula(n) - 10,), "a bias for each class"),
    ("ex-family-parameters", (lambda n: formula(n) - 224 * n,), "two normalizations"),
    ("ex-family-parameters", (lambda n: formula(n) + n * n,), "not linear"),
    ("ex-family-parameters", (formula(3),), "the function itself"),
    ("ex-family-forty", (40, 1), "what the name says"),
    ("ex-family-forty", (39, 2), "32 channels"),
    ("ex-family-search", (2730, (13, 1, 1, 1), (1, 1, 1, 13), 34), "another order"),
    ("ex-family-search", (455, (1, 1, 1, 13), (1, 1, 1, 13), 34), "the fewest weights"),
    ("ex-family-search", (455, (13, 1, 1, 1), (13, 1, 1, 1), 34), "the smallest maps"),
    ("ex-family-search", (455, (16, 0, 0, 0), (1, 1, 1, 13), 34), "at least one block"),
    ("ex-family-search", (455, (12, 1, 1, 1), (1, 1, 1, 13), 34), "sixteen blocks"),
    ("ex-family-search", (455, (13, 1, 1, 1), (1, 1, 1, 13), 35), "beat itself"),
    ("ex-input-size-seven", (192, 224), "6×6"),
    ("ex-input-size-seven", (224, 224), "223"),
    ("ex-input-size-batch", (54, 13), "does not fit whole|The weights"),
    ("ex-padding-version", (28,), "2j pixels"),
    ("ex-padding-version", (-56,), "earlier"),
    ("ex-padding-shift", (5,), "in the image"),
    ("ex-versions-152", (0,), "the positions are not"),
    ("ex-versions-152", (10**9,), "too many"),
    ("ex-versions-v2", (7680,), "below zero"),
    ("ex-versions-v2", (-3840,), "two numbers a channel"),
]


def test_every_exercise_has_a_right_answer():
    assert set(RIGHT) == set(exercise_labels())
    for label, answer in RIGHT.items():
        said = check(label, *answer)
        assert said.right and repr(said).startswith("Right. "), said


@pytest.mark.parametrize("label, answer, hint", MISTAKES)
def test_a_known_mistake_hears_what_to_think_of(label, answer, hint):
    said = check(label, *answer)
    assert not said.right and said.text.startswith("Not yet. ") and re.search(hint, said.text)


@pytest.mark.parametrize("label", RIGHT)
def test_no_hint_gives_the_answer_away(label):
    """What is said to nonsense has none of the right numbers."""
    kinds = {list: [17] * 4, tuple: [17] * 4, int: 17, float: 17}
    nonsense = [kinds.get(type(part), lambda n: 17) for part in RIGHT[label]]
    said = check(label, *nonsense)
    assert not said.right
    for part in RIGHT[label]:
        if isinstance(part, int) and abs(part) > 100:
            assert f"{part:,}" not in said.text


@pytest.mark.parametrize("label", RIGHT)
def test_open_answers_and_words_are_no_answers(label):
    dots = [[...] if isinstance(part, (list, tuple)) else ... for part in RIGHT[label]]
    said = check(label, *dots)
    assert not said.right and said.text.startswith("Put your answer in place of the dots")
    for strange in ("many", float("inf"), float("nan"), None, 10**400):
        assert not check(label, *[strange for _ in RIGHT[label]]).right


def test_the_formula_is_that_of_the_package():
    for n in (3, 5, 18):
        assert formula(n) == summarize(f"cifar-resnet{6 * n + 2}").params


def test_a_wrong_call_says_what_was_expected():
    with pytest.raises(ConfigError, match="no exercise 'ex-od'.*nearest: ex-odd"):
        check("ex-od", 1, 2)
    with pytest.raises(ConfigError, match="1 parts.*expected 2: height, width"):
        check("ex-odd", 1)


def test_every_exercise_stands_in_a_chapter_with_a_cell_that_checks_it():
    found = []
    for path in CHAPTERS.glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":
                found += re.findall(r'check\("([\w-]+)"', source)
            elif label := re.search(r"\{exercise\}\n:label: ([\w-]+)", source):
                known = label[1]
                assert known not in found  # the cell follows its exercise
    assert sorted(found) == sorted(exercise_labels())


def test_the_examples_in_the_docstrings_hold():
    finder = doctest.DocTestFinder(recurse=False)
    for example in finder.find(practice.check, "check", globs=vars(practice)):
        assert doctest.DocTestRunner().run(example).failed == 0
