"""Auctions over HTTP: bids and their outcomes, the operator's orders, receipts, the bundle."""

from typing import Any
from uuid import uuid4

from auction_engine.errors import EngineBusy, EngineOutcomeUnknown
from auction_engine.verification import verify_bundle
from marketplace.organisations.schemas import Role
from tests.make_stage import START_FEN, STEP_FEN, Person, Stage


async def open_lot(stage: Stage, *, lasts: float = 20) -> tuple[dict[str, Any], Person, Person]:
    """A running auction with two bidders."""
    lot = await stage.published(opens_in=0.8, lasts=lasts)
    one, _ = await stage.deposited(lot)
    two, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    return lot, one, two


async def test_repeated_bid_answers_as_the_first_time(stage: Stage) -> None:
    """The same key and amount is a replay, another amount under it is refused, a new key is a new bid."""
    lot, one, two = await open_lot(stage)
    path, key = f"/v1/auctions/{lot['id']}/bids", str(uuid4())
    first = await one.post(path, {"amount_fen": START_FEN}, key=key)
    await two.post(path, {"amount_fen": START_FEN + STEP_FEN})
    again = await one.post(path, {"amount_fen": START_FEN}, key=key)
    assert again["replayed"] is True
    assert (again["seq"], again["price_fen"]) == (first["seq"], first["price_fen"])
    other = await one.post(path, {"amount_fen": START_FEN + 2 * STEP_FEN}, key=key, expect=409)
    assert other["code"] == "id_reused"
    assert (await one.post(path, {"amount_fen": START_FEN + 2 * STEP_FEN}))["accepted"]


async def test_malformed_bids_are_refused_by_name(stage: Stage) -> None:
    """Strings, floats, unknown fields and a missing key never reach the engine; zero is the engine's to refuse."""
    lot, one, _ = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}/bids"
    for body in ({"amount_fen": "5"}, {"amount_fen": 1.5}, {"amount_fen": 5, "x": 1}, {}):
        refused = await one.post(path, body, expect=400)
        assert refused["code"] == "invalid_input"
    without_key = await one.client.post(path, json={"amount_fen": 5}, headers=one.headers)
    assert without_key.json()["code"] == "idempotency_key_missing"
    zero = await one.post(path, {"amount_fen": 0}, expect=409)
    assert zero["code"] == "invalid_amount"


async def test_strangers_do_not_bid(stage: Stage) -> None:
    """No bid without a role, a registration and a deposit."""
    lot, _, _ = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}/bids"
    stranger = await stage.person(Role.AGENCY_BIDDER)
    refused = await stranger.post(path, {"amount_fen": START_FEN}, expect=403)
    assert refused["code"] == "not_a_bidder"
    await stage.operator.post(path, {"amount_fen": START_FEN}, expect=403)
    await stage.anyone.post(path, {"amount_fen": START_FEN}, expect=401)


async def test_undecided_and_unknown_are_never_shown_as_refusals(stage: Stage) -> None:
    """A full queue answers 503 with `decided` false and when to retry; a lost answer 504 `outcome_unknown`."""
    lot, one, _ = await open_lot(stage)
    path, gateway = f"/v1/auctions/{lot['id']}/bids", stage.engine.gateway
    whole = gateway.submit

    def failing(error: Exception) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise error

        gateway.submit = fail  # type: ignore[method-assign, assignment]  # the outside world of this test

    headers = one.headers | {"Idempotency-Key": "same-key"}
    failing(EngineBusy("busy", "忙", retry_after_ms=2500))
    busy = await one.client.post(path, json={"amount_fen": START_FEN}, headers=headers)
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "3")
    assert busy.json()["decided"] is False
    failing(EngineOutcomeUnknown())
    unknown = await one.client.post(path, json={"amount_fen": START_FEN}, headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (504, "outcome_unknown")
    gateway.submit = whole  # type: ignore[method-assign]  # and back
    settled = await one.client.post(path, json={"amount_fen": START_FEN}, headers=headers)
    assert settled.json()["accepted"] is True


async def test_public_sees_paddles_and_prices_and_no_maximum(stage: Stage) -> None:
    """State and record name paddles; a hidden maximum is in neither, nor in the receipt of its owner."""
    lot, one, two = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}"
    maximum = START_FEN + 7 * STEP_FEN
    await one.post(f"{path}/proxies", {"max_fen": maximum})
    await two.post(f"{path}/bids", {"amount_fen": START_FEN + STEP_FEN})
    refused = await two.post(f"{path}/bids", {"amount_fen": START_FEN}, expect=409)
    await stage.project()
    state = await stage.client.get(path)
    record = await stage.client.get(f"{path}/bids")
    assert state.json()["price_fen"] == START_FEN + 2 * STEP_FEN
    assert state.json()["minimum_fen"] == START_FEN + 3 * STEP_FEN
    actions = [(each["action"], each["accepted"]) for each in record.json()["items"]]
    assert ("proxy", True) in actions
    assert ("bid", False) in actions
    assert refused["code"] in [each["reason"] for each in record.json()["items"]]
    receipts = await stage.client.get(f"{path}/receipts", headers=one.headers)
    for answer in (state, record, receipts):
        assert str(maximum) not in answer.text
        assert str(one.caller.organisation_id) not in answer.text
    assert len(receipts.json()["items"]) == 1


