"""Lots of the sealed formats from the keys to the result, over HTTP alone; nothing told before, everything after."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from auction_engine.engine import NotDue
from auction_engine.sealed_bids import seal
from auction_engine.verification import verify_bundle
from kit.clock import system_clock
from marketplace.jobs.running import run_due_duties
from marketplace.organisations.schemas import Role
from settlement.checks import check_ledger
from tests.make_stage import DEPOSIT_FEN, START_FEN, Person, Refused, Stage, money, text
from tests.marketplace.make_sealed_lot import (
    KeyHolders,
    open_over_http,
    prove_keys,
    published_sealed_lot,
    seal_over_http,
    terms_of,
)

SEALED: dict[str, Any] = {
    "step": None,
    "grid": "none",
    "extension": None,
}
WEIGHTS = {"price_bp": 5_000, "terms": [{"name": "plan", "weight_bp": 5_000}]}
FORMATS: dict[str, dict[str, Any]] = {
    "one_shot": {"format_terms": {"amend": "latest_counts"}},
    "vickrey": {"consent_reference": "consent letter of the owner 2026-11-01 委托人同意函"},
    "uniform_price": {"format_terms": {"units": 1}},
    "weighted": {"format_terms": WEIGHTS},
}


def bidding(name: str) -> dict[str, Any]:
    return SEALED | {"format": name} | FORMATS[name]


async def bidders(
    stage: Stage, lot: dict[str, Any], count: int, **changed: Any
) -> list[tuple[Person, int]]:
    found = []
    for _ in range(count):
        person, bidder = await stage.deposited(lot, **changed)
        found.append((person, bidder["paddle"]))
    return found


async def until_opening_due(stage: Stage, lot: dict[str, Any]) -> None:
    """Work until the close is final, in the journal too, and the envelopes wait."""
    for _ in range(300):
        closed = await stage.engine.close(UUID(lot["id"]))
        if isinstance(closed, NotDue) and closed.opening_due:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the close did not become final")


#: By format: who wins (first or second bidder, None: several could) and at what price, of bids of 500 and 900 more.
OUTCOMES = {
    "one_shot": ("second", START_FEN + 900),
    "vickrey": ("second", START_FEN + 500),
    "uniform_price": (None, START_FEN + 500),
    "weighted": ("first", START_FEN + 500),
}


async def sold_over_http(stage: Stage, directory: Path, name: str) -> None:
    """Keys, canary, notice, envelopes, (scores,) close, opening, result, report and a bundle that verifies."""
    opener = await stage.person(Role.REGULATOR)
    holders = KeyHolders(_made(directory / name))
    lot = await published_sealed_lot(
        stage, opener, holders, bidding=bidding(name), opens_in=8, lasts=16
    )
    (one, first), (two, second) = await bidders(stage, lot, 2)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    accepted = await seal_over_http(stage, lot, one, first, START_FEN + 500)
    assert (accepted["accepted"], accepted["price_fen"]) == (True, None)
    await seal_over_http(stage, lot, two, second, START_FEN + 900)
    if name == "weighted":
        scores = {"paddle": first, "scores": {"plan": 10_000}}
        assert (await stage.operator.post(f"{path}/scores", scores))["seq"] > 0
    early = await stage.operator.get(f"{path}/opening", expect=409)
    assert early["code"] == "opening_not_due"
    await until_opening_due(stage, lot)
    state = await stage.anyone.get(path)
    assert (state["final"], state["price_fen"], state["bids"]) == (False, None, 0)
    waiting = (await stage.anyone.get(f"{path}/sealed-bids"))["items"]
    assert [(bid["paddle"], bid["outcome"]) for bid in waiting] == [
        (first, "waiting"),
        (second, "waiting"),
    ]
    await open_over_http(stage, lot, opener, holders)
    await stage.until_closed(lot)
    result = (await stage.anyone.get(path))["result"]
    winner, price = OUTCOMES[name]
    paddle = {"first": first, "second": second, None: None}[winner]
    assert (result["winner"], result["price_fen"]) == (paddle, price)
    told = (await stage.anyone.get(f"{path}/sealed-bids"))["items"]
    assert [bid["outcome"] for bid in told] == ["opened", "opened"]
    bundle = await stage.client.get(f"{path}/bundle", headers=stage.bank_checker.headers)
    verified = verify_bundle(bundle.content, needs_notice=True)
    assert verified.sealed is not None
    assert verified.sealed.opened == 2
    sale = await stage.pool.fetchrow(
        "SELECT outcome, winner_paddle, price_fen FROM market.sales WHERE lot_id = $1",
        UUID(lot["id"]),
    )
    assert tuple(sale or ()) == ("sold", paddle or second, price)


async def test_units_are_sold_to_several(stage: Stage, tmp_path: Path) -> None:
    """Two units: both winners at the highest losing bid, only the loser's deposit back; each sale is settled alone."""
    opener = await stage.person(Role.REGULATOR)
    holders = KeyHolders(_made(tmp_path / "units"))
    two_units = bidding("uniform_price") | {"format_terms": {"units": 2}}
    lot = await published_sealed_lot(
        stage, opener, holders, bidding=two_units, opens_in=8, lasts=16
    )
    found = await bidders(stage, lot, 3)
    await stage.until_open(lot)
    for number, (person, paddle) in enumerate(found):
        await seal_over_http(stage, lot, person, paddle, START_FEN + number)
    await until_opening_due(stage, lot)
    await open_over_http(stage, lot, opener, holders)
    await stage.until_closed(lot)
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}/sale"))["outcome"] == "sold"
    rows = await stage.pool.fetch(
        "SELECT paddle, price_fen FROM market.unit_winners WHERE lot_id = $1", UUID(lot["id"])
    )
    assert {tuple(row) for row in rows} == {(paddle, START_FEN) for _, paddle in found[1:]}
    own = [await person.get(f"/v1/lots/{lot['id']}/bidders/me") for person, _ in found]
    assert [one["status"] for one in own] == ["lost", "won", "won"]
    await _each_unit_is_settled(stage, lot)


