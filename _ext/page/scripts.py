"""One script for all pages, run when the page has been read, so that it is shown before."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

# What the theme or an extension loads and this book does not use.
UNUSED = {
    "fontawesome.js",  # page.icons draws the signs
    "sphinx-thebe.js",  # cells run in Colab, Binder or Jupyter
    "design-tabs.js",  # there are no tabs
}
SEARCH = {"searchtools.js", "language_data.js", "searchindex.js"}  # on its own page only
UNUSED_GLOBALS = ("THEBE_JS_URL", "DOCUMENTATION_OPTIONS.pagename")
# A page that was opened from a folder may not read the others, to show where the words stand.
FOLDER = 'DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = location.protocol != "file:"'
# Paper is white, whatever the screen is.
PAPER = """
addEventListener("beforeprint", () => {
  const {dataset} = document.documentElement, {theme} = dataset;
  dataset.theme = "light";
  addEventListener("afterprint", () => { dataset.theme = theme; }, {once: true});
});
"""
# Light or dark, before anything is shown: what the reader chose, else what the system says.
THEME = """
const mode = localStorage.getItem("mode") || "auto";
const dark = mode == "dark" || mode == "auto" && matchMedia("(prefers-color-scheme: dark)").matches;
Object.assign(document.documentElement.dataset, {mode, theme: dark ? "dark" : "light"});
"""


def bundle(pages: dict[str, BeautifulSoup], html: Path) -> None:
    """Put the scripts that every page has into one file; the others wait as it does."""
    wanted = {name: list(scripts(page, html / name)) for name, page in pages.items()}
    in_all = set.intersection(*({text for _, text in found} for found in wanted.values()))
    first = next(iter(wanted.values()))
    common = dict.fromkeys(text for _, text in sorted(first, key=order) if text in in_all)
    text = ";\n".join([*common, FOLDER, PAPER])
    file = written(html / "_static", "book", "js", text)
    for name, page in pages.items():
        root = page.html["data-content_root"]
        head = page.new_tag("script", defer="", src=f"{root}_static/{file}")
        page.head.append(head)
        for tag, text in wanted[name]:
            if text in in_all:
                tag.decompose()
            elif tag.get("src"):
                if not urlsplit(tag["src"]).query:
                    tag["src"] += f"?v={short_hash(text)}"
                tag["defer"] = ""
                page.head.append(tag.extract())


def order(script: tuple[Tag, str]) -> int:
    """Settings first, which the others need as soon as they run."""
    source = script[0].get("src", "")
    return 0 if "documentation_options.js" in source else 2 if source else 1


def scripts(page: BeautifulSoup, path: Path):
    """The scripts of a page that are used, each with its text; the others are taken out."""
    for tag in page.head.find_all("link", attrs={"as": "script"}):
        tag.decompose()
    for tag in page.find_all("script"):
        if tag.get("type", "text/javascript") != "text/javascript":
            continue  # a module waits by itself; data is no script
        name = Path(urlsplit(tag.get("src", "")).path).name
        if unused(tag, name) or name in SEARCH and path.name != "search.html":
            tag.decompose()
        elif name:
            file = path.parent / urlsplit(tag["src"]).path
            yield tag, without_map(file.read_text(encoding="utf-8"))
        elif tag.find_parent("head") and "localStorage" in tag.text:
            tag.string = f"{{{THEME}}}"
        elif tag.find_parent("head"):
            yield tag, tag.text


def unused(tag: Tag, name: str) -> bool:
    return name in UNUSED or not name and any(each in tag.text for each in UNUSED_GLOBALS)


def without_map(text: str) -> str:
    """A script without the line that names its source map."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("//# source"))


def written(folder: Path, stem: str, suffix: str, text: str) -> str:
    """Write a file that is named by its content, instead of the last of its kind; its name."""
    for old in folder.glob(f"{stem}.*.{suffix}"):
        old.unlink()
    name = f"{stem}.{short_hash(text)}.{suffix}"
    (folder / name).write_text(text, encoding="utf-8")
    return name


def short_hash(text: str) -> str:
    """A few signs that change with a text, for the address of a file that browsers keep."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
