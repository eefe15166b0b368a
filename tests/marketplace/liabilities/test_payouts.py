"""Payouts (代偿) over HTTP: matched with what is owed, booked once, no recovery; and a re-guarantor to its share."""

import asyncio
from typing import Any

import asyncpg
import pytest

from kit.migrate import MIGRATIONS
from marketplace.organisations.schemas import OrganisationKind
from settlement.checks import check_ledger
from settlement.ledger import balance, outside
from tests.make_bearers import (
    BORNE_FEN,
    CEDED_FEN,
    GUARANTOR_FEN,
    PRINCIPAL_FEN,
    REGUARANTOR_FEN,
    Shared,
    advanced,
    answered,
    decision,
    make_house,
    paid,
    payout,
    shared_claim,
)
from tests.make_claims import Office, application, approved, make_loan, pay_out, reviewed
from tests.make_people import MovableClock, make_organisation

TWO_MILLION = {
    "kind": "receipt",
    "reference": "r-1",
    "origin": "licence",
    "gross_fen": 200_000_000,
}


@pytest.fixture
async def confirmed(office: Office, shared: Shared) -> Shared:
    """Both houses have confirmed, the fund has reviewed and advanced."""
    await advanced(office, shared)
    await answered(office, shared.guarantor, shared.of_guarantor)
    await answered(office, shared.reguarantor, shared.of_reguarantor)
    return shared


async def test_a_reguarantor_from_confirmation_to_its_share(
    office: Office, confirmed: Shared
) -> None:
    """It pays the guarantor the part passed on; of two million recovered it gets its part; the books agree."""
    house, path = confirmed.reguarantor, f"/v1/liabilities/{confirmed.of_reguarantor}"
    wanted = await office.post(house.maker, f"{path}/papers/recovery_advice")
    assert (wanted.status_code, wanted.json()["code"]) == (409, "liability_not_paid")
    one = await paid(
        office, house, confirmed.of_reguarantor, payout("guarantor", CEDED_FEN, "ZDB-7")
    )
    assert (one["paid_fen"], one["owed_fen"], one["proposal"]) == (CEDED_FEN, CEDED_FEN, None)
    assert (
        one["position_fen"] == REGUARANTOR_FEN
    )  # a payout is the position, and adds nothing to it
    assert one["payouts"][0]["payee_id"] == str(confirmed.guarantor.maker.organisation_id)
    await paid(office, confirmed.guarantor, confirmed.of_guarantor, payout("bank", BORNE_FEN))
    claim_path = f"/v1/claims/{confirmed.claim['id']}"
    await office.do(office.cast.bank_maker, f"{claim_path}/recoveries", TWO_MILLION)
    one = await office.read(house.maker, path)
    assert (one["recovered_fen"], one["position_fen"]) == (64_000_000, 180_938_275)
    advice = await office.do(house.checker, f"{path}/papers/recovery_advice")
    body = advice["body"]
    assert (body["share_fen"], body["left_fen"], body["true_up_fen"]) == (
        64_000_000,
        180_938_275,
        0,
    )
    (row,) = body["rows"]
    assert (row["before_fen"], row["share_fen"], row["after_fen"]) == (
        REGUARANTOR_FEN, 64_000_000, 180_938_275,
    )  # fmt: skip
    assert (row["event_id"], row["due_on"]) == ("licence:r-1", "2026-11-16")
    other = await office.read(
        confirmed.guarantor.maker, f"/v1/liabilities/{confirmed.of_guarantor}"
    )
    assert (other["recovered_fen"], other["position_fen"]) == (67_200_000, 189_985_188)
    await the_books_agree(office, confirmed)


async def the_books_agree(office: Office, shared: Shared) -> None:
    """The clearing statement says what each paid and got, as the accounts have it; every invariant holds."""
    cast, path = office.cast, f"/v1/claims/{shared.claim['id']}"
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    yes = {"approved": True, "reason": "as shown", "final_sha256": claim["final"]["final_sha256"]}
    await office.do(cast.fund_checker, f"{path}/final/approve", yes)
    claim = await pay_out(office, await office.read(cast.fund_checker, path))
    statement = await office.read(cast.bank_maker, f"{path}/statement")
    cash = {row["party"]: row["cash_fen"] for row in statement["document"]["body"]["parties"]}
    compensated = sum(one["amount_fen"] for one in claim["payments"] if one["party"] == "guarantor")
    assert cash["reguarantor"] == -REGUARANTOR_FEN
    assert cash["guarantor"] == -BORNE_FEN + CEDED_FEN + compensated
    async with office.pool.acquire() as conn:
        checked = await check_ledger(conn)
        assert checked.ok, checked
        left = await balance(
            conn,
            outside(shared.guarantor.maker.organisation_id, f"case:{shared.claim['case_id']}"),
        )
    assert left == cash["guarantor"]


