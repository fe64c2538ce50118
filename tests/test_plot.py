"""Figures show what the data says, for every architecture, and change nothing else."""

import doctest
from collections import Counter
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise

import matplotlib
import numpy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from d2lres import plot
from d2lres.drawing.parts import short
from d2lres.errors import ConfigError, ShapeError
from d2lres.structure import (
    AvgPool,
    BatchNorm,
    Conv,
    MaxPool,
    Pad,
    Plain,
    ReLU,
    Residual,
    ZeroChannels,
    contrast,
    count,
    count_layers,
    summarize,
    transform,
    zoo,
)

#: Every architecture with each of its versions and shortcuts; of the deepest, one.
KINDS = [
    (name, version, shortcut)
    for family in zoo.architecture_families()
    for name in family.examples
    for version in family.versions
    for shortcut in family.shortcuts
    if name != "cifar-resnet1202"
]
#: Of each family and each kind of block, one.
BLOCKY = {"resnet18", "resnet50", "plain18", "cifar-resnet20", "cifar-plain20", "wrn-16-8"}
BLOCKY |= {"d2l-resnet18", "gluon-resnet18", "gluon-resnet50", "resnext50-32x4d", "se-resnet50"}
SOME = [kind for kind in KINDS if kind[0] in BLOCKY]
RESNET = zoo.architecture("resnet18")
EPOCHS = [
    {"epoch": i, "train_loss": 1 / i, "train_acc": 1 - 0.4 / i, "test_acc": 0.9 - 0.3 / i}
    for i in range(1, 11)
]
CLASSES = ("shirt", "coat", "bag")
LINES = {"plain": [1.0, 0.1, 0.012345, 2e-05], "residual": [1.0, 2.0, 3.0]}
TOP1 = {"plain": {"18": 27.94, "34": 28.54}, "residual": {"18": 27.88, "34": 25.03}}
COSTS = {
    "million parameters": {"plain": [11.5, 21.6], "residual": [11.5, 21.6]},
    "MB of activations": {"plain": [28.5, 43.6], "residual": [32.6, 50.1]},
}
BENT = {"nothing": (0, 0), "a little": (-0.3, 0.8), "much": (-2.5, 1.5)}
TABLE = [[8, 2, 0], [3, 7, 0], [0, 1, 999]]
SEEDS = {"base": [60.0, 61.0, 62.5], "worse": [50, 59.9, 55], "equal": [58, 61, 70]}
IMAGES = numpy.arange(3 * 4 * 4, dtype="uint8").reshape(3, 1, 4, 4)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def labelled(figure, label: str) -> list:
    return figure.findobj(lambda artist: artist.get_label() == label)


def drawn(figure) -> Counter:
    """How many shortcuts of each kind there are, by the label of the line: "identity ×5" are 5."""
    found = Counter()
    for artist in figure.findobj(lambda artist: " ×" in str(artist.get_label())):
        kind, times = artist.get_label().split(" ×")
        found[kind] += int(times)
    return found


def saved(figure, format: str) -> bytes:
    file = BytesIO()
    figure.savefig(file, format=format)
    return file.getvalue()


def kind_of(block) -> str:
    if not block.shortcut:
        return "identity"
    return "projection" if isinstance(block.shortcut[0], Conv) else "padding"


def shortcuts(blocks) -> Counter:
    """The kinds of the residual blocks, from the data."""
    return Counter(kind_of(block) for block in blocks if isinstance(block, Residual))


def made(name, version, shortcut):
    return zoo.architecture(name, version=version, shortcut=shortcut)


def entering(architecture, stage: int) -> tuple:
    """The shape that enters a stage."""
    rows = count(architecture)
    first = [row.name.startswith(f"stage{stage}.") for row in rows].index(True)
    return rows[first - 1].output_shape


def lines(series=LINES, **options):
    return plot.plot_lines(series, xlabel="layer", ylabel="signal", **options)


def by(shape) -> str:
    return "×".join(map(str, shape))


FIGURES = {
    "idea": lambda: plot.draw_idea(title="A finding"),
    "deflections": lambda: plot.draw_deflections(BENT, title="A finding"),
    "blocks": lambda: plot.draw_blocks([zoo.basic(64, 64, 1), zoo.basic(128, 64, 2)], 64),
    "long titles": lambda: plot.draw_blocks(
        [zoo.bottleneck(512, 1024, 2)] * 2, 1024, titles=["A long name of a block"] * 2, counts=True
    ),
    "network": lambda: plot.draw_network(RESNET),
    "stage": lambda: plot.draw_stage(zoo.architecture("se-resnet50"), 3, title="A finding"),
    "stages": lambda: plot.plot_stages([summarize("resnet34"), summarize("cifar-resnet20")]),
    "windows": lambda: plot.draw_windows(
        [24, 9], [Conv(1, kernel=7, strides=2), MaxPool(strides=2, padding="valid")]
    ),
    "fields": lambda: plot.draw_fields(summarize("resnet50", (3, 720, 1280)), title="A finding"),
    "history": lambda: plot.plot_history({"a": EPOCHS, "b": EPOCHS[:5]}, title="A finding"),
    "one epoch": lambda: plot.plot_history(EPOCHS[:1], reference={"test_acc": 0.6}),
    "lines": lambda: lines(title="A finding", log=True, marks={"stage 2": 3, "stage 3": 3.5}),
    "seeds": lambda: plot.plot_seeds(SEEDS, "base", 3, xlabel="accuracy (%)", title="A finding"),
    "against": lambda: plot.plot_against(TOP1, COSTS, ylabel="top-1 error (%)", title="A finding"),
    "confusion": lambda: plot.plot_confusion(TABLE, CLASSES),
    "costs": lambda: plot.plot_costs(["a", "b"], {"weights": [1_179_648, 69_632]}),
    "images": lambda: plot.show_images(IMAGES, [0, 1, 2], CLASSES),
}


