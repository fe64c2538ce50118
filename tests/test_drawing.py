"""Drawings are plain shapes that say what was counted, and SVG shows them all."""

import re
from collections import Counter
from dataclasses import FrozenInstanceError
from functools import cache
from itertools import pairwise
from math import prod
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from d2lres import drawing
from d2lres.drawing import look
from d2lres.structure import Conv, MaxPool, count, summarize, zoo

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = {
    "idea": lambda: drawing.draw_idea(title="A finding & a sign"),
    "blocks": lambda: drawing.draw_blocks([zoo.basic(128, 64, 2, shortcut="A")], 64, counts=True),
    "deflections": lambda: drawing.draw_deflections({"a": (-0.3, 0.8), "b": (0, 0)}),
    "network": lambda: drawing.draw_network(zoo.architecture("resnet50")),
    "stage": lambda: drawing.draw_stage(zoo.architecture("se-resnet50"), 3),
    "parts": lambda: drawing.draw_parts([summarize("resnet34"), summarize("cifar-resnet20")]),
    "windows": lambda: drawing.draw_windows(
        [24, 9], [Conv(1, kernel=7, strides=2), MaxPool(strides=2, padding="valid")]
    ),
    "fields": lambda: drawing.draw_fields(summarize("resnet50", (3, 720, 1280))),
}
NETS = ["resnet18", "resnet50", "plain18", "cifar-resnet20", "wrn-16-8", "gluon-resnet18"]
NETS += ["se-resnet50", "resnext50-32x4d"]


@cache
def drawn(name) -> drawing.Drawing:
    return DRAWINGS[name]()


@cache
def parsed(name) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.to_svg(drawn(name)))


def written(shapes) -> list[drawing.Text]:
    """What is written, in the order of the shapes; that of a box with it."""
    found = (shape.text if isinstance(shape, drawing.Box) else shape for shape in shapes)
    return [text for text in found if isinstance(text, drawing.Text)]


def texts(shapes) -> list[str]:
    return [text.text for text in written(shapes)]


def tips(shapes) -> list[list[str]]:
    return [shape.tip.split("\n") for shape in shapes if getattr(shape, "tip", "")]


# --- letters -------------------------------------------------------------------------------------

WORDS = "3×3 conv, 512, /2|BN without γ, β|projection (1×1 conv)|global average pool|×35|F(x) + x"
WORDS += "|“same” padding: 0 left, 1 right|64×56×56|1,179,648 weights|Tall VAT To|learns F(x) − x"


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("size", [look.TEXT, look.TITLE])
def test_letters_are_as_wide_as_matplotlib_has_them(size, weight):
    font = FontProperties(family=look.FONT, size=size, weight=weight)
    for text in WORDS.split("|"):
        width = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
        assert look.text_width(text, size, weight) * look.POINT == pytest.approx(width, abs=0.05)


def test_a_letter_that_is_not_known_counts_as_an_em():
    assert look.text_width("残差", 30) == 2 * 30 / look.POINT


# --- shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_frozen_equal_to_itself_and_says_what_it_shows(name):
    one, other = drawn(name), DRAWINGS[name]()
    assert one == other and repr(one) == one.alt and len(one.alt) > 20
    assert one._repr_svg_() == drawing.to_svg(one)  # which a notebook shows
    for part in (one, *one.shapes):
        assert hash(part) == hash(part)
        with pytest.raises(FrozenInstanceError):
            part.x = 1


@pytest.mark.parametrize("name", NETS)
def test_every_layer_of_a_network_has_the_tip_that_it_was_counted_with(name):
    """Each box, sum and shortcut by its name in the accounting; equal blocks are drawn once."""
    architecture = zoo.architecture(name)
    whole = drawing.draw_network(architecture, every_layer=True, collapse=1000)
    rows = {row.name: row for row in count(architecture)}
    left = dict(rows)
    for title, *_, output, params, macs in tips(whole.shapes):
        of = [row for key, row in rows.items() if key == title or key.startswith(title + ".")]
        identity = title.endswith("shortcut") and not of
        last = rows[title.replace("shortcut", "add")] if identity else of[-1]
        shape = last.output_shape[:1] if last.op == "Dense" else last.output_shape
        assert output == "output " + "×".join(map(str, shape))
        assert params == f"{sum(row.params for row in of):,} parameters"
        assert macs == f"{sum(row.macs for row in of):,} MACs"
        for row in of:
            del left[row.name]  # each is told once
    assert not left


def test_a_box_that_stands_for_several_says_so():
    """He et al. (2015), table 1: ResNet-152 has 8 blocks in stage 2, 7 of them alike."""
    shapes = drawing.draw_network(zoo.architecture("resnet152")).shapes
    assert "stage2.block2.conv1 (one of 7 alike)" in [tip[0] for tip in tips(shapes)]


