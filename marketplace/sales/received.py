"""What a loan has been paid beside the price of its lots: asked here by all that say what of a debt is left.

It covers the debt like what was sold (coverage, sessions), a lot's plan gives its lender that much less, and a plan of
disposal goes on for the rest.

Licence money, an agency's payments, recorded routes, set-offs, kept deposits, buyers' shortfalls, and what the bank
entered by hand. Some of it is also a recovery of the loan's compensation case, some not yet, some never: a loan in no
scheme has no case. The id that it has there tells what is the same money. Source: domain 2.8 (art. 14), 5.4.
"""

from collections.abc import Collection
from uuid import UUID

from kit.errors import NotFound
from kit.reach import everything
from kit.sql import Connection, load_statements
from settlement import cases, forfeitures, plan_claims, recoveries
from settlement.rules.case import RecoveryEvent
from settlement.rules.deposits import as_recovery

_SQL = load_statements("marketplace.sales", "received.sql")
_LOT = "lot:"


async def of_loan(conn: Connection, case_id: UUID, *, priced: Collection[str] = ()) -> int:
    """What came in for a loan, net of its costs, in fen; without its own lots and those `priced`, which count as sold.

    Licence money in escrow counts: it has come in, and waits for nothing but the case.
    """
    async with everything(
        conn
    ):  # the sum is the same for the venue, whose rows these mostly are not
        found: dict[str, int] = {
            row["event_id"]: row["net_fen"] for row in await conn.fetch(_SQL["received"], case_id)
        }
        for row in await conn.fetch(_SQL["defaulted_lots"], case_id):
            for deposit_id, used in await forfeitures.of_sale(conn, row["lot_id"]):
                kept = as_recovery(used, f"deposit:{deposit_id}")
                found[kept.id] = _net(kept)
        events = {
            one.event.id: _net(one.event) for one in await recoveries.recoveries(conn, case_id)
        }
        before_fen = await _before_the_claim(conn, case_id)
        lots = [event_id for event_id in events if event_id.startswith(_LOT)]
        theirs = {row[0] for row in await conn.fetch(_SQL["lots_of_others"], case_id, lots)}
    theirs -= {_LOT + lot for lot in priced}
    counted = {
        event_id: fen
        for event_id, fen in events.items()
        if not event_id.startswith(_LOT) or event_id in theirs
    }
    return sum((found | counted).values()) + before_fen


async def paid_of_loan(conn: Connection, case_id: UUID) -> int:
    """What a loan has been paid in all, in fen: by lots whose plan was paid, and beside them."""
    async with everything(conn):
        lots = await plan_claims.paid_to_loan(conn, case_id)
    return sum(lots.values()) + await of_loan(conn, case_id, priced=[str(one) for one in lots])


async def _before_the_claim(conn: Connection, case_id: UUID) -> int:
    """What the claim for compensation says came in before it; the loan's own figures are before it, too."""
    try:
        claim = (await cases.get(conn, case_id)).claim
    except NotFound:
        return 0
    return 0 if claim is None else claim.loan.received_fen


def _net(event: RecoveryEvent) -> int:
    """What a recovery leaves after its own costs; never below nothing, as with a lot's price."""
    return max(event.gross_fen - sum(cost.amount_fen for cost in event.costs), 0)
