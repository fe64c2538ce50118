"""The list of all figures, by what they show; filled in when all pages are there."""

from posixpath import dirname, join, normpath

from bs4 import BeautifulSoup, Tag

PAGE = "chapters/figures.html"
SOLUTION = "solution-content"  # what every solution of an exercise is called
SHORT = 10  # letters of a first sentence that is a name, and needs the next one


def fill(pages: dict[str, BeautifulSoup]) -> None:
    """Write a list for each chapter with figures into the page, in the order of the contents."""
    page = pages[PAGE]
    place = page.find(id="figures")
    for link in page.select("nav.bd-links a.internal"):
        name = normpath(join(dirname(PAGE), link["href"].partition("#")[0]))
        if name not in pages or name == PAGE:
            continue
        shown = pages[name].select("article section :is(img[alt], svg.drawing)")
        items = [item(page, figure, link["href"]) for figure in shown if words(figure)]
        if items:
            heading = page.new_tag("h3", string=link.get_text(strip=True))
            entries = page.new_tag("ul")
            entries.extend(items)
            place.extend([heading, entries])


def words(figure: Tag) -> str:
    """What a picture or a drawing says to who does not see it."""
    return figure.get("alt", figure.get("aria-label", "")).strip()


def item(page: BeautifulSoup, figure: Tag, href: str) -> Tag:
    """An entry: the first sentence of the figure's text, and a link to its section."""
    sentences = words(figure).split(". ")
    said = ". ".join(sentences[: 1 + (len(sentences[0]) < SHORT)]).rstrip(".")
    section = figure.find_parent("section", id=lambda name: name not in (None, SOLUTION))
    entry = page.new_tag("li")
    entry.append(page.new_tag("a", href=f"{href}#{section['id']}", string=said))
    return entry
