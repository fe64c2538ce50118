"""Each drawing shows what its data says, for every architecture, and no text over another."""

import doctest
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from d2lres import drawing
from d2lres.drawing import look
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
BENT = {"nothing": (0, 0), "a little": (-0.3, 0.8), "much": (-2.5, 1.5)}


def written(picture) -> list[drawing.Text]:
    """What is written, in the order of the shapes; that of a box with it."""
    found = (shape.text if isinstance(shape, drawing.Box) else shape for shape in picture.shapes)
    return [text for text in found if isinstance(text, drawing.Text)]


def texts(picture) -> list[str]:
    return [text.text for text in written(picture)]


def labelled(picture, label: str) -> list:
    return [shape for shape in picture.shapes if getattr(shape, "label", "") == label]


def drawn(picture) -> Counter:
    """How many shortcuts of each kind there are, by the label of the line: "identity ×5" are 5."""
    found = Counter()
    for shape in picture.shapes:
        kind, sign, times = getattr(shape, "label", "").partition(" ×")
        if sign:
            found[kind] += int(times)
    return found


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


def by(shape) -> str:
    return "×".join(map(str, shape))


DRAWINGS = {
    "idea": lambda: drawing.draw_idea(title="A finding"),
    "deflections": lambda: drawing.draw_deflections(BENT, title="A finding"),
    "blocks": lambda: drawing.draw_blocks([zoo.basic(64, 64, 1), zoo.basic(128, 64, 2)], 64),
    "long titles": lambda: drawing.draw_blocks(
        [zoo.bottleneck(512, 1024, 2)] * 2, 1024, titles=["A long name of a block"] * 2, counts=True
    ),
    "network": lambda: drawing.draw_network(RESNET),
    "stage": lambda: drawing.draw_stage(zoo.architecture("se-resnet50"), 3, title="A finding"),
    "stages": lambda: drawing.draw_parts([summarize("resnet34"), summarize("cifar-resnet20")]),
    "windows": lambda: drawing.draw_windows(
        [24, 9], [Conv(1, kernel=7, strides=2), MaxPool(strides=2, padding="valid")]
    ),
    "fields": lambda: drawing.draw_fields(summarize("resnet50", (3, 720, 1280)), title="A finding"),
    "shortcuts": lambda: drawing.draw_blocks(
        [zoo.basic(128, 64, 2, shortcut=s) for s in "ABC"], 64
    ),
    "versions": lambda: drawing.draw_blocks(
        [zoo.bottleneck(128, 256, 2, version=v) for v in ("v1", "v1.5", "v2")],
        256,
        titles=["v1", "v1.5", "v2"],
        counts=True,
    ),
    "gate and groups": lambda: drawing.draw_blocks(
        [zoo.architecture(n).stages[0][1] for n in ("se-resnet50", "resnext50-32x4d")], 256
    ),
    "plain stage": lambda: drawing.draw_stage(zoo.architecture("plain34"), 2),
    "stage in lines": lambda: drawing.draw_stage(zoo.architecture("resnet34"), 3, collapse=1000),
    "gated network": lambda: drawing.draw_network(zoo.architecture("se-resnet50")),
    "four nets": lambda: drawing.draw_parts(
        [summarize("resnet50", version=v) for v in ("v1", "v1.5", "v2")] + [summarize("plain18")]
    ),
    "far": lambda: drawing.draw_deflections({"far": (50, 90), "back": (-3, 0)}),
    "downwards": lambda: drawing.draw_deflections({"down": (0.5, -1), "ahead": (1, 0)}, (2, 1)),
    "tall fields": lambda: drawing.draw_fields(summarize("cifar-resnet110", (3, 300, 30))),
}

