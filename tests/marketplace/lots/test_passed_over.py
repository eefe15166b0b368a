"""What a checker passed over at the check of a lot, and what has changed by its publication."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kit.clock import CHINA, system_clock
from marketplace.assets import service as assets
from marketplace.assets.schemas import AssetStatus
from marketplace.consignments import service as consignments
from marketplace.consignments.dossier import facts_of
from marketplace.diligence import service as diligence
from marketplace.lots import service as lots
from marketplace.lots.intake import Priced
from marketplace.lots.schemas import LotDraft
from marketplace.organisations.schemas import SYSTEM_CALLER, Role
from tests.make_people import make_caller
from tests.make_stage import Stage, accepted_consignment, lot_draft

DAY = 86_400.0


def in_days(days: int) -> date:
    return system_clock().astimezone(CHINA).date() + timedelta(days=days)


async def paid_to(stage: Stage, consignment_id: UUID, day: date) -> None:
    """A newer reading of the register: fees are paid to that day."""
    now, maker = system_clock(), stage.parties.maker
    async with stage.pool.acquire() as conn, conn.transaction():
        consignment = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
        asset = await assets.get(conn, maker, consignment.asset_ids[0])
        status = AssetStatus(
            legal_status=asset.legal_status,
            status_as_of=asset.status_as_of,
            status_source="登记簿副本",
            fee_paid_to=day,
        )
        await assets.record_status(conn, maker, asset.id, status, version=asset.version, now=now)


async def found(stage: Stage, lot: dict[str, Any]) -> list[dict[str, Any]]:
    """What the check of the lot finds."""
    checked = await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    assert checked["lot"]["status"] == "checked", checked["findings"]
    return list(checked["findings"])


async def test_an_override_does_not_cover_what_came_after_it(stage: Stage) -> None:
    """A fee passed over at the check; the same fee, read anew, holds the notice until a checker looked at it again."""
    consignment_id = await accepted_consignment(stage)
    await paid_to(stage, consignment_id, in_days(60))
    lot = await stage.operator.post("/v1/lots", lot_draft(consignment_id, opens_in=600))
    (held,) = [each for each in await found(stage, lot) if each["code"] == "ELG-12"]
    path = f"/v1/lots/{lot['id']}"
    over = {"position": held["position"], "reason": "委托人承诺缴费"}
    await stage.checker.post(f"{path}/overrides", over)
    await paid_to(stage, consignment_id, in_days(59))
    refused = await stage.checker.post(f"{path}/publish", expect=409)
    assert refused["code"] == "lot_not_ready"
    assert str(in_days(59)) in refused["detail"]
    run = await stage.operator.post(f"/v1/consignments/{consignment_id}/diligence")
    (seen,) = [each for each in run["findings"] if each["code"] == "ELG-12"]
    looked = {"evidence_sha256": seen["evidence_sha256"], "reason": "已核对缴费承诺"}
    await stage.checker.post(f"/v1/consignments/{consignment_id}/diligence/overrides", looked)
    assert (await stage.checker.post(f"{path}/publish"))["status"] == "registration"


async def test_an_override_covers_what_was_seen(stage: Stage) -> None:
    """Nothing changed since: what was passed over does not hold the notice."""
    consignment_id = await accepted_consignment(stage)
    await paid_to(stage, consignment_id, in_days(60))
    lot = await stage.operator.post("/v1/lots", lot_draft(consignment_id, opens_in=600))
    (held,) = [each for each in await found(stage, lot) if each["code"] == "ELG-12"]
    path = f"/v1/lots/{lot['id']}"
    await stage.checker.post(
        f"{path}/overrides", {"position": held["position"], "reason": "委托人承诺缴费"}
    )
    assert (await stage.checker.post(f"{path}/publish"))["status"] == "registration"


async def test_fees_are_safe_90_days_after_the_lot_s_own_close(stage: Stage) -> None:
    """Safe for the day that was planned, forty days on; not for a lot that closes in sixty."""
    for days, codes in ((50, {"ELG-12"}), (39, set())):
        consignment_id = await accepted_consignment(stage)
        await paid_to(stage, consignment_id, in_days(131))
        draft = lot_draft(consignment_id, opens_in=days * DAY, lasts=60)
        lot = await stage.operator.post("/v1/lots", draft)
        seen = {each["code"] for each in await found(stage, lot)} & {"ELG-12"}
        assert seen == codes, days


async def test_a_fund_is_told_of_a_later_round_s_price(stage: Stage) -> None:
    """ELG-29: the price cut of a plan's next lot holds it until the fund knows that price."""
    consignment_id = await accepted_consignment(stage)
    parties, now = stage.parties, system_clock()
    fund = await make_caller(stage.pool, Role.FUND_ADMINISTRATOR, now=now)

    async def codes(conn: Any) -> set[str]:
        fresh = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
        return {each.code for each in await diligence.examine(conn, fresh, now=now)}

    async with stage.pool.acquire() as conn, conn.transaction():
        consignment = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
        await conn.execute(
            "INSERT INTO market.claims (id, case_id, organisation_id, scheme_id, scheme_version, fund_ids, application,"
            " figures, claim_sha256, state, drafted_by, drafted_at) VALUES (gen_random_uuid(), $1, $2, 's', 1,"
            " ARRAY[$3::uuid], '{}', '{}', decode(repeat('00', 32), 'hex'), 'drafted', $4, $5)",
            consignment.case_id,
            consignment.organisation_id,
            fund.organisation_id,
            parties.maker.user_id,
            now,
        )
        assert "ELG-29" in await codes(conn)
        await consignments.tell_fund(conn, parties.maker, consignment_id, now=now)
        assert "ELG-29" not in await codes(conn)
        given = msgspec.convert(lot_draft(consignment_id, opens_in=600), LotDraft)
        cut = Priced(
            start_price_fen=consignment.start_price_fen * 8 // 10,
            reserve_price_fen=None,
            deposit_fen=consignment.deposit_fen,
            previous_start_price_fen=consignment.start_price_fen,
        )
        await lots.draft(conn, parties.venue, given, now=now, priced=cut)
        assert "ELG-29" in await codes(conn)
        await consignments.tell_fund(conn, parties.maker, consignment_id, now=now)
        assert "ELG-29" not in await codes(conn)
        told = await consignments.fund_notices(conn, fund, before=None, limit=5)
    assert [each.start_price_fen for each in told] == [
        cut.start_price_fen,
        consignment.start_price_fen,
    ]


