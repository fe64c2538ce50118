"""Every page of the rendered book in a browser: it loads whole and alone, and axe finds nothing."""

import pytest
from in_browser import browse


@pytest.fixture(scope="module")
def visits(browser, here):
    """What was seen of each page."""
    return browse.look(browser, here, browse.pages())


def seen(visits: dict, what: str) -> dict:
    """The pages of which there is something to say, and what."""
    return {name: getattr(each, what) for name, each in visits.items() if getattr(each, what)}


def test_every_page_was_opened(visits):
    assert len(visits) > 20 and all(visit.width for visit in visits.values())


def test_no_page_logs_an_error(visits):
    assert not seen(visits, "errors")


def test_every_request_is_answered(visits):
    assert not seen(visits, "failed")


def test_nothing_is_asked_of_another_machine(visits):
    assert not seen(visits, "outside")


def test_no_page_is_wider_than_a_telephone(visits):
    wide = {name: visit.width for name, visit in visits.items() if visit.width > 390}
    assert not wide


def test_nothing_moves_while_a_page_is_loaded_and_scrolled(visits):
    moved = {name: visit.moved for name, visit in visits.items() if visit.moved > 0.02}
    assert not moved


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visits, theme):
    assert not seen(visits, theme)
