"""Compensation of several parties: cession deducted (domain 5.6, example 2), each relieved party paid its part."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
import pytest

from kit.errors import InvalidInput
from settlement import cases, compensation, funds, ledger, recoveries
from settlement.errors import InsufficientFunds, SchemeUnknown
from settlement.ledger import balance
from settlement.rules.case import Loan, RecoveryEvent
from settlement.rules.scheme import COMPENSATE_RETAINED, Cession, Party
from tests.settlement.make_money import (
    BANK,
    BORROWER,
    FUND,
    MAKER,
    TREASURY,
    confirm_payouts,
    review_and_advance,
    scheme_with_advance,
)

GUARANTOR, REGUARANTOR = UUID(int=31), UUID(int=32)
PARTIES = {"bank": BANK, "guarantor": GUARANTOR, "reguarantor": REGUARANTOR, "fund": FUND}


async def make_example_two(
    conn: asyncpg.Connection, *, now: datetime, fund_fen: int = 500_000_000, number: str = "L-2"
) -> cases.Case:
    """Bank 20, guarantor 80 with 40 % ceded, the fund pays 30 % of what each keeps, all of it in advance."""
    file = scheme_with_advance(advance_bp=10_000)
    rules = msgspec.structs.replace(
        file.scheme,
        comp_mode=COMPENSATE_RETAINED,
        parties=(
            Party(party="bank", role="BANK", bear_bp=2000),
            Party(party="guarantor", role="GUARANTOR", bear_bp=8000),
            Party(party="reguarantor", role="REGUARANTOR", bear_bp=0),
            Party(party="fund", role="FUND", bear_bp=0),
        ),
        cession=(Cession(party="guarantor", to="reguarantor", bp=4000),),
        comp_rate_bp={"bank": 3000, "guarantor": 3000},
    )
    file = msgspec.structs.replace(file, id="example-two", scheme=rules)
    await cases.add_scheme(conn, file, now=now)
    changed = msgspec.structs.replace(file, notes="changed")
    with pytest.raises(InvalidInput):
        await cases.add_scheme(conn, changed, now=now)
    if fund_fen:
        await funds.receive(
            conn, FUND, source_id=TREASURY, amount_fen=fund_fen, bank_reference="b", now=now
        )
    case = await cases.enrol_loan(
        conn,
        file.id,
        file.version,
        lender_id=BANK,
        borrower_id=BORROWER,
        loan_number=number,
        contract_hash=number[-1].encode() * 32,
        parties=PARTIES,
        now=now,
    )
    await cases.confirm_default(conn, case.id, now=now)
    loan = Loan(amount_fen=765_432_109, principal_fen=765_432_109)
    return await compensation.apply_claim(conn, case.id, loan=loan, applied_by=MAKER, now=now)


async def test_each_relieved_party_is_paid_its_part(
    conn: asyncpg.Connection, now: datetime
) -> None:
    """Bank and guarantor each get their compensation, the re-guarantor none, and return theirs by the same parts."""
    case = await review_and_advance(conn, await make_example_two(conn, now=now), now=now)
    assert case.opening is not None
    assert case.opening.positions == {
        "bank": 107_160_495,
        "guarantor": 257_185_188,
        "reguarantor": 244_938_275,
        "fund": 156_148_151,
    }
    paid = {
        name: await balance(conn, ledger.outside(owner, case.ref))
        for name, owner in PARTIES.items()
    }
    assert paid == {"bank": 45_925_927, "guarantor": 110_222_224, "reguarantor": 0, "fund": 0}
    recovered = await recoveries.record_recovery(
        conn, case.id, RecoveryEvent(id="r", gross_fen=200_000_000), now=now
    )
    assert list(recovered.movements.values()) == [28_000_000, 67_200_000, 64_000_000, 40_800_000]
    final = await recoveries.final_clearing(conn, case.id, cleared_by=MAKER, now=now)
    assert final.delta == {"fund": -40_800_000}
    for due in await recoveries.settlements(conn, case.id):
        with pytest.raises(InvalidInput):
            await return_of(conn, case, due, now=now, more_fen=1)
        await return_of(conn, case, due, now=now)
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    fund_fen = await balance(conn, ledger.fund_account(FUND))
    assert 500_000_000 - fund_fen == final.closing["fund"]
    assert (await funds.exposure(conn, FUND)).callable_fen == 0


async def return_of(
    conn: asyncpg.Connection,
    case: cases.Case,
    due: recoveries.Settlement,
    *,
    now: datetime,
    more_fen: int = 0,
) -> None:
    """A party returns what is due, or more."""
    await recoveries.record_return(
        conn,
        case.id,
        fund_party=due.fund_party,
        party=due.party,
        amount_fen=more_fen - due.amount_fen,
        bank_reference=f"return {due.party}",
        now=now,
    )


async def test_an_empty_fund_promises_nothing(conn: asyncpg.Connection, now: datetime) -> None:
    """A fund liable up to its balance promises what it has: with nothing there, the loss stays where it is."""
    case = await make_example_two(conn, now=now, fund_fen=0)
    assert case.opening is not None
    assert case.opening.promised == {"fund": 0}
    case = await review_and_advance(conn, case, now=now)
    await confirm_payouts(conn, case.id, now=now)
    assert case.state == cases.ADVANCE_PAID


async def test_an_advance_needs_money(conn: asyncpg.Connection, now: datetime) -> None:
    """Money that left the fund between promise and advance is missed by the ledger, not overdrawn."""
    case = await make_example_two(conn, now=now)
    await ledger.post_one(
        conn,
        ledger.move(
            "drained",
            kind="fund_out",
            ref="r",
            source=ledger.fund_account(FUND),
            target=ledger.outside(TREASURY),
            amount_fen=400_000_000,
        ),
        now=now,
    )
    with pytest.raises(InsufficientFunds):
        await review_and_advance(conn, case, now=now)


async def test_templates_are_not_enrolled_under(conn: asyncpg.Connection, now: datetime) -> None:
    """All shipped schemes load; one that lacks something can't be enrolled under, nor can one that is not there."""
    await cases.load_schemes(conn, now=now)
    await cases.load_schemes(conn, now=now)
    for scheme_id, version in (("haikou-2023", 1), ("haikou-2023", 9), ("nowhere", 1)):
        with pytest.raises(SchemeUnknown):
            await cases.enrol_loan(
                conn,
                scheme_id,
                version,
                lender_id=BANK,
                borrower_id=BORROWER,
                loan_number="L",
                contract_hash=b"l" * 32,
                parties={},
                now=now,
            )
    with pytest.raises(InvalidInput):
        await cases.enrol_loan(
            conn,
            "tianjin-binhai-2022",
            1,
            lender_id=FUND,
            borrower_id=BORROWER,
            loan_number="L",
            contract_hash=b"l" * 32,
            parties={"bank": BANK, "fund": FUND},
            now=now,
        )
