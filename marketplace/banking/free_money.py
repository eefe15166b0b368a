"""Free money of others in a holder's custody, and its way back to them.

What was paid above a price or an invoice, a deposit that never came to be held, the price of a sale that was undone: it
waits on `client_money`, by holder, until it is used there or sent back. A released deposit is sent back as such, by its
regime's term (`service.refunds_due`), and is not counted here. Source: domain 6.5, 6.6.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.ids import uuid7
from kit.money import yuan
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.audit import service as audit
from marketplace.banking.schemas import FreeMoney, FreeMoneyIn, Refund
from marketplace.organisations.schemas import Caller
from settlement import refunds
from settlement.custody import lock_holder
from settlement.ledger import client_money

_SQL = load_statements("marketplace.banking", "queries.sql")


async def held(
    conn: Connection, caller: Caller, *, payer_id: UUID | None = None
) -> list[FreeMoney]:
    """Whose free money the caller's organisation has, the most first."""
    async with everything(conn):  # whose it is are others; the statement asks for this holder alone
        rows = await conn.fetch(_SQL["free_money"], caller.organisation_id, payer_id)
    return [msgspec.convert(dict(row), FreeMoney) for row in rows]


async def send_back(
    conn: Connection, caller: Caller, given: FreeMoneyIn, *, now: datetime
) -> Refund:
    """Queue a payout of free money to whose it is. Raises `InvalidInput` for more than is free here."""
    await lock_holder(conn, caller.organisation_id)
    found = await held(conn, caller, payer_id=given.payer_id)
    free_fen = sum(one.amount_fen for one in found)
    if given.amount_fen > free_fen:
        raise InvalidInput(
            "amount_fen",
            f"is above the {yuan(free_fen)} yuan that are free",
            f"超过可退的 {yuan(free_fen)} 元",
        )
    payout_id = await refunds.send_back(
        conn,
        client_money(given.payer_id, caller.organisation_id),
        holder_id=caller.organisation_id,
        payee_id=given.payer_id,
        payee_name=found[0].payer_name,
        subject=f"free:{uuid7(now)}",
        amount_fen=given.amount_fen,
        now=now,
    )
    await audit.record(
        conn,
        caller,
        now=now,
        action="free_money_sent_back",
        subject="organisation",
        subject_id=given.payer_id,
        after={"payout_id": payout_id, "amount_fen": given.amount_fen},
        reason=given.reason,
    )
    return Refund(payout_id=payout_id)