#: More of the same functions.
MORE = {
    "shortcuts": lambda: plot.draw_blocks([zoo.basic(128, 64, 2, shortcut=s) for s in "ABC"], 64),
    "versions": lambda: plot.draw_blocks(
        [zoo.bottleneck(128, 256, 2, version=v) for v in ("v1", "v1.5", "v2")],
        256,
        titles=["v1", "v1.5", "v2"],
        counts=True,
    ),
    "gate and groups": lambda: plot.draw_blocks(
        [zoo.architecture(n).stages[0][1] for n in ("se-resnet50", "resnext50-32x4d")], 256
    ),
    "plain stage": lambda: plot.draw_stage(zoo.architecture("plain34"), 2),
    "stage in lines": lambda: plot.draw_stage(zoo.architecture("resnet34"), 3, collapse=1000),
    "gated network": lambda: plot.draw_network(zoo.architecture("se-resnet50")),
    "four nets": lambda: plot.plot_stages(
        [summarize("resnet50", version=v) for v in ("v1", "v1.5", "v2")] + [summarize("plain18")]
    ),
    "far": lambda: plot.draw_deflections({"far": (50, 90), "back": (-3, 0)}),
    "downwards": lambda: plot.draw_deflections({"down": (0.5, -1), "ahead": (1, 0)}, (2, 1)),
    "twelve lines": lambda: lines({f"net {i}": [i, i / 12] for i in range(12)}),
    "long names": lambda: lines({f"a line {'with a long name ' * i}": [i, 1] for i in range(5)}),
    "crowded marks": lambda: lines(marks={"a mark with a long name " * i: 4 for i in range(1, 4)}),
    "tall fields": lambda: plot.draw_fields(summarize("cifar-resnet110", (3, 300, 30))),
}


@cache
def figure_of(name):
    return {**FIGURES, **MORE}[name]()


# --- every figure --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*FIGURES, *MORE])
def test_a_figure_says_what_it_shows_on_a_page_that_it_fits(name):
    figure = figure_of(name)
    assert isinstance(figure, Figure) and repr(figure) == figure.alt
    assert len(figure.alt) > 20 and "\n" not in figure.alt
    assert figure.get_figwidth() * 96 <= 760
    assert all(t.get_size() >= 9 for t in figure.findobj(Text) if t.get_text())


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_call_gives_the_same_bytes(name, monkeypatch):
    figure = figure_of(name)
    png, svg = figure.to_png(), saved(figure, "svg")
    assert len(png) < 100_000 and b"matplotlib" not in png.lower()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30)  # a reader's settings
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "black")
    settings = dict(matplotlib.rcParams)
    again = FIGURES[name]()
    assert again.to_png() == png and saved(again, "svg") == svg
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("name", [*FIGURES, *MORE])
def test_no_text_is_cut_off_or_written_over_another(name):
    figure = figure_of(name)
    canvas = FigureCanvasAgg(figure)
    renderer, page = canvas.get_renderer(), figure.bbox
    figure.draw_without_rendering()
    shown = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
    extents = [t.get_window_extent(renderer) for t in shown if t.get_rotation() in (0, 90)]
    for i, box in enumerate(extents):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.width and box.y1 <= page.height
        for other in extents[:i]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert width <= 2 or height <= 6, (box, other)  # lines of text may touch


def test_a_notebook_shows_a_figure_once_at_its_width():
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    with pytest.importorskip("IPython.utils.capture").capture_output() as captured:
        shell.run_cell("from d2lres import plot\nplot.draw_idea()")
    (output,) = captured.outputs
    assert set(output.data) == {"image/png", "text/plain"}
    figure = plot.draw_idea()
    width = round(figure.get_figwidth() * 96)
    assert output.metadata["image/png"] == {"width": width, "alt": figure.alt}
    assert output.data["text/plain"] == figure.alt


def test_the_examples_in_the_docstrings_hold():
    for name in plot.__all__:
        function = getattr(plot, name)
        globals_ = {**vars(plot), "numpy": numpy}
        finder = doctest.DocTestFinder(recurse=False)
        for example in finder.find(function, name, globs=globals_):
            assert doctest.DocTestRunner().run(example).failed == 0


# --- blocks --------------------------------------------------------------------------------------


def test_a_block_shows_every_layer_in_order_and_its_shortcut():
    figure = plot.draw_block(zoo.basic(128, 64, 2), 64)
    assert texts(figure) == [
        "x: 64 channels",
        *("3×3 conv, 128, /2", "BN", "ReLU", "3×3 conv, 128", "BN"),
        "1×1 conv, 128, /2\nBN",
        "ReLU",
        "128 channels",
    ]
    assert drawn(figure) == {"projection": 1}
    assert "x\n(identity)" in texts(plot.draw_block(zoo.basic(64, 64, 1), 64))


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_the_blocks_of_every_kind_can_be_drawn(kind):
    """Their weights are their parameters without biases and normalization."""
    architecture = made(*kind)
    firsts = [stage[0] for stage in architecture.stages]
    channels = [entering(architecture, i)[0] for i in range(1, len(firsts) + 1)]
    figure = plot.draw_blocks(firsts, channels, counts=True)
    shown = texts(figure)
    assert drawn(figure) == shortcuts(firsts)
    for block, entry, width in zip(firsts, channels, architecture.widths, strict=True):
        rows = count_layers([transform(block, unbiased)], (entry, 8, 8))
        weights = sum(row.params for row in rows if row.op == "Conv")
        weights += sum(row.params - row.output_shape[0] for row in rows if row.op == "Dense")
        assert {f"{weights:,} weights", f"{width} channels"} <= set(shown)


def unbiased(layer):
    return replace(layer, use_bias=False) if isinstance(layer, Conv) else layer