async def test_a_round_is_expected_to_bring_its_own_price(stage: Stage) -> None:
    """ELG-27 looks at the reserve or start price of the lot that is on its way, not at what was first consigned."""
    consignment_id = await accepted_consignment(stage)
    given = msgspec.convert(lot_draft(consignment_id, opens_in=600), LotDraft)
    for start_fen, reserve_fen in ((160_000_000, None), (150_000_000, 170_000_000)):
        priced = Priced(
            start_price_fen=start_fen,
            reserve_price_fen=reserve_fen,
            deposit_fen=15_000_000,
            previous_start_price_fen=210_000_000,
        )
        now = system_clock()
        async with stage.pool.acquire() as conn, conn.transaction():
            consignment = await consignments.get(conn, SYSTEM_CALLER, consignment_id)
            before = await facts_of(conn, consignment, today=in_days(0))
            lot = await lots.draft(conn, stage.parties.venue, given, now=now, priced=priced)
            after = await facts_of(conn, consignment, today=in_days(0))
            await lots.withdraw(conn, stage.parties.venue, lot.id, reason="another price", now=now)
        assert before.expected_fen == consignment.start_price_fen == 210_000_000
        assert after.expected_fen == (reserve_fen or start_fen)


async def test_word_to_a_party_has_the_rights_checked_again(stage: Stage) -> None:
    """ELG-21 looks at who was told in time: each notice, and what became of it, asks for another run."""
    lot = await stage.draft(opens_in=600)
    consignment_id = UUID(lot["consignment_id"])

    async def waiting() -> int:
        async with stage.pool.acquire() as conn, conn.transaction():
            done: str = await conn.execute(
                "UPDATE market.duties SET state = 'done', done_at = now()"
                " WHERE kind = 'recheck_consignment' AND subject_id = $1 AND state = 'waiting'",
                consignment_id,
            )
        return int(done.split()[-1])

    await waiting()
    await stage.pool.execute(
        "INSERT INTO market.party_notices (id, lot_id, party_name, role, method, sent_on, recorded_by, recorded_at)"
        " VALUES (gen_random_uuid(), $1, '甲', 'debtor', 'EMS', current_date, $2, now())",
        UUID(lot["id"]),
        stage.parties.venue.user_id,
    )
    assert await waiting() == 1
    assert await waiting() == 0
    await stage.pool.execute(
        "UPDATE market.party_notices SET state = 'waived', effective_on = current_date, evidence = '放弃声明'"
        " WHERE lot_id = $1",
        UUID(lot["id"]),
    )
    assert await waiting() == 1
