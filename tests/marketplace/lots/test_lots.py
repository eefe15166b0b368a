"""Lots over HTTP: drafted, checked, published by another person, frozen, withdrawn."""

import hashlib
import json
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.clock import system_clock
from kit.reach import Scope, enter
from marketplace.organisations.schemas import Role
from tests.make_stage import CONDITIONS, Stage, accepted_consignment, lot_draft, text


async def test_publication_freezes_profile_and_notice(stage: Stage) -> None:
    """The notice is complete, bilingual, says that times are shortened, and its hash is of the bytes that are sent."""
    lot = await stage.published()
    listed = await stage.anyone.get(f"/v1/lots/{lot['id']}/notices")
    [notice] = listed["items"]
    assert hashlib.sha256(notice["content"].encode()).hexdigest() == notice["sha256"]
    assert notice["sha256"] == lot["notice_sha256"]
    content = json.loads(notice["content"])
    assert content["times"]["shortened"] is True
    assert "演练" in content["times"]["zh"]
    assert content["bidding_rules"]["profile_sha256"] == lot["profile_hash"]
    assert {"en", "zh"} <= content["bidder_conditions"].keys()
    with pytest.raises(asyncpg.PostgresError, match="frozen"):
        await stage.pool.execute(
            "UPDATE market.lots SET start_price_fen = start_price_fen + 1 WHERE id = $1",
            UUID(lot["id"]),
        )
    with pytest.raises(asyncpg.PostgresError):
        await stage.pool.execute("UPDATE market.notices SET content = '{}'")


async def test_secret_reserve_shows_nowhere(stage: Stage) -> None:
    """Neither the public lot nor its notice nor its hash gives a secret reserve away; its own people see it."""
    reserve_fen = 234_567_891
    lot = await stage.published(terms={"reserve_price_fen": reserve_fen})
    public = await stage.client.get(f"/v1/lots/{lot['id']}")
    notices = await stage.client.get(f"/v1/lots/{lot['id']}/notices")
    state = await stage.client.get(f"/v1/auctions/{lot['id']}")
    for answer in (public, notices, state):
        assert answer.status_code == 200
        assert str(reserve_fen) not in answer.text
    text_of_profile = await stage.pool.fetchval(
        "SELECT profile FROM market.lots WHERE id = $1", UUID(lot["id"])
    )
    assert hashlib.sha256(text_of_profile.encode()).hexdigest() != lot["profile_hash"]
    own = await stage.bank_maker.get(f"/v1/my/lots/{lot['id']}")
    assert own["reserve_price_fen"] == reserve_fen


async def test_the_database_gives_a_reserve_to_its_own_people_alone(stage: Stage) -> None:
    """Beneath every query: a bidder's or a visitor's connection reads a published lot's row and not its reserve."""
    lot = await stage.published(terms={"reserve_price_fen": 234_567_891})
    lot_id = UUID(lot["id"])
    agency = str((await stage.person(Role.AGENCY_BIDDER)).caller.organisation_id)
    sees: dict[str, int | None] = {}
    async with stage.resources.requests.acquire() as conn:
        for scope, organisation in (
            (Scope.PUBLIC, ""),
            (Scope.ORGANISATION, agency),
            (Scope.ORGANISATION, lot["venue_id"]),
            (Scope.ORGANISATION, lot["consignor_id"]),
            (Scope.OVERSIGHT, agency),
        ):
            await enter(conn, scope, organisation)
            assert await conn.fetchval("SELECT title FROM market.lots WHERE id = $1", lot_id)
            row = await conn.fetchrow("SELECT * FROM market.secret_of_lot($1)", lot_id)
            assert ('"reserve_price_fen":234567891' in (row["profile"] or "")) == bool(
                row["reserve_price_fen"]
            )
            sees[f"{scope} {organisation}"] = row["reserve_price_fen"]
            rules = await conn.fetchval(
                "SELECT shown_profile FROM market.lots WHERE id = $1", lot_id
            )
            assert "234567891" not in rules
    assert list(sees.values()) == [None, None, 234_567_891, 234_567_891, 234_567_891]


async def test_drafter_may_not_publish(stage: Stage) -> None:
    """Publication needs another person than the drafter, a checker too or not, and a check before it."""
    venue_id = stage.operator.caller.organisation_id
    drafter = await stage.person(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, organisation_id=venue_id)
    lot = await drafter.post("/v1/lots", lot_draft(await accepted_consignment(stage)))
    unchecked = await stage.checker.post(f"/v1/lots/{lot['id']}/publish", expect=409)
    assert unchecked["code"] == "illegal_state"
    await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    operator = await stage.operator.post(f"/v1/lots/{lot['id']}/publish", expect=403)
    assert operator["code"] == "forbidden"
    own = await drafter.post(f"/v1/lots/{lot['id']}/publish", expect=403)
    assert own["code"] == "publisher_is_drafter"


