"""Figures show what the data says, for every architecture, and change nothing else."""

import doctest
from functools import cache
from io import BytesIO

import matplotlib
import numpy
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from d2lres import plot
from d2lres.errors import ConfigError
from d2lres.structure import (
    zoo,
)

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
TABLE = [[8, 2, 0], [3, 7, 0], [0, 1, 999]]
SEEDS = {"base": [60.0, 61.0, 62.5], "worse": [50, 59.9, 55], "equal": [58, 61, 70]}
IMAGES = numpy.arange(3 * 4 * 4, dtype="uint8").reshape(3, 1, 4, 4)


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def labelled(figure, label: str) -> list:
    return figure.findobj(lambda artist: artist.get_label() == label)


def saved(figure, format: str) -> bytes:
    file = BytesIO()
    figure.savefig(file, format=format)
    return file.getvalue()


def lines(series=LINES, **options):
    return plot.plot_lines(series, xlabel="layer", ylabel="signal", **options)


FIGURES = {
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
    "twelve lines": lambda: lines({f"net {i}": [i, i / 12] for i in range(12)}),
    "long names": lambda: lines({f"a line {'with a long name ' * i}": [i, 1] for i in range(5)}),
    "crowded marks": lambda: lines(marks={"a mark with a long name " * i: 4 for i in range(1, 4)}),
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
        shell.run_cell("from d2lres import plot\nplot.plot_costs(['a'], {'weights': [1]})")
    (output,) = captured.outputs
    assert set(output.data) == {"image/png", "text/plain"}
    figure = plot.plot_costs(["a"], {"weights": [1]})
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


def test_the_source_of_a_function_is_shown_as_it_is_written():
    found = plot.show_source(zoo.basic, zoo.bottleneck)
    assert repr(found).startswith("def basic(channels, in_channels, strides=1")
    assert "\n\n\ndef bottleneck(" in found.text
    assert found._repr_markdown_() == f"```python\n{found.text}```"
