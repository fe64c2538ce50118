"""What a search engine, the preview of a link and a browser's history show of a page."""

import html
from copy import copy
from pathlib import Path
from urllib.parse import urljoin

from bs4 import BeautifulSoup

LONGEST = 160  # characters of a description: search engines cut what is longer
CARD = "_static/card.png"  # the picture of a link's preview
SERVICE = {"search.html", "genindex.html"}  # not for search engines

REDIRECT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="description" content="{description}">
<meta http-equiv="refresh" content="0; url={first}">
<link rel="canonical" href="{address}">
<link rel="icon" href="_static/favicon.svg">
</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""


def describe(page: BeautifulSoup, name: str, base: str) -> None:
    """Say in the page's head what it is about.

    `name` is the page's file below the book, `base` the address at which the book is published.
    """
    for repeated in page.head.find_all("meta", attrs={"name": "viewport"})[1:]:
        repeated.decompose()
    if name in SERVICE:
        add(page, "meta", name="robots", content="noindex")
    add(page, "meta", name="description", content=first_words(page))
    add(page, "link", rel="canonical", href=urljoin(base, name))
    title, _, book = page.title.get_text().partition(" — ")
    if title == book:
        page.title.string = title
    for key, value in {
        "og:title": title,
        "og:description": first_words(page),
        "og:type": "article",
        "og:url": urljoin(base, name),
        "og:image": urljoin(base, CARD),
        "og:image:alt": "A residual block: two convolutions and a shortcut around them",
    }.items():
        add(page, "meta", property=key, content=value)
    add(page, "meta", name="twitter:card", content="summary_large_image")


def add(page: BeautifulSoup, tag: str, **attributes: str) -> None:
    page.head.append(page.new_tag(tag, attrs=attributes))


def first_words(page: BeautifulSoup) -> str:
    """What a page begins with: the sentences that a description has room for, or a part of one."""
    found = page.main.select_one("article section > p") or page.title
    words = copy(found)
    for citation in words.find_all(class_="bibtex-citation"):
        citation.decompose()
    text = " ".join(words.get_text().split()).replace(" .", ".").replace(" ,", ",")
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    end = cut.rfind(". ")
    return cut[: end + 1] if end > LONGEST / 2 else cut.rsplit(" ", 1)[0] + "…"


def index(pages: dict[str, BeautifulSoup], folder: Path, base: str, first: str) -> None:
    """Write the list of pages for search engines, and index.html, which leads to the first."""
    names = sorted(name for name in pages if name not in SERVICE)
    lines = "".join(f"<url><loc>{html.escape(urljoin(base, name))}</loc></url>\n" for name in names)
    (folder / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n',
        encoding="utf-8",
    )
    (folder / "robots.txt").write_text(
        f"User-agent: *\nAllow: /\nSitemap: {urljoin(base, 'sitemap.xml')}\n", encoding="utf-8"
    )
    page = pages[first]
    described = page.head.find("meta", attrs={"name": "description"})["content"]
    text = REDIRECT.format(
        title=html.escape(page.title.get_text()), description=html.escape(described),
        first=first, address=urljoin(base, first),
    )  # fmt: skip
    (folder / "index.html").write_text(text, encoding="utf-8")