def test_what_both_paths_share_stands_above_the_fork():
    """He et al. (2016), figure 4 (e): v2 normalizes before the paths part where it projects."""
    figure = plot.draw_block(zoo.basic(128, 64, 2, version="v2"), 64)
    assert texts(figure) == [
        "x: 64 channels",
        *("BN", "ReLU", "3×3 conv, 128, /2", "BN", "ReLU", "3×3 conv, 128"),
        "1×1 conv, 128, /2",
        "128 channels",
    ]
    heights = [text.get_position()[1] for text in figure.findobj(Text) if text.get_text()]
    (shortcut,) = labelled(figure, "projection ×1")
    assert heights[2] < shortcut.get_path().vertices[0][1] < heights[3]
    assert "Before the paths part: BN; ReLU. Branch: 3×3 conv" in figure.alt


def test_shortcut_a_is_in_words_and_dotted():
    """He et al. (2015), section 3.3, option A, and figure 3: dotted where the shape changes."""
    figure = plot.draw_blocks(
        [zoo.basic(128, 64, 2, shortcut="A"), zoo.basic(64, 64, shortcut="A")], 64
    )
    assert {"every 2nd pixel\n+64 zero channels", "x\n(identity)"} <= set(texts(figure))
    assert drawn(figure) == {"padding": 1, "identity": 1}
    (padding,), (identity,) = labelled(figure, "padding ×1"), labelled(figure, "identity ×1")
    assert (padding.get_linestyle() != "solid", identity.get_linestyle()) == (True, "solid")


def test_a_gate_multiplies_what_goes_past_it():
    """Hu et al. (2018), section 3.3: 256 channels, squeezed to 16."""
    figure = plot.draw_block(zoo.architecture("se-resnet50").stages[0][1], 256, counts=True)
    (gate,) = [text for text in texts(figure) if text.startswith("gate")]
    assert gate.split() == [
        *("gate:", "pool,", "dense", "16,", "ReLU,", "dense", "256,", "sigmoid"),
        *(f"{2 * 16 * 256:,}", "weights"),
    ]
    assert len(labelled(figure, "scale")) == 1


def test_words_say_what_is_unusual():
    layers = {
        "3×3 conv, 128, 32 groups, /2": Conv(128, strides=2, groups=32),
        "3×3 conv, 8, same": Conv(8, padding="same"),
        "3×3 conv, 8, /2, valid": Conv(8, strides=2, padding="valid"),
        "3×3 conv, 8, pad 0/1/0/1": Conv(8, padding=(0, 1, 0, 1)),
        "3×3 conv, 8, pad 2": Conv(8, padding=(2, 2, 2, 2)),
        "3×3 conv, 8": Conv(8, padding=(1, 1, 1, 1)),
        "1×1 conv, 8, /2 + bias": Conv(8, kernel=1, strides=2, padding="same", use_bias=True),
        "2×2 max pool, /2, same": MaxPool(kernel=2, strides=2, padding="same"),
        "every 3rd pixel": MaxPool(kernel=1, strides=3),
        "7×7 average pool": AvgPool(kernel=7),
        "2×2 average pool, /2": AvgPool(kernel=2, strides=2),
        "BN without γ, β": BatchNorm(scale=False, center=False),
        "zeros around: 1/2/3/4": Pad(1, 2, 3, 4),
        "+3 zero channels": ZeroChannels(3),
    }
    figure = plot.draw_blocks([(layer,) for layer in layers.values()], 32)
    assert [text for text in texts(figure) if "channels" not in text or "+" in text] == list(layers)


def test_many_blocks_take_several_lines():
    figure = plot.draw_blocks([zoo.basic(64, 64)] * 7, 64)
    assert figure.get_figwidth() * 96 <= 760 and drawn(figure) == {"identity": 7}


def test_counts_are_the_weights_of_the_convolutions():
    """Section 2 of the founding comparison: 2 x 3 x 3 x 256 x 256, and 1x1, 3x3, 1x1 with 64."""
    pair = [zoo.basic(256, 256, 1), zoo.bottleneck(64, 256, 1)]
    figure = plot.draw_blocks(pair, 256, titles=["Basic", "Bottleneck"], counts=True)
    assert {"1,179,648 weights", "69,632 weights"} <= set(texts(figure))
    assert texts(figure).count("3×3 conv, 256\n589,824 weights") == 2
    assert "3×3 conv, 64\n36,864 weights" in texts(figure)


def test_the_projection_is_counted_too():
    figure = plot.draw_block(zoo.basic(128, 64, 2), 64, counts=True)
    assert "1×1 conv, 128, /2\n8,192 weights\nBN" in texts(figure)
    assert f"{9 * 64 * 128 + 9 * 128 * 128 + 64 * 128:,} weights" in texts(figure)


def test_a_plain_block_is_the_same_without_the_shortcut():
    block = zoo.basic(64, 64, 1)
    figure = plot.draw_blocks([(*block.branch, *block.after), block], 64, titles=["a", "b"])
    assert texts(figure).count("ReLU") == 4
    assert drawn(figure) == {"identity": 1}
    assert figure.alt.startswith("a. x: 64 channels. Layers: 3×3 conv, 64; BN; ReLU;")


def test_a_plain_block_of_the_zoo_is_its_layers():
    plain, residual = (zoo.basic(128, 64, 2, shortcut=letter) for letter in ("none", "B"))
    figure = plot.draw_blocks([plain, residual], 64, titles=["plain", "residual"])
    assert isinstance(plain, Plain) and drawn(figure) == {"projection": 1}
    relus = [t.get_position()[1] for t in figure.findobj(Text) if t.get_text() == "ReLU"]
    assert relus[:2] == relus[2:]  # side by side
    assert drawn(plot.draw_block(plain, 64)) == {}