async def test_a_payout_is_booked_when_two_have_read_it(office: Office, confirmed: Shared) -> None:
    """Reported, refused, reported anew, agreed to; then it is in the books, in the history, and seen by the bank."""
    house, path = confirmed.guarantor, f"/v1/liabilities/{confirmed.of_guarantor}"
    body = payout("bank", BORNE_FEN)
    one = await office.do(house.maker, f"{path}/payouts", body)
    assert (one["paid_fen"], one["proposal"]["payout"]["bank_reference"]) == (0, "DF-1")
    assert one["proposal"]["payout"]["answer_sha256"] == one["answer_sha256"]
    one = await office.do(house.checker, f"{path}/decision", decision(one, approved=False))
    assert (one["payouts"], one["proposal"]) == ([], None)
    done = await paid(office, house, confirmed.of_guarantor, body)
    seen = await office.read(office.cast.bank_checker, path)
    assert seen["payouts"] == done["payouts"]
    (booked,) = seen["payouts"]
    assert (booked["amount_fen"], booked["paid_on"]) == (BORNE_FEN, "2026-10-30")
    assert booked["reported_by"] == str(house.maker.user_id)
    assert booked["confirmed_by"] == str(house.checker.user_id)
    claim = await office.read(office.cast.bank_maker, f"/v1/claims/{confirmed.claim['id']}")
    assert claim["positions"]["guarantor"] == GUARANTOR_FEN
    assert claim["steps"][-1]["step"] == "pay_liability"
    assert sum(claim["positions"].values()) == PRINCIPAL_FEN


async def test_a_payout_is_recorded_once(office: Office, confirmed: Shared) -> None:
    """The same again is answered as the first time; another payout of the same debt is refused."""
    house, path = confirmed.guarantor, f"/v1/liabilities/{confirmed.of_guarantor}"
    done = await paid(office, house, confirmed.of_guarantor, payout("bank", BORNE_FEN))
    assert await office.do(house.maker, f"{path}/payouts", payout("bank", BORNE_FEN)) == done
    for other in (
        payout("bank", BORNE_FEN, "DF-2"),
        payout("bank", BORNE_FEN, paid_on="2026-10-29"),
    ):
        refused = await office.post(house.maker, f"{path}/payouts", other)
        assert (refused.status_code, refused.json()["code"]) == (409, "payout_exists")
    assert await office.count("SELECT count(*) FROM settlement.liability_payouts") == 1


async def test_two_checkers_at_once_book_it_once(office: Office, confirmed: Shared) -> None:
    """Whoever comes second finds nothing to decide."""
    house, path = confirmed.guarantor, f"/v1/liabilities/{confirmed.of_guarantor}"
    one = await office.do(house.maker, f"{path}/payouts", payout("bank", BORNE_FEN))
    word = decision(one)
    both = await asyncio.gather(
        *(office.post(house.checker, f"{path}/decision", word) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]
    assert await office.count("SELECT count(*) FROM settlement.liability_payouts") == 1
    assert (
        await office.count(
            "SELECT count(*) FROM settlement.transfers WHERE kind = 'liability_paid'"
        )
        == 1
    )


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (payout("bank", BORNE_FEN - 1), "amount_fen", "6,123,456.87"),
        (payout("bank", BORNE_FEN + 1), "amount_fen", "6,123,456.87"),
        (payout("reguarantor", CEDED_FEN), "to", "bank"),
        (payout("nobody", BORNE_FEN), "to", "bank"),
        (payout("bank", BORNE_FEN, paid_on="2026-11-03"), "paid_on", "2026-11-02"),
        (payout("bank", BORNE_FEN, paid_on="2026-05-31"), "paid_on", "2026-06-01"),
        (payout("bank", BORNE_FEN, ""), "bank_reference", ""),
        (payout("bank", 0), "amount_fen", ""),
    ],
)
async def test_a_payout_is_what_the_rules_say_it_owes(
    office: Office, confirmed: Shared, body: dict[str, Any], field: str, said: str
) -> None:
    """Another amount, payee or day is refused by its field, with what would be right; nothing waits."""
    house, path = confirmed.guarantor, f"/v1/liabilities/{confirmed.of_guarantor}"
    refused = await office.post(house.maker, f"{path}/payouts", body)
    assert refused.status_code == 400, refused.text
    assert refused.json()["field"] == field
    assert said in refused.json()["detail"]
    assert (await office.read(house.maker, path))["proposal"] is None


