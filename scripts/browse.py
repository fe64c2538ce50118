"""Open the rendered book in Chromium, and write down what goes wrong on its pages.

The tests and `make bench-page` look through this window.  No address but this machine's is reached.
"""

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request
from playwright.sync_api import TimeoutError as TookTooLong

HTML = Path(__file__).parents[1] / "_build" / "html"
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
TELEPHONE, DESK = {"width": 390, "height": 844}, {"width": 1300, "height": 900}

# Layout that moves after it was shown, without the reader having done anything.
MOVED = """
window.moved = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
# Code and formulas as plain text: axe would ask each of their thousands of pieces.
PLAIN = """for (const each of document.querySelectorAll(".highlight pre, math"))
  each.textContent = each.textContent"""
# An element for each kind of text, field and link.  A kind is what decides contrast: color, size,
# the backgrounds and opacities that it stands on; for a link, what sets it off from the text, too.
KINDS = """part => {
window.kinds = {};
const under = each => {
  if (!each) return "";
  const {backgroundColor, backgroundImage, opacity, filter} = getComputedStyle(each);
  const own = [backgroundColor, backgroundImage, opacity, filter].join();
  const rest = under(each.parentElement);
  return rest.endsWith(own) ? rest : rest + own;
};
const block = each => getComputedStyle(each).display == "inline" ? block(each.parentElement) : each;
const look = each => {
  const {color, fontSize, fontWeight, textShadow} = getComputedStyle(each);
  return [color, fontSize, fontWeight, textShadow].join();
};
const apart = each => {
  const {fontStyle, border, textDecoration} = getComputedStyle(each);
  return [fontStyle, border, textDecoration, look(block(each.parentElement))].join();
};
const speaks = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
for (const each of document.querySelectorAll(`${part}, ${part} *`)) {
  const {width, height, right, bottom} = each.getBoundingClientRect();
  const shown = each.checkVisibility({visibilityProperty: true}) && Math.min(width, height) > 1;
  const outside = right + scrollX < 0 || bottom + scrollY < 0;
  const asked = each.matches("a, input, select, textarea") || [...each.childNodes].some(speaks);
  if (!shown || outside || !asked) continue;
  window.kinds[[look(each), under(each), each.href && apart(each)].join()] ??= each;
}
return Object.keys(window.kinds);
}"""
SEEN = ["color-contrast", "link-in-text-block"]  # the rules that a kind decides


@dataclass
class Visit:
    """What was seen of a page."""

    errors: list[str] = field(default_factory=list)  # in the console, and from scripts
    failed: list[str] = field(default_factory=list)  # requests without an answer, or with a bad one
    outside: list[str] = field(default_factory=list)  # requests to other machines
    width: int = 0  # pixels of the page on a telephone
    moved: float = 0  # layout shift while it was loaded and scrolled
    light: list[str] = field(default_factory=list)  # what axe found
    dark: list[str] = field(default_factory=list)


@contextmanager
def served():
    """The address at which the book is served meanwhile."""
    command = [sys.executable, Path(__file__).with_name("serve.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://\S+", server.stdout.readline())[0]
        finally:
            server.terminate()


def launch(playwright: Playwright, *options: str) -> Browser:
    args = ["--no-sandbox", "--disable-gpu", ALONE, *options]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=args)


def pages() -> list[str]:
    """Every page, by its address below the book's; index.html only leads to the first."""
    found = (path for path in HTML.rglob("*.html") if "_static" not in path.parts)
    return sorted({str(path.relative_to(HTML)) for path in found} - {"index.html"})


@cache
def usual(browser: Browser) -> BrowserContext:
    """What its pages share, where they ask for nothing else: files and what the reader chose."""
    return browser.new_context()


def watched(browser: Browser, here: str, visit: Visit, viewport=DESK, **settings) -> Page:
    """A new page that writes its errors and failed requests into `visit`."""
    page = (browser.new_context(**settings) if settings else usual(browser)).new_page()
    page.set_viewport_size(viewport)
    page.emulate_media(reduced_motion="reduce")
    page.set_default_timeout(60_000)  # milliseconds, on a machine with other work
    page.on("console", lambda said: said.type == "error" and visit.errors.append(said.text))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("requestfailed", lambda asked: given_up(asked) or visit.failed.append(asked.url))
    page.on("response", lambda reply: reply.status < 400 or visit.failed.append(reply.url))
    own = (here, "blob:", "data:")  # what a page makes itself stays in it
    page.on("request", lambda asked: asked.url.startswith(own) or visit.outside.append(asked.url))
    return page


