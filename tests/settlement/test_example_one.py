"""The first worked example of domain 5.6, both variants, through the services, to the fen."""

from datetime import datetime

import asyncpg
import pytest

from kit.clock import CHINA
from settlement import cases, distribution, ledger, recoveries
from settlement.ledger import balance
from settlement.rules.case import Cost, Loan, RecoveryEvent
from settlement.rules.waterfall import Secured
from tests.settlement.make_money import (
    BANK,
    FUND,
    confirm_payouts,
    distribute,
    example_costs,
    make_claim,
    make_sale,
    pay_price,
    review_and_advance,
)

PRINCIPAL_FEN, INTEREST_FEN, ADVANCE_FEN = 487_654_321, 13_246_809, 97_530_864
VARIANTS = {
    "fund tops up": {
        "price_fen": 238_000_000,
        "commission_fen": 4_760_000,
        "stamp_fen": 71_400,
        "net_fen": 229_606_463,
        "movements": {"bank": 137_763_878, "fund": 91_842_585},
        "closing": {"bank": 154_828_715, "fund": 103_219_143},
        "delta_fen": 5_688_279,
        "bank_cash_fen": 332_825_606,
    },
    "bank returns": {
        "price_fen": 430_000_000,
        "commission_fen": 8_600_000,
        "stamp_fen": 129_000,
        "net_fen": 417_708_863,
        "movements": {"bank": 250_625_318, "fund": 167_083_545},
        "closing": {"bank": 41_967_275, "fund": 27_978_183},
        "delta_fen": -69_552_681,
        "bank_cash_fen": 417_708_863 + ADVANCE_FEN - 69_552_681,
    },
}


@pytest.mark.parametrize("name", VARIANTS)
async def test_a_case_comes_out_to_the_fen(
    name: str, conn: asyncpg.Connection, now: datetime
) -> None:
    """From enrolment to closing, every figure is the worked example's, and the bank's cash is a ledger balance."""
    want = VARIANTS[name]
    case = await make_claim(
        conn,
        loan=Loan(amount_fen=PRINCIPAL_FEN, principal_fen=PRINCIPAL_FEN, interest_fen=INTEREST_FEN),
        now=now,
    )
    assert case.opening is not None
    assert case.opening.bearing.borne == {"bank": 292_592_593, "fund": 195_061_728}
    case = await review_and_advance(conn, case, now=now)
    outside_bank = ledger.outside(BANK, case.ref)
    assert await balance(conn, outside_bank) == ADVANCE_FEN

    sale = await make_sale(conn, hammer_price_fen=want["price_fen"], case_id=case.id, now=now)
    await pay_price(conn, sale, now=now)
    lines = example_costs(commission_fen=want["commission_fen"], stamp_fen=want["stamp_fen"])
    secured = Secured(
        party="bank",
        registered_at=now.astimezone(CHINA).date(),
        principal_fen=PRINCIPAL_FEN,
        interest_fen=INTEREST_FEN,
    )
    plan = await distribute(conn, sale, lines=lines, secured=secured, now=now)
    assert plan.state == distribution.PAID
    await confirm_payouts(conn, sale.lot_id, now=now)
    assert await balance(conn, ledger.client_price(sale.lot_id)) == 0

    event = RecoveryEvent(
        id=f"lot:{sale.lot_id}",
        gross_fen=sale.hammer_price_fen,
        costs=tuple(Cost(name=line.name, amount_fen=line.amount_fen) for line in lines),
    )
    recovered = await recoveries.record_recovery(conn, case.id, event, now=now)
    assert await recoveries.record_recovery(conn, case.id, event, now=now) == recovered
    assert recovered.net_fen == want["net_fen"]
    assert recovered.movements == want["movements"]
    final = await recoveries.final_clearing(conn, case.id, cleared_by=BANK, now=now)
    assert final.closing == want["closing"]
    assert final.delta_fen == want["delta_fen"]
    for party, fen in final.closing.items():
        assert await balance(conn, ledger.share(case.id, party)) == fen
    if final.delta_fen > 0:
        await confirm_payouts(conn, case.id, now=now)
    else:
        assert (await cases.get(conn, case.id)).state == cases.FINAL_CLEARING
        await recoveries.record_return(
            conn,
            case.id,
            fund_party="fund",
            party="bank",
            amount_fen=-final.delta_fen,
            bank_reference="return-1",
            now=now,
        )
    assert (await cases.get(conn, case.id)).state == cases.CLOSED
    assert await balance(conn, outside_bank) == want["bank_cash_fen"]
    assert PRINCIPAL_FEN - want["bank_cash_fen"] == final.closing["bank"]
    assert await balance(conn, ledger.fund_account(FUND)) == 1_000_000_000 - final.closing["fund"]
    debt = recovered.debt
    assert debt.interest_fen == 0
    assert debt.principal_fen == PRINCIPAL_FEN + INTEREST_FEN - recovered.net_fen
    principal = await balance(conn, ledger.AccountKey("debt_principal", case.id))
    assert principal == debt.principal_fen, "compensation never reduces the debt"
