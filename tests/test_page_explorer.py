"""The network explorer in a browser: what it shows is what the command line counts."""

import csv
import json
import shlex
import time
from io import StringIO

import pytest
from in_browser import ONE_PROCESS, browse, expect

from d2lres.commands import main
from d2lres.errors import D2lresError
from d2lres.structure import architecture_families, summarize

PAGE = "chapters/explorer.html"
LONG = 60_000  # milliseconds that Python may take to come, on a machine with other work
# Python begins often here and computes little: to compile its WebAssembly well is not worth it.
OPTIONS = [*ONE_PROCESS, "--js-flags=--liftoff-only"]

#: By their words in the address.
CHOICES = [
    "net=resnet18",
    "net=resnet50&version=v1.5&classes=10",
    "net=resnet34&shortcut=A&input=1,96,96",
    "net=resnet18&version=v2&shortcut=C",
    "net=resnet101&padding=same&input=3,225,230",
    "net=plain34&input=3,64,64",
    "net=cifar-resnet56&version=v1-one-norm&shortcut=B",
    "net=wrn-16-8&classes=100",
    "net=gluon-resnet50&version=v2",
    "net=se-resnet50&input=3,720,1280",
]


@pytest.fixture(scope="module")
def page(browser, folder, visit):
    """The page from a folder, with Python there, in a browser before 2025 (js/unpack.js)."""
    page = browse.watched(browser, folder, visit)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(folder + PAGE)
    page.evaluate("book.worker.text = 'delete Uint8Array.fromBase64;' + book.worker.text")
    begun = time.perf_counter()
    page.get_by_role("button", name="Show the network").click()
    expect(page.locator(".nets svg")).to_be_visible(timeout=LONG)
    print(f"first answer after {time.perf_counter() - begun:.1f} s")
    yield page
    page.close()


def choose(page, words: str) -> None:
    """Go to a choice, and wait for its answer."""
    page.evaluate("document.querySelector('#explorer .status').textContent = ''")
    page.evaluate("words => { location.hash = words }", f"{words}&again={time.time()}")
    expect(page.get_by_role("status")).not_to_be_empty()


def field(page, name: str):
    return page.locator(f"[name={name}]")


def copied(page, what: str) -> str:
    page.get_by_role("button", name=f"Copy {what}").click()
    expect(page.get_by_role("status")).to_contain_text("copied")
    return page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("words", CHOICES)
def test_the_page_counts_what_the_command_counts(page, capfd, words):
    """The command that it copies is the one that is run."""
    choose(page, words)
    command, table = copied(page, "command"), copied(page, "CSV")
    with pytest.raises(SystemExit) as stop:
        main([*shlex.split(command)[1:], "--json"])
    counted = json.loads(capfd.readouterr().out)
    assert not stop.value.code and counted["architecture"] == words.split("&")[0][4:]
    for word in words.split("&")[1:]:
        assert word.split("=")[1] in command
    rows = list(csv.DictReader(StringIO(table)))
    for row, expected in zip(rows, counted["rows"], strict=True):
        sides = "x".join(map(str, expected.pop("output_shape")))
        assert row == {"output_shape": sides, **{k: str(v) for k, v in expected.items()}}
    shown = page.locator("details tbody tr").last.locator("td").all_text_contents()
    totals = [f"{counted[cost]:,}" for cost in ("params", "buffers", "macs")]
    assert shown == ["total", "", "", *totals]


def test_every_version_and_shortcut_of_the_families_can_be_chosen(page):
    families = architecture_families()
    for name, lists in {
        "version": [family.versions for family in families],
        "shortcut": [family.shortcuts for family in families],
    }.items():
        known = {each for some in lists for each in some} - {"none"}
        for form in (name, f"{name}2"):
            usual, *others = page.locator(f"select[name={form}] option").all_text_contents()
            assert (usual, sorted(others)) == ("the usual", sorted(known))