async def _each_unit_is_settled(stage: Stage, lot: dict[str, Any]) -> None:
    """Each buyer has a sale of its own: one pays and is served, the other defaults; the lot ends with the last."""
    for _ in range(3):
        await stage.work()
    found = await stage.pool.fetch(
        "SELECT id FROM market.lots WHERE origin_lot_id = $1 ORDER BY number", UUID(lot["id"])
    )
    units = [await stage.anyone.get(f"/v1/lots/{row['id']}") for row in found]
    assert [unit["number"] for unit in units] == [f"{lot['number']}-U1", f"{lot['number']}-U2"]
    assert [unit["status"] for unit in units] == ["awaiting_payment"] * 2
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "awaiting_payment"
    papers = [await stage.anyone.get(f"/v1/lots/{unit['id']}/confirmation") for unit in units]
    assert papers[0]["content"] != papers[1]["content"]
    path = f"/v1/lots/{units[0]['id']}"
    paid = await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    assert (paid["still_due_fen"], paid["lot_status"]) == (0, "paid")
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    seen = {"content_hash": plan["content_hash"]}
    await stage.bank_checker.post(f"{path}/distribution/approve", seen)
    await stage.operator.post(f"{path}/distribution/pay")
    done = await stage.operator.post(f"{path}/title", {"recorded_at": text(system_clock())})
    assert done["status"] == "done"
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "awaiting_payment"
    await run_due_duties(stage, system_clock() + timedelta(hours=121))
    ends = [(await stage.anyone.get(f"/v1/lots/{unit['id']}"))["status"] for unit in units]
    assert ends == ["done", "defaulted"]
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "done"
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    assert consignment["state"] == "recovered"
    kept = await stage.pool.fetch(
        "SELECT state, count(*) FROM settlement.deposits GROUP BY state ORDER BY state"
    )
    assert [tuple(row) for row in kept] == [
        ("APPLIED_TO_PRICE", 1),
        ("FORFEITED", 1),
        ("RELEASED", 3),
    ]
    async with stage.pool.acquire() as conn:
        assert (await check_ledger(conn)).ok


