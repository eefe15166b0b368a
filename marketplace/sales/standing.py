"""Which loans a lot stands for, and who else claims of its proceeds."""

from uuid import UUID

from kit.sql import Connection, load_statements
from settlement import plan_claims
from settlement.plan_claims import SaleClaims

_SQL = load_statements("marketplace.sales", "coverage.sql")


async def claims_of(conn: Connection, lot_id: UUID) -> SaleClaims:
    """What was entered with the lot; where nothing was, the further loans that its session says it stands for."""
    entered = await plan_claims.entered_claims(conn, lot_id)
    if entered is not None:
        return entered
    stated = await conn.fetchval(_SQL["loans_of_session_lot"], lot_id)
    return SaleClaims(other_loans=tuple(stated or ()))
