"""Live cells in a browser: each gives what the book has stored; edits, errors, loops, controls."""

import json
import re
from itertools import cycle
from pathlib import Path

import pytest
from in_browser import ONE_PROCESS, browse, expect, hold, let_go

PAGE = "chapters/padding.html"
CHAPTERS = Path(__file__).parents[1] / "chapters"
ALIVE = sorted(path.stem for path in CHAPTERS.glob("*.ipynb") if '"live"' in path.read_text())
LONG = 120_000  # milliseconds that Python may take to come, on a machine with other work
OPTIONS = ONE_PROCESS

# Run each cell of the page, from the last on, and tell of which outputs are not as stored.
RUN_ALL = r"""
async () => {
  const cells = [...document.querySelectorAll(".cell.tag_live")], wrong = [];
  const seen = (cell) => [...cell.querySelectorAll(".cell_output > .output")].map((each) =>
    each.querySelector(".drawing, pre, table").cloneNode(true));
  const same = (one, other) => one.matches(".drawing")
    ? one.isEqualNode(other) : one.textContent.trim() === other.textContent.trim();
  const stored = cells.map(seen);
  for (const [i, cell] of [...cells.entries()].reverse()) {
    const status = cell.querySelector(".live-status");
    cell.querySelector(".live-run").click();
    while (/^(Runs|Python comes)/.test(status.textContent)) {
      await new Promise((again) => setTimeout(again, 5));
    }
    const found = seen(cell);
    const done = status.textContent.startsWith("Done") && found.length === stored[i].length;
    if (!done || !found.every((each, k) => same(each, stored[i][k]))) {
      const texts = [...stored[i], ...found].map((each) => each.outerHTML);
      wrong.push([i + 1, status.textContent, ...texts]);
    }
  }
  return [cells.length, wrong];
}
"""


@pytest.fixture(scope="module")
def page(browser, folder, visit):
    """A page with live cells, from a folder and on a desk, for all tests but the first two."""
    page = browse.watched(browser, folder, visit)
    page.goto(folder + PAGE)
    yield page
    page.close()


CODES = [
    "".join(cell["source"])
    for cell in json.loads((CHAPTERS / f"{Path(PAGE).stem}.ipynb").read_text())["cells"]
    if "live" in cell["metadata"].get("tags", ())
]


def cell_with(page, code: str):
    """The live cell that has some code in the notebook."""
    return page.locator(".cell.tag_live").nth([code in each for each in CODES].index(True))


def drawing(cell):
    return cell.locator("svg.drawing")


def editor(cell):
    return cell.get_by_role("textbox")


def done(cell, said="Done") -> None:
    expect(cell.locator(".live-status")).to_contain_text(said, timeout=LONG)


@pytest.fixture(scope="module")
def left():
    """The page that was left last: it stays, with its Python compiled, until the next has one."""
    return []


@pytest.mark.parametrize("chapter, where", [*zip(ALIVE, cycle(["here", "folder"]))])
def test_every_live_cell_gives_what_the_book_has_stored(
    chapter, where, browser, visit, left, request
):
    """Each is asked alone, from the last on, and runs what it needs; every second chapter in a
    page from a folder."""
    where = request.getfixturevalue(where)
    page = browse.watched(browser, where, visit)
    page.set_default_timeout(LONG)
    page.goto(where + f"chapters/{chapter}.html")
    number, wrong = page.evaluate(RUN_ALL)
    for each in left:
        each.close()
    left[:] = [page]
    notebook = json.loads((CHAPTERS / f"{chapter}.ipynb").read_text())
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"]]
    assert number == sum("live" in each for each in tags) and wrong == []


def test_python_is_loaded_by_the_first_click_and_may_be_stopped_meanwhile(browser, here):
    page = browser.new_page()
    asked, held = [], hold(page)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(here + PAGE, wait_until="networkidle")
    assert not held and "live.js" in " ".join(asked)
    with page.expect_request("**/packs/pyodide.asm.wasm*/*"):
        page.get_by_role("button", name="Run").first.click()
    page.get_by_role("button", name="Stop").click()
    let_go(page, held)
    assert page.locator(".live-status").first.text_content().startswith("Stopped.")
    page.close()


