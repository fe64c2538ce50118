"""What an exercise is, and what is said to an answer."""

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import signature

from ..errors import ConfigError

OPEN = "Put your answer in place of the dots, and run the cell again."
_JUDGES = {}  # by the label of the exercise


@dataclass(frozen=True)
class Said:
    """What is said to an answer; a notebook shows the text."""

    right: bool
    text: str

    def __repr__(self):
        return self.text


def exercise(label: str):
    """Make a function the judge of an exercise.

    It takes the parts of the answer and yields mistakes, each as whether it was made and what to
    say then, in the order in which to think of them.  It returns what to say to the right answer.
    """

    def register(judge):
        _JUDGES[label] = judge
        return judge

    return register


def exercise_labels() -> list[str]:
    """The labels of all exercises that can be checked."""
    for chapters in ("counting", "sizes"):
        import_module(f"{__package__}.{chapters}")
    return list(_JUDGES)


def check(label: str, *answer) -> Said:
    """Say what is to be said to an answer.

    Arguments: `label`, of the exercise, as in its chapter; `answer`, its parts: numbers, lists or a
    function, as the exercise asks; `...` stands for what is still open.
    Raises ConfigError for another label, or another number of parts.

    >>> check("ex-odd", 22, 40)
    Not yet. A height of 22: 45 is odd, and its half is rounded up.
    >>> check("ex-odd", ..., ...)
    Put your answer in place of the dots, and run the cell again.
    """
    labels = exercise_labels()
    if label not in labels:
        near = get_close_matches(str(label), labels, n=1)
        advice = f"The nearest: {near[0]}." if near else f"Valid: {', '.join(labels)}."
        raise ConfigError(f"check: no exercise {label!r}; expected the label of one. {advice}")
    parts = list(signature(_JUDGES[label]).parameters)
    if len(answer) != len(parts):
        raise ConfigError(
            f"check {label!r}: {len(answer)} parts of an answer; expected {len(parts)}: "
            f"{', '.join(parts)}."
        )
    if any(part is ... or isinstance(part, (list, tuple)) and ... in part for part in answer):
        return Said(False, OPEN)
    return judged(_JUDGES[label](*answer))


def judged(mistakes) -> Said:
    """The first mistake that was made, else that all is right."""
    while True:
        try:
            made, hint = next(mistakes)
        except StopIteration as end:
            return Said(True, f"Right. {end.value}")
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # words for numbers, infinity, or the like
            return Said(False, f"Not yet. The answer is of another kind than asked for: {error}.")
        if made:
            return Said(False, hint if hint == OPEN else f"Not yet. {hint}")
