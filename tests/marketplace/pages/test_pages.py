"""Every page for everybody: who may see it, what it never shows, and that it loads nothing from elsewhere."""

import re
from datetime import datetime
from uuid import UUID

import msgspec
import pytest

from kit.errors import Conflict
from kit.ids import uuid7
from kit.sql import Connection, Pool
from marketplace.auctions.seats import Seat
from marketplace.bidders.rules import BidderStatus
from marketplace.lots import pages as lot_pages
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import PublicLot
from marketplace.organisations.schemas import Role
from marketplace.pages.formats import grouped
from marketplace.pages.serving import said_of
from marketplace.sales.rules import Buyer, confirmation_content, digest
from tests.make_hall import hall_text, make_state
from tests.make_people import PASSWORD, key_of, make_caller
from tests.make_shown_lots import SECRET_RESERVE_FEN, store_confirmation
from tests.marketplace.pages.conftest import Site

PAGES = ("/", "/lots/{lot}", "/auctions/{lot}", "/sign-in", "/me")
VISITORS = ("anonymous", "bidder", "operator")
ELSEWHERE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""")


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("path", PAGES)
async def test_page_answers_everybody_who_may_see_it(site: Site, path: str, visitor: str) -> None:
    """Each page answers each kind of visitor; my desk sends who is not signed in to the sign-in page."""
    answer = await site.client.get(path.format(lot=site.lot.id), headers=site.headers[visitor])
    if path == "/me" and visitor == "anonymous":
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/me"
        return
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert 'lang="zh-CN"' in answer.text
    assert 'lang="en"' in answer.text


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("path", PAGES)
async def test_page_shows_no_secret_and_loads_nothing_from_elsewhere(
    site: Site, path: str, visitor: str
) -> None:
    """No page prints the reserve in any writing, an inline script or style, or an address of another host."""
    answer = await site.client.get(path.format(lot=site.lot.id), headers=site.headers[visitor])
    text = answer.text
    reserve = str(SECRET_RESERVE_FEN)
    assert reserve not in text
    assert f"{SECRET_RESERVE_FEN / 100:,.2f}" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "<style" not in text
    assert not re.search(r"\s(?:style|on\w+)=", text)
    assert not ELSEWHERE.search(text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert len(answer.headers.get_list("content-security-policy")) == 1


@pytest.mark.parametrize("path", ["/lots/{}", "/auctions/{}"])
async def test_unknown_lot_is_a_page_too(site: Site, path: str) -> None:
    """A lot that does not exist gives a page in both languages with status 404."""
    answer = await site.client.get(path.format(site.bidder.user_id))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "没有此页面" in answer.text


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/no-such-page", "text/html,application/xhtml+xml", "text/html"),
        ("/no-such-page", "*/*", "application/problem+json"),
        ("/v1/no-such-route", "text/html", "application/problem+json"),
    ],
)
async def test_an_address_that_leads_nowhere_is_a_page_for_a_browser(
    site: Site, path: str, accept: str, media_type: str
) -> None:
    """Who looks with a browser gets a page in both languages, a program a problem document."""
    answer = await site.client.get(path, headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(media_type)
    assert ("没有此页面" in answer.text) == (media_type == "text/html")


async def test_a_page_for_others_names_them_in_words(site: Site) -> None:
    """A bidder who asks for the statements reads whom they are for by names, not by codes."""
    answer = await site.client.get("/statements", headers=site.headers["bidder"])
    assert answer.status_code == 403
    assert "此页面供以下人员使用：" in answer.text
    assert "银行经办" in answer.text
    assert "bank_maker" not in answer.text


async def test_the_administrator_reads_what_they_can_do(
    site: Site, database: Pool, now: datetime
) -> None:
    """The desk of the platform's administrator leads to people and organisations, and to the API's documentation."""
    administrator = await make_caller(database, Role.PLATFORM_ADMINISTRATOR, now=now)
    headers = await key_of(database, administrator, now=now)
    text = (await site.client.get("/me", headers=headers)).text
    assert 'href="/docs"' in text
    assert 'href="/people"' in text
    assert "POST /v1/organisations" not in text
    assert 'href="/docs"' not in (await site.client.get("/me", headers=site.headers["bidder"])).text


@pytest.mark.parametrize("status", ["awaiting_payment", "paid", "transferring", "done"])
async def test_a_sold_lot_shows_its_price_and_leads_to_its_hall(
    site: Site, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long after the hammer fell the notice still says for how much, and leads to the record of the bidding."""
    path = f"/lots/{site.lot.id}"
    assert "hammer-price" not in (await site.client.get(path)).text
    shown = lot_pages.service.public

    async def sold(reader: Connection, lot_id: UUID) -> PublicLot:
        return msgspec.structs.replace(await shown(reader, lot_id), status=LotStatus(status))

    price = "SELECT 123456789::bigint AS price_fen WHERE $1::uuid[] IS NOT NULL"
    monkeypatch.setattr(lot_pages.service, "public", sold)
    monkeypatch.setattr(lot_pages, "_SQL", {"standing": price})
    text = (await site.client.get(path)).text
    assert f'href="/auctions/{site.lot.id}"' in text
    assert "成交价" in text
    assert "¥1,234,567.89" in text