async def holder_wins_tie(stage: Stage, directory: Path) -> None:
    """Envelopes are bound to the rules as published; the holder who was confirmed since wins the tie; verify agrees."""
    opener = await stage.person(Role.BANK_CHECKER)
    holders = KeyHolders(_made(directory / "tie"))
    lot = await published_sealed_lot(
        stage, opener, holders, bidding=bidding("one_shot"), opens_in=8, lasts=16
    )
    one, bidder = await stage.deposited(lot)
    two, holder = await stage.deposited(lot, rank=1)
    await stage.until_open(lot)
    await seal_over_http(stage, lot, one, bidder["paddle"], START_FEN)
    await seal_over_http(stage, lot, two, holder["paddle"], START_FEN)
    await until_opening_due(stage, lot)
    await open_over_http(stage, lot, opener, holders)
    await stage.until_closed(lot)
    state = await stage.anyone.get(f"/v1/auctions/{lot['id']}")
    assert state["result"]["winner"] == holder["paddle"]
    bundle = await stage.client.get(
        f"/v1/auctions/{lot['id']}/bundle", headers=stage.bank_checker.headers
    )
    verified = verify_bundle(bundle.content, needs_notice=True)
    assert verified.notice is not None
    assert [one.paddle for one in verified.notice.added] == [holder["paddle"]]


async def test_sealed_lots_are_sold_over_http_alone(stage: Stage, tmp_path: Path) -> None:
    """Every sealed format from the keys to a bundle that verifies, at once; a failure is told with its reason."""
    await asyncio.gather(
        *(sold_over_http(stage, tmp_path, name) for name in FORMATS),
        holder_wins_tie(stage, tmp_path),
        told_what_will_not_open(stage, tmp_path),
    )


async def test_nothing_is_published_before_both_keys_are_proved(
    stage: Stage, tmp_path: Path
) -> None:
    """No keys, one key, an unproved canary, rules changed since: the notice is refused each time, and says why."""
    opener = await stage.person(Role.AUDITOR)
    holders = KeyHolders(tmp_path)
    lot = await stage.draft(bidding=bidding("one_shot"), opens_in=60, lasts=60)
    await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    publish, path = f"/v1/lots/{lot['id']}/publish", f"/v1/lots/{lot['id']}/sealing"
    refused = await stage.checker.post(publish, expect=409)
    assert refused["code"] == "sealing_out_of_turn"
    given = {"kem": "x25519", "venue_key": holders.public["venue"]}
    agency = await stage.person(Role.AGENCY_BIDDER)
    for wrong in (agency.caller.organisation_id, stage.operator.caller.organisation_id):
        answer = await stage.operator.post(path, given | {"opener_id": str(wrong)}, expect=400)
        assert "opener_id" in answer["detail"]
    given["opener_id"] = str(opener.caller.organisation_id)
    await stage.operator.post(path, given)
    await stage.checker.post(publish, expect=409)
    own = {"opener_key": holders.public["venue"]}
    assert "opener_key" in (await opener.post(f"{path}/opener-key", own, expect=400))["detail"]
    stranger = await stage.person(Role.AUDITOR)
    key = {"opener_key": holders.public["opener"]}
    await stranger.post(f"{path}/opener-key", key, expect=404)
    keyed = await opener.post(f"{path}/opener-key", key)
    await opener.post(f"{path}/canary-opened", {"plaintext": "AA"}, expect=409)
    peeled = holders.run("peel-canary", "venue", sealing=keyed)
    await stage.operator.post(f"{path}/canary-peeled", peeled)
    forged = await opener.post(f"{path}/canary-opened", {"plaintext": "AA"}, expect=422)
    assert forged["code"] == "will_not_open"
    await stage.checker.post(publish, expect=409)
    opened = holders.run("open-canary", "opener", sealing=await opener.get(path))
    await opener.post(f"{path}/canary-opened", opened)
    published = await stage.checker.post(publish)
    assert published["status"] == "registration"
    assert (await terms_of(stage, lot)).terms_hash == published["profile_hash"]
    notice = (await stage.anyone.get(f"/v1/lots/{lot['id']}/notices"))["items"][0]
    assert holders.public["opener"] in notice["content"]
    await stage.operator.post(path, given, expect=409)


