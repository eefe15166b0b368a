"""Several lots for one debt: once those sold cover it, the rest is not sold (2020 拍卖变卖规定; Civil Code 438).

A lot that has not opened is withdrawn with a notice; one that is open is for its venue to stop, which sees the figures.
What the debtor agreed to in writing is sold all the same; without that, what is not needed is not announced either.
Source: domain 2.8 (art. 14), 6.1.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kit.errors import InvalidInput
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.cases import service as cases
from marketplace.lots import intake
from marketplace.lots import service as lots
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot
from marketplace.organisations.schemas import SYSTEM_CALLER, Caller
from marketplace.sales import received, several, standing
from marketplace.sales.schemas import ConsentIn, CoverageView
from settlement import plan_claims
from settlement.rules.several import Coverage

_SQL = load_statements("marketplace.sales", "coverage.sql")
REASON = "the lots sold cover the debt 已成交标的足以清偿债务，停止处置剩余标的"
#: While a lot is published and has not opened, it can still be left unsold.
BEFORE_OPEN = frozenset({LotStatus.PUBLISHED, LotStatus.REGISTRATION})


async def of_lot(conn: Connection, lot: Lot, *, now: datetime) -> Coverage:
    """Whether what was sold covers each loan that the lot stands for.

    Of a single one, with what those are owed that its sold lots stand for too. What else came in counts before lots.
    """
    consignment = await intake.of(conn, lot.consignment_id)
    own = [consignment.case_id, *(await standing.claims_of(conn, lot.id)).other_loans]
    if len(own) > 1:
        each = await several.coverage_of(conn, own, now=now)
        return several.together([each[loan_id] for loan_id in own])
    loans = set(own)
    sold = await conn.fetch(_SQL["sold_lots"], consignment.case_id)
    for row in sold:
        claims = await standing.claims_of(conn, row["lot_id"])
        loans |= set(claims.other_loans)
    owed_fen, received_fen = 0, 0
    priced = [str(row["lot_id"]) for row in sold]
    for loan_id in loans:
        async with everything(conn):  # a venue sees no loan but those consigned to it
            loan = await cases.get(conn, SYSTEM_CALLER, loan_id)
        owed_fen += loan.principal_fen + loan.interest_fen + loan.penalty_fen
        received_fen += await received.of_loan(conn, loan_id, priced=priced)
    return await plan_claims.covered(
        conn, consignment.case_id, owed_fen=owed_fen, received_fen=received_fen
    )


async def shown(conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime) -> CoverageView:
    """The figures, for the lot's venue and consignor."""
    found = await of_lot(conn, await lots.owned(conn, caller, lot_id), now=now)
    # A session's consents are its venue's rows; the bank whose lot it is reads of them here.
    async with everything(conn):
        consent_sha256 = await conn.fetchval(_SQL["consent"], lot_id)
    return CoverageView(
        lot_id=lot_id,
        owed_fen=found.owed_fen,
        net_fen=found.net_fen,
        short_fen=found.short_fen,
        is_covered=found.is_covered,
        needed=[UUID(one) for one in found.needed],
        beyond=[UUID(one) for one in found.beyond],
        computation=found.computation,
        consent_sha256=consent_sha256,
    )


async def is_needless(conn: Connection, lot: Lot, *, now: datetime) -> bool:
    """Whether a lot that has not opened need not be sold any more: others were sold and cover the debt."""
    return lot.status in BEFORE_OPEN and await _is_beyond_the_debt(conn, lot, now=now)


async def require_needed(conn: Connection, lot: Lot, *, now: datetime) -> None:
    """Raises InvalidInput for a lot that need not be sold any more, and to whose sale the debtor did not agree."""
    if await _is_beyond_the_debt(conn, lot, now=now):
        raise InvalidInput(
            "debtor_consent",
            "must be recorded: the lots sold cover the debt",
            "已成交标的足以清偿债务，须先登记债务人同意",
        )


async def lot_names(conn: Connection, lot_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The numbers of these lots, as far as the caller sees them."""
    rows = await conn.fetch(_SQL["lot_numbers"], list(lot_ids))
    return {row["id"]: row["number"] for row in rows}


async def record_consent(
    conn: Connection, caller: Caller, lot_id: UUID, given: ConsentIn, *, now: datetime
) -> CoverageView:
    """Record that the debtor agrees to the sale of a lot although its debt is covered; what is recorded stays.

    Raises InvalidInput when another document is recorded.
    """
    await lots.owned_for_update(conn, caller, lot_id)
    await agree(conn, caller, lot_id, given, now=now)
    return await shown(conn, caller, lot_id, now=now)


async def agree(
    conn: Connection, caller: Caller, lot_id: UUID, given: ConsentIn, *, now: datetime
) -> None:
    """Write down the debtor's consent, for a room that has checked who says so; raises as `record_consent` does."""
    document = given.document_sha256
    if await conn.fetchval(_SQL["insert_consent"], lot_id, document, caller.user_id, now):
        await audit.record(
            conn,
            caller,
            now=now,
            action="debtor_consent_recorded",
            subject="lot",
            subject_id=lot_id,
            after=given,
        )
    if await conn.fetchval(_SQL["consent"], lot_id) != document:
        raise InvalidInput(
            "document_sha256", "is not the one on record", "与已登记的同意文件不一致"
        )


async def _is_beyond_the_debt(conn: Connection, lot: Lot, *, now: datetime) -> bool:
    """Whether others were sold and cover the debt, and the debtor did not agree to more."""
    found = await of_lot(conn, lot, now=now)
    is_sold = bool(found.owed_fen and found.needed + found.beyond)
    if not (found.is_covered and is_sold):
        return False
    return await conn.fetchval(_SQL["consent"], lot.id) is None


async def needless_lots(conn: Connection, lot: Lot, *, now: datetime) -> list[Lot]:
    """The other lots of a loan that are announced, not set up, and that no loan needs any more, each locked."""
    if not (await of_lot(conn, lot, now=now)).is_covered:
        return []
    consignment = await intake.of(conn, lot.consignment_id)
    rows = await conn.fetch(_SQL["announced_lots"], consignment.case_id, lot.id, now)
    others = [await lots.for_update(conn, row["id"]) for row in rows]
    return [other for other in others if (await of_lot(conn, other, now=now)).is_covered]