def test_the_idea_has_the_wanted_mapping_before_the_last_relu_of_both_blocks():
    figure = plot.draw_idea()
    assert texts(figure).count("ReLU(H(x))") == 2 and "x\n(identity)" in texts(figure)
    down = {t.get_text(): t.get_position()[1] for t in figure.findobj(Text)}  # the lowest of each
    assert down["H(x)"] == down["F(x)"] < down["F(x) + x\n= H(x)"] < down["ReLU"]
    assert down["ReLU"] < down["ReLU(H(x))"]
    assert drawn(figure) == {"identity": 1}


# --- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, ("cifar-resnet1202", "v1", "C")], ids=str)
def test_a_network_shows_the_shapes_and_shortcuts_of_its_data(kind):
    architecture = made(*kind)
    figure = plot.draw_network(architecture)
    shown, found = set(texts(figure)), drawn(figure)
    for row in summarize(architecture).parts():
        assert by(row.output_shape) in shown
    for i, depth in enumerate(architecture.depths, 1):
        assert f"stage {i}\n{depth} block{'s' * (depth > 1)}" in shown
    assert found == shortcuts(block for stage in architecture.stages for block in stage)
    assert ("dotted: projection (1×1 conv)" in shown) == (found["projection"] > 0)
    assert ("dotted: zero channels added" in shown) == (found["padding"] > 0)


def test_a_plain_network_has_no_shortcut_and_says_how_often_a_block_follows_itself():
    """He et al. (2015), figure 3, middle: 3-4-6-3 pairs; the first of a stage has a stride."""
    figure = plot.draw_network(zoo.architecture("plain34"))
    shown = texts(figure)
    assert drawn(figure) == {} and [t for t in shown if t[0] == "×"] == ["×3", "×3", "×5"]
    assert shown.count("3×3 conv, 64") == 2 and shown.count("3×3 conv, 512") == 5
    assert "(shortcuts: none)" in figure.alt


def test_a_gate_is_one_box_of_a_network():
    shown = texts(plot.draw_network(zoo.architecture("se-resnet50")))
    assert shown.count("scale by gate (16, 256)") == 3


@pytest.mark.parametrize("columns", range(1, 7))
def test_every_layer_is_drawn_in_any_number_of_columns(columns):
    """The 17 convolutions and the dense layer of the 18; the 3 projections have no box."""
    shown = texts(plot.draw_network(RESNET, columns=columns))
    assert sum("conv, " in text for text in shown) == 17
    assert shown.count("dense, 1000") == 1


def test_resnet18_has_three_projections_and_resnet50_has_four():
    """He et al. (2015), section 3.3: where the shape changes; in ResNet-50 in stage 1 as well."""
    for name, number in (("resnet18", 3), ("resnet50", 4)):
        assert drawn(plot.draw_network(zoo.architecture(name)))["projection"] == number


def test_with_shortcut_c_every_block_projects():
    """He et al. (2015), section 3.3, option C; ResNet-34 has 3 + 4 + 6 + 3 blocks."""
    figure = plot.draw_network(zoo.architecture("resnet34", shortcut="C"))
    assert drawn(figure) == {"projection": 16}
    assert {"×3", "×5"} <= set(texts(figure))  # some are drawn once


def test_blocks_with_other_inputs_are_not_equal():
    """With shortcut C the blocks of stage 1 are equal as data; the first has 64 channels in."""
    architecture = zoo.architecture("resnet50", shortcut="C")
    assert len(set(architecture.stages[0])) == 1
    figure = plot.draw_stage(architecture, 1, collapse=2)
    assert {"block 1", "blocks 2 to 3 (×2)"} <= set(texts(figure))
    assert "×3" not in texts(
        plot.draw_network(replace(architecture, stages=architecture.stages[:1]))
    )


def test_a_network_follows_its_input():
    figure = plot.draw_network(zoo.architecture("resnet18", classes=10), (1, 96, 96))
    assert {"input 1×96×96", "64×24×24", "512×3×3", "10"} <= set(texts(figure))


def test_equal_blocks_are_drawn_once_with_their_number():
    """ResNet-152 has 3-8-36-3 blocks, the first of each stage another than the rest (table 1)."""
    shown = texts(plot.draw_network(zoo.architecture("resnet152")))
    assert {"×7", "×35"} <= set(shown) and "×2" not in shown
    assert "×2" in texts(plot.draw_network(zoo.architecture("resnet152"), collapse=2))
    assert "stage 3\n36 blocks" in shown


# --- stages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_a_stage_shows_every_layer_and_shape_of_its_data(kind):
    architecture = made(*kind)
    for number in (1, 2):
        stage = architecture.stages[number - 1]
        figure = plot.draw_stage(architecture, number, collapse=1000)
        shown, entry = texts(figure), entering(architecture, number)
        rows = [r for r in count(architecture) if r.name.startswith(f"stage{number}.")]
        lasts = {row.name.split(".")[1]: row.output_shape for row in rows}
        shapes = [by(entry), *map(by, lasts.values())]
        assert [text for text in shown if text.count("×") == 2] == shapes
        assert drawn(figure) == shortcuts(stage)
        assert len(labelled(figure, "scale")) == sum(row.op == "Scale" for row in rows)
        assert sum(" conv," in text for text in shown) == sum(row.op == "Conv" for row in rows)
        boxed = [row for row in rows if not {"shortcut", "gate"} & set(row.name.split("."))]
        for op in ("BN", "ReLU"):
            assert shown.count(op) == sum(row.op == op for row in boxed)


def test_equal_blocks_of_a_stage_are_drawn_once():
    """ResNet-101 has 23 blocks in stage 3, of which the first projects (table 1)."""
    figure = plot.draw_stage(zoo.architecture("resnet101"), 3)
    assert {"block 1", "blocks 2 to 23 (×22)"} <= set(texts(figure))
    assert drawn(figure) == {"projection": 1, "identity": 22}
    assert "1024×14×14" in texts(figure)


def test_a_stage_follows_its_input():
    figure = plot.draw_stage(RESNET, 2, (1, 96, 96))
    assert {"64×24×24", "128×12×12"} <= set(texts(figure))


