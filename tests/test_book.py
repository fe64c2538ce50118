"""The rendered book and its sources: links resolve, pictures are described, notebooks are clean.

`make test` renders the book before it runs this file.
"""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from d2lres.runs import find_experiment
from d2lres.train import recipe_names

ROOT = Path(__file__).parents[1]
HTML = ROOT / "_build" / "html"
CHAPTERS = ROOT / "chapters"
NOTEBOOKS = sorted(CHAPTERS.glob("*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())

NOTEBOOK = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
MAX_BYTES = 1_500_000  # of a notebook with its outputs: more is slow to open and to review


def pages_of_the_contents() -> list[str]:
    """Every page that _toc.yml names, without its suffix."""

    def walk(entry):
        if isinstance(entry, list):
            for item in entry:
                yield from walk(item)
        elif isinstance(entry, dict):
            if "file" in entry:
                yield entry["file"]
            for key in ("parts", "chapters", "sections"):
                yield from walk(entry.get(key, []))

    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [contents["root"], *walk(contents)]


PAGES = pages_of_the_contents()
PAGE = pytest.mark.parametrize("page", PAGES)


# --- the rendered book ---------------------------------------------------------------------------


@cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: Path) -> frozenset:
    tags = soup(path).find_all(lambda tag: tag.get("id") or tag.get("name"))
    return frozenset(value for tag in tags for value in (tag.get("id"), tag.get("name")) if value)


def broken_links(path: Path, folder: Path) -> list[str]:
    """The links, pictures, styles and scripts of a page that lead to nothing inside `folder`."""
    broken = []
    for tag in soup(path).find_all(href=True) + soup(path).find_all(src=True):
        link = tag.get("href") or tag.get("src")
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue  # another site, or an inline picture
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_relative_to(folder.resolve()) or not target.is_file():
            broken.append(link)
        elif parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in anchors(target):
                broken.append(link)
    return broken


def test_the_book_is_rendered():
    assert (HTML / "index.html").is_file(), "make book"
    missing = [page for page in PAGES if not (HTML / f"{page}.html").is_file()]
    assert not missing


def test_every_internal_link_of_the_book_resolves():
    pages = [page for page in sorted(HTML.rglob("*.html")) if "_static" not in page.parts]
    broken = {str(page.relative_to(HTML)): broken_links(page, HTML) for page in pages}
    assert not {page: links for page, links in broken.items() if links}


def test_the_link_check_finds_what_is_broken(tmp_path):
    (tmp_path / "there.html").write_text('<p id="here">text</p>')
    (tmp_path / "page.html").write_text(
        '<h1 id="top">t</h1><a href="#top">1</a><a href="#bottom">2</a>'
        '<a href="there.html#here">3</a><a href="there.html#gone">4</a><a href="no.html">5</a>'
        '<img src="no.png"><img src="data:image/png;base64,AA"><a href="../outside.html">6</a>'
        '<a href="https://d2l.ai">7</a>'
    )
    found = broken_links(tmp_path / "page.html", tmp_path)
    assert found == ["#bottom", "there.html#gone", "no.html", "../outside.html", "no.png"]


@PAGE
def test_a_page_needs_no_network(page):
    """Formulas, styles and scripts come from the book's own folder."""
    page = soup(HTML / f"{page}.html")
    needed = [tag["src"] for tag in page.find_all("script", src=True)]
    needed += [tag["href"] for tag in page.find_all("link", rel="stylesheet")]
    assert needed and not [link for link in needed if urlsplit(link).netloc]


@PAGE
def test_every_picture_is_described(page):
    """Alt text that says what is to be seen: not empty, not the file's name."""
    article = soup(HTML / f"{page}.html").find("article")
    for picture in article.find_all("img"):
        alt = picture.get("alt", "")
        assert len(alt) > 20, f"{picture.get('src')}: alt text {alt!r}"
        assert not re.search(r"\.(png|svg|jpe?g)$", alt), f"{picture.get('src')}: its name as alt"


@NOTEBOOK
def test_a_picture_is_described_by_the_figure_that_was_drawn(path):
    """The page takes the words from the cell; `make rerun` copies them there from the output."""
    for cell in json.loads(path.read_text())["cells"]:
        drawn = [o.get("metadata", {}).get("image/png", {}) for o in cell.get("outputs", ())]
        words = [each["alt"] for each in drawn if "alt" in each]
        shown = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")
        of_another = "train_ch6" in "".join(cell["source"])  # d2l's figure has no words of its own
        assert of_another or ([shown] if shown else []) == words, "".join(cell["source"])[:80]


@PAGE
def test_no_page_shows_unrendered_markup(page):
    text = soup(HTML / f"{page}.html").find("article")
    for code in text.find_all(["pre", "code"]):
        code.extract()
    assert not re.search(r"\{(ref|cite|numref|eq|doc)[:}]|```|:::", text.get_text())
    soup.cache_clear()  # this test took pieces out of the page


@NOTEBOOK
def test_a_chapter_can_be_launched_and_downloaded(path):
    page = soup(HTML / "chapters" / f"{path.stem}.html")
    links = {tag["href"] for tag in page.find_all("a", href=True)}
    repository = CONFIG["repository"]["url"].removeprefix("https://github.com/")
    branch = CONFIG["repository"]["branch"]
    colab = f"{CONFIG['launch_buttons']['colab_url']}/github/{repository}/blob/{branch}"
    assert f"{colab}/chapters/{path.name}" in links
    assert f"../_sources/chapters/{path.name}" in links


# --- the sources ---------------------------------------------------------------------------------


def test_the_contents_name_every_chapter():
    sources = {*CHAPTERS.glob("*.ipynb"), *CHAPTERS.glob("*.md")}
    assert {f"chapters/{path.stem}" for path in sources} == set(PAGES)
    assert len(PAGES) == len(set(PAGES))


@NOTEBOOK
def test_a_notebook_is_clean(path):
    """Run top to bottom once, without an error or a warning, and saved with nothing of its author's
    machine in it."""
    notebook = json.loads(path.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook["metadata"]
    assert path.stat().st_size < MAX_BYTES
    assert re.match(r"# \S", "".join(notebook["cells"][0]["source"])), "the first cell: the title"
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])

    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        where = f"cell {cell['execution_count']}: {source[:60]!r}"
        assert source.strip(), f"{where}: empty"
        # nbval runs a cell without history, where IPython does not see a closing semicolon.
        assert not source.rstrip().endswith(";"), f"{where}: write `_ = ...` to show no value"
        for output in cell["outputs"]:
            assert output["output_type"] != "error" or "raises-exception" in tags, where
            assert output.get("name") != "stderr", f"{where}: a warning is stored"
            stored = json.dumps(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert not re.search(r"/(home|root|tmp|Users|content)/", stored), f"{where}: a path"


@NOTEBOOK
def test_a_cell_can_be_read_without_scrolling(path):
    """CONTRIBUTING: at most 30 lines."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert max(len("".join(cell["source"]).splitlines()) for cell in cells) <= 30


@NOTEBOOK
def test_a_figure_has_a_title(path):
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", ()):
                assert "title=" in "".join(cell["source"]), cell["id"]


def test_the_card_of_the_modern_recipe_is_linked_at_a_commit():
    """Later versions of it list other figures."""
    text = "".join(path.read_text() for path in CHAPTERS.glob("*.ipynb"))
    linked = re.findall(r"NVIDIA/DeepLearningExamples/\w+/(\w+)", text)
    assert len(linked) >= 3 and {len(commit) for commit in linked} == {40}
    assert "catalog.ngc.nvidia.com" not in text


def test_the_plan_for_teachers_has_every_chapter_in_the_order_of_the_book():
    plan = (CHAPTERS / "teachers.md").read_text().split("## The chapters")[1].split("\n## ")[0]
    planned = re.findall(r"^\| \[.*?\]\((\S+)\.ipynb\)", plan, re.MULTILINE)
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters = [Path(c["file"]).name for part in parts[:-1] for c in part["chapters"]]
    assert planned == chapters


def words_of(path: Path) -> str:
    """The text of a chapter, in lower case."""
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown").lower()


def test_a_term_of_the_glossary_leads_to_a_chapter_that_uses_it():
    entry = re.compile(r"^(\S.*)\n  .*\[\]\((\S+\.ipynb)\)$", re.MULTILINE)
    entries = entry.findall((CHAPTERS / "glossary.md").read_text())
    assert len(entries) > 45
    lost = [(term, to) for term, to in entries if term.lower() not in words_of(CHAPTERS / to)]
    assert not lost


def test_the_notation_of_a_window_counts_as_the_chapter_does():
    """*Any input size*: 7x7 with stride 2 makes 112 of 224, with 6 pixels at both ends together."""
    said = re.search(r"\\lfloor (.+) / s \\rfloor \+ 1", (CHAPTERS / "notation.md").read_text())
    assert eval(said[1], {"n": 224, "k": 7, "p": 6}) // 2 + 1 == 112


# What trains, or shows what was trained.
TRAINING = (
    "degradation", "residual-block", "training-fashion-mnist", "what-the-sum-does",
    "near-the-identity", "modern-recipe", "images-and-targets", "cifar10", "ablations", "transfer",
)  # fmt: skip


@pytest.mark.parametrize("name", TRAINING)
def test_a_chapter_that_trains_says_in_a_line_how_on_a_gpu(name):
    first = json.loads((CHAPTERS / f"{name}.ipynb").read_text())["cells"][0]
    said = re.findall(
        r"^To train .* on a graphics card: `d2lres (.*?)`", "".join(first["source"]), re.M
    )
    kind, what, options = re.fullmatch(r"(train|experiments run) (\S+)( .*)", *said).groups()
    engine = "torch" if "--engine torch" in options else "mxnet"
    if kind == "train":
        assert what in recipe_names() and engine == "torch"
    else:
        assert "torch" in (engine, find_experiment(what).engine)


def heading_anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("name", ["README.md", "assignments/README.md"])
def test_every_link_of_a_page_on_github_resolves(name):
    page = ROOT / name
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    headings = {heading_anchor(h) for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        parts = urlsplit(link)
        if parts.scheme:
            continue
        if parts.path:
            assert (page.parent / parts.path).exists(), f"{name}: {link}"
        else:
            assert parts.fragment in headings, f"{name}: {link}"
