"""The page Where it runs: what it counts, and the solutions of its exercises."""

import re
from pathlib import Path

import numpy
import pytest

from d2lres.structure import architecture, count, memory, training_step

SAID = (Path(__file__).parents[1] / "chapters" / "running.md").read_text(encoding="utf-8")
BATCHES = {"cifar-resnet20": 128, "resnet50": 64}
ROWS = [count(architecture(name)) for name in BATCHES]


def row(start: str, *cells: str) -> str:
    return f"\n| {start} | {' | '.join(cells)} |\n"


def rounded(number: float) -> str:
    """To three digits."""
    return f"{float(f'{number:.3g}'):,.0f}"


def test_the_memory_of_two_trainings():
    found = [memory(rows, size) for rows, size in zip(ROWS, BATCHES.values(), strict=True)]
    params = [sum(row.params for row in rows) for rows in ROWS]
    weights, given = ([f"{m[at] / 1e6:,.1f}" for m in found] for at in (0, 2))
    assert row("weights and running statistics", *weights) in SAID
    kept = [f"{2 * 4 * p / 1e6:.1f}" for p in params]
    assert row("a gradient and a velocity for each parameter", *kept) in SAID
    assert row("what every operation gave", *given) in SAID
    whole = found[1].weights_float32 + 8 * params[1] + found[1].training
    assert f"needs about {whole / 1e9:.1f} GB" in SAID


def test_what_bounds_two_trainings_on_an_h100():
    """Half of 1,979 TFLOP/s, and 3.35 TB/s, as NVIDIA publishes them."""
    steps = [
        training_step(rows, size, number=2)
        for rows, size in zip(ROWS, BATCHES.values(), strict=True)
    ]
    bounds = [step.images_per_s(1979e12 / 2, 3.35e12) for step in steps]
    operations = [f"{s.operations / s.images / 1e9:.3g} thousand million" for s in steps]
    moved = [s.bytes / s.images / 1e6 for s in steps]
    assert row("operations an image", *operations) in SAID
    assert row("bytes an image", f"{moved[0]:.2f} million", f"{moved[1]:.1f} million") in SAID
    for at, word in enumerate(("operations", "bytes")):
        most = [rounded(bound[at]) for bound in bounds]
        assert row(f"images a second at most, by the {word}", *most) in SAID


def test_the_numbers_of_half_precision():
    """bfloat16: the range of float32, 8 bits of its 24; so its smallest number is 2^16 times."""
    half, single = numpy.finfo("float16"), numpy.finfo("float32")
    assert f"| float16 | {half.nmant + 1} bits | {float(half.max):,.0f} |" in SAID
    for name, smallest in (
        ("float16", float(half.smallest_subnormal)),
        ("float32", float(single.smallest_subnormal)),
        ("bfloat16", float(single.smallest_subnormal) * 2**16),
    ):
        digits, power = f"{smallest:.1e}".split("e")
        (line,) = re.findall(rf"^\| {name} .*$", SAID, re.MULTILINE)
        assert rf"${digits} \cdot 10^{{{int(power)}}}$" in line
    assert rf"${float(single.max) / 1e38:.1f} \cdot 10^{{38}}$" in SAID


@pytest.mark.parametrize("label", re.findall(r":label: (\S+)", SAID))
def test_a_solution_holds(label):
    solution = SAID.split(f"{{solution-start}} {label}\n")[1].split(":::{solution-end}")[0]
    (code,) = re.findall(r"```python\n(.*?)```", solution, re.DOTALL)
    assert "assert " in code
    exec(code, {})