def given_up(request: Request) -> bool:
    """Whether the browser itself ended the request, since the reader went on to another page."""
    return request.failure == "net::ERR_ABORTED"


def look(browser: Browser, here: str, names: list[str]) -> dict[str, Visit]:
    """Open pages on a telephone and scroll them, then ask axe on a desk, in light and in dark.

    Two windows take turns: while a page comes to rest in one, axe is asked in the other.
    """
    visits, seen = {}, set()
    # Settings of their own, so that they share no process.
    windows = [
        (watched(browser, here, visit, color_scheme="light"), visit) for visit in (Visit(), Visit())
    ]
    for page, _ in windows:
        page.add_init_script(MOVED)
        page.add_init_script(Axe().axe_script)
    for i, name in enumerate(names):
        arrive(*windows[i % 2], here + name)
        if i:
            visits[names[i - 1]] = judge(*windows[(i - 1) % 2], seen)
    visits[names[-1]] = judge(*windows[(len(names) - 1) % 2], seen)
    for page, _ in windows:
        page.close()
    return visits


def arrive(page: Page, visit: Visit, address: str) -> None:
    page.set_viewport_size(TELEPHONE)
    page.emulate_media(color_scheme="light")
    page.goto(address, wait_until="load")
    visit.width = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")


def judge(page: Page, visit: Visit, seen: set[str]) -> Visit:
    """What was seen of the page there, all of it; `visit` is empty again."""
    page.wait_for_load_state("networkidle")
    visit.moved = page.evaluate("window.moved")
    page.evaluate(PLAIN)
    page.set_viewport_size(DESK)
    visit.light = axe(page, without=SEEN) + contrast(page, seen=seen)
    turn_dark(page)
    visit.dark = contrast(page, seen=seen)
    page.evaluate("document.body.style.display = 'none'")  # what comes is for the next page
    whole = replace(visit)
    vars(visit).update(vars(Visit()))
    return whole


def turn_dark(page: Page) -> None:
    """As if the reader had turned the machine dark.

    A page hears of it with its next frame, and a busy browser may draw none: a picture makes it.
    """
    is_dark = "document.documentElement.dataset.theme == 'dark'"
    page.emulate_media(color_scheme="dark")
    try:
        page.wait_for_function(is_dark, polling=1, timeout=10_000)
    except TookTooLong:
        page.emulate_media(color_scheme="light")
        page.screenshot()
        page.emulate_media(color_scheme="dark")
        page.screenshot()
        page.wait_for_function(is_dark, polling=1)


def contrast(page: Page, part="html", seen=None) -> list[str]:
    """What axe finds wrong with how texts and links look, of each kind that is not `seen` yet."""
    seen = set() if seen is None else seen
    fresh = set(page.evaluate(KINDS, part)) - seen
    seen |= fresh
    return axe(page, sorted(fresh), SEEN) if fresh else []


def wrong(page: Page, part="html") -> list[str]:
    """What axe finds wrong with a part of a page, as it is shown now."""
    return axe(page, part, without=SEEN) + contrast(page, part)


def axe(page: Page, part="html", rules=(), without=()) -> list[str]:
    """What axe finds wrong with a page: the rule, how often, and where first.

    Arguments: `part`, a selector or a list of KINDS; the only `rules`, or all `without` some.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"], "preload": False}
    options |= {"runOnly": rules} if rules else {}
    options |= {"rules": {rule: {"enabled": False} for rule in without}}
    ask = """([part, options]) =>
      axe.run(Array.isArray(part) ? part.map(kind => kinds[kind]) : part, options)
        .then(found => found.violations)"""
    return [
        f"{each['id']}: {len(each['nodes'])} times, {each['nodes'][0]['html'][:200]}, "
        f"{each['nodes'][0]['failureSummary']}"
        for each in page.evaluate(ask, [part, options])
    ]
