"""The trained networks in a browser: what they answer is what the chapters and Gluon found."""

import json
import re
import sys
from math import sqrt
from pathlib import Path

import numpy
import pytest
from in_browser import ONE_PROCESS, browse, expect, hold, let_go
from PIL import Image

import d2lres
from d2lres import data
from d2lres.runs import trained_net

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))
nets = pytest.importorskip("browser.nets", reason="no Sphinx")

PAGE = "chapters/trained-networks.html"
LONG = 60_000  # milliseconds, on a machine with other work
TITLES = list(nets.NETS)
OPTIONS = ONE_PROCESS


@pytest.fixture(scope="module")
def page(browser, folder, visit):
    """The page from a folder, with the networks there."""
    page = browse.watched(browser, folder, visit)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(folder + PAGE)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "packs" in url]  # before it is asked for
    page.get_by_role("button", name="Load the networks").click()
    expect(place(page, "counted")).to_contain_text("all blocks", timeout=LONG)
    yield page
    page.close()


def place(page, name: str):
    return page.locator(f"[data-place={name}]")


def status(page):
    """Where the page says what the reader did; what the networks answer stands in `answer`."""
    return page.locator("#net > .status")


def choose(page, number: int) -> None:
    """Go to an image of the sample, and wait for the answers to it."""
    page.get_by_label("Number in the sample").fill(str(number))
    page.keyboard.press("Enter")
    asked = re.compile(rf"^Image {number} of the sample: \w+, all blocks\. {TITLES[0]}: ")
    expect(place(page, "answer")).to_have_text(asked)


def table(page) -> list[list[float]]:
    """The percentages: a row for each class, a column for each network."""
    rows = place(page, "probabilities").locator("tr").all()
    return [[float(c.rstrip(" %")) for c in row.locator("td").all_text_contents()] for row in rows]


def counted(page, words: str) -> dict[str, int]:
    """How many images each network has right, once that is counted."""
    expect(place(page, "counted")).to_contain_text(words, timeout=LONG)
    said = place(page, "counted").inner_text()
    return {t: int(n) for t in TITLES for n in re.findall(rf"\b{re.escape(t)}: (\d+): ", said)}


def stored(chapter: str, cell: str) -> str:
    """What a cell of a chapter has printed."""
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    (found,) = (each for each in notebook["cells"] if each["id"] == cell)
    return "".join("".join(output.get("text", "")) for output in found["outputs"])


PAIR = stored("near-the-identity", "pair-without-one")
#: How many images ResNet-20 has right, and of how many.
RIGHT, ASKED = map(
    int, re.search(r"(\d+) of (\d+) are right: ", stored("reading", "12-b27e06df")).groups()
)


# --- the numbers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scores():
    """The probabilities of ten images by Gluon: (2 nets, 10 images, 10 classes)."""
    from d2lres.data import BatchIterator
    from d2lres.live import npx

    sample, found = data.load("cifar-10", data="sample"), []
    for run in map(d2lres.recorded, nets.NETS.values()):
        net, options = trained_net(run), {"resize": run.recipe.resize}
        X, _ = next(iter(BatchIterator(sample, "test", 10, normalize=run.normalization, **options)))
        found.append(npx.softmax(net(X)).asnumpy())
    return numpy.array(found)


def test_ten_images_get_the_probabilities_that_gluon_gives_them(page, scores):
    for number in range(10):
        choose(page, number)
        expected = 100 * scores[:, number].T
        assert numpy.allclose(table(page), expected, atol=0.051)
        assert place(page, "probabilities").locator("[data-best]").count() == len(TITLES)
        words = f"{TITLES[0]}: {data.SETS['cifar-10'].classes[expected[:, 0].argmax()]}"
        assert words in place(page, "answer").inner_text()


def test_what_is_right_is_what_the_chapters_count(page):
    """With all blocks; and the errors beside them are those of a share of so many."""
    found = counted(page, "all blocks")
    assert (found["ResNet-20"], 500) == (RIGHT, ASKED)
    share = RIGHT / ASKED
    error = sqrt(share * (1 - share) / ASKED)
    first = place(page, "counts").locator("tr").first.inner_text()
    assert f"{RIGHT}: {100 * share:.1f} ± {100 * error:.1f} %" in first
    assert f"{100 * d2lres.recorded('cifar10-fast-0').record['final']['test_acc']:.1f} %" in first
    pair = re.findall(r"^(plain|resnet)20 +([\d.]+)", PAIR, re.MULTILINE)
    assert {f"{kind}-20": round(500 * float(share)) for kind, share in pair} == {
        title.lower(): n for title, n in found.items()
    }


