"""A concentrated auction: staggered closes, an end when the debt is covered, one lot for what belongs together."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kit.clock import CHINA, system_clock
from marketplace.lots.rules import LotStatus
from marketplace.sessions import covering
from marketplace.sessions import service as sessions
from tests.make_portfolio import some_case, some_pledge
from tests.make_routes import consigned
from tests.make_stage import DEPOSIT_FEN, START_FEN, Refused, Stage, lot_draft, moment, money, text


async def drafted(stage: Stage, **changed: Any) -> dict[str, Any]:
    """A drafted lot of a consignment of its own."""
    consignment = await consigned(stage, **changed)
    return dict(await stage.operator.post("/v1/lots", lot_draft(UUID(consignment["id"]))))


async def arranged(
    stage: Stage, *lots: dict[str, Any], stagger: int, **changed: Any
) -> dict[str, Any]:
    """A session that opens soon."""
    opens_at = system_clock() + timedelta(seconds=3)
    body = {
        "title": "Spring session",
        "title_zh": "春季专场",
        "opens_at": text(opens_at),
        "first_closes_at": text(opens_at + timedelta(seconds=3)),
        "stagger_seconds": stagger,
        "lots": [{"lot_id": lot["id"], "costs_fen": 1_000_000} for lot in lots],
    }
    return dict(await stage.operator.post("/v1/auction-sessions", body | changed))


async def test_selling_stops_when_the_debt_is_covered(stage: Stage) -> None:
    """The first lot covers the loan: the second, which is open and has a bid, is cancelled, its deposit released."""
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    first = await drafted(stage, loan=loan)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    second = await drafted(stage, case_id=case_id)
    session = await arranged(stage, first, second, stagger=3_000)
    refused = await stage.operator.post(f"/v1/auction-sessions/{session['id']}/publish", expect=403)
    assert refused["code"] == "forbidden"
    shown = await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    closes = [moment(lot["closes_at"]) for lot in shown["lots"]]
    assert closes[1] - closes[0] == timedelta(seconds=3_000)
    lots = [await stage.anyone.get(f"/v1/lots/{lot['lot_id']}") for lot in shown["lots"]]
    buyers = [(await stage.deposited(lot))[0] for lot in lots]
    await stage.until_open(lots[0])
    for lot, buyer in zip(lots, buyers, strict=True):
        await buyer.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    assert (await stage.until_confirmed(lots[0]))["status"] == "awaiting_payment"
    assert (await stage.until_closed(lots[1]))["status"] == "withdrawn"
    await stage.work()
    done = await stage.anyone.get(f"/v1/auction-sessions/{session['id']}")
    assert (done["state"], done["lots"][1]["stopped_at"] is not None) == ("closed", True)
    deposits = await stage.pool.fetch("SELECT state FROM settlement.deposits ORDER BY state")
    assert [row["state"] for row in deposits] == ["FROZEN", "RELEASED"]


@pytest.mark.parametrize(("by_register", "other_is_first"), [(True, True), (False, False)])
async def test_a_lot_for_two_loans_counts_for_each_what_its_distribution_gives(
    stage: Stage, *, by_register: bool, other_is_first: bool
) -> None:
    """What is due first is paid first (Civil Code 560). Where that is the other loan, the first lot's price leaves this
    one uncovered, and all is sold on; where it is this one, what stands for it alone is stopped, and nothing else.
    """
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    # A patent carries one registration alone; software may be pledged again (domain 3.2).
    both = await drafted(stage, loan=loan, right=_software(1) if by_register else {})
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    alone = await drafted(stage, case_id=case_id)
    later = await drafted(stage, case_id=case_id, right=_software(2) if by_register else {})
    other = await another_loan(stage, is_first=other_is_first)
    if by_register:
        for lot in (both, later):
            await also_pledged(stage, lot, other)
    stated = {} if by_register else {"other_loans": [other["id"]]}
    session = await arranged(
        stage,
        stagger=3_000,
        lots=[
            {"lot_id": both["id"], "costs_fen": 1_000_000} | stated,
            {"lot_id": alone["id"]},
            {"lot_id": later["id"]} | stated,
        ],
    )
    assert [lot["other_loans"] for lot in session["lots"]] == [[other["id"]], [], [other["id"]]]
    path = f"/v1/auction-sessions/{session['id']}"
    await stage.checker.post(f"{path}/publish")
    await sold(stage, await stage.anyone.get(f"/v1/lots/{both['id']}"))
    await stage.work()
    done = await stage.anyone.get(path)
    stopped = [lot["stopped_at"] is not None for lot in done["lots"]]
    assert stopped == [False, not other_is_first, False]
    assert [lot["other_loans"] for lot in done["lots"]] == [[], [], []]
    assert await debts_of(stage, f"/v1/lots/{both['id']}") == (
        [other["id"], case_id] if other_is_first else [case_id, other["id"]]
    )


async def debts_of(stage: Stage, path: str) -> list[str]:
    """The loans that a sold lot's plan pays, in their order, without anybody naming them again; its claims say so."""
    claims = (await stage.bank_maker.get(f"{path}/claims"))["claims"]
    await stage.operator.post(f"{path}/payments", money(START_FEN - DEPOSIT_FEN))
    costs = await stage.operator.post(f"{path}/costs", {"lines": []})
    await stage.checker.post(f"{path}/costs/lock", {"content_hash": costs["content_hash"]})
    plan = await stage.bank_maker.post(f"{path}/distribution")
    debts = [one["debt"] for one in plan["content"]["debts"]]
    assert set(claims["other_loans"]) < set(debts)
    return debts