def test_a_finished_hall_says_hammer_price_and_takes_no_bid() -> None:
    """Once it is sold the price is the hammer price, and the form to bid is hidden."""
    seat = Seat(status=BidderStatus.WON, paddle=318, has_bid=True, has_maximum=False)
    ended = make_state(status="closed", outcome="sold", final=True)
    text = hall_text(state=ended, seat=seat)
    assert re.search(r'data-part="price-label"[^>]*><span lang="zh-CN">成交价', text)
    assert re.search(r'data-form="bid"[^>]* hidden>', text)
    running = hall_text(state=make_state(), seat=seat)
    assert re.search(r'data-part="price-label"[^>]*><span lang="zh-CN">当前价', running)
    assert not re.search(r'data-form="bid"[^>]* hidden>', running)


def test_a_sealed_lots_page_never_asks_for_an_amount() -> None:
    """Where bids are sealed the page names client and terms, and has no field to type an amount into."""
    seat = Seat(status=BidderStatus.ACTIVE, paddle=318, has_bid=False, has_maximum=False)
    text = hall_text(state=make_state(format="one_shot"), seat=seat, is_sealed=True)
    assert 'name="amount"' not in text
    assert "/sealing-terms" in text
    assert "--paddle 318" in text


async def test_signing_in_and_out_by_form(site: Site) -> None:
    """The right password opens a session and leads on; signing out needs the session's form token and ends it."""
    fields = {"username": site.username, "password": PASSWORD, "next": "/me"}
    entered = await site.client.post("/sign-in", data=fields)
    assert entered.status_code == 303
    assert entered.headers["location"] == "/me"
    desk = await site.client.get("/me")
    assert "运营机构竞买人" in desk.text
    refused = await site.client.post("/sign-out", data={"form_token": "made up"})
    assert refused.status_code == 403
    found = re.search(r'name="form_token" value="([^"]+)"', desk.text)
    assert found is not None
    left = await site.client.post("/sign-out", data={"form_token": found[1]})
    assert left.status_code == 303
    site.client.cookies.clear()
    assert (await site.client.get("/me")).status_code == 303


async def test_wrong_password_shows_the_form_again_without_it(site: Site) -> None:
    """A wrong password and an unknown name give the same words, and the page repeats no password."""
    texts = []
    for username in (site.username, "nobody-at-all"):
        answer = await site.client.post(
            "/sign-in", data={"username": username, "password": "Wr0ng-secret-9"}
        )
        assert answer.status_code == 401
        assert "Wr0ng-secret-9" not in answer.text
        texts.append(answer.text.replace(username, "NAME"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/lots/1?x=2", "/lots/1?x=2"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("/a\r\nset-cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
async def test_sign_in_leads_within_the_site_only(site: Site, wanted: str, given: str) -> None:
    """Whatever `next` asks for, signing in never leads to another site."""
    fields = {"username": site.username, "password": PASSWORD, "next": wanted}
    answer = await site.client.post("/sign-in", data=fields)
    assert answer.headers["location"] == given


async def test_form_from_another_site_is_refused(site: Site) -> None:
    """A browser that says the form came from another site gets no session."""
    answer = await site.client.post(
        "/sign-in",
        data={"username": site.username, "password": PASSWORD},
        headers={"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("site.css", "text/css"), ("hall.js", "text/javascript"), ("seal.svg", "image/svg+xml")],
)
async def test_own_files_are_served_with_their_types(
    site: Site, name: str, media_type: str
) -> None:
    """Scripts and styles come with the type that browsers insist on under `nosniff`."""
    answer = await site.client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_confirmation_names_the_buyer_and_the_price(site: Site, database: Pool) -> None:
    """Once issued, everybody reads who bought, for how much, until when it is to be paid, and the hash of it."""
    content = confirmation_content(
        number="QR-1",
        lot={
            "number": site.lot.number,
            "title": {"en": site.lot.title, "zh": site.lot.title_zh},
            "regime": "commercial_auction",
            "notice_sha256": site.lot.notice_sha256,
            "profile_sha256": site.lot.profile_hash,
            "rehearsal": True,
        },
        buyer=Buyer(
            organisation_id=uuid7(site.clock.now),
            name="<b>甲公司</b>",
            credit_code=None,
            paddle=318,
        ),
        venue="某交易所",
        price_fen=123_456_789,
        deposit_fen=23_456_789,
        closed_at=site.clock.now,
        due_at=site.clock.now,
        now=site.clock.now,
    )
    await store_confirmation(database, site.lot, content, issuer=site.operator, now=site.clock.now)
    answer = await site.client.get(f"/lots/{site.lot.id}/confirmation")
    assert answer.status_code == 200, answer.text
    assert "¥1,234,567.89" in answer.text
    assert "¥1,000,000.00" in answer.text
    assert "&lt;b&gt;甲公司&lt;/b&gt;" in answer.text
    assert grouped(digest(content)) in answer.text


def test_a_refusal_names_nothing_by_its_id() -> None:
    """What people read of a refusal holds no id, which no page shows; fields stand by their names."""
    which = "01a22528-69ad-71e8-9dc9-16a85a98e33b"
    said = said_of(Conflict(f"plan {which} is open", f"方案 {which} 状态不符"))
    assert (said.zh, said.en) == ("方案 状态不符", "plan is open")