# --- costs of parts ------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["resnet18"], ["resnet34", "resnet50", "cifar-resnet20"]])
def test_bars_are_as_long_as_the_parts_cost(names):
    summaries = [summarize(name) for name in names]
    figure = plot.plot_stages(summaries)
    for quantity in ("params", "macs"):
        parts = ["stem", "stage1", "stage2", "stage3", "stage4", "head"]
        rows = [{row.name: row for row in s.parts()} for s in summaries]
        costs = [getattr(row[part], quantity) for part in parts for row in rows if part in row]
        bars = [bar.get_width() for bar in labelled(figure, quantity)]
        assert numpy.allclose(numpy.divide(bars, max(bars)), numpy.divide(costs, max(costs)))


def test_bars_have_their_numbers_with_three_digits():
    """ResNet-50 has 25,557,032 parameters and 3,857,973,248 MACs, of which the stem 9,536."""
    figure = plot.plot_stages([summarize("resnet50")])
    shown = set(texts(figure))
    assert {"resnet50: 25.6 M parameters, 3.86 G MACs", "9.54 k", "15.0 M", "1.39 G"} <= shown
    assert {"parameters", "MACs per image", "k = thousand, M = million, G = billion"} <= shown
    assert "stem 9.54 k, stage 1 216 k" in figure.alt


def test_a_number_takes_the_unit_that_fits():
    numbers = {999: "999", 1000: "1.00 k", 9_994: "9.99 k", 99_960: "100 k", 999_499: "999 k"}
    numbers |= {999_500: "1.00 M", 11_689_512: "11.7 M", 1_814_073_344: "1.81 G", 0: "0"}
    assert {n: short(n) for n in numbers} == numbers


def test_nets_are_named_so_that_they_can_be_told_apart():
    versions = plot.plot_stages(contrast(["resnet50", zoo.architecture("resnet50", version="v2")]))
    assert any("resnet50 (v2, shortcut B): " in text for text in texts(versions))
    sizes = plot.plot_stages([summarize("resnet18"), summarize("resnet18", (1, 96, 96))])
    assert any("on 1x96x96: " in text for text in texts(sizes))


# --- windows -------------------------------------------------------------------------------------


def lines_of(figure, cell_labels=("pixel", "padding", "window")):
    """Cells, padding and windows of a figure with one line, as numbers of pixels."""
    cells = {label: labelled(figure, label) for label in cell_labels}
    first, side = cells["pixel"][0].get_x(), cells["pixel"][0].get_width()
    place = lambda artist: round((artist.get_x() - first) / side + 1)  # noqa: E731
    # the padding of the legend is smaller
    padding = [place(a) for a in cells["padding"] if a.get_width() == side]
    windows = [(place(a), round(a.get_width() / side)) for a in cells["window"]]
    return [place(a) for a in cells["pixel"]], padding, windows


@pytest.mark.parametrize("padding", [None, "same", "valid", (0, 0, 2, 1)], ids=str)
@pytest.mark.parametrize(
    "size, kernel, strides", [(8, 3, 2), (9, 3, 2), (7, 2, 2), (24, 7, 2), (10, 1, 3)]
)
def test_windows_are_where_the_layer_puts_them(size, kernel, strides, padding):
    layer = Conv(1, kernel=kernel, strides=strides, padding=padding)
    figure = plot.draw_windows(size, [layer])
    pixels, padded, windows = lines_of(figure)
    (row,) = count_layers([layer], (1, size + 9, size))  # tall: only the width matters
    assert pixels == list(range(1, size + 1)) and len(windows) == row.output_shape[2]
    assert [b[0] - a[0] for a, b in pairwise(windows)] == [strides] * (len(windows) - 1)
    assert {wide for _, wide in windows} == {kernel}
    every = sorted([*pixels, *padded])
    assert every == list(range(every[0], every[0] + len(every))) and windows[0][0] == every[0]
    assert windows[-1][0] + kernel - 1 <= every[-1] < windows[-1][0] + kernel - 1 + strides
    used = {first + i for first, _ in windows for i in range(kernel)}
    unused = [str(pixel) for pixel in pixels if pixel not in used]
    assert ("no window uses " + ", ".join(unused) in figure.alt) == bool(unused)
    number = len(windows)
    assert f"{number} window{'s' * (number > 1)}" in texts(figure)


def test_same_and_symmetric_padding_part_on_even_sizes():
    """Kernel 3, stride 2: on 8 pixels SAME pads (0, 1), on 9 it pads (1, 1) as symmetric does."""
    same, symmetric = Conv(1, strides=2, padding="same"), Conv(1, strides=2)
    middles = {}
    for name, layer in {"same": same, "symmetric": symmetric}.items():
        for size in (8, 9):
            _, padding, windows = lines_of(plot.draw_windows(size, [layer]))
            middles[name, size] = padding, [first + 1 for first, _ in windows]
    assert middles["same", 8] == ([9], [2, 4, 6, 8])
    assert middles["symmetric", 8] == ([0, 9], [1, 3, 5, 7])
    assert middles["same", 9] == middles["symmetric", 9] == ([0, 10], [1, 3, 5, 7, 9])


def test_several_lines_have_their_own_sizes_and_titles():
    figure = plot.draw_windows([8, 9], [MaxPool()] * 2, titles=["even", "odd"], title="A finding")
    assert {"A finding", "even", "odd", "4 windows", "5 windows"} <= set(texts(figure))
    assert len(labelled(figure, "pixel")) == 17


