"""Layers and equal blocks in a row, with what enters and leaves them, in the order of the data."""

from dataclasses import dataclass, replace

from ..errors import ConfigError
from ..structure import Architecture, Plain, Residual, Row, named
from .words import by


@dataclass(frozen=True)
class Run:
    """A layer, or blocks with equal layers and equal inputs that follow one another."""

    name: str  # of the first of them, in the accounting
    layer: object
    entry: tuple[int, ...]  # the shape that enters the first of them
    leaves: str  # the shape that leaves the last of them
    first: int = 1
    times: int = 1

    @property
    def last(self) -> int:
        return self.first + self.times - 1


def is_block(layer) -> bool:
    return isinstance(layer, (Residual, Plain))


def summed(rows) -> dict[str, Row]:
    """Each part, block and layer by its name in the accounting: what leaves it, what it costs."""
    found = {}
    for row in rows:
        words = row.name.split(".")
        for i in range(1, len(words) + 1):
            name = ".".join(words[:i])
            params, macs = row.params, row.macs
            if name in found:
                params, macs = params + found[name].params, macs + found[name].macs
            found[name] = row._replace(name=name, params=params, macs=macs)
    return found


def runs_of(architecture: Architecture, input_shape, rows, collapse: int) -> "dict[str, list[Run]]":
    """The runs of each part; `collapse` equal blocks in a row, or more, are one run.

    Argument: `rows`, by name, as `summed` gives them.
    """
    entry, found = tuple(input_shape), {}
    for part, layers in architecture.parts.items():
        found[part] = []
        for number, (name, layer) in enumerate(named(layers), 1):
            row = rows[f"{part}.{name}"]
            found[part].append(Run(row.name, layer, entry, by(row), number))
            entry = row.output_shape
        found[part] = joined(found[part], collapse)
    return found


def joined(runs: "list[Run]", collapse: int) -> "list[Run]":
    """The same with equal blocks in a row as one run, where they are at least `collapse`."""
    groups = []
    for run in runs:
        last = groups[-1][-1] if groups else None
        if last and is_block(run.layer) and (last.layer, last.entry) == (run.layer, run.entry):
            groups[-1].append(run)
        else:
            groups.append([run])
    found = []
    for group in groups:
        one = replace(group[0], leaves=group[-1].leaves, times=len(group))
        found += [one] if len(group) >= collapse else group
    return found


def check(function: str, architecture, **limits) -> None:
    """Refuse what is no architecture, and numbers outside of their limits (value, low, high)."""
    if not isinstance(architecture, Architecture):
        raise ConfigError(
            f"{function}: {architecture!r}; expected an architecture. "
            f"Take one by name: {function}(architecture('resnet18'), ...)."
        )
    for name, (value, low, high) in limits.items():
        if type(value) is not int or not low <= value <= high:
            raise ConfigError(
                f"{function}: {name} = {value!r}; expected a whole number from {low} to {high}."
            )
