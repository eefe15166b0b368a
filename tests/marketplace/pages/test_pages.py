"""Every page for everybody: who may see it, what it never shows, and that it loads nothing from elsewhere."""

import re

import pytest

from kit.ids import uuid7
from kit.sql import Pool
from marketplace.pages.formats import grouped
from marketplace.sales.rules import Buyer, confirmation_content, digest
from tests.make_people import PASSWORD
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
