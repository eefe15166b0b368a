"""The first worked example of domain 5.6 through the routes, both variants, to the fen."""

from typing import Any

import pytest

from settlement import ledger
from settlement.checks import check_ledger
from tests.make_claims import (
    ADVANCE_FEN,
    PRINCIPAL_FEN,
    Office,
    advanced,
    make_loan,
    pay_out,
    sell,
)

VARIANTS: dict[str, dict[str, Any]] = {
    "fund tops up": {
        "sale": {"price_fen": 238_000_000, "commission_fen": 4_760_000, "stamp_fen": 71_400},
        "net_fen": 229_606_463,
        "movements": {"bank": 137_763_878, "fund": 91_842_585},
        "closing": {"bank": 154_828_715, "fund": 103_219_143},
        "delta_fen": 5_688_279,
        "status": "closed",
    },
    "bank returns": {
        "sale": {"price_fen": 430_000_000, "commission_fen": 8_600_000, "stamp_fen": 129_000},
        "net_fen": 417_708_863,
        "movements": {"bank": 250_625_318, "fund": 167_083_545},
        "closing": {"bank": 41_967_275, "fund": 27_978_183},
        "delta_fen": -69_552_681,
        "status": "cleared",
    },
}


@pytest.mark.parametrize("name", VARIANTS)
async def test_the_worked_example_comes_out_to_the_fen_through_the_routes(
    name: str, office: Office
) -> None:
    """Advance, recovery, clearing and the bank's cash are the example's, and every book holds."""
    want, cast = VARIANTS[name], office.cast
    loan = await make_loan(office)
    claim = await advanced(office, loan)
    assert claim["figures"]["borne"] == {"bank": 292_592_593, "fund": 195_061_728}
    assert claim["figures"]["advance"] == {"fund": ADVANCE_FEN}
    assert claim["status"] == "advanced"
    lot_id = await sell(office, loan, **want["sale"])
    path = f"/v1/claims/{claim['id']}"
    claim = await office.do(
        cast.bank_maker, f"{path}/recoveries", {"kind": "sale", "lot_id": str(lot_id)}
    )
    (recovery,) = claim["recoveries"]
    assert recovery["recovered"]["net_fen"] == want["net_fen"]
    assert recovery["recovered"]["movements"] == want["movements"]
    claim = await office.do(cast.fund_administrator, f"{path}/final")
    assert claim["status"] == "recovering", "a proposal moves nothing"
    assert claim["final"]["figures"]["closing"] == want["closing"]
    claim = await office.do(
        cast.fund_checker,
        f"{path}/final/approve",
        {
            "approved": True,
            "reason": "disposal is over",
            "final_sha256": claim["final"]["final_sha256"],
        },
    )
    assert claim["final"]["figures"]["delta_fen"] == want["delta_fen"]
    assert claim["positions"] == want["closing"]
    assert claim["status"] == want["status"]
    claim = await _settle(office, claim, delta_fen=want["delta_fen"])
    assert claim["status"] == "closed"
    await _assert_books(office, claim, want)


async def _settle(office: Office, claim: dict[str, Any], *, delta_fen: int) -> dict[str, Any]:
    if delta_fen > 0:
        return await pay_out(office, claim)
    return await office.do(
        office.cast.fund_administrator,
        f"/v1/claims/{claim['id']}/returns",
        {
            "fund_party": "fund",
            "party": "bank",
            "amount_fen": -delta_fen,
            "bank_reference": "return-1",
        },
    )


async def _assert_books(office: Office, claim: dict[str, Any], want: dict[str, Any]) -> None:
    cast = office.cast
    cash_fen = want["net_fen"] + ADVANCE_FEN + want["delta_fen"]
    async with office.pool.acquire() as conn:
        got_fen = await ledger.balance(
            conn, ledger.outside(cast.bank_id, f"case:{claim['case_id']}")
        )
        assert got_fen == cash_fen
        assert PRINCIPAL_FEN - cash_fen == want["closing"]["bank"]
        assert (await check_ledger(conn)).ok
    fund = await office.read(cast.fund_administrator, f"/v1/funds/{cast.fund_id}")
    assert fund["balance_fen"] == 1_000_000_000 - want["closing"]["fund"]
    assert fund["outstanding_fen"] == 0


async def test_every_figure_of_a_claim_says_how_it_was_computed(office: Office) -> None:
    """Each line of a draft has its Chinese name and a computation, and the steps of the case repeat them."""
    claim = await advanced(office, await make_loan(office))
    lines = claim["figures"]["lines"]
    assert {"loss", "borne", "promised", "opening position", "advance"} <= {
        line["name"] for line in lines
    }
    assert all(line["name_zh"] and line["computation"] for line in lines)
    advance = next(line for line in lines if line["name"] == "advance")
    assert advance["computation"] == "floor 向下取整(1,950,617.28 × 5000 / 10000)"
    applied = next(step for step in claim["steps"] if step["step"] == "apply_claim")
    assert applied["lines"] == lines
