"""Several lots for one debt: once those sold cover it, the rest is not sold (2020 拍卖变卖规定; Civil Code 438).

A lot that has not opened is withdrawn with a notice; one that is open is for its venue to stop, which sees the figures.
Source: domain 6.1.
"""

from datetime import datetime
from uuid import UUID

from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.sales.schemas import CoverageView
from settlement import plan_claims
from settlement.rules.several import Coverage

_SQL = load_statements("marketplace.sales", "coverage.sql")
REASON = "the lots sold cover the debt 已成交标的足以清偿债务，停止处置剩余标的"
_BEFORE_OPEN = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})


async def of_lot(conn: Connection, lot: Lot) -> Coverage:
    """Whether what was sold for the lot's loan, and for those that its lots stand for too, covers what is owed."""
    consignment = await intake.of(conn, lot.consignment_id)
    loans = {consignment.case_id}
    for row in await conn.fetch(_SQL["sold_lots"], consignment.case_id):
        claims = await plan_claims.claims_of(conn, row["lot_id"])
        loans |= set(claims.other_loans)
    owed_fen = 0
    for loan_id in loans:
        loan = await cases.get(conn, SYSTEM_CALLER, loan_id)
        owed_fen += loan.principal_fen + loan.interest_fen + loan.penalty_fen
    return await plan_claims.covered(conn, consignment.case_id, owed_fen=owed_fen)


async def shown(conn: Connection, caller: Caller, lot_id: UUID) -> CoverageView:
    """The figures, for the lot's venue and consignor."""
    found = await of_lot(conn, await lots.owned(conn, caller, lot_id))
    return CoverageView(
        lot_id=lot_id,
        owed_fen=found.owed_fen,
        net_fen=found.net_fen,
        short_fen=found.short_fen,
        is_covered=found.is_covered,
        needed=[UUID(one) for one in found.needed],
        beyond=[UUID(one) for one in found.beyond],
        computation=found.computation,
    )


async def is_needless(conn: Connection, lot: Lot) -> bool:
    """Whether a lot that has not opened need not be sold any more: others were sold and cover the debt."""
    if lot.status not in _BEFORE_OPEN:
        return False
    found = await of_lot(conn, lot)
    return found.is_covered and bool(found.needed)


async def needless_lots(conn: Connection, lot: Lot, *, now: datetime) -> list[Lot]:
    """The other lots of a loan that are announced, not set up, and need not be sold any more, each locked."""
    if not (await of_lot(conn, lot)).is_covered:
        return []
    consignment = await intake.of(conn, lot.consignment_id)
    rows = await conn.fetch(_SQL["announced_lots"], consignment.case_id, lot.id, now)
    return [await lots.for_update(conn, row["id"]) for row in rows]
