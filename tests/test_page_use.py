"""The rendered book in use: search, theme, keyboard, telephone and paper."""

import re

import pytest
from in_browser import browse, expect
from playwright.sync_api import Page

CHAPTER = "chapters/training-fashion-mnist.html"  # code, figures, formulas, exercises


@pytest.fixture
def visit():
    """What goes wrong while a page is used: nothing should."""
    visit = browse.Visit()
    yield visit
    assert not visit.errors and not visit.failed and not visit.outside


@pytest.fixture
def page(browser, here, visit):
    page = browse.watched(browser, here, visit)
    yield page
    page.evaluate("localStorage.clear()")
    page.close()


# --- search --------------------------------------------------------------------------------------


def test_the_keyboard_alone_finds_the_chapter_on_bottlenecks(page, here):
    page.goto(here + CHAPTER)
    page.keyboard.press("Control+k")
    page.keyboard.type("bottleneck")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a")
    expect(found.first).to_have_attribute("href", re.compile("glossary.*term-bottleneck"))
    expect(found.nth(1)).to_have_text("Basic against bottleneck")
    found.nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1").last).to_contain_text("Basic against bottleneck")


def test_a_page_from_a_folder_finds_leads_on_and_changes_its_theme_too(browser, folder, visit):
    page = browse.watched(browser, folder, visit)
    page.goto(folder + "index.html")
    page.wait_for_url(folder + "chapters/index.html")  # the door leads to the first page
    page.goto(folder + "search.html?q=bottleneck")
    found = page.locator("#search-results li a").nth(1)
    expect(found).to_have_text("Basic against bottleneck")
    found.click()
    light = background(page)
    for _ in range(3):  # light, dark, as the system
        if page.locator("html").get_attribute("data-mode") != "dark":
            page.locator(".theme-switch-button").first.click()
    page.locator("a.term").first.click()
    expect(page.locator("h1").last).to_contain_text("Glossary")
    assert background(page) != light  # the choice goes with the reader
    page.close()


# --- the theme -----------------------------------------------------------------------------------


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_theme_follows_the_system_until_the_reader_chooses(page, here):
    page.emulate_media(color_scheme="dark")
    page.goto(here + CHAPTER)
    dark = background(page)
    switch = page.locator(".theme-switch-button").first
    switch.focus()
    for _ in range(3):  # light, dark, as the system
        if page.locator("html").get_attribute("data-mode") != "light":
            page.keyboard.press("Enter")
    assert background(page) != dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_reader_without_scripts_can_read(browser, here, visit):
    page = browse.watched(browser, here, visit, java_script_enabled=False)
    page.goto(here + CHAPTER)
    expect(page.locator("article h1")).to_be_visible()
    expect(page.locator("article img").first).to_be_visible()
    expect(page.locator("article math").first).to_be_visible()
    expect(page.locator(".theme-switch-button").first).to_be_hidden()  # it would do nothing
    page.close()


# --- the keyboard --------------------------------------------------------------------------------


def test_the_first_key_offers_to_skip_to_the_text(page, here):
    page.goto(here + CHAPTER)
    page.keyboard.press("Tab")
    expect(page.locator("#pst-skip-link a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main-content$"))


SEEN = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  const ring = style.outlineStyle != "none" && parseFloat(style.outlineWidth) > 0;
  return [e.outerHTML.slice(0, 120), box.width > 0 && (ring || style.boxShadow != "none")];
}"""


def test_every_stop_of_the_keyboard_is_seen(page, here):
    """From the top of the page through the contents and the buttons into the text, once around."""
    page.goto(here + "chapters/index.html")
    stops = {}
    for _ in range(200):
        page.keyboard.press("Tab")
        element, ring = page.evaluate(SEEN)
        if element in stops or element.startswith("<body"):
            break
        stops[element] = ring
    assert len(stops) > 30
    assert not [element for element, ring in stops.items() if not ring]


def test_a_solution_opens_with_the_keyboard(page, here):
    page.goto(here + CHAPTER)
    solution = page.locator(".solution").first
    text = solution.locator("p").last
    expect(text).to_be_hidden()
    solution.locator("button.toggle-button, summary").first.focus()
    page.keyboard.press("Enter")
    expect(text).to_be_visible()


def test_code_is_copied_as_it_stands(browser, here, visit):
    page = browse.watched(browser, here, visit, permissions=["clipboard-read", "clipboard-write"])
    page.goto(here + CHAPTER)
    page.locator(".copybtn").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("navigator.clipboard.readText()")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("try:\n    import d2lres\n") and copied.endswith("d2lres.setup()")
    page.close()


# --- the telephone, and paper --------------------------------------------------------------------

SHOWN = "all => all.map(each => each.getBoundingClientRect().width)"  # in pixels


def test_on_a_telephone_the_contents_come_and_go(page, here):
    page.set_viewport_size(browse.TELEPHONE)
    page.goto(here + CHAPTER)
    contents = page.get_by_role("link", name="Shortcuts", exact=True)
    expect(contents).to_be_hidden()
    page.locator(".primary-toggle").click()
    expect(contents).to_be_visible()
    page.keyboard.press("Escape")
    expect(contents).to_be_hidden()
    page.mouse.move(0, 800)  # away from the button, whose name floats beside it
    page.evaluate("document.activeElement.blur()")
    expect(page.locator(".tooltip")).to_have_count(0)
    assert not browse.wrong(page)


def test_on_a_telephone_the_words_of_a_figure_can_be_read(page, here):
    """Curves are moved under the finger, and the page is not; on paper they are seen whole."""
    page.set_viewport_size(browse.TELEPHONE)
    page.goto(here + CHAPTER)
    figures = page.locator("article .cell_output > a.image-reference > img")
    natural = figures.evaluate_all("all => all.map(each => Number(each.getAttribute('width')))")
    shown = figures.evaluate_all(SHOWN)
    assert len(shown) > 3
    assert all(some > 0.8 * all_ for some, all_ in zip(shown, natural, strict=True))
    assert page.evaluate("document.documentElement.scrollWidth") <= browse.TELEPHONE["width"]
    page.emulate_media(media="print")
    assert max(figures.evaluate_all(SHOWN)) < browse.TELEPHONE["width"] < max(natural)


def test_on_paper_a_table_of_the_package_keeps_its_rows(page, here):
    """On A4 between its margins, be it 7 inches of 96 pixels."""
    page.set_viewport_size({"width": 672, "height": 900})
    page.goto(here + "chapters/resnet18.html")
    page.emulate_media(media="print")
    table = page.locator(".cell_output pre", has_text="stage4.block2.conv2").first
    rows = "e => e.textContent.trim().split('\\n').length"
    lines = """e => { const box = getComputedStyle(e);
      return (e.clientHeight - 2 * parseFloat(box.paddingTop)) / parseFloat(box.lineHeight); }"""
    assert table.evaluate(lines) == pytest.approx(table.evaluate(rows), abs=1.1)


def test_on_paper_there_is_the_text_alone(page, here):
    page.emulate_media(color_scheme="dark")
    page.goto(here + CHAPTER)
    dark = background(page)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#jb-print-docs-body h1")).to_be_visible()  # before its contents
    expect(page.locator("article img").first).to_be_visible()
    for part in ("#pst-primary-sidebar", "#pst-secondary-sidebar", ".copybtn", ".prev-next-footer"):
        expect(page.locator(part).first).to_be_hidden()
    assert background(page) == "rgb(255, 255, 255)" != dark
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert background(page) == dark