WRONG = {
    "no block": lambda: drawing.draw_blocks([], 64),
    "a block without layers": lambda: drawing.draw_blocks([()], 64),
    "a name for a block": lambda: drawing.draw_block("basic", 64),
    "too few titles": lambda: drawing.draw_blocks([zoo.basic(64, 64, 1)] * 2, 64, titles=["one"]),
    "channels that do not fit": lambda: drawing.draw_block(zoo.basic(64, 64, 1), 32),
    "a name for a network": lambda: drawing.draw_network("resnet18"),
    "no column": lambda: drawing.draw_network(RESNET, columns=0),
    "collapse nothing": lambda: drawing.draw_network(RESNET, collapse=1),
    "a small image": lambda: drawing.draw_network(RESNET, (3, 0, 1)),
    "a name for a stage's network": lambda: drawing.draw_stage("resnet18", 1),
    "stage 0": lambda: drawing.draw_stage(RESNET, 0),
    "stage 5 of 4": lambda: drawing.draw_stage(RESNET, 5),
    "a stage by name": lambda: drawing.draw_stage(RESNET, "stage1"),
    "collapse no block": lambda: drawing.draw_stage(RESNET, 1, collapse=1),
    "a small stage": lambda: drawing.draw_stage(RESNET, 1, (3, 0, 1)),
    "no summary": lambda: drawing.draw_parts([]),
    "five summaries": lambda: drawing.draw_parts([summarize("plain18")] * 5),
    "an architecture for a summary": lambda: drawing.draw_parts([RESNET]),
    "a number for summaries": lambda: drawing.draw_parts(3),
    "a name for a summary": lambda: drawing.draw_parts("resnet18"),
    "no layer": lambda: drawing.draw_windows(8, []),
    "a layer without windows": lambda: drawing.draw_windows(8, [ReLU()]),
    "no pixel": lambda: drawing.draw_windows(0, [Conv(1)]),
    "too many pixels": lambda: drawing.draw_windows(25, [Conv(1)]),
    "half a pixel": lambda: drawing.draw_windows(7.5, [Conv(1)]),
    "too much padding": lambda: drawing.draw_windows(24, [Conv(1, padding=5)]),
    "too few sizes": lambda: drawing.draw_windows([8], [Conv(1)] * 2),
    "too many titles": lambda: drawing.draw_windows(8, [Conv(1)], titles=["a", "b"]),
    "a window that does not fit": lambda: drawing.draw_windows(2, [Conv(1, padding="valid")]),
    "an architecture for its fields": lambda: drawing.draw_fields(RESNET),
}


@cache
def picture_of(name):
    return DRAWINGS[name]()


# --- every drawing -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_says_what_it_shows_on_a_page_that_it_fits(name):
    picture = picture_of(name)
    assert len(picture.alt) > 20 and "\n" not in picture.alt
    assert picture.width <= 760
    assert all(text.size / look.POINT >= 12 for text in written(picture))


def extent(text) -> tuple:
    """Left, top, right and bottom of some lines of text: of the letters, without what is below."""
    size, lines = text.size / look.POINT, text.text.count("\n") + 1
    width, height = look.widest([text.text], text.size, text.weight), size * lines
    left = text.x - width * {"left": 0, "center": 0.5, "right": 1}[text.ha]
    top = text.y - height * {"top": 0, "center": 0.5}[text.va]
    return left, top, left + width, top + height


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_is_cut_off_or_written_over_another(name):
    picture, extents = picture_of(name), []
    for box in map(extent, written(picture)):
        assert min(box) >= 0 and box[2] <= picture.width and box[3] <= picture.height
        for other in extents:
            width = min(box[2], other[2]) - max(box[0], other[0])
            height = min(box[3], other[3]) - max(box[1], other[1])
            assert width <= 1 or height <= 3, (box, other)
        extents.append(box)


def test_a_notebook_shows_a_drawing_once_with_its_words():
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    data, _ = shell.display_formatter.format(drawing.draw_idea())
    assert data == {
        "image/svg+xml": drawing.to_svg(drawing.draw_idea()),
        "text/plain": drawing.draw_idea().alt,
    }


def test_a_drawing_is_saved_as_svg(tmp_path):
    picture_of("idea").save(tmp_path / "new" / "idea.svg")
    saved = (tmp_path / "new" / "idea.svg").read_text(encoding="utf-8")
    assert saved == drawing.to_svg(picture_of("idea"))


def test_the_examples_in_the_docstrings_hold():
    for name in drawing.__all__:
        finder = doctest.DocTestFinder(recurse=False)
        for example in finder.find(getattr(drawing, name), name, globs=vars(drawing)):
            assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize("request_", WRONG)
def test_a_wrong_request_says_what_was_expected(request_):
    with pytest.raises(ConfigError, match="expected|Valid"):
        WRONG[request_]()


