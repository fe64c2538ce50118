"""Counts of architectures, side by side and layer by layer, as tables and as plain data.

Explained in the chapter "ResNet-18, layer by layer".
"""

from dataclasses import dataclass

from ..errors import ShapeError, unknown_name
from . import accounting, zoo
from .accounting import Row
from .arch import Architecture, with_padding
from .tables import Table, by, megabytes, number

COSTS = ("params", "buffers", "macs")
LAYOUTS = ("NCHW", "NHWC")


@dataclass(frozen=True)
class Summary:
    """An architecture counted at one input shape.  Its repr is the table; notebooks show HTML.

    `input_shape` and `rows` are in (C, H, W); `layout` is the order in which shapes are shown.
    """

    architecture: Architecture
    input_shape: tuple[int, int, int]
    rows: tuple[Row, ...]
    layout: str = "NCHW"

    @property
    def params(self) -> int:
        """Trained numbers."""
        return sum(row.params for row in self.rows)

    @property
    def buffers(self) -> int:
        """Running statistics of batch normalization."""
        return sum(row.buffers for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiplications for one image."""
        return sum(row.macs for row in self.rows)

    def parts(self) -> tuple[Row, ...]:
        """One row for the stem, each stage and the head, with the sums of their rows."""
        sums = []
        for part in self.architecture.parts:
            rows = [row for row in self.rows if row.name.split(".")[0] == part]
            totals = {cost: sum(getattr(row, cost) for row in rows) for cost in COSTS}
            held = max(row.held for row in rows)
            sums.append(rows[-1]._replace(name=part, op="sum", held=held, **totals))
        return tuple(sums)

    def memory(self, batch_size: int = 1) -> accounting.Memory:
        """Bytes of the weights, and of a batch's activations in training and in inference."""
        return accounting.memory(self.rows, batch_size)

    # --- as plain data -----------------------------------------------------------------------

    def to_dict(self) -> dict:
        """Plain data, ready for JSON: what `d2lres summary --json` prints."""
        rows = [
            {
                "name": row.name,
                "op": row.op,
                "output_shape": list(self.shown(row.output_shape)),
                **{cost: getattr(row, cost) for cost in COSTS},
            }
            for row in self.rows
        ]
        return {**self.heading(), **{cost: getattr(self, cost) for cost in COSTS}, "rows": rows}

    def fields_dict(self) -> dict:
        """The same for receptive fields: `receptive_field` is None where it is the whole image."""
        rows = [
            {
                "name": row.name,
                "op": row.op,
                "output_shape": list(self.shown(row.output_shape)),
                "receptive_field": row.receptive_field,
                "stride": row.stride,
            }
            for row in self.rows
        ]
        return {**self.heading(), "rows": rows}

    def memory_dict(self, batch_size: int = 1) -> dict:
        """The same for the memory of a batch, in bytes."""
        return {**self.heading(), "batch_size": batch_size, **self.memory(batch_size)._asdict()}

    def heading(self) -> dict:
        a = self.architecture
        found = {"architecture": a.name, "version": a.version, "shortcut": a.shortcut}
        if self.layout != "NCHW":
            found["layout"] = self.layout
        return {**found, "input_shape": list(self.shown(self.input_shape))}

    # --- as tables ---------------------------------------------------------------------------

    def table(self) -> Table:
        """A row an operation, and their sums."""
        rows = [
            (*self._words(row), *(number(getattr(row, cost)) for cost in COSTS))
            for row in self.rows
        ]
        totals = ("total", "", "", *(f"{getattr(self, cost):,}" for cost in COSTS))
        header = ("name", "op", "output", "params", "buffers", "MACs")
        return Table(self.title, header, (*rows, totals), left=3)

    def fields(self) -> Table:
        """What an output pixel of each operation sees, and how many input pixels lie between two.

        Chapter "Padding, and what a pixel sees".
        """
        rows = [
            (*self._words(row), *(str(n or "all") for n in (row.receptive_field, row.stride)))
            for row in self.rows
        ]
        header = ("name", "op", "output", "receptive field", "stride")
        return Table(f"{self.title}, in input pixels", header, tuple(rows), left=3)

    def memory_table(self, batch_size: int = 1) -> Table:
        """What the net needs in memory, in million bytes.  Chapter "Any input size"."""
        need = self.memory(batch_size)
        images = f"{batch_size} image{'s' * (batch_size != 1)}"
        rows = (
            ("weights in float32", megabytes(need.weights_float32)),
            ("weights in float16, normalization in float32", megabytes(need.weights_float16)),
            (f"activations of {images} in training", megabytes(need.training)),
            (f"activations of {images} in inference", megabytes(need.inference)),
        )
        return Table(self.title, ("memory", "MB"), rows, left=1)

    def _words(self, row: Row) -> tuple[str, str, str]:
        return row.name, row.op, by(self.shown(row.output_shape))

    def shown(self, shape: tuple) -> tuple:
        """A shape in the order of the layout."""
        return (*shape[1:], shape[0]) if self.layout == "NHWC" and len(shape) == 3 else shape

    @property
    def title(self) -> str:
        return f"{label(self.architecture)} on {by(self.shown(self.input_shape))}"

    def to_text(self) -> str:
        return self.table().to_text()

    def to_markdown(self) -> str:
        return self.table().to_markdown()

    __repr__ = to_text

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def label(a: Architecture) -> str:
    """An architecture with its options: "resnet50 (v1, shortcut B)"."""
    shortcut = "no shortcut" if a.shortcut == "none" else f"shortcut {a.shortcut}"
    return f"{a.name} ({a.version}, {shortcut})"


def summarize(
    name_or_architecture, input_shape=None, *, layout="NCHW", padding=None, **options
) -> Summary:
    """Count an architecture, given by name (with the options of `architecture`) or as data.

    Arguments: `input_shape` (C, H, W), or (H, W, C) with layout "NHWC"; None for the usual one;
    `padding`, as that of `with_padding`, None for the net's own.
    Raises ConfigError for an unknown name or option, ShapeError for a shape that does not work.
    Chapter "ResNet-18, layer by layer"; layouts in "Any input size".

    >>> summarize("resnet18", (1, 96, 96), classes=10).params
    11175370
    """
    architecture = name_or_architecture
    if not isinstance(architecture, Architecture):
        architecture = zoo.architecture(architecture, **options)
    if padding is not None:
        architecture = with_padding(architecture, padding)
    if layout not in LAYOUTS:
        raise unknown_name("layout", layout, LAYOUTS)
    shape = architecture.input_shape if input_shape is None else tuple(input_shape)
    if layout == "NHWC" and input_shape is not None:
        if len(shape) != 3:
            raise ShapeError(f"input shape: {shape}; expected height, width, channels.")
        shape = (shape[2], *shape[:2])
    return Summary(architecture, shape, accounting.count(architecture, shape), layout)


@dataclass(frozen=True)
class Contrast:
    """Several summaries side by side.  Its repr is the table; notebooks show HTML."""

    summaries: tuple[Summary, ...]

    def table(self) -> Table:
        """A row a net."""
        rows = []
        for s in self.summaries:
            a = s.architecture
            words = (a.name, f"{a.version} {a.shortcut}", by(s.shown(s.input_shape)))
            costs = (f"{getattr(s, cost):,}" for cost in COSTS)
            rows.append((*words, "-".join(map(str, a.depths)), *costs))
        header = ("name", "kind", "input", "blocks", "params", "buffers", "MACs")
        return Table(self.title, header, tuple(rows), left=4)

    @property
    def title(self) -> str:
        return "kind: version and shortcut; blocks: in each stage"

    def to_dict(self) -> list[dict]:
        """Plain data, ready for JSON: what `d2lres compare --json` prints."""
        return [s.to_dict() for s in self.summaries]

    def to_text(self) -> str:
        return self.table().to_text()

    def to_markdown(self) -> str:
        return self.table().to_markdown()

    __repr__ = to_text

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def contrast(names_or_architectures, input_shape=None, **options) -> Contrast:
    """Count several architectures.  Arguments and errors as `summarize`.

    Each is counted at its usual input where none is given.  Chapter "Basic against bottleneck".
    """
    return Contrast(tuple(summarize(n, input_shape, **options) for n in names_or_architectures))
