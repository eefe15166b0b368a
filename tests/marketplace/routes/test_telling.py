"""What is told to whom: the parties before the notice, viewers and askers after it, kept searches with it."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.clock import CHINA, system_clock
from kit.reach import Scope, enter
from marketplace.lots.regimes import Regime, check_notice
from marketplace.organisations.schemas import Role
from marketplace.party_notices.rules import effective_on, may_publish_from
from marketplace.party_notices.schemas import PartyNotice
from tests.make_routes import ENGLISH, consigned
from tests.make_stage import Person, Stage, lot_draft, text
from tests.marketplace.lots.test_regimes import make_terms

DAY = 86_400.0


async def drafted(stage: Stage, **changed: Any) -> dict[str, Any]:
    """A lot that keeps its regime's full times: it opens in forty days and lasts one."""
    consignment = await consigned(stage, closing_on=_today() + timedelta(days=60), **changed)
    soft = ENGLISH | {"extension": {"mode": "reset", "window_ms": 300_000}}
    draft = lot_draft(
        UUID(consignment["id"]),
        opens_in=40 * DAY,
        lasts=DAY + 60,
        shortened_times=False,
        bidding=soft,
    )
    return dict(await stage.operator.post("/v1/lots", draft))


def _today() -> date:
    return system_clock().astimezone(CHINA).date()


async def test_a_courts_sale_is_published_three_days_after_the_last_party_was_told(
    stage: Stage,
) -> None:
    """Without the parties no notice; with the last of them told two days ago neither; on the third day it is."""
    lot = await drafted(stage, regime="judicial_network", authority="enforcement_case")
    path = f"/v1/lots/{lot['id']}"
    checked = await stage.operator.post(f"{path}/check")
    assert checked["lot"]["status"] == "checked", checked["findings"]
    early = await stage.checker.post(f"{path}/publish", expect=409)
    assert "art. 16" in early["detail"]
    missing = await stage.operator.post(f"{path}/party-notices/finish", expect=409)
    assert missing["code"] == "parties_not_told"
    sent = {
        "party_name": "示例借款人",
        "role": "pledgor",
        "method": "EMS",
        "sent_on": str(_today() - timedelta(days=9)),
    }
    shown = await stage.operator.post(f"{path}/party-notices", sent)
    again = await stage.operator.post(f"{path}/party-notices", sent, expect=409)
    assert (shown["required"], again["code"]) == (["示例借款人"], "party_told_already")
    outcome = f"{path}/party-notices/{shown['items'][0]['id']}/outcome"
    presumed = {
        "state": "unreachable",
        "on": str(_today() - timedelta(days=8)),
        "evidence": "退件并公示原因",
    }
    told = await stage.operator.post(outcome, presumed)
    assert told["may_publish_from"] == str(_today())
    assert (await stage.operator.post(outcome, presumed, expect=409))[
        "code"
    ] == "party_told_already"
    done = await stage.operator.post(f"{path}/party-notices/finish")
    assert done["lot"]["status"] == "notified"
    run = await stage.bank_checker.post(f"/v1/consignments/{lot['consignment_id']}/diligence")
    assert "ELG-21" not in [each["code"] for each in run["findings"]]
    found = sent | {"party_name": "后来查明的优先购买权人", "role": "priority_holder"}
    later = await stage.operator.post(f"{path}/party-notices", found)
    waiting = await stage.checker.post(f"{path}/publish", expect=409)
    assert "ELG-21" in waiting["detail"]
    assert "后来查明的优先购买权人" in waiting["detail"]
    waived = {"state": "waived", "on": sent["sent_on"], "evidence": "放弃声明"}
    await stage.operator.post(f"{path}/party-notices/{later['items'][1]['id']}/outcome", waived)
    published = await stage.checker.post(f"{path}/publish")
    assert published["status"] == "registration"
    late = await stage.operator.post(f"{path}/party-notices", sent | {"role": "debtor"}, expect=409)
    assert late["code"] == "conflict"


