"""What a screen reader and a keyboard need, where the theme and its neighbours do not give it."""

from bs4 import BeautifulSoup


def repair(page: BeautifulSoup) -> None:
    """Mend what axe, a program that looks for such faults, found in every book of this theme."""
    # The title and the search field stand in the sidebar, outside every landmark of the page.
    sidebar = page.find(id="pst-primary-sidebar")
    sidebar.attrs |= {"role": "complementary", "aria-label": "The book"}
    # Who speaks to the computer says what is to be read on the button: Search.
    for button in page.find_all("button", class_="search-button-field"):
        del button["aria-label"]
        button.find(class_="search-button__kbd-shortcut")["aria-hidden"] = "true"
    # An empty corner of a table is no heading of anything.
    for corner in page.find_all("th"):
        if not corner.get_text(strip=True) and not corner.img:
            corner.name = "td"
    # The role of an entry of a bibliography is given up; a list has items.
    for entry in page.find_all(role="doc-biblioentry"):
        entry["role"] = "listitem"