# --- blocks --------------------------------------------------------------------------------------


def test_a_block_shows_every_layer_in_order_and_its_shortcut():
    picture = drawing.draw_block(zoo.basic(128, 64, 2), 64)
    assert texts(picture) == [
        "x: 64 channels",
        *("3×3 conv, 128, /2", "BN", "ReLU", "3×3 conv, 128", "BN"),
        "1×1 conv, 128, /2\nBN",
        "ReLU",
        "128 channels",
    ]
    assert drawn(picture) == {"projection": 1}
    assert "x\n(identity)" in texts(drawing.draw_block(zoo.basic(64, 64, 1), 64))


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_the_blocks_of_every_kind_can_be_drawn(kind):
    """Their weights are their parameters without biases and normalization."""
    architecture = made(*kind)
    firsts = [stage[0] for stage in architecture.stages]
    channels = [entering(architecture, i)[0] for i in range(1, len(firsts) + 1)]
    picture = drawing.draw_blocks(firsts, channels, counts=True)
    shown = texts(picture)
    assert drawn(picture) == shortcuts(firsts)
    for block, entry, width in zip(firsts, channels, architecture.widths, strict=True):
        rows = count_layers([transform(block, unbiased)], (entry, 8, 8))
        weights = sum(row.params for row in rows if row.op == "Conv")
        weights += sum(row.params - row.output_shape[0] for row in rows if row.op == "Dense")
        assert {f"{weights:,} weights", f"{width} channels"} <= set(shown)


def unbiased(layer):
    return replace(layer, use_bias=False) if isinstance(layer, Conv) else layer


def test_what_both_paths_share_stands_above_the_fork():
    """He et al. (2016), picture 4 (e): v2 normalizes before the paths part where it projects."""
    picture = drawing.draw_block(zoo.basic(128, 64, 2, version="v2"), 64)
    assert texts(picture) == [
        "x: 64 channels",
        *("BN", "ReLU", "3×3 conv, 128, /2", "BN", "ReLU", "3×3 conv, 128"),
        "1×1 conv, 128, /2",
        "128 channels",
    ]
    heights = [text.y for text in written(picture)]
    (shortcut,) = labelled(picture, "projection ×1")
    assert heights[2] < shortcut.points[0][1] < heights[3]
    assert "Before the paths part: BN; ReLU. Branch: 3×3 conv" in picture.alt


def test_shortcut_a_is_in_words_and_dotted():
    """He et al. (2015), section 3.3, option A, and picture 3: dotted where the shape changes."""
    picture = drawing.draw_blocks(
        [zoo.basic(128, 64, 2, shortcut="A"), zoo.basic(64, 64, shortcut="A")], 64
    )
    assert {"every 2nd pixel\n+64 zero channels", "x\n(identity)"} <= set(texts(picture))
    assert drawn(picture) == {"padding": 1, "identity": 1}
    (padding,), (identity,) = labelled(picture, "padding ×1"), labelled(picture, "identity ×1")
    assert (padding.dotted, identity.dotted) == (True, False)


def test_a_gate_multiplies_what_goes_past_it():
    """Hu et al. (2018), section 3.3: 256 channels, squeezed to 16."""
    picture = drawing.draw_block(zoo.architecture("se-resnet50").stages[0][1], 256, counts=True)
    (gate,) = [text for text in texts(picture) if text.startswith("gate")]
    assert gate.split() == [
        *("gate:", "pool,", "dense", "16,", "ReLU,", "dense", "256,", "sigmoid"),
        *(f"{2 * 16 * 256:,}", "weights"),
    ]
    assert len(labelled(picture, "scale")) == 1


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
    picture = drawing.draw_blocks([(layer,) for layer in layers.values()], 32)
    assert [text for text in texts(picture) if "channels" not in text or "+" in text] == list(
        layers
    )


def test_many_blocks_take_several_lines():
    picture = drawing.draw_blocks([zoo.basic(64, 64)] * 7, 64)
    assert picture.width <= 760 and drawn(picture) == {"identity": 7}


