"""Up to which loan a valuation from inside is enough: CNY 10 million, more where the loan's scheme widened it.

Source: domain 4.3.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.valuations.rules import INTERNAL_LOAN_MAX_FEN

_SQL = load_statements("marketplace.valuations", "limits.sql")


async def widened(conn: Connection, lender_id: UUID, numbers: Iterable[str]) -> Mapping[str, int]:
    """Of a lender's loans, by contract number, those whose scheme widened the limit, with the limit in fen."""
    async with everything(conn):  # a scheme's terms are no secret; its loans are the lender's own
        rows = await conn.fetch(_SQL["widened"], lender_id, sorted(set(numbers)))
    return {row["loan_number"]: row["limit_fen"] for row in rows}


async def limit_of(conn: Connection, lender_id: UUID, number: str) -> int:
    """Up to how large a lender's loan may be, inclusive, in fen."""
    return (await widened(conn, lender_id, [number])).get(number, INTERNAL_LOAN_MAX_FEN)