async def test_an_auction_houses_lot_can_be_viewed_on_two_days(stage: Stage) -> None:
    """One day of viewing is too few (Auction Law 48); bookings end with the places; nobody reads who asked."""
    lot = await drafted(stage, regime="commercial_auction")
    path = f"/v1/lots/{lot['id']}"
    await stage.operator.post(f"{path}/check")
    for days, is_enough in ((10, False), (11, True)):
        start = system_clock() + timedelta(days=days)
        slot = {
            "starts_at": text(start),
            "ends_at": text(start + timedelta(hours=2)),
            "place": "北京",
            "places": 1,
        }
        await stage.operator.post(f"{path}/viewings", slot)
        if not is_enough:
            few = await stage.checker.post(f"{path}/publish", expect=409)
            assert "art. 48" in few["detail"]
    published = await stage.checker.post(f"{path}/publish")
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    slots = (await one.get(f"{path}/viewings"))["items"]
    booking = f"{path}/viewings/{slots[0]['id']}/bookings"
    assert (await one.post(booking))["items"][0]["left"] == 0
    assert (await two.post(booking, expect=409))["code"] == "slot_full"
    asked = await one.post(f"{path}/questions", {"question": "Is the fee paid? 年费缴清了吗？"})
    assert [each["answer"] for each in asked["items"]] == [None]
    assert (await two.get(f"{path}/questions"))["items"] == []
    question = asked["items"][0]["id"]
    await stage.operator.post(f"{path}/questions/{question}/answer", {"answer": "Yes 已缴清"})
    (open_to_all,) = (await stage.anyone.get(f"{path}/questions"))["items"]
    assert open_to_all["answer"] == "Yes 已缴清"
    some = {"notice_sha256": published["notice_sha256"], "warnings": [1, 2]}
    assert (await one.post(f"{path}/acknowledgements", some, expect=409))[
        "code"
    ] == "warnings_missing"
    kept = await one.post(f"{path}/acknowledgements", some | {"warnings": [1, 2, 3, 4, 5]})
    assert (kept["notice_sha256"], kept["warnings"]) == (some["notice_sha256"], [1, 2, 3, 4, 5])


async def test_who_asks_and_who_views_is_nobodys_to_know(stage: Stage) -> None:
    """Not the sellers', not other bidders': in no answer or feed, nor in a column; and no text names its asker."""
    lot = await stage.published(opens_in=600, lasts=600)
    path = f"/v1/lots/{lot['id']}"
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    who = str(one.caller.organisation_id)
    name = await stage.pool.fetchval(
        "SELECT name FROM market.organisations WHERE id = $1", one.caller.organisation_id
    )
    start = system_clock() + timedelta(seconds=300)
    slot = {
        "starts_at": text(start),
        "ends_at": text(start + timedelta(seconds=60)),
        "place": "北京",
    }
    late = slot | {"ends_at": text(system_clock() + timedelta(days=400))}
    refused = await stage.operator.post(f"{path}/viewings", late, expect=400)
    opens = datetime.fromisoformat(lot["opens_at"]).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    assert f"看样须在当前至 {opens} 之间" in refused["detail_zh"]
    slots = await stage.operator.post(f"{path}/viewings", slot)
    await one.post(f"{path}/viewings/{slots['items'][0]['id']}/bookings")
    named = {"question": f"{name.upper()} wants to know 我方想了解"}
    assert (await one.post(f"{path}/questions", named, expect=400))["field"] == "question"
    asked = await one.post(f"{path}/questions", {"question": "Is it in use? 是否在用？"})
    question = asked["items"][0]["id"]
    answer = f"{path}/questions/{question}/answer"
    named = {"answer": f"As we told {name} 已告知"}
    assert (await stage.operator.post(answer, named, expect=400))["field"] == "answer"
    readers = [
        stage.operator,
        stage.checker,
        stage.bank_maker,
        stage.bank_checker,
        two,
        stage.anyone,
    ]
    for is_answered in (False, True):
        for reader in readers:
            own = [] if reader is stage.anyone else ["/v1/changes"]
            for where in (f"{path}/questions", f"{path}/viewings", path, f"{path}/notices", *own):
                told = json.dumps(await reader.get(where))
                assert who not in told, (where, told)
                assert str(one.caller.user_id) not in told, (where, told)
        assert len((await one.get(f"{path}/questions"))["items"]) == 1
        seen = [len((await each.get(f"{path}/questions"))["items"]) for each in readers]
        assert seen == ([1, 1, 1, 1, 1, 1] if is_answered else [1, 1, 1, 1, 0, 0])
        if not is_answered:
            await stage.operator.post(answer, {"answer": "Yes 在用"})
    async with stage.resources.requests.acquire() as conn:
        await enter(conn, Scope.ALL)
        for column in ("organisation_id", "asked_by"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.fetch(f"SELECT {column} FROM market.lot_questions")


async def test_a_kept_search_finds_what_is_published_later(stage: Stage) -> None:
    """Chinese words are found by pairs of characters; what another organisation keeps is not found for mine."""
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]
    kept = await one.post("/v1/search-subscriptions", {"name": "电池", "query": "固态 电池"})
    other = await two.post("/v1/search-subscriptions", {"name": "水泵", "query": "水泵"})
    short = await one.post("/v1/search-subscriptions", {"name": "x", "query": "电 池"}, expect=400)
    assert short["field"] == "q"
    await stage.published(title_zh="全固态锂电池专利", opens_in=600.0)
    await stage.work()
    hits = await one.get(f"/v1/search-subscriptions/{kept['id']}/hits")
    assert [hit["title_zh"] for hit in hits["items"]] == ["全固态锂电池专利"]
    assert (await two.get(f"/v1/search-subscriptions/{other['id']}/hits"))["items"] == []
    await two.get(f"/v1/search-subscriptions/{kept['id']}/hits", expect=404)
    assert (await one.post(f"/v1/search-subscriptions/{kept['id']}/end"))["is_active"] is False


