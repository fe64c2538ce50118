"""What the book makes of its pages, read from the files: small, whole, described, all listed."""

import gzip
import json
import re
import sys
import xml.etree.ElementTree as xml
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))
from browser import LOADED, PAGES
from page import about, access, chapters, code, figures, icons, styles, terms

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"
PATHS = [
    path
    for path in sorted(HTML.glob("**/*.html"))
    if "_static" not in path.parts and path != HTML / "index.html"
]
PAGE = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
MOST = 500_000  # bytes on the wire, of a page and all that it loads


@cache
def soup(path: Path) -> BeautifulSoup:
    """A page, parsed once, and not where its tests are only listed."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


# --- what a page loads ---------------------------------------------------------------------------


def wire(path: Path) -> int:
    """Bytes of a file as a server sends it."""
    content = path.read_bytes()
    small = path.suffix in {".png", ".webp", ".woff", ".ico"}
    return len(content if small else gzip.compress(content, 6))


def loaded(path: Path) -> set[Path]:
    """The files that a page and its styles can load, the page among them."""
    page = soup(path)
    links = [tag["src"] for tag in page.find_all(src=True)]
    links += [tag["href"] for tag in page.head.find_all("link", rel=["stylesheet", "icon"])]
    files = {(path.parent / unquote(urlsplit(link).path)).resolve() for link in links}
    fonts = {HTML / "_static" / "math.woff"} if page.math else set()
    return {path} | files | fonts


@PAGE
def test_a_page_with_all_its_pictures_is_small(path):
    assert sum(map(wire, loaded(path))) < MOST


@PAGE
def test_a_page_has_one_stylesheet_and_waits_for_no_script(path):
    page = soup(path)
    assert len(page.find_all("link", rel="stylesheet")) == 1
    scripts = page.find_all("script", src=True, type=lambda kind: kind != "module")
    assert all(script.has_attr("defer") for script in scripts)
    searches = path.name == "search.html"
    works = bool(page.select(".tag_live, #explorer, #net"))
    assert len(scripts) == 1 + works + 3 * searches
    assert ("searchindex" in str(scripts)) == searches


@pytest.mark.parametrize(
    "script, page", [("live", "running"), ("explorer", "explorer"), ("net", "trained-networks")]
)
def test_what_a_worker_loads_is_there_once_and_a_page_says_how_much_it_is(script, page):
    text = (HTML / "_static" / f"{script}.js").read_text(encoding="utf-8")
    places = json.loads(re.search(r"^book\.worker = (.*);$", text, re.MULTILINE)[1])["places"]
    assert set(places) == set(LOADED[PAGES[script][0]]())
    packs = HTML / "_static" / "packs"
    size = sum((packs / place).stat().st_size for some in places.values() for place in some)
    said = (ROOT / "chapters" / f"{page}.md").read_text(encoding="utf-8")
    assert f" {size / 1e6:.0f} MB" in said
    assert not [name for name in places if list(HTML.rglob(name))]  # as it is


@PAGE
def test_every_picture_keeps_its_place_free(path):
    """The size in the page has the shape of the file; all but the first wait."""
    for number, picture in enumerate(soup(path).main.find_all("img")):
        width, height = int(picture["width"]), int(picture["height"])
        file = path.parent / picture["src"]
        if file.suffix != ".svg":
            with Image.open(file) as image:
                assert height == pytest.approx(width * image.height / image.width, abs=0.51)
        assert picture.get("loading") == ("lazy" if number else None)


def test_the_styles_ask_for_nothing_that_is_not_there():
    (sheet,) = (HTML / "_static").glob("book.*.css")
    for link in re.findall(r"url\(([^)]+)\)", sheet.read_text(encoding="utf-8")):
        link = link.strip("'\"")
        assert link.startswith("data:") or (sheet.parent / link).is_file(), link


# --- formulas ------------------------------------------------------------------------------------


def test_formulas_are_written_in_the_letters_that_the_book_brings():
    """Each sign of each formula is in the font, a letter in its slanted form too."""
    letters = TTFont(ROOT / "_static" / "math.woff").getBestCmap()
    formulas = [formula for page in map(soup, PATHS) for formula in page.find_all("math")]
    assert len(formulas) > 300
    spaces = {0xA0, *range(0x2000, 0x2010), 0x2061, 0x2062, 0x2063, 0x2064}
    signs = {ord(sign) for formula in formulas for sign in formula.get_text()}
    assert not {chr(sign) for sign in signs - set(letters) - spaces}
    assert "\\" not in "".join(formula.get_text() for formula in formulas)  # TeX that was not read


# --- what a page says of itself ------------------------------------------------------------------


@PAGE
def test_a_page_says_what_it_is(path):
    page = soup(path)
    assert page.html["lang"] == "en"
    assert len(page.find_all("meta", attrs={"name": "viewport"})) == 1
    said = page.find("meta", attrs={"name": "description"})["content"]
    assert 0 < len(said) <= about.LONGEST and "\\" not in said
    picture = page.find("meta", property="og:image")["content"]
    assert picture.endswith(about.CARD) and (HTML / about.CARD).is_file()


def test_no_two_pages_say_the_same():
    titles = [page.title.get_text() for page in map(soup, PATHS)]
    assert len(set(titles)) == len(titles)


def test_the_sitemap_lists_the_pages_at_their_address():
    tree = xml.parse(HTML / "sitemap.xml")
    listed = [place.text for place in tree.findall(".//{*}loc")]
    names = {path.relative_to(HTML).as_posix() for path in PATHS} - about.SERVICE
    assert {address.split("/block-by-block/")[1] for address in listed} == names
    assert len(listed) == len(names)
    canonical = {
        page.find("link", rel="canonical")["href"]
        for path, page in zip(PATHS, map(soup, PATHS), strict=True)
        if path.name not in about.SERVICE
    }
    assert set(listed) == canonical


# --- the parts that make it ----------------------------------------------------------------------


def test_a_rule_is_kept_if_a_page_can_need_it():
    words = {"menu", "open", "door"}
    sheet = """
        /* words */
        .menu.open , .menu .gone{ color : red ; }
        .gone{color:blue} p{margin:0} #door:not(.gone) a{top:0}
        @media print{ .menu{top:1px} .gone{top:2px} }
        @media print{ .gone{top:3px} }
        @font-face{font-family:"Font Awesome 6 Free"}
        :is(.gone,.menu){left:0} a[title=".gone"]{left:1px}
    """
    assert styles.rules(sheet, words) == (
        ".menu.open{color : red}p{margin:0}#door:not(.gone) a{top:0}"
        '@media print{.menu{top:1px}}:is(.gone,.menu){left:0}a[title=".gone"]{left:1px}'
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_marks_that_are_left_out_would_show_nothing(theme):
    """Each has the colour that Pygments gives to code as such."""
    sheet = (HTML / "_static" / "pygments.css").read_text(encoding="utf-8")
    begin = rf'html\[data-theme="{theme}"\] \.highlight'
    (around,) = re.findall(rf"{begin} {{[^}}]* color: (#\w+)", sheet)
    for mark in code.PLAIN:
        assert re.findall(rf"{begin} \.{mark} {{ ([^}}]*) }}", sheet) == [f"color: {around}"]
    assert code.plain('<span class="k">if</span> <span class="n">a</span>') == (
        '<span class="k">if</span> a'
    )


def test_a_sign_becomes_its_drawing(tmp_path):
    library = tmp_path / icons.LIBRARY
    library.parent.mkdir(parents=True)
    library.write_text('{sun:[512,512,[9728],"f185","M1 2"]},{sun:[10,20,[9728,1],"f185","M3 4"]}')
    page = BeautifulSoup('<i class="fa-solid fa-sun fa-lg" data-mode="light"></i>', "html.parser")
    icons.Icons(tmp_path).draw(page)
    assert page.svg["viewbox" if "viewbox" in page.svg.attrs else "viewBox"] == "0 0 10 20"
    assert page.svg["data-mode"] == "light" and page.svg["aria-hidden"] == "true"
    assert page.path["d"] == "M3 4"
    assert page.svg["class"] == ["svg-inline--fa", "fa-sun", "fa-lg"]


def test_what_the_theme_left_undone_is_mended():
    page = BeautifulSoup(
        '<div id="pst-primary-sidebar"><button class="search-button-field" aria-label="Search">'
        'Search<span class="search-button__kbd-shortcut">Ctrl+K</span></button></div>'
        '<table><th><p></p></th><th>A</th></table><div role="doc-biblioentry"></div>',
        "html.parser",
    )
    access.repair(page)
    assert page.button.get("aria-label") is None
    assert page.button.span["aria-hidden"] == "true"
    assert [cell.name for cell in page.find_all(["td", "th"])] == ["td", "th"]
    assert page.find(role="listitem") and page.find(role="complementary")


@pytest.mark.parametrize(
    "text, said",
    [
        ("Short.", "Short."),
        ("It is so <span class='bibtex-citation'>[He, 2016]</span>.", "It is so."),
        ("a " * 50 + "end. " + "b " * 50, "a " * 50 + "end."),
        ("word " * 50, ("word " * 32)[:-1].rsplit(" ", 1)[0] + "…"),
    ],
)
def test_a_description_ends_with_a_sentence_or_says_that_it_goes_on(text, said):
    page = BeautifulSoup(
        f"<main><article><section><h1>t</h1><p>{text}</p></section></article></main>", "html.parser"
    )
    assert about.first_words(page) == said


# --- the glossary ---------------------------------------------------------------------------------


def test_each_term_leads_from_its_first_use_on_a_page_to_its_meaning():
    glossary = soup(HTML / terms.GLOSSARY)
    anchors = {name["id"] for name in glossary.select("dl.glossary > dt[id]")}
    used = set()
    for path, page in zip(PATHS, map(soup, PATHS), strict=True):
        links = page.select("a.term")
        targets = [urlsplit(link["href"]) for link in links]
        assert all((path.parent / t.path).resolve() == HTML / terms.GLOSSARY for t in targets)
        here = [target.fragment for target in targets]
        assert len(here) == len(set(here)), path
        assert all(link["title"] for link in links)
        used |= set(here)
    assert len(anchors) > 40 and used == anchors
    for definition in glossary.select("dl.glossary > dd"):
        assert definition.get_text().startswith(definition.find("span", lang="zh").get_text())


def test_only_prose_is_linked_and_the_longest_term_wins():
    page = BeautifulSoup(
        "<article><h1>Shortcut</h1><p>The <code>shortcut</code>, a <a>shortcut</a>, a preshortcut; "
        "a Residual block, two residual blocks; the shortcuts, and the residual. "
        "A Mac, and MACs.</p></article>",
        "html.parser",
    )
    known = {"residual block": ("b", "B"), "shortcut": ("s", "S"), "residual": ("r", "R")}
    known["MAC"] = "m", "M"
    terms.link(page, "chapters/x.html", known)
    found = [(link["href"], link["title"], link.string) for link in page.select("a.term")]
    assert found == [
        ("glossary.html#b", "B", "Residual block"),
        ("glossary.html#s", "S", "shortcuts"),
        ("glossary.html#r", "R", "residual"),
        ("glossary.html#m", "M", "MACs"),
    ]
    assert page.get_text().startswith("ShortcutThe shortcut, a shortcut, a preshortcut; a Residual")


# --- the list of figures -------------------------------------------------------------------------


def test_the_list_of_figures_has_every_one_and_leads_to_its_section():
    path = HTML / figures.PAGE
    links = soup(path).select("#figures li a")
    shown = [
        figures.words(figure)
        for page, content in zip(PATHS, map(soup, PATHS), strict=True)
        if page != path
        for figure in content.select("article section :is(img[alt], svg.drawing)")
        if figures.words(figure) and page.parent.name == "chapters"
    ]
    assert len(links) == len(shown) > 40
    for link in links:
        target = urlsplit(link["href"])
        section = soup((path.parent / unquote(target.path)).resolve()).find(id=target.fragment)
        said = [figures.words(each) for each in section.select("img[alt], svg.drawing")]
        assert any(text.startswith(link.string) for text in said)


# --- the map of the chapters ---------------------------------------------------------------------


def test_the_map_has_every_page_in_the_order_of_the_book_and_needs_point_back():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    place = soup(HTML / "chapters" / "index.html").find(id="map")
    assert [name.string for name in place.find_all("h3")] == [part["caption"] for part in parts]
    entries = place.find_all("li")
    files = [Path(page["file"]).name for part in parts for page in part["chapters"]]
    assert [Path(entry.a["href"]).stem for entry in entries] == files
    notebooks = [(ROOT / "chapters" / f"{name}.ipynb").exists() for name in files]
    for number, entry in enumerate(entries):
        told = entry.find(class_="minutes")
        assert bool(told) == (notebooks[number] and files[number] != "appendix-momentum")
        if told:
            assert 10 <= int(told.string.split()[0]) <= 45, files[number]
        for needed in entry.select(".needs a"):
            assert Path(needed["href"]).stem in files[:number], files[number]


def test_minutes_come_from_words_and_lines_without_the_exercises(tmp_path):
    cells = [("markdown", "word " * 1500), ("code", "x = 1\n\n" * 120)]
    cells += [("markdown", "## Exercises\n" + "word " * 1500), ("code", "x = 1\n" * 600)]
    notebook = tmp_path / "chapter.ipynb"
    told = [{"cell_type": kind, "source": [text]} for kind, text in cells]
    notebook.write_text(json.dumps({"cells": told}))
    assert chapters.minutes(notebook) == 1500 / 150 + 120 / 12
