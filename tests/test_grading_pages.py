"""The page that goes back: what a student sees, and that nothing in it runs in a browser."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import numpy
import pytest
import small_course as small
from bs4 import BeautifulSoup
from nbformat import v4

pytest.importorskip("nbgrader", reason="grading needs nbgrader")

from d2lres.classroom import marks as marking
from d2lres.classroom.feedback import feedback
from d2lres.classroom.formulas import CLOSE, whole
from d2lres.classroom.marks import check
from d2lres.classroom.outputs import error
from d2lres.classroom.reference import grade_id, load_assignment
from d2lres.classroom.rendering import markdown, output
from d2lres.classroom.submissions import Submission

PNG = small.PNG


@pytest.fixture
def page_of(tmp_path):
    """The page of a submission with these cells below it, and these outputs below `mean-test`."""
    assignment = load_assignment("sums", small.write_course(tmp_path / "course"))

    def make(cells=(), outputs=(), notes=(), comment="", student="ana", show_hidden=False):
        notebook = small.submission()
        notebook.cells += cells
        path = small.hand_in(tmp_path / "in", "ana", notebook)
        notebook, _ = check(assignment, Submission(student, path))
        found = marking.marks(notebook, small.passed(assignment))
        next(c for c in notebook.cells if grade_id(c) == "mean-test").outputs = list(outputs)
        found[2]["comment"] = comment
        result = {"student": student, "assignment": "sums", "notes": list(notes), "cells": found,
                  "notebook": notebook}  # fmt: skip
        return feedback(result, show_hidden)

    return make


def soup_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def text_of(html: str) -> str:
    return " ".join(soup_of(html).get_text(" ").split())


def displayed(data, metadata=None):
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


# --- what a student sees --------------------------------------------------------------------------


def test_markdown_is_rendered_and_no_tag_is_shown():
    page = markdown("## Why\n\nIt is *far*.\n\n| a | b |\n|---|--:|\n| 1 | **2** |\n\n* one\n")
    soup = soup_of(page)
    assert soup.h2.get_text() == "Why" and soup.em.get_text() == "far"
    assert [cell.get_text() for cell in soup.find_all(["th", "td"])] == ["a", "b", "1", "2"]
    assert soup.td.find_next("td")["style"] == "text-align:right;"
    assert "&lt;" not in page and soup.li.get_text() == "one"


def test_a_pasted_image_a_data_uri_and_a_plot_are_pictures():
    pasted = markdown("![mine](attachment:a.png)", {"a.png": {"image/png": PNG}})
    plot = output(displayed({"image/png": PNG + "\n", "text/plain": "<Figure>"}))
    for shown in (pasted, markdown(f"![mine](data:image/png;base64,{PNG})"), plot):
        assert soup_of(shown).img["src"] == f"data:image/png;base64,{PNG}"
    assert "Figure" not in plot


@pytest.mark.parametrize("url", ["attachment:gone.png", "https://example.org/a.png", "plots/a.png"])
def test_a_picture_that_is_not_there_is_named(url):
    shown = soup_of(markdown(f"![my plot]({url})"))
    assert not shown.img and "not in the notebook: my plot" in shown.get_text()


def test_a_formula_is_drawn_and_one_that_cannot_be_stays_readable():
    drawn = soup_of(markdown(r"The mean $\bar{x} = \frac{1}{n}\sum_i x_i$.")).img
    assert drawn["alt"] == r"$\bar{x} = \frac{1}{n}\sum_i x_i$"
    assert drawn["src"].startswith("data:image/svg+xml;base64,")
    assert soup_of(markdown(r"$\unknown{x}$")).code.get_text() == r"$\unknown{x}$"
    assert soup_of(output(displayed({"text/latex": "$$x^2$$"}))).img


MATRIX = r"\begin{pmatrix}1 & 0\\ 0 & 1\end{pmatrix}"
ENVIRONMENTS = [
    r"\begin{align}a &= b + 1\label{one}\\[2pt] &= c\nonumber\end{align}",
    r"\begin{align*}a &= b & c &= d\\\end{align*}",
    r"\begin{equation}\bar{x} = \frac{1}{n}\sum_i x_i\end{equation}",
    r"\begin{gather}a\\ \begin{aligned}b &= c\\ &= d\end{aligned}\end{gather}",
    rf"$$A = {MATRIX}$$", rf"so ${MATRIX}^2$ it is", r"$$\begin{vmatrix}a & b\end{vmatrix}$$",
    r"$$|x| = \begin{cases}x & \text{if } x > 0\\ -x & \text{else}\end{cases}$$",
]  # fmt: skip


@pytest.mark.parametrize("tex", ENVIRONMENTS)
def test_formulas_of_several_lines_are_drawn(tex):
    """Every piece of the outline lies within the picture, which says what it shows."""
    soup = soup_of(markdown(tex))
    words = soup.img["alt"].strip("$")
    assert words in tex.replace("$$", "$") and not soup.find(["pre", "code"])
    svg = soup_of(base64.b64decode(soup.img["src"].partition(",")[2]).decode()).svg
    left, top, width, height = map(float, svg["viewbox"].split())
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d", svg.path["d"].replace("Z", ""))]
    assert numbers and left <= min(numbers[::2]) and max(numbers[::2]) <= left + width
    assert top <= min(numbers[1::2]) and max(numbers[1::2]) <= top + height


def test_columns_stand_below_one_another_and_rows_too():
    one, two = whole("a"), whole(r"\begin{matrix}a\\ a\end{matrix}")
    assert two.width == one.width
    first, second = two.points[: len(one.points)], two.points[len(one.points) :]
    inked = numpy.array(one.codes) != CLOSE  # a path is closed at no point
    assert (first[inked, 0] == second[inked, 0]).all()
    assert (first[inked, 1] > second[inked, 1] + 70).all()
    aligned = whole(r"\begin{align}aaa &= b\\ a &= b\end{align}")
    half = len(whole("aaa").points)
    row = len(whole("aaa").points) + len(whole("= b").points)
    equals = aligned.points[half], aligned.points[row + len(one.points)]
    assert equals[0][0] == equals[1][0] and equals[0][1] > equals[1][1]


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{tikzcd}a & b\end{tikzcd}", r"\begin{align}a &= \unknown{b}\end{align}",
        r"\begin{align}\begin{cases}a\end{align}", r"\begin{align}\end{align}",
        r"\begin{align}a &= " + "b" * 4000 + r"\end{align}",
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_stays_as_it_was_written(tex):
    soup = soup_of(markdown(tex))
    assert not soup.img and soup.pre.get_text() == tex


def test_a_page_has_only_so_many_formulas():
    table = r"\begin{matrix}" + r"1 & 2\\" * 60 + r"\end{matrix}"
    soup = soup_of(markdown("\n\n".join([table] * 5)))
    assert len(soup.find_all("img")) == 3 and len(soup.find_all("pre")) == 2


def test_a_table_that_a_cell_displays_is_a_table():
    table = (
        "<style>td {color: red}</style><table border=1 class=dataframe><tr><td>7</td></tr></table>"
    )
    shown = output(displayed({"text/html": table, "text/plain": "x"}))
    assert soup_of(shown).td.get_text() == "7" and "red" not in shown and "x" not in text_of(shown)


def test_what_a_script_would_have_drawn_is_shown_as_text():
    shown = output(displayed({"text/html": "<script>draw()</script>", "text/plain": "a chart"}))
    assert shown == "<pre>a chart</pre>"
    shown = output(displayed({"application/javascript": "draw()"}))
    assert "cannot be shown here: application/javascript" in shown


def test_colours_of_a_terminal_are_colours():
    shown = output(v4.new_output("stream", text="\x1b[31mred\x1b[0m & <b>"))
    assert soup_of(shown).span["class"] == ["ansi-red-fg"]
    assert text_of(shown) == "red & <b>" and "\x1b" not in shown


def test_hidden_tests_stay_hidden_and_their_message_is_shown(page_of):
    failed = error("AssertionError", "the mean of 1, 2 is no whole number")
    failed.traceback = ["----> 4 assert mean([1, 2]) == 1.5"]
    page = text_of(page_of(outputs=[failed]))
    assert "the mean of 1, 2 is no whole number" in page and "There are hidden tests" in page
    assert "the mean of 1, 2, 3 is 2" in page
    assert "1.5" not in page and "HIDDEN" not in page
    page = text_of(page_of(outputs=[failed], show_hidden=True))
    assert "1.5" in page and "BEGIN HIDDEN TESTS" in page


def test_a_comment_is_shown_with_its_lines(page_of):
    page = soup_of(page_of(comment="Good.\nBut <why>?"))
    assert "Good.\nBut <why>?" in page.find(class_="comment").get_text()


# --- what must not run ----------------------------------------------------------------------------

HIT = "document.title='HIT'"
PAYLOADS = [  # the first leaves the page whole: others swallow what comes after them
    f'<img src=x onerror="{HIT}">',
    f"<script>{HIT}</script>", f"<ScRiPt>{HIT}</sCrIpT>", f"<script/x>{HIT}</script>",
    f"<scr<script>ipt>{HIT}</scr</script>ipt>", f"<script>{HIT}", f"<<script>{HIT}//<</script>",
    f"<script src='data:text/javascript,{HIT}'></script>", f"<svg><script>{HIT}</script></svg>",
    f"<svg><script href='data:text/javascript,{HIT}'/></svg>",
    f'<img src=x OnErRoR="{HIT}">', f'<img/src=x/onerror="{HIT}">',
    f'<img src="x` `<script>{HIT}</script>"` `>', f'<img """><script>{HIT}</script>">',
    f'<svg onload="{HIT}">', f'<svg/onload="{HIT}">', f'<body onload="{HIT}">',
    f'<iframe srcdoc="<script>parent.{HIT}</script>"></iframe>',
    f'<iframe src="javascript:parent.{HIT}"></iframe>', f'<embed src="javascript:{HIT}">',
    f'<object data="data:text/html,<script>parent.{HIT}</script>"></object>',
    f'<video><source onerror="{HIT}"></video>', f'<audio src=x onerror="{HIT}">',
    f'<input autofocus onfocus="{HIT}">', f'<select autofocus onfocus="{HIT}">',
    f'<details open ontoggle="{HIT}">', f'<marquee onstart="{HIT}">',
    f'<div style="animation:a 1s" onanimationstart="{HIT}"></div><style>@keyframes a{{}}</style>',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--><img src=1 onerror={HIT}>">',
    f'<noscript><p title="</noscript><img src=x onerror={HIT}>">',
    f'<svg></p><style><a id="</style><img src=1 onerror={HIT}>">',
    f'<form><math><mtext></form><form><mglyph><style></math><img src onerror={HIT}>',
    f"</title><script>{HIT}</script>", f"</style><script>{HIT}</script>",
    f"--><script>{HIT}</script>", f"</pre></div></section><script>{HIT}</script>",
    f'<a href="javascript:{HIT}">go</a>', f'<a href=" &#1;javascript:{HIT}">go</a>',
    f'[go](javascript:{HIT})', f'![x](x"onerror="{HIT})', f'![x" onerror="{HIT}](https://a.b/c)',
    f'![x](data:image/png;base64,AAAA"onerror="{HIT})', f'$<img src=x onerror="{HIT}">$',
    f'<meta http-equiv="refresh" content="0;url=data:text/html,<script>{HIT}</script>">',
    f'<base href="data:/,{HIT}/"><script src="x"></script>', f'<isindex onfocus="{HIT}" autofocus>',
    f"```python\n<script>{HIT}</script>\n```", f"```x\"><script>{HIT}</script>\ny\n```",
]  # fmt: skip
RICH = ("text/html", "text/markdown", "text/latex", "text/plain", "image/svg+xml", "image/png")


