"""A listing that found too few goes on by itself, as its notice said, and then as often as it said."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.clock import epoch_ms
from marketplace.jobs.running import run_due_duties
from marketplace.lots.regimes import days_between
from tests.make_routes import consigned
from tests.make_stage import CONDITIONS, DEPOSIT_FEN, Stage, moment, money

EXTENDED = CONDITIONS | {
    "listing_extension": {"working_days": 5, "cycles_max": 2, "min_bidders": 2}
}
HOUR = 3_600


async def pass_by(stage: Stage, at: str) -> None:
    """Do what is due a second after that moment."""
    await run_due_duties(stage, moment(at) + timedelta(seconds=1))


async def shown(stage: Stage, lot: dict[str, Any]) -> dict[str, Any]:
    """The lot as everybody sees it now."""
    return dict(await stage.anyone.get(f"/v1/lots/{lot['id']}"))


async def test_listing_goes_on_as_announced_and_then_no_more(stage: Stage) -> None:
    """Below two bidders it goes on, twice, told to everybody; then the auction is set up with the one who came."""
    first = await stage.published(conditions=EXTENDED, opens_in=HOUR, lasts=HOUR)
    agency, _ = await stage.deposited(first)
    path, times = f"/v1/lots/{first['id']}", [first]
    for cycle in (1, 2):
        before = times[-1]
        await pass_by(stage, before["opens_at"])
        after = await shown(stage, first)
        assert after["status"] == "registration"
        was, now_is = moment(before["opens_at"]), moment(after["opens_at"])
        assert days_between(was, now_is, working=True) == 5
        assert moment(after["closes_at"]) - moment(after["opens_at"]) == timedelta(seconds=HOUR)
        # What bidders acknowledged stands: the extension was announced in it. The rules are frozen anew.
        assert after["notice_sha256"] == first["notice_sha256"]
        assert after["profile_hash"] != before["profile_hash"]
        notices = (await stage.anyone.get(f"{path}/notices"))["items"]
        content = json.loads(notices[-1]["content"])
        assert notices[-1]["kind"] == "extension"
        assert content["listing_extension"]["cycle"] == cycle
        assert content["listing_extension"]["announced_in"] == first["notice_sha256"]
        assert content["bidding_rules"]["profile_sha256"] == after["profile_hash"]
        times.append(after)
    changes = (await stage.anyone.get(f"{path}/disclosure-changes"))["items"]
    assert [(one["kind"], one["cycle"]) for one in changes] == [("extension", 1), ("extension", 2)]
    page = (await stage.client.get(f"/lots/{first['id']}")).text
    assert page.count("延牌公告") == 2
    assert 'data-part="extension"' in page
    assert (await agency.get(f"{path}/bidders/me"))["status"] == "deposited"

    await pass_by(stage, times[-1]["opens_at"])
    assert (await shown(stage, first))["status"] == "open"
    view = await stage.engine.view(UUID(first["id"]))
    assert view["ends_at"] == epoch_ms(moment(times[-1]["closes_at"]))
    await stage.project()
    assert (await agency.get(f"{path}/bidders/me"))["status"] == "active"


async def test_enough_bidders_end_the_listing(stage: Stage) -> None:
    """With as many ready as the notice asks the auction opens at its time; who did not pay the deposit is not ready."""
    lot = await stage.published(conditions=EXTENDED, opens_in=HOUR, lasts=HOUR)
    await stage.deposited(lot)
    await stage.registered(lot)
    await pass_by(stage, lot["opens_at"])
    lot = await shown(stage, lot)
    assert lot["status"] == "registration"
    _, bidder = await stage.registered(lot)
    await stage.operator.post(f"/v1/bidders/{bidder['id']}/deposit", money(DEPOSIT_FEN))
    await pass_by(stage, lot["opens_at"])
    after = await shown(stage, lot)
    assert (after["status"], after["opens_at"]) == ("open", lot["opens_at"])


async def test_nothing_but_a_published_change_moves_a_frozen_lot(stage: Stage) -> None:
    """The database follows the row of the change alone; a notice that announced nothing goes on for nobody."""
    lot = await stage.published(opens_in=HOUR, lasts=HOUR)
    for column in ("opens_at = opens_at + interval '1 day'", "conditions = '{}'", "profile = 'x'"):
        with pytest.raises(asyncpg.CheckViolationError, match="frozen"):
            await stage.pool.execute(f"UPDATE market.lots SET {column} WHERE id = $1", lot["id"])
    await pass_by(stage, lot["opens_at"])
    after = await shown(stage, lot)
    assert (after["status"], after["opens_at"]) == ("open", lot["opens_at"])


async def test_regime_that_knows_no_extension_blocks_it(stage: Stage) -> None:
    """An auction house's lot that announces one does not pass its check; the article is named."""
    draft = await stage.draft(terms={"regime": "commercial_auction"}, conditions=EXTENDED)
    checked = await stage.operator.post(f"/v1/lots/{draft['id']}/check")
    [found] = [f for f in checked["findings"] if f["field"] == "conditions.listing_extension"]
    assert (found["severity"], "art. 45" in found["message"]) == ("block", True)


async def test_call_for_offers_goes_on_until_one_offers(stage: Stage) -> None:
    """A call whose notice says so takes offers longer where nobody made one, and closes on time once one did."""
    consignment = await consigned(stage)
    once = {"listing_extension": {"working_days": 6, "cycles_max": 1}}
    draft = await stage.operator.post(
        "/v1/lots",
        {
            "consignment_id": consignment["id"],
            "title": "One patent",
            "title_zh": "专利一项",
            "bidding": {
                "format": "collection",
                "format_terms": {"mode": "open", "decision_seconds": HOUR},
            },
            "conditions": CONDITIONS | once,
            "opens_at": (moment(consignment["created_at"]) + timedelta(hours=1)).isoformat(),
            "closes_at": (moment(consignment["created_at"]) + timedelta(hours=2)).isoformat(),
            "shortened_times": True,
        },
    )
    await stage.operator.post(f"/v1/lots/{draft['id']}/check")
    lot = await stage.checker.post(f"/v1/lots/{draft['id']}/publish")
    await pass_by(stage, lot["opens_at"])
    await pass_by(stage, lot["closes_at"])
    longer = await shown(stage, lot)
    assert longer["status"] == "open"
    was, now_is = moment(lot["closes_at"]), moment(longer["closes_at"])
    assert days_between(was, now_is, working=True) == 6
    agency, _ = await stage.deposited(longer)
    amount = {"amount_fen": lot["start_price_fen"]}
    assert (await agency.post(f"/v1/lots/{lot['id']}/offers", amount))["state"] == "offers"
    await pass_by(stage, longer["closes_at"])
    call = await stage.bank_maker.get(f"/v1/lots/{lot['id']}/call")
    assert call["state"] == "deciding"


async def test_lot_of_a_session_goes_by_its_session(stage: Stage) -> None:
    """A lot whose listing may go on alone is not arranged into a session, which opens all its lots together."""
    draft = await stage.draft(conditions=EXTENDED, opens_in=HOUR)
    opens_at = moment(draft["opens_at"])
    body = {
        "title": "Session",
        "title_zh": "专场",
        "opens_at": opens_at.isoformat(),
        "first_closes_at": (opens_at + timedelta(hours=1)).isoformat(),
        "stagger_seconds": 60,
        "lots": [{"lot_id": draft["id"]}],
    }
    refused = await stage.operator.post("/v1/auction-sessions", body, expect=400)
    assert refused["field"] == "lots"
