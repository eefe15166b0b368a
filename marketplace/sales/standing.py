"""Which loans a lot stands for, and who else claims of its proceeds."""

from collections.abc import Callable, Sequence
from uuid import UUID

from kit.errors import InvalidInput
from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.organisations.schemas import SYSTEM_CALLER
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


async def require_further(
    conn: Connection, own: UUID, loans: Sequence[UUID], *, field: Callable[[int], str]
) -> None:
    """Raise `InvalidInput` for what is no further loan of the same bank to the same borrower, or is named before.

    `field` names the place of each.
    """
    first = await cases.get(conn, SYSTEM_CALLER, own)
    for index, loan_id in enumerate(loans):
        other = await cases.get(conn, SYSTEM_CALLER, loan_id)
        is_same = (other.organisation_id, other.borrower_code) == (
            first.organisation_id,
            first.borrower_code,
        )
        if not is_same or loan_id in (own, *loans[:index]):
            raise InvalidInput(
                field(index),
                "must be another loan of the same borrower, named once",
                "须为同一借款人的其他贷款，且不得重复",
            )
