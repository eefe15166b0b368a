"""Results set aside after the close, over HTTP on the real engine and database; and confirmations by themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from settlement import ledger
from settlement.checks import check_ledger
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, lot_draft, money

FAULT = {
    "ground": "system_fault",
    "reason": "the clock of the venue was wrong 系统时钟故障",
    "evidence": "incident report 2026-11 事故报告",
}


async def won(stage: Stage, **changed: Any) -> tuple[dict[str, Any], Person, str]:
    """A lot that one bidder won at the start price, its confirmation issued by itself; who won; the lot's path."""
    lot = await stage.published(lasts=1.0, **changed)
    one, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    await stage.until_closed(lot)
    path = f"/v1/lots/{lot['id']}"
    await until_status(stage, path, "awaiting_payment")
    return lot, one, path


async def until_status(stage: Stage, path: str, wanted: str) -> None:
    """Work until the lot is so far: nobody asks for the confirmation."""
    for step in range(40):
        await run_due_duties(stage, system_clock() + timedelta(milliseconds=100 * step))
        await stage.project()
        if (await stage.anyone.get(path))["status"] == wanted:
            return
    raise AssertionError((await stage.anyone.get(path))["status"])


async def free_money(stage: Stage, bidder: Person) -> int:
    """What a bidder may take out."""
    async with stage.pool.acquire() as conn:
        return await ledger.balance(
            conn,
            ledger.client_money(
                bidder.caller.organisation_id, stage.operator.caller.organisation_id
            ),
        )


async def books_hold(stage: Stage) -> None:
    """Every invariant of the ledger."""
    async with stage.pool.acquire() as conn:
        result = await check_ledger(conn)
    assert result.ok, [check for check in result.checks if check.broken]


async def revoked(stage: Stage, path: str, given: dict[str, Any]) -> dict[str, Any]:
    """Proposed by the operator, done by the checker, once: the same answer ever after."""
    await stage.checker.post(f"{path}/revocation", given, expect=403)
    proposed = await stage.operator.post(f"{path}/revocation", given)
    seen = {"content_hash": proposed["content_hash"]}
    await stage.operator.post(f"{path}/revocation/approve", seen, expect=403)
    stale = {"content_hash": "0" * 64}
    await stage.checker.post(f"{path}/revocation/approve", stale, expect=412)
    answers = [await stage.checker.post(f"{path}/revocation/approve", seen) for _ in range(2)]
    assert answers[0] == answers[1]
    return dict(answers[0])


async def test_a_paid_sale_is_set_aside(stage: Stage) -> None:
    """Price and deposit are the buyer's again, the public is told, and the rights are free for another lot."""
    lot, one, path = await won(stage)
    again = await stage.operator.post(f"{path}/confirmation")  # issued already: the same
    assert again == await stage.anyone.get(f"{path}/confirmation")
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    await stage.bank_checker.post(
        f"{path}/distribution/approve", {"content_hash": plan["content_hash"]}
    )
    done = await revoked(stage, path, FAULT)
    assert (done["state"], done["returned_fen"]) == ("DONE", START_FEN)
    assert await stage.bank_maker.get(f"{path}/revocation") == done
    assert (await stage.anyone.get(path))["status"] == "revoked"
    assert await free_money(stage, one) == START_FEN
    assert (await one.get(f"{path}/bidders/me"))["status"] == "lost"
    last = (await stage.anyone.get(f"{path}/notices"))["items"][-1]
    assert (last["kind"], "系统时钟故障" in last["content"]) == ("revocation", True)
    await stage.operator.post(f"{path}/distribution/pay", expect=404)  # the plan went with the sale
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "unsold"
    await stage.operator.post("/v1/lots", lot_draft(lot["consignment_id"]))
    await books_hold(stage)


async def test_a_collusive_winner_is_barred_and_gets_its_money(stage: Stage) -> None:
    """Half paid: what was paid and the deposit go back, and the winner may not bid for this right again."""
    lot, one, path = await won(stage)
    await stage.operator.post(f"{path}/payments", money(1_000_000))
    given = FAULT | {"ground": "collusion"}
    done = await revoked(stage, path, given)
    assert done["returned_fen"] == 1_000_000
    await stage.work()
    assert await free_money(stage, one) == 1_000_000 + DEPOSIT_FEN
    assert (await one.get(f"{path}/bidders/me"))["status"] == "barred"
    late = system_clock() + timedelta(hours=200)
    await run_due_duties(stage, late)  # the payment deadline finds nothing to default
    assert (await stage.anyone.get(path))["status"] == "revoked"
    drafted = await stage.operator.post("/v1/lots", lot_draft(lot["consignment_id"], opens_in=60))
    await stage.operator.post(f"/v1/lots/{drafted['id']}/check")
    second = await stage.checker.post(f"/v1/lots/{drafted['id']}/publish")
    registration = {
        "disclosure_sha256": second["notice_sha256"],
        "conflict_statement": "no interest 无关联",
    }
    refused = await one.post(f"/v1/lots/{second['id']}/bidders", registration, expect=403)
    assert refused["context"]["grounds"] == ["defaulted_before"]
    other = await stage.person(Role.AGENCY_BIDDER)
    await other.post(f"/v1/lots/{second['id']}/bidders", registration)
    await books_hold(stage)


async def test_what_is_refused(stage: Stage) -> None:
    """A ground outside the law, another venue's lot, a refused proposal, money that has left: nothing is set aside."""
    lot, _, path = await won(stage)
    await stage.operator.post(f"{path}/revocation", FAULT | {"ground": "regret"}, expect=400)
    stranger = await stage.person(Role.VENUE_OPERATOR)
    await stranger.post(f"{path}/revocation", FAULT, expect=404)
    proposed = await stage.operator.post(f"{path}/revocation", FAULT)
    why = {"reason": "the clock was right"}
    await stage.checker.post(f"{path}/orders/{proposed['id']}/refuse", why)
    seen = {"content_hash": proposed["content_hash"]}
    await stage.checker.post(f"{path}/revocation/approve", seen, expect=404)
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    await stage.bank_checker.post(
        f"{path}/distribution/approve", {"content_hash": plan["content_hash"]}
    )
    await stage.operator.post(f"{path}/distribution/pay")
    gone = await stage.operator.post(f"{path}/revocation", FAULT, expect=409)
    assert gone["code"] == "not_revocable"
    unsold = await stage.published(lasts=0.5)
    await stage.until_closed(unsold)
    nothing = await stage.operator.post(f"/v1/lots/{unsold['id']}/revocation", FAULT, expect=409)
    assert nothing["code"] == "not_revocable"
    status = await stage.pool.fetchval(
        "SELECT status FROM market.lots WHERE id = $1", UUID(lot["id"])
    )
    assert status == "transferring"