def _software(n: int) -> dict[str, Any]:
    return {"ip_type": "software_copyright", "number": f"2020SR123456{n}"}


async def another_loan(
    stage: Stage, *, is_first: bool, principal_fen: int = 600_000_000
) -> dict[str, Any]:
    """A second, larger loan of the borrower, due before or after the usual one."""
    today = system_clock().astimezone(CHINA).date()
    days = 500 if is_first else 400
    case = some_case(
        loan_amount_fen=700_000_000,
        principal_fen=principal_fen,
        granted_on=today - timedelta(days=900),
        due_on=today - timedelta(days=days),
        defaulted_on=today - timedelta(days=300),
        demanded_on=today - timedelta(days=290),
    )
    return dict(await stage.bank_maker.post("/v1/cases", case))


async def also_pledged(stage: Stage, lot: dict[str, Any], loan: dict[str, Any]) -> None:
    """The rights of a lot stand for another loan too, by a later registration."""
    consignment = await stage.bank_maker.get(f"/v1/consignments/{lot['consignment_id']}")
    for asset_id in consignment["asset_ids"]:
        pledge = some_pledge(
            loan["id"],
            asset_id,
            pledgee_code=stage.parties.code,
            registered_on=system_clock().astimezone(CHINA).date() - timedelta(days=700),
        )
        await stage.bank_maker.post("/v1/pledges", pledge)


async def test_a_session_names_no_stranger_s_loan(stage: Stage) -> None:
    """Nor the lot's own again, nor any twice."""
    lot = await drafted(stage)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    stranger = some_case(borrower_code="91350100M000100Y43", borrower_name="另一借款人")
    theirs = (await stage.bank_maker.post("/v1/cases", stranger))["id"]
    more = (await another_loan(stage, is_first=True))["id"]
    for loans in ([more, case_id], [more, theirs], [more, more]):
        with pytest.raises(Refused, match=r"lots\.0\.other_loans\.1"):
            await arranged(stage, stagger=60, lots=[{"lot_id": lot["id"], "other_loans": loans}])


@pytest.mark.parametrize("for_two", [True, False])
async def test_an_announced_lot_goes_on_while_one_of_its_loans_is_not_covered(
    stage: Stage, *, for_two: bool
) -> None:
    """Another lot covers its own loan: it is withdrawn, unless it stands for a second one that is not covered.

    What the other lot brought above its own loan is the pledgor's, though it would be enough for the second.
    """
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    consignment = await consigned(stage, loan=loan)
    draft = lot_draft(UUID(consignment["id"]), opens_in=3.0, lasts=2.0)
    before = await stage.operator.post("/v1/lots", draft)
    later = await drafted(stage, case_id=consignment["case_id"])
    other = (await another_loan(stage, is_first=False, principal_fen=50_000_000))["id"]
    opens_at = system_clock() + timedelta(hours=1)
    session = await arranged(
        stage,
        stagger=60,
        lots=[{"lot_id": later["id"], "other_loans": [other] if for_two else []}],
        opens_at=text(opens_at),
        first_closes_at=text(opens_at + timedelta(hours=1)),
    )
    await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    await stage.operator.post(f"/v1/lots/{before['id']}/check")
    await sold(stage, await stage.checker.post(f"/v1/lots/{before['id']}/publish"))
    await stage.work()
    after = await stage.anyone.get(f"/v1/lots/{later['id']}")
    assert (after["status"] != "withdrawn") is for_two
    figures = await stage.operator.get(f"/v1/lots/{later['id']}/coverage")
    assert figures["is_covered"] is not for_two