# --- receptive fields ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, shape", [("resnet18", (3, 224, 224)), ("resnet50", (3, 720, 1280)), ("wrn-16-8", None)]
)
def test_fields_are_to_scale_and_centred(name, shape):
    summary = summarize(name, shape)
    figure = plot.draw_fields(summary)
    fields = {row.name.replace("stage", "stage "): row.receptive_field for row in summary.parts()}
    assert fields.pop("head") is None
    _, height, width = summary.input_shape
    sizes = sorted([(side, side) for side in fields.values()] + [(width, height)])
    found = sorted((f.get_width(), f.get_height()) for f in labelled(figure, "field"))
    scale = found[-1][0] / sizes[-1][0]
    assert numpy.allclose(found, numpy.multiply(sizes, scale))
    middles = [
        (f.get_x() + f.get_width() / 2, f.get_y() + f.get_height() / 2)
        for f in labelled(figure, "field")
    ]
    assert numpy.allclose(middles, middles[0])
    named = {f"{part}: {side}" for part, side in fields.items()}
    assert {*named, f"image: {height}×{width}"} <= set(texts(figure))


def test_the_alt_text_says_which_fields_pass_the_border():
    alt = plot.draw_fields(summarize("resnet18")).alt
    assert "stage 3 211×211 pixels; stage 4 435×435 pixels, more than the image." in alt
    tall = plot.draw_fields(summarize("resnet18", (3, 500, 100))).alt
    assert "stage 2 99×99 pixels; stage 3 211×211 pixels, wider than the image;" in tall


@pytest.mark.parametrize(
    "name, side", [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)]
)
def test_the_last_field_is_the_published_one(name, side):
    """The table of google-research/receptive_field, Araujo et al. (2019)."""
    assert f"stage 4: {side}" in texts(plot.draw_fields(summarize(name)))


# --- curves --------------------------------------------------------------------------------------


class Recorded:
    """As train.History and runs.Run, which need MXNet."""

    def __init__(self, history):
        self.history = history

    def to_list(self):
        return self.history


def test_a_history_is_plotted_as_it_was_measured():
    figure = plot.plot_history(Recorded(Recorded(EPOCHS)))
    loss, accuracy = figure.axes
    assert loss.get_ylabel() == "training loss (nats per image)"
    assert accuracy.get_xlabel() == "epoch"
    lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    assert list(lines["test"].get_xdata()) == list(range(1, 11))
    assert list(lines["test"].get_ydata()) == [epoch["test_acc"] for epoch in EPOCHS]
    assert {"0.100", "training 0.960", "test 0.870"} <= set(texts(figure))


def test_several_histories_and_reported_levels_are_named():
    reference = {"test_acc": 0.907, "train_loss": ("d2l", 0.010)}
    figure = plot.plot_history({"one": EPOCHS, "two": EPOCHS[:3]}, reference=reference)
    named = {"one test 0.870", "two training 0.867", "reported test 0.907", "d2l 0.010"}
    assert named <= set(texts(figure))


def test_errors_are_what_accuracies_leave():
    figure = plot.plot_history(EPOCHS, panels=["train error", "test error"])
    assert {"4.0 %", "13.0 %"} <= set(texts(figure))
    assert [axes.get_ylabel() for axes in figure.axes] == ["training error (%)", "test error (%)"]


def test_a_run_without_test_images_has_no_test_curve():
    untested = [{**epoch, "test_acc": None} for epoch in EPOCHS]
    assert not [text for text in texts(plot.plot_history(untested)) if text.startswith("test")]


# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("x", [None, [0.5, 2, 7]])
def test_lines_are_the_given_numbers(x, log):
    series = {"a": [3, 0.001, 2], "b": numpy.array([5.0, 1e-30, 1e30])}
    figure = lines(series, x=x, log=log)
    (axes,) = figure.axes
    assert axes.get_yscale() == ("log" if log else "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("layer", "signal")
    for name, numbers in series.items():
        (line,) = labelled(figure, name)
        assert list(line.get_xdata()) == (x or [1, 2, 3])
        assert list(line.get_ydata()) == list(numbers)
        low, high = axes.get_ylim()
        assert low <= min(numbers) and max(numbers) <= high
        assert name in texts(figure)


def test_lines_in_words_have_three_digits():
    assert lines(marks={"stage 2": 3}).alt == (
        "Signal against layer. plain: 1 at 1, 2e-5 at 4, smallest 2e-5, largest 1. "
        "residual: 1 at 1, 3 at 3, smallest 1, largest 3. Mark at 3: stage 2."
    )
    sums = {"a": [0.1 + 0.2, 0.3 * 3, 1234.5, 2**40]}
    assert ": 0.3 at 1, 1.1e12 at 4, smallest 0.3, largest 1.1e12." in lines(sums).alt


def test_names_of_lines_stand_at_their_ends_or_below():
    axes = lines().axes[0]
    ends = {text.get_text(): text.get_position() for text in axes.texts}
    low, high = axes.get_ylim()
    for name, numbers in LINES.items():
        assert ends[name][0] > 1
        assert ends[name][1] == pytest.approx((numbers[-1] - low) / (high - low), abs=0.02)
    below = lines({"a name far too long to stand beside the plot": [1, 2], "b": [2, 1]}).axes[0]
    assert all(text.get_position()[1] < 0 for text in below.texts)


def test_marks_are_where_they_were_put():
    figure = lines(marks={"stage 2": 2, "stage 3": 3.5})
    assert {"stage 2", "stage 3"} <= set(texts(figure))
    assert sorted(mark.get_xdata()[0] for mark in labelled(figure, "mark")) == [1 / 3, 2.5 / 3]


@pytest.mark.parametrize(
    "numbers, shown",
    [
        ([2e-5, 3], ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]),
        ([0.02, 30], ["0.1", "1", "10"]),
        ([0.3, 4], ["0.5", "1", "2"]),
        ([3, 4], ["3", "3.5", "4"]),
        ([1e-45, 1e9], ["10⁻⁴⁰", "10⁻³⁰", "10⁻²⁰", "10⁻¹⁰", "10⁰", "10¹⁰"]),
    ],
    ids=str,
)
def test_a_logarithmic_axis_has_round_numbers(numbers, shown):
    axes = lines({"a": numbers}, log=True).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == shown


