"""Hands a sale over to settlement: who owes what to whom until when."""

from datetime import datetime

from kit.sql import Connection
from marketplace.bidders.schemas import Bidder
from marketplace.lots import intake
from marketplace.lots.schemas import Lot
from marketplace.sales.rules import Outcome, payment_due_at
from settlement import sales as accounts


async def owe_price(
    conn: Connection, lot: Lot, winner: Bidder, outcome: Outcome, *, now: datetime
) -> None:
    """What the winner of a lot owes from the close on."""
    assert outcome.price_fen is not None
    consignment = await intake.of(conn, lot.consignment_id)
    case = await intake.case_of(conn, consignment)
    await accounts.record_sale(
        conn,
        lot.id,
        buyer_id=winner.organisation_id,
        consignor_id=lot.consignor_id,
        venue_id=lot.venue_id,
        case_id=case.id,  # settlement's case, if there is one or will be, has the loan's id
        hammer_price_fen=outcome.price_fen,
        deadline_at=payment_due_at(outcome.closed_at, payment_hours=lot.payment_hours),
        sold_at=outcome.closed_at,
        release_on=lot.release_on,
        objection_days=lot.objection_days,
    )
