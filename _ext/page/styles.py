"""One stylesheet, with the rules that some page of the book can need.

The theme sends 400 KB of rules, most of them for things that this book does not have.  A rule is
kept when each class and name in its selector is a word of a page or of a script.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import tinycss2
from bs4 import BeautifulSoup

from page.scripts import written

UNUSED = {"sphinx-thebe.css"}
MADE_UP = {"bs-tooltip-auto"}  # a script puts these names together
NESTED = {"media", "supports", "layer"}
FONTS = re.compile(r"Font\s*Awesome")  # page.icons draws the signs
WORD = re.compile(r"[\w-]+")


def bundle(pages: dict[str, BeautifulSoup], html: Path) -> None:
    """Put the styles of all pages into one file, instead of those that the pages name."""
    sheets = {}
    for name, page in pages.items():
        for link in page.head.find_all("link", rel="stylesheet"):
            file = ((html / name).parent / urlsplit(link["href"]).path).resolve()
            if file.name not in UNUSED:
                sheets.setdefault(file)
            link.decompose()
    words = MADE_UP | used(pages, html)
    text = "".join(rules(sheet(file), words) for file in sheets)
    name = written(html / "_static", "book", "css", text)
    for page in pages.values():
        root = page.html["data-content_root"]
        link = page.new_tag("link", rel="stylesheet", href=f"{root}_static/{name}")
        page.head.find("script").insert_before(link)


def used(pages: dict[str, BeautifulSoup], html: Path) -> set[str]:
    """Every class and name of an element, and every word of a script."""
    scripts = [file.read_text(encoding="utf-8") for file in (html / "_static").glob("*.js")]
    words = set(WORD.findall(" ".join(scripts)))
    for page in pages.values():
        for tag in page.find_all(True):
            words.update(tag.get("class", ()))
            words.add(tag.get("id"))
    return words


def sheet(file: Path) -> str:
    """A stylesheet with those that it imports, its addresses as seen from _static."""
    text = file.read_text(encoding="utf-8")
    static = next(each for each in file.parents if each.name == "_static")

    def address(found: re.Match) -> str:
        target = (file.parent / found[1]).resolve().relative_to(static)
        return f"url({target})"

    def imported(found: re.Match) -> str:
        return sheet((file.parent / found[1]).resolve())

    text = re.sub(r"url\((?!['\"]?(?:data:|#|https?:))['\"]?([^'\")]+)['\"]?\)", address, text)
    return re.sub(r"@import\s+\"([^\"]+)\";", imported, text)


def rules(text: str, words: set[str]) -> str:
    """The rules of a stylesheet that the words can need, without blanks and comments."""
    parsed = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    return "".join(filter(None, (rule(each, words) for each in parsed)))


def rule(node, words: set[str]) -> str:
    if node.type == "at-rule" and node.lower_at_keyword in NESTED and node.content is not None:
        inner = rules(tinycss2.serialize(node.content), words)
        head = f"@{node.at_keyword}{tinycss2.serialize(node.prelude).rstrip()}"
        return inner and f"{head}{{{inner}}}"
    if node.type == "at-rule":
        text = node.serialize()
        return "" if FONTS.search(text) or node.lower_at_keyword == "charset" else text
    if node.type == "qualified-rule":
        kept = ",".join(each for each in selectors(node.prelude) if needed(each, words))
        return kept and f"{kept}{{{declarations(node.content)}}}"
    raise ValueError(f"a stylesheet: {node.type}: {node.serialize()[:80]}")


def selectors(prelude) -> list[str]:
    """The selectors of a rule, at their outer commas."""
    found = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            found.append([])
        elif token.type != "comment":
            found[-1].append(token)
    return [re.sub(r"\s+", " ", tinycss2.serialize(each).strip()) for each in found]


def needed(selector: str, words: set[str]) -> bool:
    """Whether each class and name that must be there is one of the words."""
    must = re.sub(r":not\([^)]*\)|\[[^]]*\]|:(?:is|where)\([^)]*\)", "", selector)
    names = re.findall(r"[.#]((?:[\w-]|\\.)+)", must)
    return all(word in words for name in names for word in WORD.findall(name.replace("\\", "")))


def declarations(content) -> str:
    """What a rule says, without blanks and comments."""
    text = tinycss2.serialize([each for each in content if each.type != "comment"])
    return re.sub(r"\s*([;{}])\s*", r"\1", re.sub(r"\s+", " ", text)).strip().rstrip(";")