@pytest.mark.parametrize("name", NETS)
def test_the_tips_of_a_stage_are_those_of_the_network(name):
    architecture = zoo.architecture(name)
    stage = drawing.draw_stage(architecture, 2, collapse=1000)
    whole = drawing.draw_network(architecture, every_layer=True, collapse=1000)
    of_stage = {tuple(tip) for tip in tips(whole.shapes) if tip[0].startswith("stage2.")}
    costs = lambda found: Counter((tip[0], *tip[-3:]) for tip in found)  # noqa: E731
    assert costs(tips(stage.shapes)) == costs(of_stage)


def test_a_block_alone_tells_what_does_not_depend_on_the_image():
    tip = tips(drawing.draw_block(zoo.basic(128, 64, 2), 64).shapes)[0]
    weights = prod((3, 3, 64, 128))
    name, words = "block.conv1", "3×3 conv, 128, /2"
    assert tip == [name, words, "output 128 channels", f"{weights:,} parameters"]


def test_normalization_and_relu_are_drawn_on_demand():
    """ResNet-18 has 20 BN, of which 3 on projections, and a ReLU in the stem and two a block."""
    architecture = zoo.architecture("resnet18")
    some = texts(drawing.draw_network(architecture).shapes)
    every = drawing.draw_network(architecture, every_layer=True)
    assert not {"BN", "ReLU"} & set(some)
    assert Counter(texts(every.shapes))["BN"] == 20 - 3
    assert Counter(texts(every.shapes))["ReLU"] == 1 + 2 * 8
    assert "Stage 1: 2 blocks of 3×3 conv, 64; BN; ReLU; 3×3 conv, 64; BN" in every.alt


# --- SVG -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_svg_is_well_formed_and_fits_its_place(name):
    svg, one = parsed(name), drawn(name)
    assert svg.tag == f"{SVG}svg" and svg.get("aria-label") == one.alt
    size = [float(number) for number in svg.get("viewBox").split()]
    assert size == pytest.approx([0, 0, one.width, one.height], abs=0.01)
    assert [float(svg.get("width")), float(svg.get("height"))] == size[2:]
    assert "max-width: 100%" in svg.get("style")


@pytest.mark.parametrize("name", DRAWINGS)
def test_svg_has_every_word_as_text_and_every_tip_as_a_title(name):
    svg, shapes = parsed(name), drawn(name).shapes
    found = ["\n".join(span.text for span in text) for text in svg.iter(f"{SVG}text")]
    assert found == texts(shapes)
    titles = [title.text.split("\n") for title in svg.iter(f"{SVG}title")]
    assert titles == tips(shapes)


@pytest.mark.parametrize("name", DRAWINGS)
def test_text_of_svg_stays_on_the_sheet_and_in_its_box(name):
    for shape in drawn(name).shapes:
        text = getattr(shape, "text", shape if isinstance(shape, drawing.Text) else None)
        if isinstance(text, drawing.Text):
            width = look.widest([text.text], text.size, text.weight)
            left = text.x - width * {"left": 0, "center": 0.5, "right": 1}[text.ha]
            low, high = 0, drawn(name).width
            if isinstance(shape, drawing.Box):
                low, high = shape.x, shape.x + shape.width
            assert low <= left and left + width <= high, text.text


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_colors_of_paper_and_ink_are_the_pages(name):
    """A dark page sets them; what is mixed with them follows."""
    svg = drawing.to_svg(drawn(name))
    without = re.sub(r"var\(--drawing-(card|ink|soft|line|faint), #\w{6}\)", "", svg)
    assert not re.search(f"{look.CARD}|{look.INK}|{look.SOFT}|{look.FAINT}|white|black", without)
    assert "var(--drawing-ink" in svg


def test_svg_dots_the_shortcuts_that_are_not_the_identity():
    """He et al. (2015), figure 3; ResNet-50 has four projections; one line is the legend's."""
    dotted = [each for each in parsed("network").iter() if each.get("stroke-dasharray")]
    assert len(dotted) == 4 + 1


@pytest.mark.parametrize("name", DRAWINGS)
def test_lines_of_text_stand_below_one_another_around_their_point(name):
    """In the middle of the capital letters, or of lines of them."""
    wanted = written(drawn(name).shapes)
    for text, element in zip(wanted, parsed(name).iter(f"{SVG}text"), strict=True):
        feet, size = [float(span.get("y")) for span in element], float(element.get("font-size"))
        assert all(size < below - above < 1.5 * size for above, below in pairwise(feet))
        if text.va == "center":
            assert abs((feet[0] + feet[-1]) / 2 - 0.3 * size - text.y) < 0.1 * size


def test_the_picture_on_the_first_page_is_drawn_by_the_package():
    """Write it anew with: python -c "from d2lres.drawing import *; print(to_svg(draw_idea()))"."""
    shown = (Path(__file__).parents[1] / "assets" / "idea.svg").read_text(encoding="utf-8")
    assert shown == drawing.to_svg(drawing.draw_idea()) + "\n"
