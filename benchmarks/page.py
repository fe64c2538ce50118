"""The rendered book as a reader meets it: how fast, how heavy, for everyone?  Against its goals.

python benchmarks/page.py    (make bench-page; needs npm and Chromium, and fetches Lighthouse)

Lighthouse plays a telephone on a slow line; its figures move by a hundredth from run to run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import browse

TOOL = browse.HTML.parent / "lighthouse"  # where npm puts it
VERSION = "12.2.3"
NAMES = ("index", "resnet18", "training-fashion-mnist", "reading", "explorer")
PAGES = [f"chapters/{name}.html" for name in NAMES]
GOALS = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0, "seo": 0.95}
MOST_BYTES, MOST_MOVED = 500_000, 0.02
LIVE = "chapters/resnet18.html"
FIRST, LATER = 4.0, 0.1  # seconds from a click on a live cell to its answer
ANSWER = """async cell => {
  const start = performance.now();
  cell.querySelector(".live-run").click();
  while (!cell.querySelector(".live-status").textContent.startsWith("Done"))
    await new Promise(done => setTimeout(done, 1));
  return (performance.now() - start) / 1000;
}"""


def lighthouse(address: str) -> dict:
    """Lighthouse's report on a page, as it comes with its own settings: a telephone."""
    command = [
        TOOL / "node_modules" / ".bin" / "lighthouse", address, "--quiet", "--output=json",
        "--chrome-flags=--headless=new --no-sandbox",
    ]  # fmt: skip
    environment = os.environ | {"CHROME_PATH": browse.CHROMIUM}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"error: Lighthouse: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


def measured(report: dict) -> tuple[list[str], bool]:
    """A line of figures, and whether they reach the goals."""
    scores = {name: report["categories"][name]["score"] for name in GOALS}
    weight = report["audits"]["total-byte-weight"]["numericValue"]
    moved = report["audits"]["cumulative-layout-shift"]["numericValue"]
    paint = report["audits"]["largest-contentful-paint"]["numericValue"] / 1000
    good = all(scores[name] >= goal for name, goal in GOALS.items())
    good = good and weight <= MOST_BYTES and moved <= MOST_MOVED
    figures = [f"{score:.2f}" for score in scores.values()]
    return [*figures, f"{paint:.1f} s", f"{moved:.3f}", f"{weight / 1000:.0f} KB"], good


def answers(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until a live cell answers: to the first click, with which Python comes, and later."""
    page = browser.new_page()
    page.goto(address)
    cell = page.locator(".cell.tag_live").first
    first, *later = (cell.evaluate(ANSWER) for _ in range(6))
    page.close()
    return first, max(later)


def main() -> int:
    if not browse.CHROMIUM:
        sys.exit("error: no Chromium on the path; expected one. Debian: apt-get install chromium")
    subprocess.run(
        ["npm", "install", "--silent", "--no-save", "--prefix", TOOL, f"lighthouse@{VERSION}"],
        check=True,
    )
    reached = True
    goals = [f">= {goal:.2f}" for goal in GOALS.values()]
    print(row("", ["performance", "accessible", "practices", "SEO", "largest", "moved", "bytes"]))
    print(row("goal", [*goals, "", f"<= {MOST_MOVED}", f"<= {MOST_BYTES // 1000} KB"]))
    with browse.served() as here, sync_playwright() as playwright:
        for name in PAGES:
            figures, good = measured(lighthouse(here + name))
            print(row(name, figures), flush=True)
            reached &= good
        chromium = browse.launch(playwright)
        print()
        for place, address in (("a server", here), ("a folder", f"{browse.HTML.as_uri()}/")):
            first, later = answers(chromium, address + LIVE)
            print(
                f"A live cell from {place}: {first:.1f} s (goal {FIRST}), then {later:.3f} s",
                end="",
            )
            print(f" (goal {LATER})", flush=True)
            reached &= first <= FIRST and later <= LATER
        visits = browse.look(chromium, here, browse.pages())
    print(f"\nOf {len(visits)} pages:")
    for what, wrong in {
        "log an error": [name for name, visit in visits.items() if visit.errors],
        "miss a file": [name for name, visit in visits.items() if visit.failed],
        "ask another machine": [name for name, visit in visits.items() if visit.outside],
        "are wider than a telephone": [name for name, visit in visits.items() if visit.width > 390],
        "move": [name for name, visit in visits.items() if visit.moved > MOST_MOVED],
        "have faults in light (axe)": [name for name, visit in visits.items() if visit.light],
        "have faults in dark (axe)": [name for name, visit in visits.items() if visit.dark],
    }.items():
        print(f"  {len(wrong)} {what} {' '.join(wrong)}")
        reached &= not wrong
    print("\nEvery goal is reached." if reached else "\nA goal is missed.")
    return 0 if reached else 1


def row(name: str, figures: list[str]) -> str:
    return f"{name:36}" + "".join(f"{figure:>13}" for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
