"""People in the hall of the running system: bids travel from one page to another through everything there is."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, expect

from kit.money import yuan
from marketplace.lots.schemas import FixedStep
from marketplace.stack import Stack
from tests.browser.conftest import NewContext
from tests.browser.venue import Person, Sale, Venue, open_venue
from tests.make_people import PASSWORD

pytestmark = pytest.mark.browser

#: Every bid lies in this window, so every bid extends.
LONG_WINDOW_MS = 2 * 86_400_000
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system: servers, API, projector, worker, each its own process."""
    with tempfile.TemporaryDirectory(prefix="luochui-browser-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        with Stack(directory) as running:
            yield running


@pytest.fixture(scope="module")
async def venue(stack: Stack) -> AsyncIterator[Venue]:
    """The venue that answers there."""
    opened = await open_venue(stack.base_url, stack.database_url)
    yield opened
    await opened.pool.close()


@pytest.fixture(scope="module")
async def sale(venue: Venue) -> Sale:
    """An open auction whose bids all extend it, of a lot with hostile texts."""
    return await venue.open_auction(
        title=HOSTILE,
        title_zh=HOSTILE,
        window_ms=LONG_WINDOW_MS,
        conditions={"contact": {"zh": HOSTILE, "en": HOSTILE}},
    )


@pytest.fixture
def hosts(venue: Venue) -> frozenset[str]:
    """The one host that the pages may ask."""
    return frozenset({urlsplit(venue.base_url).netloc})


async def enter(context: BrowserContext, venue: Venue, sale: Sale, person: Person) -> Page:
    """Sign in by the form, coming from the hall and led back to it."""
    page = await context.new_page()
    await page.goto(f"{venue.base_url}/auctions/{sale.lot.id}")
    await page.click('a.button[href^="/sign-in"]')
    await page.fill("#username", person.username)
    await page.fill("#password", PASSWORD)
    await page.click('main button[type="submit"]')
    await page.wait_for_url(f"**/auctions/{sale.lot.id}")
    return page


async def watch(context: BrowserContext, venue: Venue, sale: Sale) -> Page:
    """Watch the hall without signing in."""
    page = await context.new_page()
    await page.goto(f"{venue.base_url}/auctions/{sale.lot.id}")
    await expect(page.locator('[data-connection="live"]')).to_be_visible()
    return page


async def test_bids_of_two_people_move_the_watchers_page(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """Two bidders and a watcher: a bid moves the watcher's price within a second, the leader changes, time extends."""
    first = await enter(await new_context(), venue, sale, sale.bidders[0])
    second = await enter(await new_context(), venue, sale, sale.bidders[1])
    watcher = await watch(await new_context(), venue, sale)
    step = sale.lot.bidding.step
    assert isinstance(step, FixedStep)
    start = sale.lot.start_price_fen

    await first.click('[data-form="bid"] button[type="submit"]')
    await expect(first.locator('[data-part="answer"]')).to_contain_text("出价已受理")
    await expect(watcher.locator('[data-part="price"]')).to_have_text(
        f"¥{yuan(start)}", timeout=1000
    )
    await expect(watcher.locator('[data-part="leader"]')).to_have_text(str(sale.paddles[0]))
    await expect(watcher.locator('[data-part="extended"]')).to_be_visible()
    await expect(first.locator('[data-part="standing"]')).to_contain_text("您正领先")

    await second.click('[data-steps="1"]')
    await second.click('[data-form="bid"] button[type="submit"]')
    price = f"¥{yuan(start + 2 * step.step_fen)}"
    await expect(watcher.locator('[data-part="price"]')).to_have_text(price, timeout=1500)
    await expect(first.locator('[data-part="standing"]')).to_contain_text("已被超越")
    await expect(watcher.locator("[data-entry].own-row")).to_have_count(0)


async def test_refused_bid_shows_its_reason_and_stands_in_the_record(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """A bid below the minimum is refused in words, and everybody reads the refusal in the public record."""
    bidder = await enter(await new_context(), venue, sale, sale.bidders[0])
    watcher = await watch(await new_context(), venue, sale)
    await bidder.fill("#amount", "1.00")
    await bidder.click('[data-form="bid"] button[type="submit"]')
    await expect(bidder.locator('[data-part="answer"]')).to_contain_text("低于起始价")
    await expect(bidder.locator('[data-part="answer"]')).to_contain_text("Below the start price")
    refused = watcher.locator("[data-entry].refused").first
    await expect(refused).to_contain_text("低于起始价", timeout=3000)
    await expect(refused).to_contain_text(str(sale.paddles[0]))


async def test_hidden_maximum_is_never_shown_again(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """After a maximum is set the page says that it is, and neither its source nor the record says how high."""
    bidder = await enter(await new_context(), venue, sale, sale.bidders[0])
    watcher = await watch(await new_context(), venue, sale)
    await bidder.click("details > summary")
    await bidder.fill("#maximum", "1876550000")
    await bidder.click('[data-form="proxy"] button[type="submit"]')
    await expect(bidder.locator('[data-part="answer"]')).to_contain_text("委托最高价已设定")
    await expect(watcher.locator("[data-entry]").first).to_contain_text("委托出价", timeout=3000)
    await bidder.reload()
    await expect(bidder.locator('[data-part="proxy-set"]')).to_be_visible()
    for page in (bidder, watcher):
        source = await page.content()
        assert "1876550000" not in source
        assert "1,876,550,000" not in source


async def test_operator_suspends_and_resumes_for_everybody(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """The operator's suspension turns bidding off on the bidder's page, resumption on again."""
    operator = await enter(await new_context(), venue, sale, sale.operator)
    bidder = await enter(await new_context(), venue, sale, sale.bidders[1])
    await operator.fill("#reason", "演练暂停 rehearsal")
    await operator.click('button[value="suspend"]')
    submit = bidder.locator('[data-form="bid"] button[type="submit"]')
    await expect(bidder.locator('[data-part="status"]')).to_contain_text("已暂停")
    await expect(submit).to_be_disabled()
    await operator.fill("#reason", "恢复 resumed")
    await operator.click('button[value="resume"]')
    await expect(bidder.locator('[data-part="status"]')).to_contain_text("竞价中")
    await expect(submit).to_be_enabled()


async def test_bidding_needs_signing_in(new_context: NewContext, venue: Venue, sale: Sale) -> None:
    """A visitor sees no form to bid with, and the API refuses a bid without a session."""
    context = await new_context()
    page = await watch(context, venue, sale)
    assert await page.locator("#desk").count() == 0
    answer = await context.request.post(
        f"{venue.base_url}/v1/auctions/{sale.lot.id}/bids",
        data={"amount_fen": sale.lot.start_price_fen},
        headers={"idempotency-key": "nobody"},
    )
    assert answer.status == 401


async def test_hostile_texts_are_texts_on_every_page(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """Markup in a lot's texts is read as it was written, on every page; no dialog, no violation, no other host."""
    context = await new_context()
    page = await context.new_page()
    for path in ("/", f"/lots/{sale.lot.id}", f"/auctions/{sale.lot.id}"):
        await page.goto(f"{venue.base_url}{path}")
        await expect(page.locator("main")).to_contain_text(HOSTILE)
        assert await page.locator("main img").count() == 0


async def test_receipts_can_be_taken_home(
    new_context: NewContext, venue: Venue, sale: Sale
) -> None:
    """A bidder downloads the receipts of what they sent, as a file."""
    bidder = await enter(await new_context(), venue, sale, sale.bidders[1])
    async with bidder.expect_download() as started:
        await bidder.click("a[download]")
    download = await started.value
    assert download.suggested_filename.startswith("receipts-")
    assert await download.failure() is None