async def test_a_revised_lot_needs_its_keys_proved_anew(stage: Stage, tmp_path: Path) -> None:
    """Keys are proved for rules; other rules need another canary."""
    opener = await stage.person(Role.AUDITOR)
    holders = KeyHolders(tmp_path)
    lot = await stage.draft(bidding=bidding("one_shot"), opens_in=60, lasts=60)
    await stage.operator.post(f"/v1/lots/{lot['id']}/check")
    await prove_keys(stage, lot, opener, holders)
    await stage.pool.execute(
        "UPDATE market.lots SET closes_at = closes_at + interval '1 minute' WHERE id = $1",
        UUID(lot["id"]),
    )
    refused = await stage.checker.post(f"/v1/lots/{lot['id']}/publish", expect=409)
    assert "propose the sealing again" in refused["detail"]


async def told_what_will_not_open(stage: Stage, directory: Path) -> None:
    """A bid sealed to another key is reported with its reason; the operator alone can't say that a key is lost."""
    opener = await stage.person(Role.REGULATOR)
    holders = KeyHolders(_made(directory / "failing"))
    other = KeyHolders(_made(directory / "other"))
    lot = await published_sealed_lot(
        stage, opener, holders, bidding=bidding("one_shot"), opens_in=8, lasts=16
    )
    (one, first), (two, second) = await bidders(stage, lot, 2)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    junk = await one.post(f"{path}/seals", {"envelope": "lsb1.x"}, expect=400)
    assert junk["code"] == "malformed_envelope"
    await seal_over_http(stage, lot, one, first, START_FEN + 1)
    terms = await terms_of(stage, lot)
    wrong = type(terms)(
        **{name: getattr(terms, name) for name in terms.__struct_fields__ if name != "opener_key"},
        opener_key=other.public["opener"],
    )
    foreign = seal(START_FEN + 2, paddle=second, terms=wrong)
    await two.post(f"{path}/seals", {"envelope": foreign})
    await until_opening_due(stage, lot)
    lost = {
        "bids": [
            {"paddle": p, "seq": n, "amount_fen": 0, "bidder_nonce": "", "reason": "key_lost"}
            for p, n in ((first, 1), (second, 2))
        ]
    }
    refused = await stage.operator.post(f"{path}/opening", lost, expect=403)
    assert refused["code"] == "lost_needs_checker"
    await open_over_http(stage, lot, opener, holders)
    await stage.until_closed(lot)
    told = (await stage.anyone.get(f"{path}/sealed-bids"))["items"]
    assert [(t["paddle"], t["outcome"], t["reason"]) for t in told] == [
        (first, "opened", None),
        (second, "refused", "inner_layer"),
    ]


def _made(path: Path) -> Path:
    path.mkdir()
    return path


async def test_withdrawal_and_misplaced_bids_are_answered_by_rule(
    stage: Stage, tmp_path: Path
) -> None:
    """An envelope may be taken back where the rules allow; what the format has not is `wrong_action`, and in clear text
    nothing is taken.
    """
    opener = await stage.person(Role.REGULATOR)
    lot = await published_sealed_lot(
        stage, opener, KeyHolders(tmp_path), bidding=bidding("one_shot"), opens_in=3, lasts=60
    )
    [(one, first)] = await bidders(stage, lot, 1)
    await stage.until_open(lot)
    path = f"/v1/auctions/{lot['id']}"
    none_yet = await one.post(f"{path}/withdrawals", expect=409)
    assert none_yet["code"] == "not_amendable"
    await seal_over_http(stage, lot, one, first, START_FEN)
    assert (await one.post(f"{path}/withdrawals"))["accepted"]
    for route, body in (
        ("bids", {"amount_fen": START_FEN}),
        ("acceptances", {"amount_fen": START_FEN}),
        ("exercises", None),
    ):
        refused = await one.post(f"{path}/{route}", body, expect=409)
        assert refused["code"] == "wrong_action"
    await stage.project()
    record = (await stage.anyone.get(f"{path}/bids"))["items"]
    assert {entry["amount_fen"] for entry in record} == {None}, (
        "no amount in clear, not even a refused one"
    )
    scores = {"paddle": first, "scores": {"plan": 1}}
    with pytest.raises(Refused, match="wrong_action"):
        await stage.operator.post(f"{path}/scores", scores)
