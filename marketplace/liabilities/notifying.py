"""A claim that its bank has approved is told to each that bears a part of its loss: from then on it can answer."""

from datetime import datetime
from uuid import UUID

from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.liabilities import BEARERS

_SQL = load_statements("marketplace.liabilities", "queries.sql")


async def notify(
    conn: Connection, claim_id: UUID, case_id: UUID, lender_id: UUID, *, now: datetime
) -> None:
    """One liability for each bearer of the claim's loss; for the room that approved the claim."""
    for row in await conn.fetch(_SQL["bearers"], case_id, list(BEARERS)):
        await conn.execute(
            _SQL["insert"],
            *(uuid7(now), claim_id, case_id, row["party"], row["organisation_id"], lender_id, now),
        )