def test_without_a_block_it_is_what_the_chapters_count(page):
    """The fifth of the blocks that keep the shape."""
    place_of = 4
    names = [f"stage {i} block {j}" for i in (1, 2, 3) for j in (1, 2, 3) if i == 1 or j > 1]
    name = names[place_of]
    box = page.locator(f"[name='{name.replace('stage ', 'stage').replace(' block ', '.block')}']")
    box.uncheck()
    found = counted(page, f"Counted, without {name}.")
    alone = re.findall(r"branch/shortcut [\d.]+, ([\d.]+)", stored("reading", "95-5336b7fa"))
    assert found["ResNet-20"] == round(500 * float(alone[place_of]))
    for title in TITLES:
        (line,) = re.findall(rf"{title.replace('-', '').lower()} .*", PAIR)
        assert found[title] == round(500 * float(line.split()[2:][place_of]))
    box.check()


def test_a_plain_network_keeps_the_block_that_changes_the_shape(page):
    page.locator("[name='stage2.block1']").uncheck()
    text = f"{TITLES[1]} cannot go without stage 2 block 1"
    expect(place(page, "answer")).to_contain_text(text)
    rows = place(page, "counts").locator("tr")
    expect(rows.last).to_contain_text("not possible")
    expect(rows.first).to_contain_text("seen …")
    page.get_by_role("button", name="All blocks").click()  # what is being counted is given up
    whole, chosen, _ = rows.first.locator("td").all_text_contents()
    assert whole == chosen and whole.startswith(f"{RIGHT}: ")


def test_the_maps_have_the_shapes_and_zeros_of_the_chapter(page):
    """Those of image 7, which the chapter looks at."""
    choose(page, 7)
    lines = re.findall(r"stage\d +\((\d+), (\d+), \d+\).* (\d+)% of them 0", stored(
        "reading", "18-d11c9bd5"
    ))  # fmt: skip
    expect(place(page, "maps")).to_contain_text(f"{lines[0][2]} % of the values 0")
    captions = place(page, "maps").locator("figcaption").all_text_contents()
    assert captions == [
        f"After stage {i}: {count} maps of {side}×{side}, {zeros} % of the values 0"
        for i, (count, side, zeros) in enumerate(lines, 1)
    ]
    page.get_by_label("Maps between").select_option("plain-20")
    expect(place(page, "maps")).not_to_contain_text(captions[0])
    expect(place(page, "maps")).to_contain_text("64 maps of 8×8")
    page.get_by_label("Maps between").select_option("ResNet-20")


def test_the_pages_claims_hold():
    """What it says of sizes, trainings and errors."""
    text = " ".join((ROOT / "chapters" / "trained-networks.md").read_text(encoding="utf-8").split())
    assert f"{100 * sqrt(0.9 * 0.1 / 500):.1f} points near 0.9" in text
    assert f"{100 * sqrt(0.5 * 0.5 / 500):.1f} near 0.5" in text
    packs = (browse.HTML / "_static" / "packs").iterdir()
    own = [pack for pack in packs if not pack.name.startswith(("pyodide", "python", "d2lres"))]
    size = sum(file.stat().st_size for pack in own for file in pack.iterdir())
    assert f"Together they are {size / 1e6:.0f} MB" in text
    recipes, images = [], set()
    for run in map(d2lres.recorded, nets.NETS.values()):
        assert f"for {run.recipe.num_epochs} epochs" in text and run.recipe.images is None
        assert sum(map(sum, run.record["final"]["confusion"])) == 10_000
        assert run.record["settings"]["seed"] == 0 and run.record["settings"]["data"] == "full"
        own = {"name": "", "source": "", "test_every": 1}
        recipes.append({**run.recipe.to_dict(), **own})
        images.add(run.record["data"]["sha256"])
    residual, plain = recipes
    assert len(images) == 1
    assert residual.pop("architecture") == plain.pop("architecture").replace("plain", "resnet")
    assert residual == plain
    shares = re.findall(r"20 +[\d.]+ +(.*)", PAIR)
    plain, (first, *others) = (list(map(float, each.split())) for each in shares)
    assert first < min(others) and min(others) > 0.5 and max(plain) < 0.2


# --- an image of one's own -----------------------------------------------------------------------