async def test_a_search_is_kept_from_the_page_and_looked_at_later(stage: Stage) -> None:
    """Searched on the first page, kept by its button, found when it is published, ended; others find no such page."""
    one, two = [await stage.person(Role.AGENCY_BIDDER) for _ in range(2)]

    async def see(person: Person, path: str, *, expect: int = 200, **asked: str) -> str:
        answer = await stage.client.get(path, params=asked, headers=person.headers)
        assert answer.status_code == expect, answer.text
        return answer.text

    async def send(person: Person, path: str, *, expect: int = 303, **fields: str) -> str:
        data = fields | {"form_token": ""}
        answer = await stage.client.post(path, data=data, headers=person.headers)
        assert answer.status_code == expect, answer.text
        return str(answer.headers.get("location", ""))

    words = {"q": "固态 电池"}
    assert 'action="/subscriptions"' not in await see(stage.anyone, "/", **words)
    searched = await see(one, "/", **words)
    assert "没有符合检索词的标的" in searched
    assert 'name="query" value="固态 电池"' in searched
    await send(one, "/subscriptions", expect=400, query="电")
    path = await send(one, "/subscriptions", query="固态 电池")
    assert "尚无命中" in await see(one, path)
    lot = await stage.published(title_zh="全固态锂电池专利", opens_in=600.0)
    await stage.work()
    assert f'href="/lots/{lot["id"]}"' in await see(one, path)
    assert lot["number"] in await see(one, "/", **words)
    assert path in await see(one, "/subscriptions")
    assert path not in await see(two, "/subscriptions")
    await see(two, path, expect=404)
    await send(one, f"{path}/end")
    assert "已停用" in await see(one, "/subscriptions")


def test_who_cannot_be_reached_counts_as_told_after_five_full_days() -> None:
    """Source: art. 16: the five days follow the publication of the reason, and the notice follows three days later."""
    on = date(2026, 11, 2)
    assert effective_on("unreachable", on) == date(2026, 11, 7)
    assert effective_on("received", on) == on
    one = PartyNotice(
        id=UUID(int=1),
        lot_id=UUID(int=2),
        party_name="甲",
        role="pledgor",
        method="EMS",
        sent_on=on,
        state="received",
        effective_on=on,
        evidence="回执",
        recorded_at=datetime(2026, 11, 2, tzinfo=UTC),
    )
    assert may_publish_from(["甲"], [one]) == date(2026, 11, 5)
    assert may_publish_from(["甲", "乙"], [one]) is None
    assert may_publish_from([], []) is None


@pytest.mark.parametrize(
    ("published_on", "is_enough"), [("2026-09-22", True), ("2026-09-23", False)]
)
def test_exchange_periods_count_by_the_holiday_calendar(published_on: str, is_enough: bool) -> None:
    """Ten working days over the autumn holidays of 2026: neither the days off nor Monday to Friday alone count."""
    opens_at = datetime(2026, 10, 13, 2, 0, tzinfo=UTC)
    terms = make_terms(
        regime=Regime.EXCHANGE,
        start_price_fen=900_000_000,
        deposit_fen=90_000_000,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=1),
    )
    published_at = datetime.fromisoformat(f"{published_on}T02:00:00+00:00")
    found = check_notice(terms, published_at=published_at)
    assert (found == []) == is_enough
    assert all("Order 32" in finding.message for finding in found)
