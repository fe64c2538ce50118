"""Figures show what the data says, for every architecture, and change nothing else."""

import doctest
from io import BytesIO

import matplotlib
import numpy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from d2lres import plot, zoo
from d2lres.accounting import count
from d2lres.arch import Conv, Residual
from d2lres.errors import ConfigError, ShapeError

NAMES = zoo.architecture_names()
RESNET = zoo.architecture("resnet18")
EPOCHS = [
    {"epoch": i, "train_loss": 1 / i, "train_acc": 1 - 0.4 / i, "test_acc": 0.9 - 0.3 / i}
    for i in range(1, 11)
]
CLASSES = ("shirt", "coat", "bag")
TABLE = [[8, 2, 0], [3, 7, 0], [0, 1, 999]]
IMAGES = numpy.arange(3 * 4 * 4, dtype="uint8").reshape(3, 1, 4, 4)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def drawn(figure, kind: str) -> int:
    """How many shortcuts of a kind there are, by the label of the line."""
    return len(figure.findobj(lambda artist: artist.get_label() == kind))


def saved(figure, format: str) -> bytes:
    file = BytesIO()
    figure.savefig(file, format=format)
    return file.getvalue()


def blocks(architecture) -> list[Residual]:
    every = [block for stage in architecture.stages for block in stage]
    return [block for block in every if isinstance(block, Residual)]


def projects(block) -> bool:
    return any(isinstance(layer, Conv) for layer in block.shortcut)


FIGURES = {
    "idea": lambda: plot.draw_idea(title="A finding"),
    "blocks": lambda: plot.draw_blocks([zoo.basic(64, 64, 1), zoo.basic(64, 128, 2)], 64),
    "long titles": lambda: plot.draw_blocks(
        [zoo.bottleneck(1024, 512, 2)] * 2, 1024, titles=["A long name of a block"] * 2, counts=True
    ),
    "network": lambda: plot.draw_network(RESNET),
    "history": lambda: plot.plot_history({"a": EPOCHS, "b": EPOCHS[:5]}, title="A finding"),
    "one epoch": lambda: plot.plot_history(EPOCHS[:1], reference={"test_acc": 0.6}),
    "confusion": lambda: plot.plot_confusion(TABLE, CLASSES),
    "costs": lambda: plot.plot_costs(["a", "b"], {"weights": [1_179_648, 69_632]}),
    "images": lambda: plot.show_images(IMAGES, [0, 1, 2], CLASSES),
}


# --- every figure --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_what_it_shows_on_a_page_that_it_fits(name):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure) and repr(figure) == figure.alt
    assert len(figure.alt) > 20 and "\n" not in figure.alt
    assert figure.get_figwidth() * 96 <= 760
    assert all(t.get_size() >= 9 for t in figure.findobj(Text) if t.get_text())


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_call_gives_the_same_bytes(name, monkeypatch):
    figure = FIGURES[name]()
    png, svg = figure.to_png(), saved(figure, "svg")
    assert len(png) < 100_000 and b"matplotlib" not in png.lower()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30)  # a reader's settings
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "black")
    settings = dict(matplotlib.rcParams)
    again = FIGURES[name]()
    assert again.to_png() == png and saved(again, "svg") == svg
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_written_over_another(name):
    figure = FIGURES[name]()
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
    figure = plot.draw_block(zoo.basic(64, 128, 2), 64)
    assert texts(figure) == [
        "x: 64 channels",
        *("3×3 conv, 128, /2", "BN", "ReLU", "3×3 conv, 128", "BN"),
        "1×1 conv, 128, /2\nBN",
        "ReLU",
        "128 channels",
    ]
    assert (drawn(figure, "projection"), drawn(figure, "identity")) == (1, 0)
    assert "x\n(identity)" in texts(plot.draw_block(zoo.basic(64, 64, 1), 64))


@pytest.mark.parametrize("name", NAMES)
def test_the_blocks_of_every_architecture_can_be_drawn(name):
    architecture = zoo.architecture(name)
    stem = [row for row in count(architecture) if row.name.startswith("stem.")]
    channels = stem[-1].output_shape[0]
    for stage, width in zip(architecture.stages, architecture.widths, strict=True):
        if isinstance(stage[0], Residual):
            figure = plot.draw_block(stage[0], channels, counts=True)
            assert drawn(figure, "projection") == projects(stage[0])
            assert f"{width} channels" in texts(figure)
        channels = width