def test_counts_are_the_weights_of_the_convolutions():
    """Section 2 of the founding comparison: 2 x 3 x 3 x 256 x 256, and 1x1, 3x3, 1x1 with 64."""
    pair = [zoo.basic(256, 256, 1), zoo.bottleneck(64, 256, 1)]
    picture = drawing.draw_blocks(pair, 256, titles=["Basic", "Bottleneck"], counts=True)
    assert {"1,179,648 weights", "69,632 weights"} <= set(texts(picture))
    assert texts(picture).count("3×3 conv, 256\n589,824 weights") == 2
    assert "3×3 conv, 64\n36,864 weights" in texts(picture)


def test_the_projection_is_counted_too():
    picture = drawing.draw_block(zoo.basic(128, 64, 2), 64, counts=True)
    assert "1×1 conv, 128, /2\n8,192 weights\nBN" in texts(picture)
    assert f"{9 * 64 * 128 + 9 * 128 * 128 + 64 * 128:,} weights" in texts(picture)


def test_a_plain_block_is_the_same_without_the_shortcut():
    block = zoo.basic(64, 64, 1)
    picture = drawing.draw_blocks([(*block.branch, *block.after), block], 64, titles=["a", "b"])
    assert texts(picture).count("ReLU") == 4
    assert drawn(picture) == {"identity": 1}
    assert picture.alt.startswith("a. x: 64 channels. Layers: 3×3 conv, 64; BN; ReLU;")


def test_a_plain_block_of_the_zoo_is_its_layers():
    plain, residual = (zoo.basic(128, 64, 2, shortcut=letter) for letter in ("none", "B"))
    picture = drawing.draw_blocks([plain, residual], 64, titles=["plain", "residual"])
    assert isinstance(plain, Plain) and drawn(picture) == {"projection": 1}
    relus = [text.y for text in written(picture) if text.text == "ReLU"]
    assert relus[:2] == relus[2:]  # side by side
    assert drawn(drawing.draw_block(plain, 64)) == {}


def test_the_idea_has_the_wanted_mapping_before_the_last_relu_of_both_blocks():
    picture = drawing.draw_idea()
    assert texts(picture).count("ReLU(H(x))") == 2 and "x\n(identity)" in texts(picture)
    down = {text.text: text.y for text in written(picture)}  # the lowest of each
    assert down["H(x)"] == down["F(x)"] < down["F(x) + x\n= H(x)"] < down["ReLU"]
    assert down["ReLU"] < down["ReLU(H(x))"]
    assert drawn(picture) == {"identity": 1}


# --- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, ("cifar-resnet1202", "v1", "C")], ids=str)
def test_a_network_shows_the_shapes_and_shortcuts_of_its_data(kind):
    architecture = made(*kind)
    picture = drawing.draw_network(architecture)
    shown, found = set(texts(picture)), drawn(picture)
    for row in summarize(architecture).parts():
        assert by(row.output_shape) in shown
    for i, depth in enumerate(architecture.depths, 1):
        assert f"stage {i}\n{depth} block{'s' * (depth > 1)}" in shown
    assert found == shortcuts(block for stage in architecture.stages for block in stage)
    assert ("dotted: projection (1×1 conv)" in shown) == (found["projection"] > 0)
    assert ("dotted: zero channels added" in shown) == (found["padding"] > 0)


def test_a_plain_network_has_no_shortcut_and_says_how_often_a_block_follows_itself():
    """He et al. (2015), picture 3, middle: 3-4-6-3 pairs; the first of a stage has a stride."""
    picture = drawing.draw_network(zoo.architecture("plain34"))
    shown = texts(picture)
    assert drawn(picture) == {} and [t for t in shown if t[0] == "×"] == ["×3", "×3", "×5"]
    assert shown.count("3×3 conv, 64") == 2 and shown.count("3×3 conv, 512") == 5
    assert "(shortcuts: none)" in picture.alt


def test_a_gate_is_one_box_of_a_network():
    shown = texts(drawing.draw_network(zoo.architecture("se-resnet50")))
    assert shown.count("scale by gate (16, 256)") == 3


@pytest.mark.parametrize("columns", range(1, 7))
def test_every_layer_is_picturein_any_number_of_columns(columns):
    """The 17 convolutions and the dense layer of the 18; the 3 projections have no box."""
    shown = texts(drawing.draw_network(RESNET, columns=columns))
    assert sum("conv, " in text for text in shown) == 17
    assert shown.count("dense, 1000") == 1


