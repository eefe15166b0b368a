"""Pages in a real browser, wide and on a phone: nothing runs out of the window, and all is said in both languages."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.async_api import Page

from marketplace.organisations.schemas import Role
from marketplace.stack import Stack
from tests.browser.conftest import NewContext
from tests.browser.venue import Person, Venue, open_venue
from tests.make_people import PASSWORD

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
#: What does not fit: the page may not scroll sideways; tables that must may do so within themselves.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LINKS = "[...document.querySelectorAll('a[href^=\"/\"]')].map(a => a.getAttribute('href'))"
CHINESE_ALONE = (
    "[...document.querySelectorAll('main h1, main h2, main th, main label, main button')]"
    ".filter(e => e.innerText.trim() && /[\\u4e00-\\u9fff]/.test(e.innerText) && !/[A-Za-z]{2}/.test(e.innerText))"
    ".filter(e => !e.closest('[data-name]')).map(e => e.innerText)"
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system."""
    with tempfile.TemporaryDirectory(prefix="luochui-browser-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        with Stack(directory) as running:
            yield running


@pytest.fixture(scope="module")
async def venue(stack: Stack) -> AsyncIterator[Venue]:
    """The venue that answers there, with one lot announced and its people."""
    opened = await open_venue(stack.base_url, stack.database_url)
    yield opened
    await opened.pool.close()


@pytest.fixture
def hosts(venue: Venue) -> frozenset[str]:
    """The one host that the pages may ask."""
    return frozenset({urlsplit(venue.base_url).netloc})


async def sign_in(page: Page, venue: Venue, person: Person) -> None:
    """By the form."""
    await page.goto(f"{venue.base_url}/sign-in")
    await page.fill("#username", person.username)
    await page.fill("#password", PASSWORD)
    await page.click('main button[type="submit"]')
    await page.wait_for_url(lambda url: "/sign-in" not in url)


@pytest.mark.parametrize(
    "role",
    [
        Role.BANK_MAKER,
        Role.VENUE_OPERATOR,
        Role.AGENCY_BIDDER,
        Role.FUND_ADMINISTRATOR,
        Role.AUDITOR,
        Role.PLATFORM_ADMINISTRATOR,
    ],
)
async def test_every_page_of_a_role_fits(venue: Venue, new_context: NewContext, role: Role) -> None:
    """All pages that links lead to from my desk open, fit both widths, and say their headings in both languages."""
    person = await venue.person(role)
    page = await (await new_context()).new_page()
    await sign_in(page, venue, person)
    queue, seen = ["/me", "/"], set[str]()
    while queue:
        path = queue.pop(0)
        if path in seen or path.startswith(("/v1/", "/docs", "/static/", "/#")):
            continue
        seen.add(path)
        answer = await page.goto(urljoin(venue.base_url, path))
        assert answer is not None
        assert answer.status == 200, path
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate(OVERFLOW) <= 0, (path, width)
        if path != "/me":  # its heading is a name
            assert await page.evaluate(CHINESE_ALONE) == [], path
        queue += [link for link in await page.evaluate(LINKS) if len(seen) < 40]
    assert {"/me", "/", "/subscriptions", "/access"} <= seen