async def test_the_debtor_agrees_for_any_loan_that_a_lot_stands_for(stage: Stage) -> None:
    """Its consent to the sale of all for the second loan is one to the lot that stands for that loan, too."""
    both, alone = await drafted(stage), await drafted(stage)
    other = (await another_loan(stage, is_first=True))["id"]
    stated = [{"lot_id": both["id"], "other_loans": [other]}, {"lot_id": alone["id"]}]
    session = await arranged(stage, stagger=60, lots=stated)
    consent = {"case_id": other, "document_sha256": "ab" * 32}
    await stage.operator.post(f"/v1/auction-sessions/{session['id']}/consents", consent)
    shown = [await stage.operator.get(f"/v1/lots/{lot['id']}/coverage") for lot in (both, alone)]
    assert [one["consent_sha256"] for one in shown] == ["ab" * 32, None]


async def test_what_the_debtor_designated_counts_and_what_another_session_stated(
    stage: Stage,
) -> None:
    """The other loan is due first, but the debtor wants the lot's own paid: it is covered, what stands for it stopped.

    Before that the lot counts for the other loan in any session, though nobody entered claims.
    """
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    both = await drafted(stage, loan=loan)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    alone = await drafted(stage, case_id=case_id)
    other = (await another_loan(stage, is_first=True))["id"]
    stated = [{"lot_id": both["id"], "other_loans": [other]}, {"lot_id": alone["id"]}]
    session = await arranged(stage, stagger=3_000, lots=stated)
    await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    await sold(stage, await stage.anyone.get(f"/v1/lots/{both['id']}"))
    elsewhere = covering.Place(
        lot_id=uuid4(), loans=(UUID(other),), designated=(), costs_fen=0, status=LotStatus.OPEN,
        price_fen=None, is_stopped=False, is_agreed=False,
    )  # fmt: skip
    async with stage.pool.acquire() as conn, conn.transaction():
        found = await covering.coverage_of(conn, [elsewhere], elsewhere.lot_id, now=system_clock())
    assert found[UUID(other)].net_fen == START_FEN
    path = f"/v1/auction-sessions/{session['id']}"
    assert [one["stopped_at"] for one in (await stage.anyone.get(path))["lots"]] == [None, None]
    claims = {"other_loans": [other], "designated": [case_id]}
    entry = f"/v1/lots/{both['id']}/claims"
    twice = await stage.bank_maker.post(entry, claims | {"other_loans": [other] * 2}, expect=400)
    assert twice["field"] == "other_loans[1]"
    await stage.bank_maker.post(entry, claims)
    async with stage.pool.acquire() as conn, conn.transaction():
        await sessions.follow(conn, UUID(both["id"]), now=system_clock())
    stopped = [one["stopped_at"] is not None for one in (await stage.anyone.get(path))["lots"]]
    assert stopped == [False, True]


async def test_what_was_sold_before_the_session_counts_towards_the_cover(stage: Stage) -> None:
    """No lot of the session covers the loan alone; with what an earlier lot brought the first does: selling stops."""
    loan = {"loan_amount_fen": 310_000_000, "principal_fen": 290_000_000, "interest_fen": 1_000_000}
    consignment = await consigned(stage, loan=loan)
    draft = lot_draft(UUID(consignment["id"]), opens_in=2.0, lasts=2.0)
    before = await stage.operator.post("/v1/lots", draft)
    await stage.operator.post(f"/v1/lots/{before['id']}/check")
    before = await stage.checker.post(f"/v1/lots/{before['id']}/publish")
    await sold(stage, before)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    first, second = [await drafted(stage, case_id=case_id) for _ in range(2)]
    session = await arranged(stage, first, second, stagger=3_000)
    await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    await sold(stage, await stage.anyone.get(f"/v1/lots/{first['id']}"))
    second = await stage.anyone.get(f"/v1/lots/{second['id']}")
    assert (await stage.until_closed(second))["status"] == "withdrawn"