def test_counts_are_the_weights_of_the_convolutions():
    """Section 2 of the founding comparison: 2 x 3 x 3 x 256 x 256, and 1x1, 3x3, 1x1 with 64."""
    pair = [zoo.basic(256, 256, 1), zoo.bottleneck(256, 64, 1)]
    figure = plot.draw_blocks(pair, 256, titles=["Basic", "Bottleneck"], counts=True)
    assert {"1,179,648 weights", "69,632 weights"} <= set(texts(figure))
    assert texts(figure).count("3×3 conv, 256\n589,824 weights") == 2
    assert "3×3 conv, 64\n36,864 weights" in texts(figure)


def test_the_projection_is_counted_too():
    figure = plot.draw_block(zoo.basic(64, 128, 2), 64, counts=True)
    assert "1×1 conv, 128, /2\n8,192 weights\nBN" in texts(figure)
    assert f"{9 * 64 * 128 + 9 * 128 * 128 + 64 * 128:,} weights" in texts(figure)


def test_a_plain_block_is_the_same_without_the_shortcut():
    block = zoo.basic(64, 64, 1)
    figure = plot.draw_blocks([(*block.branch, *block.after), block], 64, titles=["a", "b"])
    assert texts(figure).count("ReLU") == 4
    assert drawn(figure, "identity") == 1
    assert figure.alt.startswith("a. x: 64 channels. Layers: 3×3 conv, 64; BN; ReLU;")


def test_the_idea_sets_a_plain_block_beside_a_residual_one():
    figure = plot.draw_idea()
    assert {"F(x)", "F(x) + x", "H(x)", "x\n(identity)"} <= set(texts(figure))
    assert drawn(figure, "identity") == 1


# --- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_network_shows_the_shapes_and_blocks_of_its_data(name):
    architecture = zoo.architecture(name)
    figure = plot.draw_network(architecture)
    shown, rows = texts(figure), count(architecture)
    for part in architecture.parts:
        row = [row for row in rows if row.name.split(".")[0] == part][-1]
        expected = row.output_shape[:1] if row.op == "Dense" else row.output_shape
        assert "×".join(map(str, expected)) in shown
    repeated = sum(int(text[1:]) - 1 for text in shown if text.startswith("×"))
    shortcuts = sum(drawn(figure, kind) for kind in ("identity", "projection", "padding"))
    assert shortcuts + repeated == len(blocks(architecture))
    assert drawn(figure, "projection") == sum(map(projects, blocks(architecture)))


@pytest.mark.parametrize("columns", range(1, 7))
def test_every_layer_is_drawn_in_any_number_of_columns(columns):
    """The 17 convolutions and the dense layer of the 18; the 3 projections have no box."""
    shown = texts(plot.draw_network(RESNET, columns=columns))
    assert sum("conv, " in text for text in shown) == 17
    assert shown.count("dense, 1000") == 1


def test_resnet18_has_three_projections_and_resnet50_has_four():
    """He et al. (2015), section 3.3: where the shape changes; in ResNet-50 in stage 1 as well."""
    for name, number in (("resnet18", 3), ("resnet50", 4)):
        assert drawn(plot.draw_network(zoo.architecture(name)), "projection") == number


def test_a_network_follows_its_input():
    figure = plot.draw_network(zoo.architecture("resnet18", classes=10), (1, 96, 96))
    assert {"input 1×96×96", "64×24×24", "512×3×3", "10"} <= set(texts(figure))


def test_equal_blocks_are_drawn_once_with_their_number():
    """ResNet-152 has 3-8-36-3 blocks, the first of each stage another than the rest (table 1)."""
    shown = texts(plot.draw_network(zoo.architecture("resnet152")))
    assert {"×7", "×35"} <= set(shown) and "×2" not in shown
    assert "×2" in texts(plot.draw_network(zoo.architecture("resnet152"), collapse=2))
    assert "stage 3\n36 blocks" in shown


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


# --- tables and images ---------------------------------------------------------------------------


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
    "no epoch": lambda: plot.plot_history([]),
    "no history": lambda: plot.plot_history({}),
    "a number for a history": lambda: plot.plot_history(3),
    "an unknown panel": lambda: plot.plot_history(EPOCHS, panels=["speed"]),
    "an unknown column": lambda: plot.plot_history(EPOCHS, reference={"accuracy": 0.9}),
    "a table too small": lambda: plot.plot_confusion([[1]], CLASSES),
    "shares for counts": lambda: plot.plot_confusion([[0.5, 0.5], [0, 1]], ["a", "b"]),
    "too few numbers": lambda: plot.plot_costs(["a", "b"], {"weights": [1]}),
    "a negative number": lambda: plot.plot_costs(["a"], {"weights": [-1]}),
    "nothing to cost": lambda: plot.plot_costs(["a"], {}),
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