def test_a_picture_is_cut_made_small_and_seen(page, tmp_path):
    """A stored image, enlarged to squares and put between two bars, is that image again."""
    choose(page, 7)
    before = table(page)
    small = data.load("cifar-10", data="sample").test_images[7].transpose(1, 2, 0)
    wide = Image.new("RGB", (640, 320))
    wide.paste(Image.fromarray(small).resize((320, 320), Image.Resampling.NEAREST), (160, 0))
    wide.save(tmp_path / "ship.png")
    page.get_by_label("A picture of your own").set_input_files(tmp_path / "ship.png")
    name = "ship.png, 640×320 pixels, cut to its middle square and made 32×32 pixels"
    expect(place(page, "name")).to_have_text(name)
    expect(place(page, "probabilities")).not_to_contain_text("(true)")
    assert numpy.allclose(table(page), before, atol=3)


def test_a_file_that_is_no_picture_is_refused_and_the_image_stays(page, tmp_path):
    name = place(page, "name").inner_text()
    (tmp_path / "notes.txt").write_text("no picture")
    page.get_by_label("A picture of your own").set_input_files(tmp_path / "notes.txt")
    expect(status(page)).to_contain_text("notes.txt: no image that this browser")
    assert place(page, "name").inner_text() == name


def test_what_is_painted_changes_the_answer_and_goes_again(page):
    choose(page, 7)
    before, answer = table(page), place(page, "answer")
    page.get_by_label("Brush").fill("12")
    canvas = page.locator("#net canvas[tabindex]")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 90, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 150)
    page.mouse.up()
    expect(place(page, "name")).to_have_text("Image 7 of the sample: ship, drawn on")
    expect(answer).to_contain_text("Image 7 of the sample: ship, drawn on, all blocks. ")
    assert table(page) != before
    page.get_by_role("button", name="As it was").click()
    expect(place(page, "name")).to_have_text("Image 7 of the sample: ship")
    expect(answer).to_contain_text("Image 7 of the sample: ship, all blocks. ")
    assert table(page) == before


# --- for everyone --------------------------------------------------------------------------------


def test_the_keyboard_alone_does_it_all(page):
    """From the number through the form; each stop is seen."""
    choose(page, 3)
    page.get_by_label("Number in the sample").focus()
    page.keyboard.press("ArrowUp")
    expect(place(page, "name")).to_contain_text("Image 4 of the sample")
    page.locator("#net canvas[tabindex]").focus()
    page.keyboard.press("ArrowDown")
    expect(status(page)).to_have_text(re.compile(r"^Column \d+, row \d+; space paints\.$"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(place(page, "answer")).to_contain_text("drawn on, all blocks. ")
    expect(status(page)).to_contain_text("Column ")  # the answer leaves it as it is
    stops = []
    ring = """() => { const e = document.activeElement, s = getComputedStyle(e);
      return [e.name || e.id, s.outlineStyle != "none" && parseFloat(s.outlineWidth) > 0]; }"""
    for _ in range(18):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(ring))
    assert all(seen for _, seen in stops), stops
    names = [name for name, _ in stops]
    assert {"file", "brush", "stage1.block1", "stage3.block3", "all"} <= set(names)
    page.locator("[name='stage3.block3']").focus()
    page.keyboard.press("Space")
    expect(place(page, "answer")).to_contain_text("drawn on, without stage 3 block 3. ResNet-20:")
    page.keyboard.press("Space")
    expect(place(page, "answer")).to_contain_text("drawn on, all blocks. ResNet-20:")


@pytest.mark.parametrize("size", [browse.DESK, browse.TELEPHONE], ids=["desk", "telephone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_screen_and_axe_finds_nothing(page, size, theme):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "width => document.documentElement.scrollWidth <= width", arg=size["width"]
    )
    assert not browse.wrong(page, "#net")
    page.set_viewport_size(browse.DESK)
    page.emulate_media(color_scheme="light")


def test_a_server_that_failed_can_be_asked_again_and_gives_what_the_folder_gives(
    page, browser, here
):
    choose(page, 7)
    from_folder, page = table(page), browse.usual(browser).new_page()
    held = hold(page)  # the other files come later, and do not say anymore how far they are
    page.route("**/packs/nets.json*/*", lambda route: route.abort())
    page.goto(here + PAGE)
    button = page.get_by_role("button", name="Load the networks")
    button.click()
    expect(status(page)).to_contain_text("did not come", timeout=LONG)
    let_go(page, held, failed=1)
    expect(status(page)).to_contain_text("did not come")
    page.unroute_all()
    button.click()
    expect(place(page, "answer")).to_contain_text(TITLES[0], timeout=LONG)
    assert table(page) == from_folder
    page.close()