async def test_only_a_confirmed_liability_is_paid(office: Office, shared: Shared) -> None:
    """Not before the answer, not while one waits, not in dispute; not before the fund has reviewed."""
    house, path = shared.guarantor, f"/v1/liabilities/{shared.of_guarantor}"
    body = payout("bank", BORNE_FEN)

    async def refusal() -> str:
        refused = await office.post(house.maker, f"{path}/payouts", body)
        assert refused.status_code == 409, refused.text
        return str(refused.json()["code"])

    assert await refusal() == "liability_not_confirmed"
    await answered(office, house, shared.of_guarantor, "dispute")
    assert await refusal() == "liability_not_confirmed"
    await answered(office, house, shared.of_guarantor)
    assert await refusal() == "illegal_step"  # no positions are open before the fund's review
    await reviewed(office, shared.claim)
    one = await paid(office, house, shared.of_guarantor, body)
    assert one["paid_fen"] == BORNE_FEN


async def test_nobody_else_pays(office: Office, confirmed: Shared) -> None:
    """Another house, the bank, the fund, overseers, and its own people in the other role."""
    path = f"/v1/liabilities/{confirmed.of_guarantor}"
    body = payout("bank", BORNE_FEN)
    for caller, status in (
        (confirmed.reguarantor.maker, 404),
        (confirmed.guarantor.checker, 403),
        (office.cast.bank_maker, 403),
        (office.cast.fund_administrator, 403),
        (office.cast.auditor, 403),
    ):
        assert (await office.post(caller, f"{path}/payouts", body)).status_code == status
    one = await office.do(confirmed.guarantor.maker, f"{path}/payouts", body)
    for caller, status in (
        (confirmed.reguarantor.checker, 404),
        (confirmed.guarantor.maker, 403),
        (office.cast.bank_checker, 403),
        (office.cast.regulator, 403),
    ):
        refused = await office.post(caller, f"{path}/decision", decision(one))
        assert refused.status_code == status


async def test_what_the_bank_entered_is_no_payout_and_the_other_way(
    office: Office, confirmed: Shared
) -> None:
    """One bank reference is either a recovery of the loan or a payout of a party: never both, whoever is first."""
    cast = office.cast
    recoveries = f"/v1/claims/{confirmed.claim['id']}/recoveries"
    entered = {"kind": "receipt", "reference": "DF-1", "origin": "other", "gross_fen": BORNE_FEN}
    house, path = confirmed.guarantor, f"/v1/liabilities/{confirmed.of_guarantor}"
    one = await office.do(house.maker, f"{path}/payouts", payout("bank", BORNE_FEN, "DF-2"))
    await office.do(cast.bank_maker, recoveries, entered | {"reference": "DF-2", "gross_fen": 100})
    refused = await office.post(house.checker, f"{path}/decision", decision(one))
    assert (refused.status_code, refused.json()["code"]) == (409, "entered_as_recovery")
    refused = await office.post(house.maker, f"{path}/payouts", payout("bank", BORNE_FEN, "DF-2"))
    assert (refused.status_code, refused.json()["code"]) == (409, "entered_as_recovery")
    await paid(office, house, confirmed.of_guarantor, payout("bank", BORNE_FEN))
    before = (await office.read(house.maker, path))["position_fen"]
    refused = await office.post(cast.bank_maker, recoveries, entered)
    assert (refused.status_code, refused.json()["code"]) == (409, "entered_as_payout")
    assert (await office.read(house.maker, path))["position_fen"] == before


