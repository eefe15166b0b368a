"""What parties are to pay into custody, each under a payment reference that never changes.

The amount of a deposit, and of a period of a mandate, is fixed with its due; what is due of a price follows from the
sale and what came in for it.
"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import NotFound
from kit.sql import Connection, load_statements
from settlement import buyer_claims, deposits, licences, royalties, sales
from settlement.rules.references import DueKind, reference_of

_SQL = load_statements("settlement", "sql/dues.sql")


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit, a price, a defaulter's rest, a licence's invoice or a mandate's period that a party owes.

    `party_name` is its real name, which the payer must have.

    `subject_id` is the lot, the invoice or the period; `amount_fen` is a deposit's or a period's, null otherwise.
    """

    reference: str
    kind: DueKind
    subject_id: UUID
    party_id: UUID
    party_name: str
    holder_id: UUID
    amount_fen: int | None
    created_at: datetime


async def give(
    conn: Connection,
    kind: DueKind,
    *,
    subject_id: UUID,
    party_id: UUID,
    party_name: str,
    holder_id: UUID,
    amount_fen: int | None,
    now: datetime,
) -> Due:
    """The due, which is entered when it is new; what was entered first stays."""
    reference = reference_of(kind, subject_id, party_id)
    await conn.execute(
        _SQL["insert_due"],
        *(reference, kind, subject_id, party_id, party_name, holder_id, amount_fen, now),
    )
    due = await get(conn, holder_id, reference)
    assert (due.kind, due.subject_id) == (kind, subject_id), "two dues never share a reference"
    return due


async def get(conn: Connection, holder_id: UUID, reference: str) -> Due:
    """A due of a holder by its reference; raises `NotFound`."""
    found = await find(conn, holder_id, [reference])
    if not found:
        raise NotFound(f"no due {reference}", f"没有应缴款项 {reference}")
    return found[0]


async def find(conn: Connection, holder_id: UUID, references: list[str]) -> list[Due]:
    """The holder's dues of these references; what is another's is not there."""
    return [_due(row) for row in await conn.fetch(_SQL["dues"], holder_id, references)]


async def open_fen(conn: Connection, due: Due) -> int:
    """What of a due is not paid yet; 0 when it is paid, ended, or was never owed.

    A deposit that is held or has ended is due no more. A winner's deposit counts towards the price.
    """
    if due.kind == "ROYALTY":
        invoice = await royalties.get_invoice(conn, due.subject_id)
        await licences.lock(conn, invoice.licence_id)
        return (
            await royalties.get_invoice(conn, due.subject_id)
        ).open_fen  # as it is under the lock
    if due.kind == "MANDATE":
        came_fen: int = await conn.fetchval(_SQL["period_paid_fen"], due.subject_id)
        return max((due.amount_fen or 0) - came_fen, 0)
    held = next(
        (d for d in await deposits.of_lot(conn, due.subject_id) if d.bidder_id == due.party_id),
        None,
    )
    if due.kind == "DEPOSIT":
        if held is not None and held.state != deposits.CREATED:
            return 0
        paid_fen: int = await conn.fetchval(_SQL["paid_fen"], due.reference)
        return max((due.amount_fen or 0) - paid_fen, 0)
    if due.kind == "CLAIM":
        claim = await buyer_claims.find(conn, due.subject_id)
        return 0 if claim is None or claim.debtor_id != due.party_id else claim.open_fen
    try:
        sale = await sales.lock(conn, due.subject_id)
    except NotFound:
        return 0
    if sale.buyer_id != due.party_id or sale.state != sales.PRICE_DUE:
        return 0
    left_fen = sale.due_fen - sale.paid_fen + sale.interest_due_fen - sale.interest_paid_fen
    deposit_fen = held.amount_fen if held is not None and held.state == deposits.FROZEN else 0
    return max(left_fen - deposit_fen, 0)


def _due(row: asyncpg.Record) -> Due:
    return msgspec.convert(dict(row), Due)