def attacked(page_of) -> str:
    """A page with every payload in every place that a student fills."""
    cells = [v4.new_markdown_cell(text) for text in PAYLOADS]
    cells += [v4.new_raw_cell(text) for text in PAYLOADS]
    outputs = [displayed({kind: text}) for text in PAYLOADS for kind in RICH]
    outputs += [
        displayed({kind.replace("image/", text): text}) for text in PAYLOADS for kind in RICH
    ]
    outputs += [v4.new_output("stream", text=text) for text in PAYLOADS]
    outputs += [error(text, text) for text in PAYLOADS]
    size = f'1 onerror={HIT} x="'
    outputs += [displayed({"image/png": "AAAA"}, {"image/png": {"width": size, "height": size}})]
    outputs += [displayed({"image/png": f'AAAA" onerror="{HIT}'}, {"width": size})]
    outputs += [displayed({"image/png": PNG}, {"needs_background": f'"><script>{HIT}</script>'})]
    everything = "".join(PAYLOADS)
    return page_of(cells, outputs, PAYLOADS, everything, everything.replace("/", ""))


def test_no_page_holds_anything_that_runs_or_comes_from_elsewhere(page_of):
    soup = BeautifulSoup(attacked(page_of), "html.parser")
    tags = {tag.name for tag in soup.find_all(True)}
    assert not tags & {"script", "iframe", "object", "embed", "link", "base", "form", "svg", "math"}
    assert len(soup.find_all("style")) == 1 and "url(" not in soup.style.get_text()
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")], tag
        assert re.match(
            r"data:image/[a-z+]+;base64,[\w+/=]+$", tag.get("src", "data:image/a;base64,A")
        )
        assert re.match(r"#|https?:|mailto:", tag.get("href", "#")), tag
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    for part in ("default-src 'none'", "img-src data:", "script-src 'none'"):
        assert part in policy.split("; ")


CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def title_in_a_browser(html: str, folder: Path) -> str:
    """The title of a page after its scripts, if any, have run."""
    (folder / "page.html").write_text(html)
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", (folder / "page.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert "</html>" in done.stdout, done.stderr[-2000:]
    return re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)[1]


@pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path to open the pages in")
@pytest.mark.parametrize("guard", ["both", "the gate alone", "the policy alone", "neither"])
def test_no_payload_runs_in_a_browser(page_of, tmp_path, guard):
    """Each of the two guards holds alone; without both, the payloads do run."""
    if guard in ("both", "the gate alone"):
        page = attacked(page_of)
    else:
        page = page_of().replace("<main>", "<main>" + "".join(f"<p>{p}</p>" for p in PAYLOADS))
    if guard in ("the gate alone", "neither"):
        page = re.sub(r"<meta http-equiv=.Content-Security[^>]*>", "", page)
    title = title_in_a_browser(page, tmp_path)
    assert (title == "HIT") == (guard == "neither")