def test_an_edited_cell_runs_as_edited_and_what_it_needs_first(page):
    cell = cell_with(page, "def windows(size)")
    text = editor(cell).input_value()
    editor(cell).fill(text.replace('"VALID": "valid", ', ""))
    editor(cell).press("Control+Enter")
    done(cell, "Done, after 1 cell above.")
    labels = drawing(cell).get_attribute("aria-label")
    assert "VALID" not in labels and "SAME: 8 pixels" in labels
    below = cell_with(page, "windows(9)")
    below.get_by_role("button", name="Run").click()
    done(below)
    assert "VALID" not in drawing(below).get_attribute("aria-label")


def test_edits_survive_a_reload_and_reset_takes_them_back(page):
    cell = cell_with(page, "def windows(size)")
    page.reload()
    assert '"VALID"' not in editor(cell).input_value()
    assert '"VALID"' not in cell.locator("pre").first.text_content()
    cell.get_by_role("button", name="Reset").click()
    assert '"VALID"' in editor(cell).input_value()
    assert "VALID" in drawing(cell).get_attribute("aria-label")
    expect(cell.get_by_role("button", name="Reset")).to_be_hidden()
    page.reload()
    assert '"VALID"' in editor(cell).input_value()


def test_an_edit_is_dropped_when_the_book_has_other_code(page):
    cell = cell_with(page, "windows(9)")
    editor(cell).fill("windows(10)")
    keys = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('live '))")
    assert len(keys) == 1
    page.evaluate(
        "([key]) => localStorage.setItem(key, JSON.stringify(['windows(7)', 'windows(10)']))", keys
    )
    page.reload()
    assert editor(cell).input_value() == "windows(9)"


def test_an_error_is_shown_as_python_shows_it(page):
    cell = cell_with(page, "windows(9)")
    editor(cell).fill("windows(9)\nwindows(99)")
    editor(cell).press("Control+Enter")
    done(cell, "An error.")
    text = cell.locator(".output").text_content()
    assert text.startswith("Traceback (most recent call last):") and "/book" not in text
    assert "line 2, in <module>\n    windows(99)" in text
    assert "ConfigError: draw_windows: size 99; expected a whole number from 1 to 24." in text


def test_axe_finds_nothing_wrong_with_what_cells_show(page):
    exercise = cell_with(page, 'check("ex-padding-version"')
    exercise.get_by_role("button", name="Run").click()
    done(exercise)
    assert browse.wrong(page, "main") == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    assert browse.contrast(page, "main") == []
    page.emulate_media(color_scheme="light")


def test_a_cell_above_with_an_error_is_named(page):
    above, below = cell_with(page, "def windows(size)"), cell_with(page, "windows(9)")
    editor(above).fill("def windows(size)\n    return 3")
    editor(below).fill("windows(9)")
    below.get_by_role("button", name="Run").click()
    done(below, "A cell above, which this one needs, has an error.")
    assert "SyntaxError: expected ':'" in above.locator(".output").text_content()
    above.get_by_role("button", name="Reset").click()
    below.get_by_role("button", name="Run").click()
    done(below, "Done, after")


def test_a_slider_writes_into_the_code_and_runs_it(page):
    cell = cell_with(page, "def windows(size)")
    slider = cell.get_by_role("slider", name="size")
    slider.press("ArrowRight")
    expect(drawing(cell)).to_have_attribute("aria-label", re.compile("9 pixels"))
    assert "size = 9  # 3 to 24" in editor(cell).input_value()
    assert cell.locator(".live-value").text_content() == "9"
    editor(cell).fill(editor(cell).input_value().replace("size = 9", "size = 12"))
    assert slider.input_value() == "12"
    cell.get_by_role("button", name="Reset").click()
    assert slider.input_value() == "8"


