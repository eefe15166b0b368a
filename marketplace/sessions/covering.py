"""Which loans behind a session's lots are covered by what was sold, and by what else came in.

A lot that stands for several loans gives each what its distribution would, not its whole price to the first.
Source: domain 2.8 (art. 14), 6.1 (Civil Code 560, 561).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import CHINA
from kit.sql import Connection, load_statements
from marketplace.cases import service as cases
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import SYSTEM_CALLER
from marketplace.sales import received
from settlement import plan_claims
from settlement.plan_claims import SaleClaims
from settlement.rules.several import Coverage, OneDebt, SharedLot, coverage_of_each

_SQL = load_statements("marketplace.sessions", "queries.sql")
_SOLD = frozenset(
    {
        LotStatus.SOLD,
        LotStatus.AWAITING_PAYMENT,
        LotStatus.PAID,
        LotStatus.TRANSFERRING,
        LotStatus.DONE,
    }
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A lot in its session: the loans that it stands for, the first its own; what it came to, once sold.

    `designated`: the loans that the debtor wants paid first of it.
    """

    lot_id: UUID
    loans: tuple[UUID, ...]
    designated: tuple[UUID, ...]
    costs_fen: int
    status: LotStatus
    price_fen: int | None
    is_stopped: bool
    is_agreed: bool


async def places_of(conn: Connection, rows: Sequence[asyncpg.Record]) -> list[Place]:
    """The lots of a session; claims entered after a sale say better which loans it stands for, in which order."""
    found = []
    for row in rows:
        is_sold = row["status"] in _SOLD
        claims = await plan_claims.entered_claims(conn, row["lot_id"]) if is_sold else None
        if claims is None:
            claims = SaleClaims(other_loans=tuple(row["other_loans"]))
        found.append(
            Place(
                lot_id=row["lot_id"],
                loans=(row["case_id"], *claims.other_loans),
                designated=claims.designated,
                costs_fen=row["costs_fen"],
                status=LotStatus(row["status"]),
                price_fen=row["price_fen"],
                is_stopped=row["stopped_at"] is not None,
                is_agreed=row["is_agreed"],
            )
        )
    return found


async def coverage_of(
    conn: Connection, places: Sequence[Place], lot_id: UUID, *, now: datetime
) -> dict[UUID, Coverage]:
    """How far each loan is covered that has to do with this lot: its own, and those that share a lot with one of them.

    What was sold elsewhere comes before what the session sold; of the session's lots its own costs count.
    """
    own = {str(place.lot_id): place for place in places}
    loans = set(own[str(lot_id)].loans)
    while True:
        elsewhere = [one for one in await _sold_for(conn, loans) if one.lot not in own]
        near = [place for place in places if loans & set(place.loans)]
        reached = {UUID(debt) for one in elsewhere for debt in one.debts}
        wider = loans | reached | {loan for place in near for loan in place.loans}
        if wider == loans:
            break
        loans = wider
    sold = [*elsewhere, *_sold(near)]
    priced = [one.lot for one in sold]
    debts, received_fen = [], {}
    for loan_id in sorted(loans):
        debts.append(await _debt(conn, loan_id))
        received_fen[str(loan_id)] = await received.of_loan(conn, loan_id, priced=priced)
    today = now.astimezone(CHINA).date()
    found = coverage_of_each(debts, sold, received_fen=received_fen, on=today)
    return {UUID(debt): one for debt, one in found.items()}


def needless(places: Iterable[Place], covered: dict[UUID, Coverage]) -> list[Place]:
    """The lots every loan of which is covered without them, but for those to whose sale the debtor agreed."""
    return [
        place
        for place in places
        if not (place.is_stopped or place.is_agreed)
        and all(loan in covered and covered[loan].is_covered for loan in place.loans)
    ]


async def _sold_for(conn: Connection, loans: Collection[UUID]) -> list[SharedLot]:
    """The lots sold for any of these loans, wherever; those of another session as it states them."""
    rows = await conn.fetch(_SQL["stated_for"], list(loans))
    stated = {row["lot_id"]: row["other_loans"] for row in rows}
    return await plan_claims.sold_for(conn, loans, stated=stated)


def _sold(places: Iterable[Place]) -> list[SharedLot]:
    return [
        SharedLot(
            lot=str(place.lot_id),
            price_fen=place.price_fen or 0,
            costs_fen=place.costs_fen,
            debts=tuple(map(str, place.loans)),
            designated=tuple(map(str, place.designated)),
        )
        for place in places
        if place.status in _SOLD
    ]


async def _debt(conn: Connection, loan_id: UUID) -> OneDebt:
    loan = await cases.get(conn, SYSTEM_CALLER, loan_id)
    return OneDebt(
        debt=str(loan_id),
        due_on=loan.due_on,
        interest_fen=loan.interest_fen,
        principal_fen=loan.principal_fen,
        penalty_fen=loan.penalty_fen,
    )
