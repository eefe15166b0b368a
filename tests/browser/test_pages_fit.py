"""Pages in a real browser, wide and on a phone: nothing runs out of the window, and all is said in both languages."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import msgspec
import pytest
from playwright.async_api import Page

from marketplace.consignments import service as consignments
from marketplace.lots import service as lots
from marketplace.lots.schemas import LotDraft
from marketplace.mandates import service as mandates
from marketplace.mandates.schemas import MandateIn, MandateTerms
from marketplace.organisations.schemas import SYSTEM_CALLER, Role
from marketplace.stack import Stack
from tests.browser.conftest import NewContext
from tests.browser.venue import Person, Sellers, Venue, open_venue
from tests.make_people import PASSWORD
from tests.make_portfolio import make_parties
from tests.make_stage import accepted_consignment, lot_draft

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


async def fits(page: Page, path: str) -> None:
    """The page that is open stays within both widths and says its headings in both languages."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate(OVERFLOW) <= 0, (path, width)
    if path != "/me":  # its heading is a name
        assert await page.evaluate(CHINESE_ALONE) == [], path


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
        await fits(page, path)
        queue += [link for link in await page.evaluate(LINKS) if len(seen) < 40]
    assert {"/me", "/", "/subscriptions", "/access"} <= seen


async def under_way(venue: Venue) -> tuple[dict[Role, Person], dict[str, UUID]]:
    """A bank and a venue at work: a loan with its right, an accepted consignment, a drafted lot, a mandate proposed."""
    now = datetime.now(UTC)
    sellers = Sellers(pool=venue.pool, parties=await make_parties(venue.pool, now=now))
    consignment_id = await accepted_consignment(sellers)
    people = {
        Role.BANK_MAKER: await venue.person(Role.BANK_MAKER, organisation=sellers.parties.maker),
        Role.VENUE_OPERATOR: await venue.person(
            Role.VENUE_OPERATOR, organisation=sellers.parties.venue
        ),
    }
    agency = await venue.person(Role.AGENCY_BIDDER)
    bidding = {
        "extension": {"mode": "reset", "window_ms": 120_000}
    }  # whole minutes: a form can say it
    draft = msgspec.convert(lot_draft(consignment_id, opens_in=86_400.0, bidding=bidding), LotDraft)
    terms = MandateTerms(
        agency_id=agency.caller.organisation_id, term_months=12, agency_bp=2_000, floor_fen=100_000,
        powers="propose licences 提出许可方案", reversion="at the end 期满收回",
    )  # fmt: skip
    async with venue.pool.acquire() as conn, conn.transaction():
        lot = await lots.draft(conn, people[Role.VENUE_OPERATOR].caller, draft, now=now)
        wanted = MandateIn(consignment_id=consignment_id, mandate=terms)
        mandate = await mandates.propose(conn, people[Role.BANK_MAKER].caller, wanted, now=now)
        consignment = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
    return people, {
        "consignment": consignment_id, "case": consignment.case_id, "right": consignment.asset_ids[0],
        "lot": lot.id, "mandate": mandate.id,
    }  # fmt: skip


FORMS = {
    Role.BANK_MAKER: (
        "/ledger/new", "/ledger/{case}", "/ledger/{case}/pledges/new", "/rights/new?case={case}",
        "/rights/{right}/valuations/new", "/consignments/new?case={case}", "/consignments/{consignment}",
        "/lots/{lot}/draft", "/mandates/new", "/mandates/{mandate}", "/plans/new?consignment={consignment}",
        "/licence-offers/new?consignment={consignment}", "/set-offs/new", "/recorded-routes/new",
    ),
    Role.VENUE_OPERATOR: (
        "/consignments/{consignment}", "/lots/new?consignment={consignment}", "/lots/{lot}/draft",
        "/lots/{lot}/terms", "/lots/{lot}/party-notices", "/lots/{lot}/viewings", "/mandates/{mandate}",
        "/anomalies",
    ),
}  # fmt: skip


async def test_forms_over_what_is_under_way_fit(venue: Venue, new_context: NewContext) -> None:
    """The forms of a loan's way to its notice, filled with what there is, fit and say all in both languages."""
    people, ids = await under_way(venue)
    for role, paths in FORMS.items():
        page = await (await new_context()).new_page()
        await sign_in(page, venue, people[role])
        for pattern in paths:
            path = pattern.format(**ids)
            answer = await page.goto(urljoin(venue.base_url, path))
            assert answer is not None
            assert answer.status == 200, path
            await fits(page, path)