def test_a_choice_writes_into_the_code_and_runs_it(page):
    cell = cell_with(page, "What one pixel of")
    cell.get_by_role("combobox", name="name").select_option("resnet50")
    expect(drawing(cell)).to_have_attribute("aria-label", re.compile("483"))
    assert 'name = "resnet50"  # resnet18, ' in editor(cell).input_value()
    cell.get_by_role("button", name="Reset").click()


def test_an_answer_to_an_exercise_is_told_what_to_think_of(page):
    cell = cell_with(page, 'check("ex-padding-version"')
    for answer, said in (("28", "Not yet. A 3×3 convolution adds 2j pixels"), ("56", "Right. ")):
        editor(cell).fill(f'difference = {answer}\ncheck("ex-padding-version", difference)')
        editor(cell).press("Control+Enter")
        expect(cell.locator(".output")).to_contain_text(said)
    cell.get_by_role("button", name="Reset").click()


def test_with_the_keyboard_alone(page):
    """Who comes by Tab goes on by Tab; who writes indents with it, and leaves by Escape, Tab."""
    cell = cell_with(page, "windows(9)")
    area, run_button = editor(cell), cell.get_by_role("button", name="Run")
    page.evaluate("document.activeElement.blur()")
    cell.locator("xpath=preceding::button[1]").focus()
    area.focus()
    page.keyboard.press("Tab")
    expect(area).not_to_be_focused()
    assert area.input_value() == "windows(9)"
    page.keyboard.press("Shift+Tab")
    expect(area).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Control+a")
    page.keyboard.type("if True:")
    page.keyboard.press("Enter")
    page.keyboard.type("windows(4)")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert area.input_value() == "if True:\n    windows(4)\n        "
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("windows(5)")
    page.keyboard.press("Shift+Enter")
    done(cell)
    assert "5 pixels" in drawing(cell).get_attribute("aria-label")
    following = page.locator(".cell.tag_live").nth(3).get_by_role("textbox")
    expect(following).to_be_focused()
    area.focus()
    page.keyboard.type(" ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(area).not_to_be_focused()
    cell.get_by_role("button", name="Reset").press("Enter")
    expect(run_button).to_be_focused()


def test_an_endless_loop_is_stopped_and_the_next_run_begins_anew(page):
    loop, below = cell_with(page, "windows(9)"), cell_with(page, "What one pixel of")
    editor(loop).fill("while True:\n    pass")
    loop.get_by_role("button", name="Run").click()
    loop.get_by_role("button", name="Stop").click()
    done(loop, "Stopped.")
    expect(loop.get_by_role("button", name="Run")).to_be_focused()
    below.get_by_role("button", name="Run").click()
    done(below, "Done, after 1 cell above.")
    loop.get_by_role("button", name="Reset").click()


def test_on_paper_code_is_whole_and_there_is_nothing_to_press(page):
    """Lines wrap on a sheet of A4 between its margins, be it 7 inches of 96 pixels."""
    cell = cell_with(page, "def windows(size)")
    page.set_viewport_size({"width": 672, "height": 900})
    page.emulate_media(media="print")
    cut = "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
    code = page.locator(".tag_live .cell_input :is(.highlight, pre)")
    assert code.count() >= 2 * len(CODES) and code.evaluate_all(cut) == 0
    expect(cell.locator("pre").first).to_be_visible()
    expect(drawing(cell)).to_be_visible()
    for part in (".live-bar", ".live-controls", "textarea"):
        expect(cell.locator(part)).to_be_hidden()
    page.emulate_media(media="screen")


def test_on_a_telephone_code_and_drawings_move_within_the_page(page):
    page.set_viewport_size(browse.TELEPHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.locator(".image_svg").last
    assert wide.evaluate("each => each.scrollWidth > each.clientWidth")
    letters = wide.locator("text").nth(2).evaluate("each => each.getBoundingClientRect().height")
    assert letters > 10
