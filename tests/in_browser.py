"""What tests of pages in a browser import: `browse` and `expect`; the fixtures are in conftest.py.

A file that imports this is skipped, with the reason, where Chromium or the rendered book is not
there.
"""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import browse

__all__ = ["ONE_PROCESS", "browse", "expect", "hold", "let_go", "sync_playwright"]

if not browse.CHROMIUM:
    pytest.skip("no chromium on the path", allow_module_level=True)
if not browse.HTML.exists():
    pytest.skip("no book: make book", allow_module_level=True)

# All pages of a context in one process: WebAssembly that one of them has is not compiled again.
ONE_PROCESS = ["--renderer-process-limit=1", "--disable-site-isolation-trials"]

expect.set_options(timeout=30_000)  # milliseconds: what is expected is waited for


def hold(page) -> list:
    """The packed files for which the page asks from now on: they do not come yet."""
    held = []
    page.route("**/packs/**", lambda route: held.append(route))
    return held


def let_go(page, held: list, failed: int = 0) -> None:
    """They come and are run, all but some that failed: each is a script of the page until then."""
    scripts = page.locator("[src*=packs]")
    while len(held) + failed < scripts.count():
        page.wait_for_timeout(10)
    for route in held:
        route.continue_()
    expect(scripts).to_have_count(failed)