def test_resnet18_has_three_projections_and_resnet50_has_four():
    """He et al. (2015), section 3.3: where the shape changes; in ResNet-50 in stage 1 as well."""
    for name, number in (("resnet18", 3), ("resnet50", 4)):
        assert drawn(drawing.draw_network(zoo.architecture(name)))["projection"] == number


def test_with_shortcut_c_every_block_projects():
    """He et al. (2015), section 3.3, option C; ResNet-34 has 3 + 4 + 6 + 3 blocks."""
    picture = drawing.draw_network(zoo.architecture("resnet34", shortcut="C"))
    assert drawn(picture) == {"projection": 16}
    assert {"×3", "×5"} <= set(texts(picture))  # some are drawn once


def test_blocks_with_other_inputs_are_not_equal():
    """With shortcut C the blocks of stage 1 are equal as data; the first has 64 channels in."""
    architecture = zoo.architecture("resnet50", shortcut="C")
    assert len(set(architecture.stages[0])) == 1
    picture = drawing.draw_stage(architecture, 1, collapse=2)
    assert {"block 1", "blocks 2 to 3 (×2)"} <= set(texts(picture))
    assert "×3" not in texts(
        drawing.draw_network(replace(architecture, stages=architecture.stages[:1]))
    )


def test_a_network_follows_its_input():
    picture = drawing.draw_network(zoo.architecture("resnet18", classes=10), (1, 96, 96))
    assert {"input 1×96×96", "64×24×24", "512×3×3", "10"} <= set(texts(picture))


def test_equal_blocks_are_pictureonce_with_their_number():
    """ResNet-152 has 3-8-36-3 blocks, the first of each stage another than the rest (table 1)."""
    shown = texts(drawing.draw_network(zoo.architecture("resnet152")))
    assert {"×7", "×35"} <= set(shown) and "×2" not in shown
    assert "×2" in texts(drawing.draw_network(zoo.architecture("resnet152"), collapse=2))
    assert "stage 3\n36 blocks" in shown


# --- stages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_a_stage_shows_every_layer_and_shape_of_its_data(kind):
    architecture = made(*kind)
    for number in (1, 2):
        stage = architecture.stages[number - 1]
        picture = drawing.draw_stage(architecture, number, collapse=1000)
        shown, entry = texts(picture), entering(architecture, number)
        rows = [r for r in count(architecture) if r.name.startswith(f"stage{number}.")]
        lasts = {row.name.split(".")[1]: row.output_shape for row in rows}
        shapes = [by(entry), *map(by, lasts.values())]
        assert [text for text in shown if text.count("×") == 2] == shapes
        assert drawn(picture) == shortcuts(stage)
        assert len(labelled(picture, "scale")) == sum(row.op == "Scale" for row in rows)
        assert sum(" conv," in text for text in shown) == sum(row.op == "Conv" for row in rows)
        boxed = [row for row in rows if not {"shortcut", "gate"} & set(row.name.split("."))]
        for op in ("BN", "ReLU"):
            assert shown.count(op) == sum(row.op == op for row in boxed)


def test_equal_blocks_of_a_stage_are_pictureonce():
    """ResNet-101 has 23 blocks in stage 3, of which the first projects (table 1)."""
    picture = drawing.draw_stage(zoo.architecture("resnet101"), 3)
    assert {"block 1", "blocks 2 to 23 (×22)"} <= set(texts(picture))
    assert drawn(picture) == {"projection": 1, "identity": 22}
    assert "1024×14×14" in texts(picture)


def test_a_stage_follows_its_input():
    picture = drawing.draw_stage(RESNET, 2, (1, 96, 96))
    assert {"64×24×24", "128×12×12"} <= set(texts(picture))


# --- costs of parts ------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["resnet18"], ["resnet34", "resnet50", "cifar-resnet20"]])
def test_bars_are_as_long_as_the_parts_cost(names):
    summaries = [summarize(name) for name in names]
    picture = drawing.draw_parts(summaries)
    for quantity in ("params", "macs"):
        parts = ["stem", "stage1", "stage2", "stage3", "stage4", "head"]
        rows = [{row.name: row for row in s.parts()} for s in summaries]
        costs = [getattr(row[part], quantity) for part in parts for row in rows if part in row]
        bars = [bar.width for bar in labelled(picture, quantity)]
        assert [b / max(bars) for b in bars] == pytest.approx([c / max(costs) for c in costs])


