"""The rendered book as a reader meets it: how fast, how heavy, for everyone?  Against its goals.

python benchmarks/page.py    (make bench-page; needs npm and Chromium, and fetches Lighthouse)

Lighthouse plays a telephone on a slow line; its figures move by a hundredth from run to run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import browse

TOOL = browse.HTML.parent / "lighthouse"  # where npm puts it
VERSION = "12.2.3"
NAMES = ("index", "resnet18", "training-fashion-mnist", "reading", "explorer")
PAGES = [f"chapters/{name}.html" for name in NAMES]
GOALS = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0, "seo": 0.95}
MOST_BYTES, MOST_MOVED = 500_000, 0.02


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
        visits = browse.look(browse.launch(playwright), here, browse.pages())
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