async def test_one_reference_pays_one_debt(office: Office, confirmed: Shared) -> None:
    """A house's reference counts once in all its claims; another house's bank may give the same."""
    other = await shared_claim(office, like=confirmed, contract_sha256="ef" * 32)
    await advanced(office, other)
    await answered(office, other.guarantor, other.of_guarantor)
    body = payout("bank", BORNE_FEN)
    await paid(office, confirmed.guarantor, confirmed.of_guarantor, body)
    ceded = payout("guarantor", CEDED_FEN)
    await paid(office, confirmed.reguarantor, confirmed.of_reguarantor, ceded)
    path = f"/v1/liabilities/{other.of_guarantor}"
    refused = await office.post(other.guarantor.maker, f"{path}/payouts", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_bank_reference")
    one = await paid(office, other.guarantor, other.of_guarantor, body | {"bank_reference": "DF-9"})
    assert one["paid_fen"] == BORNE_FEN


async def test_a_late_payout_makes_the_clearing_statement_anew(
    office: Office, confirmed: Shared, clock: MovableClock
) -> None:
    """After the final clearing too: the statement's next version says who paid whom."""
    cast, path = office.cast, f"/v1/claims/{confirmed.claim['id']}"
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    yes = {"approved": True, "reason": "as shown", "final_sha256": claim["final"]["final_sha256"]}
    await office.do(cast.fund_checker, f"{path}/final/approve", yes)
    first = await office.read(cast.bank_maker, f"{path}/statement")
    clock.move(days=1)
    await paid(office, confirmed.guarantor, confirmed.of_guarantor, payout("bank", BORNE_FEN))
    second = await office.read(cast.bank_maker, f"{path}/statement")
    assert second["version"] == first["version"] + 1
    parties = second["document"]["body"]["parties"]
    cash = {row["party"]: row["cash_fen"] for row in parties}
    assert cash["guarantor"] == -BORNE_FEN
    assert cash["bank"] == BORNE_FEN


async def test_money_before_a_claim_that_counts_it_is_no_payout(office: Office) -> None:
    """Where the claim counts what came in before it, a payout is what came from the claim's day on."""
    shared = await shared_claim(office, base="NET_LOSS", received_fen=1_000_000)
    await advanced(office, shared)
    one = await answered(office, shared.guarantor, shared.of_guarantor)
    owed = one["stated"]["share"]["owed"][0]["amount_fen"]
    path = f"/v1/liabilities/{shared.of_guarantor}"
    refused = await office.post(shared.guarantor.maker, f"{path}/payouts", payout("bank", owed))
    assert (refused.status_code, refused.json()["field"]) == (400, "paid_on")
    body = payout("bank", owed, paid_on="2026-11-02")
    assert (await paid(office, shared.guarantor, shared.of_guarantor, body))["paid_fen"] == owed


async def test_an_insurer_pays_its_part(office: Office) -> None:
    """Zhongshan, fund 54 : bank 26 : insurer 16 : valuer 4: the insurer answers and pays; a valuer is not asked."""
    insurer = await make_house(office, OrganisationKind.INSURER)
    valuer = await make_organisation(office.pool, OrganisationKind.VALUER, now=office.now)
    parties = {
        "fund": str(office.cast.fund_id),
        "insurer": str(insurer.maker.organisation_id),
        "valuer": str(valuer),
    }
    loan = await make_loan(office, principal_fen=100_000_000)
    asked = application(office, loan) | {"scheme_id": "zhongshan", "scheme_version": 1}
    claim = await office.do(office.cast.bank_maker, "/v1/claims", asked | {"parties": parties})
    await reviewed(office, await approved(office, claim))
    listed = await office.read(insurer.maker, f"/v1/liabilities?claim_id={claim['id']}")
    assert [(one["party"], one["owed_fen"]) for one in listed["items"]] == [("insurer", 16_000_000)]
    liability = listed["items"][0]["id"]
    await answered(office, insurer, liability)
    one = await paid(office, insurer, liability, payout("bank", 16_000_000))
    assert (one["paid_fen"], one["position_fen"]) == (16_000_000, 16_000_000)


async def test_what_was_paid_is_not_dropped_with_its_table(
    office: Office, confirmed: Shared
) -> None:
    """The way down stops at the approvals of payouts, not to leave their transfers in the books alone."""
    await paid(office, confirmed.guarantor, confirmed.of_guarantor, payout("bank", BORNE_FEN))
    (path,) = MIGRATIONS.glob("*_liabilities.sql")
    down = path.read_text(encoding="utf-8").partition("-- migrate:down")[2]
    async with office.pool.acquire() as conn:
        with pytest.raises(asyncpg.CheckViolationError, match="approvals_kind_check"):
            await conn.execute(f"BEGIN; SET LOCAL ROLE NONE; {down}")
        await conn.execute("ROLLBACK")
