"""The hall's script against a server whose part the test plays: what no healthy server can be made to answer."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page, Request, Route, expect

import marketplace
from auction_engine.sealed_bids import SealingKey, SealingTerms, parse_envelope, seal
from marketplace.auctions.schemas import AuctionState, SealIn
from marketplace.auctions.seats import Seat
from marketplace.bidders.rules import BidderStatus
from marketplace.pages.vocabulary import REFUSALS
from tests.browser.conftest import NewContext
from tests.make_hall import (
    ENDS_AT_MS,
    LOT_ID,
    OPENS_AT_MS,
    hall_text,
    make_entry,
    make_public_lot,
    make_state,
)

pytestmark = pytest.mark.browser

HOST = "hall.test"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"
STATIC = Path(marketplace.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SEAT = Seat(status=BidderStatus.ACTIVE, paddle=318, has_bid=False, has_maximum=False)


@pytest.fixture
def hosts() -> frozenset[str]:
    """The one host that the pages may ask."""
    return frozenset({HOST})


class PlayedServer:
    """Serves one hall's HTML, the real static files, a feed from `events`, and bids from `on_bid`."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.events: list[str] = []
        self.feeds: list[Request] = []
        self.bids: list[Request] = []
        self.on_bid: Callable[[int], tuple[int, dict[str, object]] | None] = lambda _: None

    def say(self, name: str, data: AuctionState | dict[str, object], identity: int = 1) -> None:
        """Add an event that every later feed begins with."""
        body = msgspec.json.encode(data).decode()
        self.events.append(f"id: {identity}\nevent: {name}\ndata: {body}\n\n")

    async def join(self, context: BrowserContext) -> Page:
        """Open the hall in this profile."""
        await context.route(f"http://{HOST}/**", self._answer)
        page = await context.new_page()
        await page.goto(f"http://{HOST}/auctions/{LOT_ID}")
        return page

    async def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(f"http://{HOST}")
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            await route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        elif "/events?after=" in path:
            self.feeds.append(route.request)
            body = "retry: 100\n\n" + "".join(self.events)
            await route.fulfill(body=body, content_type="text/event-stream")
        elif route.request.method == "POST":
            self.bids.append(route.request)
            answer = self.on_bid(len(self.bids))
            if answer is None:
                await route.abort("connectionreset")
            else:
                await route.fulfill(status=answer[0], json=answer[1])
        else:
            headers = {"content-security-policy": POLICY}
            await route.fulfill(body=self.html, content_type="text/html", headers=headers)


def accepted(**fields: object) -> dict[str, object]:
    """The answer to a bid that counts."""
    return {"accepted": True, "seq": 4, "price_fen": 950_000_00, "receipt": None} | fields


def keys_of(requests: list[Request]) -> set[str]:
    return {request.headers["idempotency-key"] for request in requests}