# --- tables and images ---------------------------------------------------------------------------


def test_seeds_are_where_they_were_measured_and_filled_where_the_mean_is_beyond_chance():
    figure = figure_of("seeds")
    lines = labelled(figure, "differs") + labelled(figure, "within chance")
    assert {tuple(line.get_xdata()) for line in lines} == {tuple(v) for v in SEEDS.values()}
    (differs,) = labelled(figure, "differs")
    assert list(differs.get_xdata()) == SEEDS["worse"]
    assert "worse 55.0 (50.0 to 59.9, -6.2)" in figure.alt
    assert "equal 63.0 (58.0 to 70.0, within chance)" in figure.alt
    assert {"61.2", "55.0", "63.0"} <= set(texts(figure))  # the means


def test_confusion_is_in_percent_of_each_true_class():
    figure = plot.plot_confusion(TABLE, CLASSES)
    cells = [text for text in texts(figure) if text.strip("<").isdigit()]
    assert cells == ["80", "20", "30", "70", "<1", "100"]
    assert "shirt 80%" in figure.alt and "coat taken for shirt (30%)" in figure.alt


def luminance(color) -> float:
    rgb = numpy.array(to_rgb(color))
    linear = numpy.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_numbers_on_the_shades_keep_their_contrast():
    """WCAG 2.1 asks for 4.5 to 1; each row of this table has other shares."""
    table = [[1 + (row * column) ** 2 for column in range(12)] for row in range(12)]
    axes = plot.plot_confusion(table, [str(i) for i in range(12)]).axes[0]
    (mesh,) = axes.collections
    shades = mesh.cmap(mesh.norm(mesh.get_array())).reshape(12, 12, -1)
    for text in axes.texts:
        column, row = (int(value) for value in text.get_position())
        dark, light = sorted(map(luminance, (text.get_color(), shades[row, column])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_costs_have_their_thousands_apart():
    figure = plot.plot_costs(["a", "b"], {"MACs": [1_814_073_344, 5], "size (MB)": [2.25, 1]})
    assert {"1,814,073,344", "5", "2.2", "MACs"} <= set(texts(figure))
    first = [patch.get_width() for patch in figure.axes[0].patches]
    assert first == [1_814_073_344, 5]


def test_a_quantity_stands_against_each_cost_from_zero_on():
    figure = plot.plot_against(TOP1, COSTS, ylabel="top-1 error (%)")
    for axes, (quantity, by_line) in zip(figure.axes, COSTS.items(), strict=True):
        assert axes.get_xlabel() == quantity and axes.get_xlim()[0] == 0
        for name, points in TOP1.items():
            (line,) = (each for each in axes.lines if each.get_label() == name)
            assert list(line.get_xdata()) == by_line[name]
            assert list(line.get_ydata()) == list(points.values())
        named = [(text.get_text(), *text.xy) for text in axes.texts if hasattr(text, "xy")]
        assert ("34", by_line["plain"][1], 28.54) in named and len(named) == 4
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert "residual. 18: 27.88 at 11.5, 32.6; 34: 25.03 at 21.6, 50.1." in figure.alt


def test_images_keep_their_pixels():
    figure = plot.show_images(IMAGES, [2, 0, 1], CLASSES, columns=2)
    assert texts(figure) == ["bag", "shirt", "coat"]
    for axes, image in zip(figure.axes, IMAGES, strict=True):
        assert (axes.images[0].get_array() == image[0]).all()
    color = numpy.zeros((1, 3, 2, 2), "float32")
    color[0, 0] = 1
    assert (plot.show_images(color).axes[0].images[0].get_array()[0, 0] == (255, 0, 0)).all()


def test_predictions_are_marked_right_or_wrong():
    figure = plot.show_images(IMAGES, [0, 1, 2], CLASSES, predictions=[0, 2, 2])
    assert texts(figure) == ["shirt", "✓ shirt", "coat", "✗ bag", "bag", "✓ bag"]
    assert "coat taken for bag" in figure.alt


# --- requests that make no sense -----------------------------------------------------------------

WRONG = {
    "no block": lambda: plot.draw_blocks([], 64),
    "a block without layers": lambda: plot.draw_blocks([()], 64),
    "a name for a block": lambda: plot.draw_block("basic", 64),
    "too few titles": lambda: plot.draw_blocks([zoo.basic(64, 64, 1)] * 2, 64, titles=["one"]),
    "channels that do not fit": lambda: plot.draw_block(zoo.basic(64, 64, 1), 32),
    "a name for a network": lambda: plot.draw_network("resnet18"),
    "no column": lambda: plot.draw_network(RESNET, columns=0),
    "collapse nothing": lambda: plot.draw_network(RESNET, collapse=1),
    "a small image": lambda: plot.draw_network(RESNET, (3, 0, 1)),
    "a name for a stage's network": lambda: plot.draw_stage("resnet18", 1),
    "stage 0": lambda: plot.draw_stage(RESNET, 0),
    "stage 5 of 4": lambda: plot.draw_stage(RESNET, 5),
    "a stage by name": lambda: plot.draw_stage(RESNET, "stage1"),
    "collapse no block": lambda: plot.draw_stage(RESNET, 1, collapse=1),
    "a small stage": lambda: plot.draw_stage(RESNET, 1, (3, 0, 1)),
    "no summary": lambda: plot.plot_stages([]),
    "five summaries": lambda: plot.plot_stages([summarize("plain18")] * 5),
    "an architecture for a summary": lambda: plot.plot_stages([RESNET]),
    "a number for summaries": lambda: plot.plot_stages(3),
    "a name for a summary": lambda: plot.plot_stages("resnet18"),
    "no layer": lambda: plot.draw_windows(8, []),
    "a layer without windows": lambda: plot.draw_windows(8, [ReLU()]),
    "no pixel": lambda: plot.draw_windows(0, [Conv(1)]),
    "too many pixels": lambda: plot.draw_windows(25, [Conv(1)]),
    "half a pixel": lambda: plot.draw_windows(7.5, [Conv(1)]),
    "too much padding": lambda: plot.draw_windows(24, [Conv(1, padding=5)]),
    "too few sizes": lambda: plot.draw_windows([8], [Conv(1)] * 2),
    "too many titles": lambda: plot.draw_windows(8, [Conv(1)], titles=["a", "b"]),
    "a window that does not fit": lambda: plot.draw_windows(2, [Conv(1, padding="valid")]),
    "an architecture for its fields": lambda: plot.draw_fields(RESNET),
    "no epoch": lambda: plot.plot_history([]),
    "no history": lambda: plot.plot_history({}),
    "a number for a history": lambda: plot.plot_history(3),
    "an unknown panel": lambda: plot.plot_history(EPOCHS, panels=["speed"]),
    "an unknown column": lambda: plot.plot_history(EPOCHS, reference={"accuracy": 0.9}),
    "no line": lambda: lines({}),
    "thirteen lines": lambda: lines({str(i): [i] for i in range(13)}),
    "a line without a name": lambda: lines([1, 2]),
    "a line without numbers": lambda: lines({"a": []}),
    "a number for a line": lambda: lines({"a": 1}),
    "words for numbers": lambda: lines({"a": ["much"]}),
    "what overflowed": lambda: lines({"a": [1, float("inf")]}),
    "a logarithm of zero": lambda: lines({"a": [1, 0]}, log=True),
    "a line longer than x": lambda: lines({"a": [1, 2]}, x=[1]),
    "an x that falls": lambda: lines({"a": [1, 2, 3]}, x=[1, 3, 2]),
    "a mark beyond the lines": lambda: lines(marks={"stage 2": 5}),
    "a mark without a label": lambda: lines(marks=[3]),
    "an unknown reference": lambda: plot.plot_seeds(SEEDS, "bas", 1, xlabel="accuracy (%)"),
    "a net without seeds": lambda: plot.plot_seeds({"a": []}, "a", 1, xlabel="accuracy (%)"),
    "a table too small": lambda: plot.plot_confusion([[1]], CLASSES),
    "shares for counts": lambda: plot.plot_confusion([[0.5, 0.5], [0, 1]], ["a", "b"]),
    "too few numbers": lambda: plot.plot_costs(["a", "b"], {"weights": [1]}),
    "a negative number": lambda: plot.plot_costs(["a"], {"weights": [-1]}),
    "nothing to cost": lambda: plot.plot_costs(["a"], {}),
    "four lines of points": lambda: plot.plot_against(dict.fromkeys("abcd", {}), {}, ylabel="y"),
    "numbers for points": lambda: plot.plot_against({"a": [1]}, {"MACs": {"a": [1]}}, ylabel="y"),
    "no cost": lambda: plot.plot_against(TOP1, {}, ylabel="y"),
    "a cost of another line": lambda: plot.plot_against(TOP1, {"MACs": {"a": [1]}}, ylabel="y"),
    "a cost below zero": lambda: plot.plot_against(
        {"a": {"18": 1}}, {"MACs": {"a": [-1]}}, ylabel="y"
    ),
    "one image": lambda: plot.show_images(IMAGES[0]),
    "normalized images": lambda: plot.show_images(IMAGES - 20.0),
    "a class out of range": lambda: plot.show_images(IMAGES, [0, 1, 3], CLASSES),
    "too few labels": lambda: plot.show_images(IMAGES, [0], CLASSES),
    "no columns": lambda: plot.show_images(IMAGES, columns=0),
}


@pytest.mark.parametrize("request_", WRONG)
def test_a_wrong_request_says_what_was_expected(request_):
    with pytest.raises(ConfigError, match="expected|Valid"):
        WRONG[request_]()


def test_a_block_that_cannot_be_added_is_a_shape_error():
    with pytest.raises(ShapeError):
        plot.draw_block(zoo.basic(64, 64, 1), 32)


def test_the_source_of_a_function_is_shown_as_it_is_written():
    found = plot.show_source(zoo.basic, zoo.bottleneck)
    assert repr(found).startswith("def basic(channels, in_channels, strides=1")
    assert "\n\n\ndef bottleneck(" in found.text
    assert found._repr_markdown_() == f"```python\n{found.text}```"


# --- x, deflected --------------------------------------------------------------------------------


def test_deflections_are_the_sums_that_their_arrows_make():
    """Of (3, 0) and (-0.3, 0.8): F(x) and y end in one point, and the angle is atan(0.8 / 2.7)."""
    figure = plot.draw_deflections(BENT)
    arrows = figure.findobj(FancyArrowPatch)[:4]
    zero, x, f, y = [[tuple(end) for end in arrow._posA_posB] for arrow in arrows]
    assert x[0] == y[0] and x[1] == f[0] and f[1] == y[1]
    scale = (x[1][0] - x[0][0]) / 3
    assert f[1][0] - f[0][0] == pytest.approx(-0.3 * scale)
    assert f[0][1] - f[1][1] == pytest.approx(0.8 * scale)  # upwards on the page
    assert zero[1][0] - zero[0][0] == pytest.approx(3 * scale)
    assert "a little: F(x) is put to the tip" in figure.alt and "turned by 17°" in figure.alt
    assert "nothing: y is x." in figure.alt
    assert plot.draw_deflections({"back": (-3, 0)}).alt.endswith("to the origin, and y is 0.")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (({"a": (1, 2, 3)},), r"\(1, 2, 3\); expected two numbers"),
        (({"a": (1, 2)}, (0, 0)), "x that is not zero"),
        (({},), "one to three residuals"),
    ],
)
def test_deflections_that_cannot_be_drawn_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        plot.draw_deflections(*arguments)
