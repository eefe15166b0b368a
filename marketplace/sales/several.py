"""How far each of several loans is covered, by lots that stand for one of them or for more.

A lot that stands for several loans gives each what its distribution would, not its whole price to the first; what it
brings above the loans that it stands for is the pledgor's, and covers no other. Source: domain 2.8 (art. 14), 6.1
(Civil Code 560, 561).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from kit.clock import CHINA
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.sales import received
from settlement import plan_claims
from settlement.rules.several import Coverage, OneDebt, SharedLot, coverage_of_each

_SQL = load_statements("marketplace.sales", "coverage.sql")


async def coverage_of(
    conn: Connection,
    loans: Collection[UUID],
    *,
    beside: Sequence[SharedLot] = (),
    sold_beside: Collection[str] = (),
    now: datetime,
) -> dict[UUID, Coverage]:
    """How far each of these loans is covered, and each that shares a lot with one of them.

    `beside`: lots of a session, which count as it states them, the last, once they are `sold_beside`.
    """
    own = {one.lot for one in beside}
    reached = set(loans)
    async with everything(
        conn
    ):  # whoever asks about one loan: what the others got is part of the answer
        while True:
            elsewhere = [one for one in await _sold_for(conn, reached) if one.lot not in own]
            near = [one for one in beside if reached & set(map(UUID, one.debts))]
            wider = reached | {UUID(debt) for one in (*elsewhere, *near) for debt in one.debts}
            if wider == reached:
                break
            reached = wider
        sold = [*elsewhere, *(one for one in near if one.lot in sold_beside)]
        priced = [one.lot for one in sold]
        debts, received_fen = [], {}
        for loan_id in sorted(reached):
            debts.append(await _debt(conn, loan_id))
            received_fen[str(loan_id)] = await received.of_loan(conn, loan_id, priced=priced)
    today = now.astimezone(CHINA).date()
    found = coverage_of_each(debts, sold, received_fen=received_fen, on=today)
    return {UUID(debt): one for debt, one in found.items()}


def together(found: Sequence[Coverage]) -> Coverage:
    """The coverage of several loans as one: covered when each of them is, whatever one of them got above it."""
    needed = dict.fromkeys(lot for one in found for lot in one.needed)
    beyond = dict.fromkeys(lot for one in found for lot in one.beyond if lot not in needed)
    return Coverage(
        owed_fen=sum(one.owed_fen for one in found),
        net_fen=sum(min(one.net_fen, one.owed_fen) for one in found),
        is_covered=all(one.is_covered for one in found),
        needed=tuple(needed),
        beyond=tuple(beyond),
        computation="; ".join(one.computation for one in found),
    )


async def _sold_for(conn: Connection, loans: Collection[UUID]) -> list[SharedLot]:
    """The lots sold for any of these loans, wherever; those of a session as it states them."""
    rows = await conn.fetch(_SQL["stated_for"], list(loans))
    stated = {row["lot_id"]: row["other_loans"] for row in rows}
    return await plan_claims.sold_for(conn, loans, stated=stated)


async def _debt(conn: Connection, loan_id: UUID) -> OneDebt:
    loan = await cases.get(conn, SYSTEM_CALLER, loan_id)
    return OneDebt(
        debt=str(loan_id),
        due_on=loan.due_on,
        interest_fen=loan.interest_fen,
        principal_fen=loan.principal_fen,
        penalty_fen=loan.penalty_fen,
    )
