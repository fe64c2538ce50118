"""The first use of a term on each page leads to the glossary, and shows its meaning.

The notebooks stay as they are: in Colab, a role of Sphinx would be read as text.
"""

import re
from posixpath import dirname, relpath

from bs4 import BeautifulSoup, NavigableString

GLOSSARY = "chapters/glossary.html"
CHINESE = re.compile(r"([\u4e00-\u9fff]+)")
WITHIN = "article p, article li"  # what is prose
NOT_WITHIN = "a, code, pre, math, figcaption, table, nav, .citation, #map"  # and what is none in it


def speak(page: BeautifulSoup) -> None:
    """Say which words are Chinese, so that a screen reader speaks them so."""
    for text in page.select_one("article").find_all(string=CHINESE):
        pieces = [
            page.new_tag("span", attrs={"lang": "zh"}, string=piece) if number % 2 else piece
            for number, piece in enumerate(CHINESE.split(text))
        ]
        text.replace_with(*pieces)


def find(pages: dict[str, BeautifulSoup]) -> dict[str, tuple[str, str]]:
    """(anchor, meaning) of each term of the glossary; the longest term first."""
    speak(pages[GLOSSARY])
    found = {}
    for name in pages[GLOSSARY].select("dl.glossary > dt[id]"):
        term = " ".join(name.get_text().replace("#", "").split())
        found[term] = name["id"], meaning(name.find_next_sibling("dd"))
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def meaning(definition) -> str:
    """A definition without its last sentence, the link to a chapter."""
    text = " ".join(definition.get_text().split())
    return text.removesuffix(" ".join(definition.find_all("a")[-1].get_text().split())).strip()


def link(page: BeautifulSoup, name: str, terms: dict[str, tuple[str, str]]) -> None:
    """Make the first use of each term on a page a link; `name` is the page's file."""
    if name == GLOSSARY:
        return
    words = "|".join(map(re.escape, terms))
    uses = re.compile(rf"(?<![\w-])({words})s?(?![\w-])", re.IGNORECASE)
    waiting = {term.lower(): term for term in terms}
    left_out = {id(tag) for tag in page.select(NOT_WITHIN)}
    for part in page.select(WITHIN):
        for text in part.find_all(string=True):
            prose = left_out.isdisjoint(map(id, text.parents))
            if not prose or type(text) is not NavigableString:
                continue
            pieces, end = [], 0
            for use in uses.finditer(text):
                term = waiting.get(use[1].lower())
                if term and (use[1] == term or not term.isupper()):  # a Mac is no MAC
                    anchor, said = terms[waiting.pop(use[1].lower())]
                    href = f"{relpath(GLOSSARY, dirname(name))}#{anchor}"
                    attributes = {"class": "term", "href": href, "title": said}
                    pieces += [
                        text[end : use.start()],
                        page.new_tag("a", attrs=attributes, string=use[0]),
                    ]
                    end = use.end()
            if pieces:
                text.replace_with(*pieces, text[end:])