async def test_bid_is_found_by_its_id(stage: Stage) -> None:
    """What became of a bid can be asked by its id, by its own bidder."""
    lot, one, two = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}/bids"
    await one.post(path, {"amount_fen": START_FEN}, key="my-bid")
    await one.get(f"{path}/other", expect=404)
    await stage.project()
    found = await one.get(f"{path}/my-bid")
    assert [receipt["decision"][0] for receipt in found["items"]] == [1]
    await two.get(f"{path}/my-bid", expect=404)


async def test_suspension_stops_the_clock_and_tells_why(stage: Stage) -> None:
    """Suspended: no bid counts and the reason is published; resumed: the same time is left. Repeats change nothing."""
    lot, one, _ = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}"
    order = {"reason": "system fault 系统故障"}
    key = str(uuid4())
    for _ in range(2):
        done = await stage.operator.post(f"{path}/suspend", order, key=key)
        assert done["state"] == "done"
    other = await stage.operator.post(f"{path}/suspend", {"reason": "another"}, key=key, expect=422)
    assert other["code"] == "idempotency_key_reused"
    refused = await one.post(f"{path}/bids", {"amount_fen": START_FEN}, expect=409)
    assert refused["code"] == "suspended"
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paused"
    again = await stage.operator.post(f"{path}/suspend", order, expect=409)
    assert (again["state"], again["code"]) == ("refused", "suspended")
    await stage.operator.post(f"{path}/resume", {"reason": "repaired 已修复"})
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "open"
    assert (await one.post(f"{path}/bids", {"amount_fen": START_FEN}))["accepted"]
    notices = (await stage.anyone.get(f"/v1/lots/{lot['id']}/notices"))["items"]
    assert [each["kind"] for each in notices] == ["sale", "suspension", "resumption"]
    assert "系统故障" in notices[1]["content"]


async def test_order_that_crashed_midway_is_carried_out_by_its_duty(stage: Stage) -> None:
    """An order whose request died before the engine was asked is done by the worker."""
    lot, _, _ = await open_lot(stage)
    whole = stage.engine.gateway.submit

    async def lost(*_: object, **__: object) -> None:
        raise EngineOutcomeUnknown

    stage.engine.gateway.submit = lost  # type: ignore[method-assign, assignment]  # the answer is lost
    order = {"reason": "system fault 系统故障"}
    pending = await stage.operator.post(f"/v1/auctions/{lot['id']}/suspend", order, expect=202)
    assert pending["state"] == "pending"
    stage.engine.gateway.submit = whole  # type: ignore[method-assign]  # and back
    await stage.work()
    assert (await stage.anyone.get(f"/v1/lots/{lot['id']}"))["status"] == "paused"


async def test_cancelled_auction_ends_without_a_winner(stage: Stage) -> None:
    """A cancellation withdraws the lot, keeps its reason public and releases every deposit."""
    lot, one, _ = await open_lot(stage)
    await one.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    order = {"reason": "court order 法院裁定"}
    await stage.operator.post(f"/v1/auctions/{lot['id']}/cancel", order)
    assert (await stage.until_closed(lot))["status"] == "withdrawn"
    sale = await stage.anyone.get(f"/v1/lots/{lot['id']}/sale")
    assert (sale["outcome"], sale["winner_paddle"]) == ("cancelled", None)
    await stage.work()
    states = await stage.pool.fetch("SELECT DISTINCT state FROM settlement.deposits")
    assert [row["state"] for row in states] == ["RELEASED"]


async def test_disqualified_paddle_is_out(stage: Stage) -> None:
    """A disqualified leader's bids are void, it is barred, and the next bidder leads."""
    lot, one, two = await open_lot(stage)
    path = f"/v1/auctions/{lot['id']}"
    await two.post(f"{path}/bids", {"amount_fen": START_FEN})
    leading = await one.post(f"{path}/bids", {"amount_fen": START_FEN + STEP_FEN})
    order = {"paddle": leading["paddle"], "reason": "collusion 串通"}
    await stage.operator.post(f"{path}/disqualify", order)
    refused = await one.post(f"{path}/bids", {"amount_fen": START_FEN + 5 * STEP_FEN}, expect=409)
    assert refused["code"] == "barred"
    await stage.project()
    state = await stage.anyone.get(path)
    assert (state["price_fen"], state["leader"] != leading["paddle"]) == (START_FEN, True)
    mine = await one.get(f"/v1/lots/{lot['id']}/bidders/me")
    assert (mine["status"], mine["barred_reason"]) == ("barred", "collusion 串通")


async def test_bundle_of_a_final_auction_verifies(stage: Stage) -> None:
    """Before the end there is no bundle; afterwards who took part recomputes winner and price from it."""
    lot, one, two = await open_lot(stage, lasts=1.5)
    path = f"/v1/auctions/{lot['id']}"
    early = await one.get(f"{path}/bundle", expect=409)
    assert early["code"] == "auction_not_final"
    first = await one.post(f"{path}/bids", {"amount_fen": START_FEN})
    await two.post(f"{path}/proxies", {"max_fen": START_FEN + 3 * STEP_FEN})
    await stage.until_closed(lot)
    bundle = await stage.client.get(f"{path}/bundle", headers=one.headers)
    verified = verify_bundle(bundle.content)
    assert verified.result["winner"] != first["paddle"]
    assert verified.result["price_fen"] == START_FEN + STEP_FEN