async def test_what_came_in_otherwise_counts_towards_the_cover(stage: Stage) -> None:
    """Recorded money brings the loan to a fen short: all goes on. With the last fen the lots are not sold at all."""
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 1_000_000, "interest_fen": 0}
    first = await drafted(stage, loan=loan)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    second = await drafted(stage, case_id=case_id)
    elsewhere = await consigned(stage, case_id=case_id, route="securitise")
    opens_at = system_clock() + timedelta(hours=1)
    times = {"opens_at": text(opens_at), "first_closes_at": text(opens_at + timedelta(hours=1))}
    session = await arranged(stage, first, second, stagger=60, **times)
    session = await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    body = {
        "consignment_id": elsewhere["id"],
        "kind": "securitise",
        "counterparty": "示例公司",
        "terms": "as the contract says 按合同",
        "amount_fen": 50_000_000,
        "document_sha256": "ab" * 32,
    }
    route = await stage.bank_maker.post("/v1/recorded-routes", body)
    path = f"/v1/recorded-routes/{route['id']}"
    await stage.bank_checker.post(f"{path}/decide", {"document_sha256": "ab" * 32})
    for gross_fen, is_covered in ((1_000_099, False), (1, True)):
        flow = {"reference": f"D-{gross_fen}", "gross_fen": gross_fen, "received_on": "2026-11-01"}
        costs_fen = 0 if is_covered else 100
        await stage.bank_maker.post(f"{path}/flows", flow | {"costs_fen": costs_fen})
        async with stage.pool.acquire() as conn, conn.transaction():
            await sessions.follow(conn, UUID(first["id"]), now=system_clock())
        shown = await stage.anyone.get(f"/v1/auction-sessions/{session['id']}")
        assert [one["stopped_at"] is not None for one in shown["lots"]] == [is_covered] * 2
    assert shown["state"] == "closed"
    figures = await stage.operator.get(f"/v1/lots/{first['id']}/coverage")
    assert (figures["net_fen"], figures["is_covered"], figures["needed"]) == (1_000_000, True, [])
    assert {one["status"] for one in shown["lots"]} == {"withdrawn"}


async def sold(stage: Stage, lot: dict[str, Any]) -> None:
    """A published lot sold at its start price."""
    buyer, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    await buyer.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"


async def test_a_lot_that_the_debtor_agreed_to_goes_on_past_the_cover(stage: Stage) -> None:
    """One lot covers the loan; of two others that are open, the one with the debtor's consent stays, and sells."""
    loan = {"loan_amount_fen": 100_000_000, "principal_fen": 90_000_000, "interest_fen": 1_000_000}
    first = await drafted(stage, loan=loan)
    case_id = (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"]
    others = [await drafted(stage, case_id=case_id) for _ in range(2)]
    session = await arranged(stage, first, *others, stagger=3_000)
    await stage.checker.post(f"/v1/auction-sessions/{session['id']}/publish")
    agreed = f"/v1/lots/{others[0]['id']}"
    await stage.operator.post(f"{agreed}/debtor-consent", {"document_sha256": "ab" * 32})
    lot = await stage.anyone.get(f"/v1/lots/{first['id']}")
    buyer = (await stage.deposited(lot))[0]
    late = (await stage.deposited(await stage.anyone.get(agreed)))[0]
    await stage.until_open(lot)
    await buyer.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": START_FEN})
    assert (await stage.until_confirmed(lot))["status"] == "awaiting_payment"
    assert (await stage.until_closed(others[1]))["status"] == "withdrawn"
    await stage.work()
    assert (await stage.anyone.get(agreed))["status"] == "open"
    done = await stage.anyone.get(f"/v1/auction-sessions/{session['id']}")
    assert done["state"] == "published"
    assert [one["stopped_at"] is None for one in done["lots"]] == [True, True, False]
    bid = await late.post(f"/v1/auctions/{others[0]['id']}/bids", {"amount_fen": START_FEN})
    assert bid["accepted"]


async def test_what_must_not_be_split_is_one_lot(stage: Stage) -> None:
    """A group that no lot holds whole is refused with the article; a lot is in one session; drafts only."""
    lot = await drafted(stage)
    group = {"asset_ids": [str(uuid4()), str(uuid4())], "reason": "used together 配套使用"}
    session = {"stagger": 60}
    with pytest.raises(Refused, match=r"together\.0"):
        await arranged(stage, lot, **session, together=[group])
    made = await arranged(stage, lot, **session)
    hidden = await stage.anyone.get(f"/v1/auction-sessions/{made['id']}", expect=404)
    assert hidden["code"] == "not_found"
    consent = {
        "case_id": (await stage.bank_maker.get("/v1/cases"))["items"][0]["id"],
        "document_sha256": "ab" * 32,
    }
    consents = f"/v1/auction-sessions/{made['id']}/consents"
    await stage.operator.post(consents, consent)
    unknown = await stage.operator.post(consents, consent | {"case_id": str(uuid4())}, expect=400)
    assert unknown["field"] == "case_id"
    with pytest.raises(Refused, match="lot_in_session"):
        await arranged(stage, lot, **session)
    given_up = await stage.operator.post(
        f"/v1/auction-sessions/{made['id']}/withdraw", {"reason": "改期"}
    )
    assert given_up["state"] == "withdrawn"
    again = await arranged(stage, lot, **session)
    assert [one["lot_id"] for one in again["lots"]] == [lot["id"]]
