"""The counts of every architecture, version and shortcut against a stored table.

What is published is compared in test_accounting.py.  This table pins the rest: a change of one
number anywhere shows as a difference in tests/golden.json.  After a change that is meant,
`make golden` writes the table anew; review its diff.
"""

import json
from pathlib import Path

import pytest
from variants import VARIANTS, fitting

from d2lres import summarize

GOLDEN = Path(__file__).with_name("golden.json")
SHAPE = (3, 97, 65)  # odd and no square, so that roundings and sides cannot hide


def counted(name, version, shortcut) -> dict:
    """What is stored of one architecture: totals, parts, memory."""
    s = summarize(name, fitting(name, SHAPE), version=version, shortcut=shortcut, classes=10)
    return {
        "totals": [s.params, s.buffers, s.macs, len(s.rows)],
        "parts": {
            part.name: [*part.output_shape, part.params, part.macs, part.receptive_field]
            for part in s.parts()
        },
        "memory": list(s.memory(2)),
    }


def table() -> dict:
    return {param.id: counted(*param.values) for param in VARIANTS}


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("name, version, shortcut", VARIANTS)
def test_the_counts_are_the_stored_ones(golden, name, version, shortcut):
    found = counted(name, version, shortcut)
    assert found == golden[f"{name}-{version}-{shortcut}"], "meant? then: make golden"


def test_the_table_holds_nothing_else(golden):
    assert list(golden) == [param.id for param in VARIANTS]


if __name__ == "__main__":
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in table().items())
    GOLDEN.write_text(f"{{\n{lines}\n}}\n")
    print(f"{GOLDEN.name}: {len(VARIANTS)} architectures")