async def test_bid_without_an_answer_is_sent_again_under_the_same_key(
    new_context: NewContext,
) -> None:
    """While nobody knows what became of a bid, it is sent again with its first key, and counts once."""
    server = PlayedServer(hall_text(seat=SEAT))
    server.on_bid = lambda number: None if number < 3 else (200, accepted(replayed=True))
    page = await server.join(await new_context())
    await page.click('[data-form="bid"] button[type="submit"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("出价已受理")
    assert len(server.bids) == 3
    assert len(keys_of(server.bids)) == 1
    assert [json.loads(bid.post_data or "") for bid in server.bids] == [
        {"amount_fen": 950_000_00}
    ] * 3


async def test_unknown_outcome_can_only_be_asked_again(new_context: NewContext) -> None:
    """A bid whose outcome stays unknown blocks new bids; asking again uses its key."""
    server = PlayedServer(hall_text(seat=SEAT))
    server.on_bid = lambda number: (
        (503, {"code": "outcome_unknown"}) if number <= 5 else (200, accepted())
    )
    page = await server.join(await new_context())
    submit = page.locator('[data-form="bid"] button[type="submit"]')
    await submit.click()
    again = page.locator('[data-part="ask-again"]')
    await expect(again).to_be_visible(timeout=15_000)
    await expect(page.locator('[data-part="answer"]')).to_contain_text("结果未知")
    await expect(submit).to_be_disabled()
    await again.click()
    await expect(page.locator('[data-part="answer"]')).to_contain_text("出价已受理")
    await expect(submit).to_be_enabled()
    assert len(keys_of(server.bids)) == 1


async def test_refusal_is_told_in_words_with_the_least_bid(new_context: NewContext) -> None:
    """A refused bid says why in both languages and names the least valid bid; the next bid has a new key."""
    server = PlayedServer(hall_text(seat=SEAT))
    server.on_bid = lambda _: (
        409,
        {"code": "below_minimum", "minimum_fen": 1_000_000_00, "decided": True},
    )
    page = await server.join(await new_context())
    for _ in range(2):
        await page.click('[data-form="bid"] button[type="submit"]')
        answer = page.locator('[data-part="answer"]')
        await expect(answer).to_contain_text("低于最低有效出价")
        await expect(answer).to_contain_text("Below the least valid bid")
        await expect(answer).to_contain_text("¥1,000,000.00")
    assert len(keys_of(server.bids)) == 2


async def test_large_raise_is_asked_about_once_more(new_context: NewContext) -> None:
    """A bid far above the minimum is sent only after it was confirmed in the page."""
    server = PlayedServer(hall_text(seat=SEAT))
    server.on_bid = lambda _: (200, accepted())
    page = await server.join(await new_context())
    await page.fill("#amount", "9,500,000")
    await page.click('[data-form="bid"] button[type="submit"]')
    await expect(page.locator("dialog")).to_contain_text("¥9,500,000.00")
    await page.click('dialog button[value="no"]')
    assert server.bids == []
    await page.click('[data-form="bid"] button[type="submit"]')
    await page.click('dialog button[value="yes"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("出价已受理")
    assert len(server.bids) == 1


@pytest.mark.parametrize("typed", ["", "0", "-5", "1e6", "12.345", "abc", "100000000000.01"])
async def test_amount_that_is_none_is_not_sent(new_context: NewContext, typed: str) -> None:
    """What cannot be read as an amount to the fen never leaves the page."""
    server = PlayedServer(hall_text(seat=SEAT))
    page = await server.join(await new_context())
    await page.fill("#amount", typed)
    await page.click('[data-form="bid"] button[type="submit"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("请输入金额")
    assert server.bids == []


async def test_steps_add_to_the_least_bid(new_context: NewContext) -> None:
    """The field holds the least valid bid; the step buttons add whole steps to it."""
    page = await PlayedServer(hall_text(seat=SEAT)).join(await new_context())
    await expect(page.locator("#amount")).to_have_value("950,000.00")
    await page.click('[data-steps="5"]')
    await expect(page.locator("#amount")).to_have_value("1,200,000.00")
    await page.click('[data-steps="0"]')
    await expect(page.locator("#amount")).to_have_value("950,000.00")


SEALED = make_public_lot(format="vickrey")
TERMS = SealingTerms(
    auction=str(LOT_ID),
    deadline_ms=ENDS_AT_MS,
    terms_hash="ab" * 32,
    kem="mlkem768-x25519",
    venue_key=SealingKey.generate("mlkem768-x25519").public,
    opener_key=SealingKey.generate("mlkem768-x25519").public,
)


@pytest.mark.parametrize("way", ["printed", "bare", "file"])
async def test_sealed_envelope_is_handed_in(
    new_context: NewContext, way: str, tmp_path: Path
) -> None:
    """What the bidder's client printed is sent as it is, pasted or out of a file, and its receipt can be kept."""
    envelope = seal(123_456_700, paddle=318, terms=TERMS)
    printed = json.dumps({"envelope": envelope}, indent=1)
    server = PlayedServer(hall_text(lot=SEALED, seat=SEAT, is_sealed=True))
    server.on_bid = lambda _: (200, accepted(price_fen=None, receipt={"version": 1}))
    page = await server.join(await new_context())
    if way == "file":
        file = tmp_path / "envelope.json"
        file.write_text(printed)
        await page.set_input_files("#envelope-file", file)
        await expect(page.locator("#envelope")).to_have_value(printed)
    else:
        await page.fill("#envelope", printed if way == "printed" else f"  {envelope}\n")
    await page.click('[data-form="seal"] button[type="submit"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("密封报价已受理")
    await expect(page.locator('[data-part="answer"] a')).to_have_attribute(
        "download", "receipt-LC-2026-000001-4.json"
    )
    await expect(page.locator("#envelope")).to_have_value("")
    [sent] = server.bids
    assert sent.url.endswith(f"/v1/auctions/{LOT_ID}/seals")
    assert msgspec.json.decode(sent.post_data or "", type=SealIn).envelope == envelope
    parse_envelope(envelope)


@pytest.mark.parametrize(
    "typed", ["", "1234567", "1,234,567.00", '{"amount_fen": 123456700}', '{"envelope"', "lsb1.x"]
)
async def test_what_is_no_envelope_never_leaves_the_page(
    new_context: NewContext, typed: str
) -> None:
    """An amount that is typed where the envelope belongs is told off, and told to nobody."""
    server = PlayedServer(hall_text(lot=SEALED, seat=SEAT, is_sealed=True))
    page = await server.join(await new_context())
    await page.fill("#envelope", typed)
    await page.click('[data-form="seal"] button[type="submit"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("未发送任何内容")
    assert server.bids == []


async def test_envelope_without_an_answer_is_asked_for_again(new_context: NewContext) -> None:
    """It is sent again under its first key, and a refusal is told in words."""
    server = PlayedServer(hall_text(lot=SEALED, seat=SEAT, is_sealed=True))
    server.on_bid = lambda number: None if number < 3 else (409, {"code": "not_amendable"})
    page = await server.join(await new_context())
    await page.fill("#envelope", seal(1_000_000, paddle=318, terms=TERMS))
    await page.click('[data-form="seal"] button[type="submit"]')
    refusal = REFUSALS["not_amendable"]
    await expect(page.locator('[data-part="answer"]')).to_contain_text(refusal.zh)
    assert len(server.bids) == 3
    assert len(keys_of(server.bids)) == 1


@pytest.mark.parametrize("kind", ["dutch", "dutch_hybrid"])
async def test_falling_price_is_accepted_as_it_stands(new_context: NewContext, kind: str) -> None:
    """In a Dutch hall the form holds the price on the clock, follows it down, and sends an acceptance of it."""
    lot = make_public_lot(format=kind)
    state = make_state(format=kind, price_fen=None, leader=None, minimum_fen=950_000_00)
    server = PlayedServer(hall_text(lot=lot, state=state, seat=SEAT))
    server.on_bid = lambda _: (200, accepted(price_fen=900_000_00, leader=318))
    server.say(
        "state", make_state(format=kind, price_fen=None, leader=None, minimum_fen=900_000_00)
    )
    page = await server.join(await new_context())
    await expect(page.locator("#amount")).to_have_value("900,000.00")
    await page.click('[data-form="bid"] button[type="submit"]')
    await expect(page.locator('[data-part="answer"]')).to_contain_text("出价已受理")
    [sent] = server.bids
    assert sent.url.endswith(f"/v1/auctions/{LOT_ID}/acceptances")
    assert json.loads(sent.post_data or "") == {"amount_fen": 900_000_00}


async def test_feed_that_ends_is_resumed_where_it_was(new_context: NewContext) -> None:
    """When the feed breaks off it is opened again; what it repeats is not drawn twice."""
    server = PlayedServer(hall_text())
    entry = msgspec.to_builtins(make_entry(4, amount_fen=950_000_00, price_fen=950_000_00))
    server.say("state", make_state(price_fen=950_000_00, leader=318, seq=4), identity=7)
    server.say("record", {"entries": [entry]}, identity=7)
    page = await server.join(await new_context())
    await expect(page.locator('[data-part="price"]')).to_have_text("¥950,000.00")
    await expect(page.locator('[data-part="leader"]')).to_have_text("318")
    await page.wait_for_timeout(600)
    assert len(server.feeds) >= 2
    await expect(page.locator("[data-entry]")).to_have_count(1)


async def test_older_state_does_not_replace_a_newer_one(new_context: NewContext) -> None:
    """A state that comes late, with a lower sequence, changes nothing on the page."""
    server = PlayedServer(hall_text())
    server.say("state", make_state(price_fen=1_000_000_00, seq=5))
    server.say("state", make_state(price_fen=950_000_00, seq=4))
    page = await server.join(await new_context())
    await expect(page.locator('[data-part="price"]')).to_have_text("¥1,000,000.00")


async def test_burst_is_drawn_once_a_frame_and_the_record_stays_short(
    new_context: NewContext,
) -> None:
    """Two thousand events in one go leave the newest price and at most 200 rows, newest first."""
    server = PlayedServer(hall_text())
    for number in range(1, 1001):
        price = 900_000_00 + number * 100
        entry = make_entry(number, amount_fen=price, price_fen=price)
        server.say("state", make_state(price_fen=price, seq=3 + number), identity=number)
        server.say("record", {"entries": [msgspec.to_builtins(entry)]}, identity=number)
    page = await server.join(await new_context())
    await expect(page.locator('[data-part="price"]')).to_have_text("¥901,000.00")
    rows = page.locator("[data-entry]")
    await expect(rows).to_have_count(200)
    assert await rows.first.get_attribute("data-entry") == "1-1000"


async def test_late_bid_shows_the_extension(new_context: NewContext) -> None:
    """When the end moves, the page says so and counts to the new end."""
    server = PlayedServer(hall_text())
    server.say("state", make_state(server_ms=ENDS_AT_MS - 60_000))
    moved = make_state(
        extensions=1, ends_at_ms=ENDS_AT_MS + 240_000, seq=4, server_ms=ENDS_AT_MS - 60_000
    )
    server.say("state", moved)
    page = await server.join(await new_context())
    await expect(page.locator('[data-part="extended"]')).to_be_visible()
    await expect(page.locator('[data-part="left"]')).to_have_text("00:05:00")
    await expect(page.locator('[data-part="extensions"]')).to_have_text("1")


async def test_time_is_counted_by_the_servers_clock(new_context: NewContext) -> None:
    """However wrong this machine's clock is, the time left is counted from the server's."""
    server = PlayedServer(hall_text(state=make_state(server_ms=ENDS_AT_MS - 90_000)))
    page = await server.join(await new_context())
    left = await page.locator('[data-part="left"]').inner_text()
    assert left in {"00:01:30", "00:01:29", "00:01:28"}


async def test_close_turns_the_desk_off_and_tells_the_outcome(new_context: NewContext) -> None:
    """After the close nobody can bid, the page says how it ended and who stands where, and asks no more."""
    server = PlayedServer(hall_text(seat=SEAT))
    server.say("state", make_state(status="closed", outcome="sold", leader=318, final=True, seq=9))
    page = await server.join(await new_context())
    await expect(page.locator('[data-part="result"]')).to_contain_text("成交")
    await page.wait_for_timeout(400)
    assert len(server.feeds) == 1
    await expect(page.locator('[data-part="standing"]')).to_contain_text("您已竞得")
    await expect(page.locator('[data-form="bid"] button[type="submit"]')).to_be_disabled()


async def test_admission_is_no_bid(new_context: NewContext) -> None:
    """Who was only admitted has not been outbid; who has bid and does not lead has."""
    server = PlayedServer(hall_text(seat=SEAT))
    admitted = make_entry(1, action="admit", paddle=318, amount_fen=None, price_fen=None)
    server.say("record", {"entries": [msgspec.to_builtins(admitted)]})
    page = await server.join(await new_context())
    await expect(page.locator("[data-entry]")).to_have_count(1)
    await expect(page.locator('[data-part="standing"]')).to_contain_text("尚未出价")
    server.say("record", {"entries": [msgspec.to_builtins(make_entry(2, paddle=318))]})
    await expect(page.locator('[data-part="standing"]')).to_contain_text("已被超越")


async def test_hostile_texts_are_texts(new_context: NewContext) -> None:
    """Markup in what the feed sends is shown as it is written: no element, no dialog, no violation."""
    server = PlayedServer(hall_text())
    payload = "<img src=x onerror=alert(1)>"
    entry = msgspec.to_builtins(make_entry(4)) | {"action": payload, "at_ms": OPENS_AT_MS}
    refused = msgspec.to_builtins(make_entry(5)) | {"accepted": False, "reason": payload}
    server.say("record", {"entries": [entry, refused]})
    page = await server.join(await new_context())
    await expect(page.locator('[data-entry="1-4"] [data-cell="what"]')).to_have_text(payload)
    await expect(page.locator('[data-entry="1-5"] [data-cell="verdict"]')).to_have_text(payload)
    assert await page.locator("#hall img").count() == 0


async def test_without_scripts_the_hall_reads_and_reloads(new_context: NewContext) -> None:
    """With scripts off the page shows state and record, and asks to be loaded again by itself."""
    record = (make_entry(2), make_entry(1, accepted=False, reason="off_grid", price_fen=None))
    server = PlayedServer(hall_text(record=record))
    page = await server.join(await new_context(java_script_enabled=False))
    assert "¥900,000.00" in await page.inner_text('[data-part="price"]')
    assert "不在加价阶梯上" in await page.inner_text('[data-entry="1-1"]')
    assert 'http-equiv="refresh"' in server.html