def test_bars_have_their_numbers_with_three_digits():
    """ResNet-50 has 25,557,032 parameters and 3,857,973,248 MACs, of which the stem 9,536."""
    picture = drawing.draw_parts([summarize("resnet50")])
    shown = set(texts(picture))
    assert {"resnet50: 25.6 M parameters, 3.86 G MACs", "9.54 k", "15.0 M", "1.39 G"} <= shown
    assert {"parameters", "MACs per image", "k = thousand, M = million, G = billion"} <= shown
    assert "stem 9.54 k, stage 1 216 k" in picture.alt


def test_a_number_takes_the_unit_that_fits():
    numbers = {999: "999", 1000: "1.00 k", 9_994: "9.99 k", 99_960: "100 k", 999_499: "999 k"}
    numbers |= {999_500: "1.00 M", 11_689_512: "11.7 M", 1_814_073_344: "1.81 G", 0: "0"}
    assert {n: short(n) for n in numbers} == numbers


def test_nets_are_named_so_that_they_can_be_told_apart():
    versions = drawing.draw_parts(
        contrast(["resnet50", zoo.architecture("resnet50", version="v2")])
    )
    assert any("resnet50 (v2, shortcut B): " in text for text in texts(versions))
    sizes = drawing.draw_parts([summarize("resnet18"), summarize("resnet18", (1, 96, 96))])
    assert any("on 1x96x96: " in text for text in texts(sizes))


# --- windows -------------------------------------------------------------------------------------


def lines_of(picture, cell_labels=("pixel", "padding", "window")):
    """Cells, padding and windows of a picture with one line, as numbers of pixels."""
    cells = {label: labelled(picture, label) for label in cell_labels}
    first, side = cells["pixel"][0].x, cells["pixel"][0].width
    place = lambda shape: round((shape.x - first) / side + 1)  # noqa: E731
    # the padding of the legend is smaller
    padding = [place(each) for each in cells["padding"] if each.width == side]
    windows = [(place(each), round(each.width / side)) for each in cells["window"]]
    return [place(each) for each in cells["pixel"]], padding, windows


@pytest.mark.parametrize("padding", [None, "same", "valid", (0, 0, 2, 1)], ids=str)
@pytest.mark.parametrize(
    "size, kernel, strides", [(8, 3, 2), (9, 3, 2), (7, 2, 2), (24, 7, 2), (10, 1, 3)]
)
def test_windows_are_where_the_layer_puts_them(size, kernel, strides, padding):
    layer = Conv(1, kernel=kernel, strides=strides, padding=padding)
    picture = drawing.draw_windows(size, [layer])
    pixels, padded, windows = lines_of(picture)
    (row,) = count_layers([layer], (1, size + 9, size))  # tall: only the width matters
    assert pixels == list(range(1, size + 1)) and len(windows) == row.output_shape[2]
    assert [b[0] - a[0] for a, b in pairwise(windows)] == [strides] * (len(windows) - 1)
    assert {wide for _, wide in windows} == {kernel}
    every = sorted([*pixels, *padded])
    assert every == list(range(every[0], every[0] + len(every))) and windows[0][0] == every[0]
    assert windows[-1][0] + kernel - 1 <= every[-1] < windows[-1][0] + kernel - 1 + strides
    used = {first + i for first, _ in windows for i in range(kernel)}
    unused = [str(pixel) for pixel in pixels if pixel not in used]
    assert ("no window uses " + ", ".join(unused) in picture.alt) == bool(unused)
    number = len(windows)
    assert f"{number} window{'s' * (number > 1)}" in texts(picture)


def test_same_and_symmetric_padding_part_on_even_sizes():
    """Kernel 3, stride 2: on 8 pixels SAME pads (0, 1), on 9 it pads (1, 1) as symmetric does."""
    same, symmetric = Conv(1, strides=2, padding="same"), Conv(1, strides=2)
    middles = {}
    for name, layer in {"same": same, "symmetric": symmetric}.items():
        for size in (8, 9):
            _, padding, windows = lines_of(drawing.draw_windows(size, [layer]))
            middles[name, size] = padding, [first + 1 for first, _ in windows]
    assert middles["same", 8] == ([9], [2, 4, 6, 8])
    assert middles["symmetric", 8] == ([0, 9], [1, 3, 5, 7])
    assert middles["same", 9] == middles["symmetric", 9] == ([0, 10], [1, 3, 5, 7, 9])


