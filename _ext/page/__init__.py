"""What the book does to its pages beyond the theme: they load fast and everyone can use them.

Formulas are typeset while Sphinx writes (`formulas`).  When all pages are written, each is read
once more, and the files of this folder, in this order, make it what a reader gets:

    code       without the marks that show nothing
    terms      the first use of a term leads to the glossary
    chapters   the map of the chapters on the first page
    drawings   networks and blocks in the page itself
    figures    the list of all figures
    cells      buttons and sliders for the code that runs in the page
    icons      the theme's signs, as small drawings in the page instead of a library of them
    images     each with its size, loaded when it comes into view
    access     what a screen reader and a keyboard need
    about      what a search engine and a link's preview show
    scripts    one file for all pages, which lets the page be shown first
    styles     one file with the rules that the book uses
"""

from pathlib import Path

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

from page import (
    about,
    access,
    cells,
    chapters,
    code,
    drawings,
    figures,
    formulas,
    icons,
    images,
    scripts,
    styles,
    terms,
)

LAST = 900  # after whatever else waits for the end of the build


def setup(app: Sphinx) -> dict:
    formulas.setup(app)
    app.connect("build-finished", finish, priority=LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def finish(app: Sphinx, error: Exception | None) -> None:
    """Read every rendered page again, change it, and write it."""
    if error or app.builder.name != "html":
        return
    html = Path(app.outdir)
    first = f"{app.config.root_doc}.html"
    base = published(app.config.html_theme_options["repository_url"])
    pages = {name: read(html / name) for name in written(html) if name != "index.html"}
    images.lighten(html / "_images")
    signs, meanings = icons.Icons(html), terms.find(pages)
    chapters.fill(pages, Path(app.srcdir))
    for name, page in pages.items():
        drawings.inline(page, html / name)
    figures.fill(pages)
    for name, page in pages.items():
        terms.link(page, name, meanings)
        cells.prepare(page)
        signs.draw(page)
        images.prepare(page, html / name)
        access.repair(page)
        about.describe(page, name, base)
    scripts.bundle(pages, html)
    styles.bundle(pages, html)
    for name, page in pages.items():
        tidy(page.head)
        (html / name).write_text(str(page).lstrip(), encoding="utf-8")
    about.index(pages, html, base, first)


def written(html: Path) -> list[str]:
    """The pages that Sphinx wrote, by their names below `html`."""
    return [
        str(path.relative_to(html))
        for path in sorted(html.rglob("*.html"))
        if "_static" not in path.parts
    ]


def published(repository: str) -> str:
    """Where the pages of a repository on GitHub stand."""
    owner, name = repository.rstrip("/").split("/")[-2:]
    return f"https://{owner}.github.io/{name}/"


def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(code.plain(path.read_text(encoding="utf-8")), "html.parser")


def tidy(head: Tag) -> None:
    """Take the comments and the empty lines out of the head of a page."""
    for text in head.find_all(string=True, recursive=False):
        text.extract()
