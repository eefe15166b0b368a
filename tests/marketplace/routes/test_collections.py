"""Collection over HTTP: a backstop in advance, sealed offers, best and final, the bank's answer, the money."""

import secrets
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from kit.clock import CHINA
from kit.commitments import commitment
from kit.errors import InvalidInput
from marketplace.collections.rules import best_of_each
from marketplace.collections.schemas import Offer
from marketplace.jobs.running import run_due_duties
from marketplace.lots.offered import instalments_fen, offer_terms
from settlement.checks import check_ledger
from tests.make_routes import consigned, lot_step, started
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Stage, moment, money

HOUR = 3_600
BOTH = {"mode": "sealed", "opening_seconds": HOUR, "final_seconds": HOUR, "decision_seconds": HOUR}


async def called(stage: Stage, terms: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A published call for offers, as the only step of a plan; windows of an hour, so that nothing is in a hurry."""
    step = lot_step(
        bidding={"format": "collection", "format_terms": terms},
        opens_after_seconds=HOUR,
        lasts_seconds=HOUR,
    )
    consignment = await consigned(stage, **changed)
    plan = await started(stage, consignment, step)
    assert plan["steps"][0]["state"] == "running", plan["steps"][0]["reason"]
    return dict(await stage.anyone.get(f"/v1/lots/{plan['steps'][0]['subject_id']}"))


async def pass_by(stage: Stage, at: str | datetime) -> None:
    """Do what is due a second after that moment."""
    when = moment(at) if isinstance(at, str) else at
    await run_due_duties(stage, when + timedelta(seconds=1))


async def seal(lot: dict[str, Any], person: Person, round_: int, amount_fen: int) -> dict[str, Any]:
    """A sealed offer handed in; what opens it."""
    mine = await person.get(f"/v1/lots/{lot['id']}/bidders/me")
    nonce = secrets.token_hex(32)
    sealed = commitment(
        f"collection:{lot['id']}:{round_}",
        str(mine["paddle"]),
        amount_fen=amount_fen,
        nonce=nonce,
    )
    call = await person.post(f"/v1/lots/{lot['id']}/offers", {"commitment": sealed})
    made = next(one for one in call["offers"] if one["commitment"] == sealed)
    assert made["amount_fen"] is None
    return {
        "path": f"/v1/lots/{lot['id']}/offers/{made['id']}/open",
        "amount_fen": amount_fen,
        "nonce": nonce,
    }


async def unseal(person: Person, sealed: dict[str, Any]) -> None:
    """Open what was sealed; a wrong amount is refused."""
    body = {"amount_fen": sealed["amount_fen"], "nonce": sealed["nonce"]}
    wrong = await person.post(sealed["path"], body | {"amount_fen": 1}, expect=409)
    assert wrong["code"] == "offer_unproved"
    await person.post(sealed["path"], body)


async def test_sealed_call_with_best_and_final_ends_in_a_paid_sale(stage: Stage) -> None:
    """Nobody sees an amount before its maker opens it, or seals two; two people accept the best, and it is paid."""
    lot = await called(stage, BOTH | {"repurchase": {"open_days": 30, "price_bp": 10_800}})
    one, _ = await stage.deposited(lot)
    two, bidder = await stage.deposited(lot)
    path = f"/v1/lots/{lot['id']}"
    early = await one.post(f"{path}/offers", {"commitment": "0" * 64}, expect=409)
    assert early["code"] == "offers_closed"
    await pass_by(stage, lot["opens_at"])
    plain = await one.post(f"{path}/offers", {"amount_fen": START_FEN}, expect=400)
    assert plain["field"] == "commitment"
    first = await seal(lot, one, 1, START_FEN + 2)
    second = await seal(lot, two, 1, START_FEN + 1)
    hedge = await one.post(f"{path}/offers", {"commitment": "1" * 64}, expect=409)
    assert hedge["code"] == "offers_closed"
    hidden = await stage.operator.get(f"{path}/call")
    assert [offer["amount_fen"] for offer in hidden["offers"]] == [None, None]
    await pass_by(stage, lot["closes_at"])
    await unseal(one, first)
    await unseal(two, second)
    closes = moment(lot["closes_at"])
    await pass_by(stage, closes + timedelta(seconds=HOUR))
    last = await seal(lot, two, 2, START_FEN + 1_000)
    await two.post(f"{path}/offers", {"commitment": "2" * 64}, expect=409)
    await pass_by(stage, closes + timedelta(seconds=2 * HOUR))
    await unseal(two, last)
    await pass_by(stage, closes + timedelta(seconds=3 * HOUR))
    call = await stage.bank_maker.get(f"{path}/call")
    assert call["state"] == "deciding"
    best = max(call["offers"], key=lambda offer: offer["amount_fen"])
    answer = {"offer_id": best["id"], "reason": "the best offer 报价最高"}
    await stage.bank_maker.post(f"{path}/answer", answer)
    other = await stage.bank_checker.post(f"{path}/answer/decide", {"offer_id": None}, expect=409)
    assert other["code"] == "answer_differs"
    done = await stage.bank_checker.post(f"{path}/answer/decide", {"offer_id": best["id"]})
    assert (done["state"], done["repurchase"]["price_fen"]) == ("accepted", 226_801_080)
    sale = await stage.anyone.get(f"{path}/sale")
    assert (sale["price_fen"], sale["winner_paddle"]) == (START_FEN + 1_000, bidder["paddle"])
    await bought_back(stage, path, one, two)


async def bought_back(stage: Stage, path: str, stranger: Person, buyer: Person) -> None:
    """The price is paid, and the pledgor uses its option."""
    await stage.operator.post(f"{path}/confirmation")
    paid = await stage.operator.post(f"{path}/payments", money(START_FEN + 1_000 - DEPOSIT_FEN))
    assert paid["lot_status"] == "paid"
    evidence = {"evidence": "bank receipt 银行回单 1"}
    assert (await stage.operator.post(f"{path}/repurchase", evidence))["repurchase"][
        "state"
    ] == "exercised"
    await stranger.post(f"{path}/repurchase/complete", expect=404)
    back = await buyer.post(f"{path}/repurchase/complete")
    assert back["repurchase"]["state"] == "completed"


async def test_backstop_takes_what_nobody_outbids(stage: Stage) -> None:
    """A commitment given in advance stands when no better offer comes; its price is paid by instalments."""
    parts = [{"part_bp": 3_000, "due_after_hours": 100}, {"part_bp": 7_000, "due_after_hours": 120}]
    terms = {"mode": "open", "decision_seconds": HOUR, "needs_backstop": True, "instalments": parts}
    lot = await called(stage, terms, regime="agreement", authority="post_default_agreement")
    path = f"/v1/lots/{lot['id']}"
    agency, bidder = await stage.deposited(lot)
    low = await agency.post(f"{path}/backstop", {"amount_fen": START_FEN - 1}, expect=409)
    assert low["code"] == "offer_too_low"
    await agency.post(f"{path}/backstop", {"amount_fen": START_FEN})
    again = await agency.post(f"{path}/backstop", {"amount_fen": START_FEN + 1}, expect=409)
    assert again["code"] == "offers_closed"
    await pass_by(stage, lot["opens_at"])
    await pass_by(stage, lot["closes_at"])
    call = await stage.bank_maker.get(f"{path}/call")
    (backstop,) = call["offers"]
    assert (call["state"], backstop["round"]) == ("deciding", 0)
    await stage.bank_maker.post(f"{path}/answer", {"offer_id": backstop["id"], "reason": "兜底"})
    done = await stage.bank_checker.post(f"{path}/answer/decide", {"offer_id": backstop["id"]})
    assert [one["amount_fen"] for one in done["instalments"]] == [63_000_000, 147_000_000]
    await stage.operator.post(f"{path}/confirmation")
    await stage.operator.post(f"{path}/payments", money(63_000_000 - DEPOSIT_FEN))
    await pass_by(stage, done["instalments"][0]["due_at"])
    shown = await stage.bank_maker.get(f"{path}/call")
    assert [one["state"] for one in shown["instalments"]] == ["met", "due"]
    rest = await stage.operator.post(f"{path}/payments", money(147_000_000))
    assert rest["lot_status"] == "paid"
    assert (await agency.get(f"{path}/bidders/me"))["id"] == bidder["id"]


async def test_a_missed_instalment_of_a_collection_is_the_price_missed(stage: Stage) -> None:
    """The notice's rate is borne from the first part's day; one part missed, and the deposit is forfeited at once."""
    parts = [
        {"part_bp": 3_000, "due_after_hours": 24},
        {"part_bp": 3_000, "due_after_hours": 72},
        {"part_bp": 4_000, "due_after_hours": 120},
    ]
    terms = {
        "mode": "open",
        "decision_seconds": HOUR,
        "needs_backstop": True,
        "instalments": parts,
        "interest_bp_year": 300,
    }
    lot = await called(stage, terms, regime="agreement", authority="post_default_agreement")
    path = f"/v1/lots/{lot['id']}"
    agency, _ = await stage.deposited(lot)
    await agency.post(f"{path}/backstop", {"amount_fen": START_FEN})
    await pass_by(stage, lot["opens_at"])
    await pass_by(stage, lot["closes_at"])
    (backstop,) = (await stage.bank_maker.get(f"{path}/call"))["offers"]
    await stage.bank_maker.post(f"{path}/answer", {"offer_id": backstop["id"], "reason": "兜底"})
    done = await stage.bank_checker.post(f"{path}/answer/decide", {"offer_id": backstop["id"]})
    # 147,000,000 and 84,000,000 fen are unpaid, at 300 bp over a year of 360 days.
    days = _days_between(done["instalments"])
    interest = [one["interest_fen"] for one in done["instalments"]]
    assert interest == [0, 147_000_000 * days[0] // 12_000, 84_000_000 * days[1] // 12_000]
    (order,) = (await stage.operator.get(f"{path}/orders"))["items"]
    assert (order["kind"], order["state"]) == ("INSTALMENTS", "DONE")
    await stage.operator.post(f"{path}/confirmation")
    await stage.operator.post(f"{path}/payments", money(63_000_000 - DEPOSIT_FEN))
    await pass_by(stage, moment(done["instalments"][0]["due_at"]) + timedelta(seconds=1))
    shown = await stage.bank_maker.get(f"{path}/call")
    assert [one["state"] for one in shown["instalments"]] == ["met", "due", "due"]
    await stage.operator.post(f"{path}/payments", money(63_000_000))  # its interest is missing
    await pass_by(stage, moment(done["instalments"][1]["due_at"]) + timedelta(seconds=1))
    shown = await stage.bank_maker.get(f"{path}/call")
    assert [one["state"] for one in shown["instalments"]] == ["met", "missed", "due"]
    assert (await stage.anyone.get(path))["status"] == "defaulted"
    assert (await agency.get(f"{path}/bidders/me"))["status"] == "barred"
    async with stage.pool.acquire() as conn:
        states = await conn.fetch("SELECT state FROM settlement.deposits")
        assert [row["state"] for row in states] == ["FORFEITED"]
        assert (await check_ledger(conn)).ok


def _days_between(parts: list[dict[str, Any]]) -> list[int]:
    days = [moment(part["due_at"]).astimezone(CHINA).date() for part in parts]
    return [(after - before).days for before, after in pairwise(days)]


@pytest.mark.parametrize(
    ("terms", "offers", "decline", "reason"),
    [
        ({"needs_backstop": True}, False, False, "no_backstop"),
        ({}, False, False, "no_offers"),
        ({}, True, True, "declined"),
        ({}, True, False, "not_decided"),
    ],
)
async def test_call_that_fails_leaves_the_lot_unsold(
    stage: Stage, terms: dict[str, Any], offers: bool, decline: bool, reason: str
) -> None:
    """Without a backstop, an offer, or an acceptance in time the lot is unsold, and the plan has nothing left."""
    lot = await called(stage, {"mode": "open", "decision_seconds": HOUR} | terms)
    path = f"/v1/lots/{lot['id']}"
    agency, _ = await stage.deposited(lot)
    await pass_by(stage, lot["opens_at"])
    if offers:
        call = await agency.post(f"{path}/offers", {"amount_fen": START_FEN})
        lower = await agency.post(f"{path}/offers", {"amount_fen": START_FEN}, expect=409)
        assert lower["code"] == "offer_too_low"
    await pass_by(stage, lot["closes_at"])
    if decline:
        await stage.bank_maker.post(f"{path}/answer", {"reason": "too low 报价过低"})
        await stage.bank_checker.post(f"{path}/answer/decide", {})
    elif offers:
        await pass_by(stage, call["decision_by"])
    sale = await stage.anyone.get(f"{path}/sale")
    assert (sale["outcome"], sale["reason"]) == ("unsold", reason)
    await stage.work()
    (plan,) = (await stage.bank_maker.get("/v1/plans"))["items"]
    assert plan["state"] == "exhausted"


async def test_call_is_withdrawn_while_open(stage: Stage) -> None:
    """The venue takes an open call back: the lot is withdrawn and the deposits go back."""
    lot = await called(stage, {"mode": "open", "decision_seconds": HOUR})
    await stage.deposited(lot)
    await pass_by(stage, lot["opens_at"])
    call = await stage.operator.post(f"/v1/lots/{lot['id']}/call/withdraw", {"reason": "异议"})
    assert call["state"] == "withdrawn"
    await stage.work()
    states = await stage.pool.fetch("SELECT state FROM settlement.deposits")
    assert [row["state"] for row in states] == ["RELEASED"]


def test_terms_of_a_call_name_what_is_wrong() -> None:
    """Sealed calls say how long offers may be opened; instalments add up, begin with 30%, and follow each other."""
    base = {"mode": "open", "decision_seconds": 1}
    for wrong in (
        {"mode": "sealed"},
        {"opening_seconds": 5},
        {"instalments": [{"part_bp": 9_999, "due_after_hours": 1}]},
        {"interest_bp_year": 345},
        {
            "instalments": [
                {"part_bp": 2_999, "due_after_hours": 1},
                {"part_bp": 7_001, "due_after_hours": 2},
            ]
        },
        {
            "instalments": [
                {"part_bp": 5_000, "due_after_hours": 2},
                {"part_bp": 5_000, "due_after_hours": 2},
            ]
        },
        {"unknown": 1},
    ):
        with pytest.raises(InvalidInput):
            offer_terms(base | wrong)
    parts = [{"part_bp": 3_333, "due_after_hours": 1}, {"part_bp": 6_667, "due_after_hours": 2}]
    terms = offer_terms(base | {"instalments": parts})
    assert sum(instalments_fen(100_000_001, terms.instalments)) == 100_000_001


def test_equal_offers_go_to_the_earlier_and_nonces_are_long() -> None:
    """Of equal amounts the earlier stands first; a commitment takes 32 random bytes."""
    at = datetime.fromisoformat("2026-11-02T01:00:00+00:00")
    common = {"round": 1, "commitment": None, "opened_at": None}
    ids = [f"00000000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3)]
    made = [
        Offer(id=ids[0], paddle=1, amount_fen=5, made_at=at + timedelta(seconds=1), **common),
        Offer(id=ids[1], paddle=2, amount_fen=5, made_at=at, **common),
        Offer(id=ids[2], paddle=3, amount_fen=None, made_at=at, **common),
    ]
    assert [one.paddle for one in best_of_each(made)] == [2, 1]
    with pytest.raises(InvalidInput):
        commitment("x", "1", amount_fen=1, nonce="00")