def test_several_lines_have_their_own_sizes_and_titles():
    picture = drawing.draw_windows(
        [8, 9], [MaxPool()] * 2, titles=["even", "odd"], title="A finding"
    )
    assert {"A finding", "even", "odd", "4 windows", "5 windows"} <= set(texts(picture))
    assert len(labelled(picture, "pixel")) == 17


# --- receptive fields ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, shape", [("resnet18", (3, 224, 224)), ("resnet50", (3, 720, 1280)), ("wrn-16-8", None)]
)
def test_fields_are_to_scale_and_centred(name, shape):
    summary = summarize(name, shape)
    picture = drawing.draw_fields(summary)
    fields = {row.name.replace("stage", "stage "): row.receptive_field for row in summary.parts()}
    assert fields.pop("head") is None
    _, height, width = summary.input_shape
    sizes = sorted([(side, side) for side in fields.values()] + [(width, height)])
    found = sorted((f.width, f.height) for f in labelled(picture, "field"))
    scale = found[-1][0] / sizes[-1][0]
    assert found == [pytest.approx((scale * w, scale * h)) for w, h in sizes]
    middles = [(f.x + f.width / 2, f.y + f.height / 2) for f in labelled(picture, "field")]
    assert middles == [pytest.approx(middles[0])] * len(middles)
    named = {f"{part}: {side}" for part, side in fields.items()}
    assert {*named, f"image: {height}×{width}"} <= set(texts(picture))


def test_the_alt_text_says_which_fields_pass_the_border():
    alt = drawing.draw_fields(summarize("resnet18")).alt
    assert "stage 3 211×211 pixels; stage 4 435×435 pixels, more than the image." in alt
    tall = drawing.draw_fields(summarize("resnet18", (3, 500, 100))).alt
    assert "stage 2 99×99 pixels; stage 3 211×211 pixels, wider than the image;" in tall


@pytest.mark.parametrize(
    "name, side", [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)]
)
def test_the_last_field_is_the_published_one(name, side):
    """The table of google-research/receptive_field, Araujo et al. (2019)."""
    assert f"stage 4: {side}" in texts(drawing.draw_fields(summarize(name)))


# --- x, deflected --------------------------------------------------------------------------------


def test_deflections_are_the_sums_that_their_arrows_make():
    """Of (3, 0) and (-0.3, 0.8): F(x) and y end in one point, and the angle is atan(0.8 / 2.7)."""
    picture = drawing.draw_deflections(BENT)
    arrows = [shape for shape in picture.shapes if isinstance(shape, drawing.Vector)][:4]
    zero, x, f, y = [(arrow.start, arrow.end) for arrow in arrows]
    assert x[0] == y[0] and x[1] == f[0] and f[1] == y[1]
    scale = (x[1][0] - x[0][0]) / 3
    assert f[1][0] - f[0][0] == pytest.approx(-0.3 * scale)
    assert f[0][1] - f[1][1] == pytest.approx(0.8 * scale)  # upwards on the page
    assert zero[1][0] - zero[0][0] == pytest.approx(3 * scale)
    assert "a little: F(x) is put to the tip" in picture.alt and "turned by 17°" in picture.alt
    assert "nothing: y is x." in picture.alt
    assert drawing.draw_deflections({"back": (-3, 0)}).alt.endswith("to the origin, and y is 0.")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (({"a": (1, 2, 3)},), r"\(1, 2, 3\); expected two numbers"),
        (({"a": (1, 2)}, (0, 0)), "x that is not zero"),
        (({},), "one to three residuals"),
    ],
)
def test_deflections_that_cannot_be_pictureare_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        drawing.draw_deflections(*arguments)


def test_a_block_that_cannot_be_added_is_a_shape_error():
    with pytest.raises(ShapeError):
        drawing.draw_block(zoo.basic(64, 64, 1), 32)