def test_an_answer_comes_while_one_types_and_the_address_holds_the_choice(page, browser):
    choose(page, "net=resnet18")
    field(page, "net").fill("cifar-resnet20")
    field(page, "version").select_option("v2")
    field(page, "input").fill("3,33,33")
    field(page, "both").check()
    field(page, "net2").fill("wrn-16-8")
    field(page, "batch2").fill("64")
    title = page.get_by_role("heading", name="cifar-resnet20 (v2, shortcut A) on 3x33x33")
    expect(title).to_be_visible()
    expect(page.locator(".differences")).to_contain_text("images in a batch")
    said = page.get_by_role("status").inner_text()

    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator(".nets svg")).to_have_count(2, timeout=LONG)
    assert other.get_by_role("status").inner_text() == said
    assert field(other, "version").input_value() == "v2"
    assert field(other, "batch2").input_value() == "64"
    assert other.locator(".differences").inner_text() == page.locator(".differences").inner_text()
    other.close()


@pytest.mark.parametrize(
    "words, name, options",
    [
        ("net=resnet81", "resnet81", {}),
        ("net=resnet50&padding=valid", "resnet50", {"padding": "valid"}),
        ("net=plain18&shortcut=B", "plain18", {"shortcut": "B"}),
    ],
)
def test_a_wrong_choice_shows_the_packages_message_and_the_next_works(page, words, name, options):
    with pytest.raises(D2lresError) as error:
        summarize(name, **options)
    choose(page, words)
    expect(page.get_by_role("status")).to_have_text(str(error.value))
    expect(page.locator(".nets svg")).to_have_count(0)
    choose(page, "net=resnet34")
    expect(page.locator(".nets svg")).to_have_count(1)


def test_the_keyboard_steps_through_the_layers(page):
    """What is told of a layer is what was counted: ResNet-18's stem, on one channel of 96x96."""
    choose(page, "net=resnet18&input=1,96,96&every=yes")
    rows = summarize("resnet18", (1, 96, 96)).rows
    page.locator(".nets .copies button").last.focus()
    page.keyboard.press("Tab")
    for row in rows[:4]:
        caption = page.locator("figcaption")
        shape = "×".join(map(str, row.output_shape))
        costs = f"{row.params:,} parameters; {row.macs:,} MACs"
        expect(caption).to_contain_text(row.name)
        expect(caption).to_contain_text(f"output {shape}; {costs}")
        page.keyboard.press("ArrowDown")


def test_whoever_points_at_a_layer_is_told(page):
    choose(page, "net=resnet50")
    page.locator("g.tip", has_text="dense, 1000").hover()
    expect(page.locator("figcaption")).to_contain_text("head.dense; dense, 1000; output 1000; ")


@pytest.mark.parametrize("size", [browse.DESK, browse.TELEPHONE], ids=["desk", "telephone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_the_screen_and_axe_finds_nothing(page, size, theme):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    choose(page, "net=resnet18&both=yes&net2=cifar-resnet20")
    expect(page.locator(".nets svg")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert not browse.wrong(page, "#explorer")
    page.set_viewport_size(browse.DESK)
    page.emulate_media(color_scheme="light")


def test_the_form_waits_for_its_script_and_python_that_did_not_come_can_be_asked_again(
    browser, here
):
    """Sent before the script listens, the form would load the page anew, without a word."""
    page = browse.usual(browser).new_page()
    held = []
    page.route("**/explorer.js*", lambda route: held.append(route))
    page.route("**/packs/d2lres.zip*/*", lambda route: route.abort())
    page.goto(here + PAGE, wait_until="commit")
    button = page.get_by_role("button", name="Show the network")
    expect(button).to_be_disabled()
    page.get_by_label("Architecture").first.press("Enter")
    assert page.url == here + PAGE
    held[0].continue_()
    button.click()
    expect(page.get_by_role("status")).to_contain_text("did not answer", timeout=LONG)
    page.unroute("**/packs/d2lres.zip*/*")
    button.click()
    expect(page.locator(".nets svg")).to_be_visible(timeout=LONG)
    page.close()