async def test_forbidden_format_blocks_the_check_and_names_the_article(stage: Stage) -> None:
    """A format that the regime does not know leaves the lot a draft."""
    consignment_id = await accepted_consignment(stage, regime="commercial_auction")
    draft = lot_draft(consignment_id) | {
        "bidding": {"format": "vickrey", "format_terms": {"floor_rule": "at_least"}}
    }
    lot = await stage.operator.post("/v1/lots", draft)
    checked = await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    assert checked["lot"]["status"] == "draft"
    assert any(
        finding["field"] == "format" and "art. 3" in finding["message"]
        for finding in checked["findings"]
    )


async def test_notice_too_short_is_blocked_unless_stated_as_shortened(stage: Stage) -> None:
    """Without the statement of shortened times a notice of seconds is refused with the days it needs."""
    lot = await stage.draft(shortened_times=False)
    checked = await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    assert checked["lot"]["status"] == "draft"
    assert "ELG-21" in [finding["code"] for finding in checked["findings"]]


async def test_revised_lot_must_be_checked_again(stage: Stage) -> None:
    """An edit needs the present version, and what was checked is not what would be sold."""
    lot = await stage.draft()
    checked = (await stage.operator.post(f"/v1/lots/{lot['id']}/check"))["lot"]
    draft = lot_draft(UUID(lot["consignment_id"]), title="Another title")
    path = f"/v1/lots/{lot['id']}"
    stale = await stage.client.put(
        path, json=draft, headers=stage.operator.headers | {"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    headers = stage.operator.headers | {"If-Match": f'"{checked["version"]}"'}
    revised = await stage.client.put(path, json=draft, headers=headers)
    assert (revised.json()["status"], revised.json()["title"]) == ("draft", "Another title")


async def test_audit_trail_tells_of_a_reserve_and_not_which(stage: Stage) -> None:
    """Drafting and revising leave entries that say that there is a reserve; its amount is in none of them."""
    reserve_fen = 234_567_891
    lot = await stage.draft(terms={"reserve_price_fen": reserve_fen})
    draft = lot_draft(UUID(lot["consignment_id"]), title="Another title")
    headers = stage.operator.headers | {"If-Match": f'"{lot["version"]}"'}
    revised = await stage.client.put(f"/v1/lots/{lot['id']}", json=draft, headers=headers)
    assert revised.json()["reserve_price_fen"] == reserve_fen
    rows = await stage.pool.fetch(
        "SELECT action, before::text AS before, after::text AS after FROM market.audit_entries"
    )
    told = {row["action"] for row in rows if "has_reserve" in (row["after"] or "")}
    assert {"lot_drafted", "lot_revised"} <= told
    assert not any(str(reserve_fen) in str(dict(row)) for row in rows)


async def test_asset_is_on_sale_once(stage: Stage) -> None:
    """The same right cannot be in two lots that have not ended."""
    lot = await stage.draft()
    again = await stage.operator.post(
        "/v1/lots", lot_draft(UUID(lot["consignment_id"])), expect=409
    )
    assert again["code"] == "asset_on_sale"


async def test_unpublished_lot_is_nobodys_elses_business(stage: Stage) -> None:
    """A draft does not exist for the public; a published lot is listed for all."""
    lot = await stage.draft()
    await stage.anyone.get(f"/v1/lots/{lot['id']}", expect=404)
    assert (await stage.anyone.get("/v1/lots"))["items"] == []
    other = await stage.published()
    assert [each["id"] for each in (await stage.anyone.get("/v1/lots"))["items"]] == [other["id"]]


async def test_withdrawn_lot_tells_why_and_lets_everybody_go(stage: Stage) -> None:
    """A withdrawal publishes its reason, gives the deposit back and frees the right for another lot."""
    in_an_hour = system_clock() + timedelta(hours=1)
    times = {
        "opens_at": text(in_an_hour),
        "closes_at": text(in_an_hour + timedelta(hours=1)),
    }
    lot = await stage.published(**times)
    await stage.deposited(lot)
    reason = {"reason": "the debt was paid 债务已清偿"}
    done = await stage.checker.post(f"/v1/lots/{lot['id']}/withdraw", reason)
    assert done["status"] == "withdrawn"
    await stage.work()
    assert await stage.pool.fetchval("SELECT state FROM settlement.deposits") == "RELEASED"
    kinds = [
        each["kind"] for each in (await stage.anyone.get(f"/v1/lots/{lot['id']}/notices"))["items"]
    ]
    assert kinds == ["sale", "withdrawal"]
    state = await stage.anyone.get(f"/v1/auctions/{lot['id']}")
    assert state["status"] == "cancelled"


async def test_notice_needs_every_condition(stage: Stage) -> None:
    """A condition left out is refused by name before anything is stored."""
    consignment_id = await accepted_consignment(stage)
    conditions = {name: text for name, text in CONDITIONS.items() if name != "viewing"}
    refused = await stage.operator.post(
        "/v1/lots", lot_draft(consignment_id) | {"conditions": conditions}, expect=400
    )
    assert refused["field"] == "conditions.viewing"
