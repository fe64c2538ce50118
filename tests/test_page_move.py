"""Figures that the reader moves: what they show is what the package gives."""

import re
import sys
from pathlib import Path

import pytest
from in_browser import browse, expect

import d2lres
from d2lres.structure import Conv, pads, slide
from d2lres.train import SCHEDULES

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))

PAGES = {"windows": "padding", "schedules": "modern-recipe", "degradation": "degradation"}


@pytest.fixture(scope="module")
def figures(browser, here, visit):
    """Each figure, in a page of its own, once the reader has come to it."""
    found = {}
    for name, chapter in PAGES.items():
        page = browse.watched(browser, here, visit)
        page.goto(f"{here}chapters/{chapter}.html")
        expect(page.locator("[data-move]")).to_have_count(0)  # nothing is made before
        page.locator(f".tag_move-{name}").scroll_into_view_if_needed()
        expect(page.locator("[data-move] svg[role=img]")).to_be_visible()
        found[name] = page.locator("[data-move]")
    return found


def said(figure) -> str:
    return figure.get_by_role("status").inner_text()


def slide_to(figure, label: str, value) -> None:
    figure.get_by_label(label, exact=True).fill(str(value))


# --- the numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size, kernel, strides", [(10, 3, 3), (9, 7, 2), (16, 2, 4), (5, 1, 2)])
def test_windows_lie_where_the_package_puts_them(figures, size, kernel, strides):
    figure = figures["windows"]
    for label, value in {"pixels": size, "kernel": kernel, "stride": strides}.items():
        slide_to(figure, label, value)
    starts, lefts = [], []
    for name, padding in {"VALID": "valid", "symmetric": (kernel - 1) // 2, "SAME": "same"}.items():
        layer = Conv(1, kernel, strides, padding)
        left, right = pads(layer, size, size)[2:]
        number = slide(layer, (1, size, size), "x")[1]
        starts += [i * strides - left for i in range(number)]
        lefts.append(left)
        reached = {1 - left + i * strides + j for i in range(number) for j in range(kernel)}
        missed = [str(pixel) for pixel in range(1, size + 1) if pixel not in reached]
        text = f"{name}: {left} added left, {right} right, {number} window{'s' * (number > 1)}"
        text += f"; in no window: {', '.join(missed)}." if missed else "."
        assert text in said(figure)
    cell = figure.locator("[data-cell]").first.evaluate("e => e.width.baseVal.value")
    bars = figure.locator("[data-window]")
    bars = bars.evaluate_all("all => all.map(e => [e.x.baseVal.value, e.width.baseVal.value])")
    assert [x for x, _ in bars] == pytest.approx([2.5 + cell * (max(lefts) + i) for i in starts])
    assert [width for _, width in bars] == pytest.approx([kernel * cell - 3] * len(bars))


def test_a_window_that_does_not_fit_is_said(figures):
    for label, value in {"pixels": 4, "kernel": 7, "stride": 1}.items():
        slide_to(figures["windows"], label, value)
    assert "VALID: the window is wider than the row." in said(figures["windows"])


@pytest.mark.parametrize("epochs, warmup, peak, done", [(100, 0, 1, 30), (15, 5, 0.2, 3.0)])
def test_learning_rates_are_those_of_a_recipe(figures, epochs, warmup, peak, done):
    figure = figures["schedules"]
    for label, value in {"epochs": epochs, "epochs of warm-up": warmup, "peak": peak}.items():
        figure.get_by_label(label, exact=True).select_option(str(value))
    slide_to(figure, "epochs done", round(100 * done / epochs))
    recipe = d2lres.find_recipe("fashion-mnist-native")
    for name in SCHEDULES:
        changed = recipe.changed(lr=peak, num_epochs=epochs, warmup=warmup, schedule=name)
        found = float(re.search(rf"\b{name} ([\d.]+)[,.]( |$)", said(figure))[1])
        assert found == pytest.approx(changed.learning_rate(done), abs=1.01e-4)
    assert f"epochs done {done:g}:" in said(figure)


@pytest.mark.parametrize("error, column", [("training", "train_acc"), ("validation", "test_acc")])
def test_errors_are_those_of_the_recorded_runs(figures, error, column):
    figure = figures["degradation"]
    figure.get_by_label("error", exact=True).select_option(error)
    for epoch in (1, 7, 15):
        slide_to(figure, "epoch", epoch - 1)
        for name in ("plain20", "plain44", "resnet20", "resnet44"):
            errors = [
                100
                * (1 - d2lres.recorded(f"degradation/{name}-{s}").history.column(column)[epoch - 1])
                for s in range(3)
            ]
            for choice, value in [("seed 1", errors[1]), ("mean of the seeds", sum(errors) / 3)]:
                figure.get_by_label("runs").select_option(choice)
                found = float(re.search(rf"{name} ([\d.]+)[,.]( |$)", said(figure))[1])
                assert found == pytest.approx(value, abs=0.056), (name, epoch, choice)


def test_a_line_that_is_not_wanted_goes(figures):
    figure = figures["degradation"]
    figure.get_by_role("checkbox", name="plain44").uncheck()
    assert "plain44" not in said(figure) and "plain20" in said(figure)
    expect(figure.locator("> svg path[stroke]")).to_have_count(3)
    figure.get_by_role("checkbox", name="plain44").check()


def test_who_points_at_an_epoch_is_told(figures):
    figure = figures["degradation"]
    box = figure.locator("> svg").bounding_box()
    figure.locator("> svg").hover(position={"x": 46, "y": box["height"] / 2})
    assert "epoch 1:" in said(figure)


# --- for everyone --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_moves_it_and_is_seen(figures, name):
    figure = figures[name]
    slider = figure.get_by_role("slider").last
    slide_to(figure, {"windows": "stride", "schedules": "epochs done"}.get(name, "epoch"), 2)
    before = said(figure)
    slider.focus()
    figure.page.keyboard.press("ArrowRight")
    assert said(figure) != before
    ring = "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"
    assert slider.evaluate(ring) == "solid3px"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_a_telephone_and_axe_finds_nothing(figures, name, theme):
    figure = figures[name]
    page = figure.page
    page.set_viewport_size(browse.TELEPHONE)
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("document.querySelector('[data-move] > svg').clientWidth < 391")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not browse.wrong(page, "[data-move]")
    page.set_viewport_size(browse.DESK)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_the_still_picture_stays(figures, name):
    page, cell = figures[name].page, figures[name].page.locator(f".tag_move-{name}")
    still = cell.locator(".cell_output")
    expect(still).to_be_hidden()
    page.emulate_media(media="print")
    expect(still).to_be_visible()
    expect(figures[name]).to_be_hidden()
    page.emulate_media(media="screen")


def test_without_scripts_the_still_picture_stays(browser, here):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{here}chapters/degradation.html")
    expect(page.locator(".tag_move-degradation .cell_output")).to_be_visible()
    page.close()


def test_it_moves_in_a_page_from_a_folder(browser, folder, visit):
    page = browse.watched(browser, folder, visit)
    page.goto(folder + "chapters/degradation.html")
    page.locator(".tag_move-degradation").scroll_into_view_if_needed()
    figure = page.locator("[data-move]")
    expect(figure.get_by_role("status")).to_contain_text("plain44 53.3")
    slide_to(figure, "epoch", 0)
    expect(figure.get_by_role("status")).to_contain_text("epoch 1:")
    page.close()
