"""Which loans behind a session's lots are covered by what was sold, and by what else came in.

A lot that stands for several loans gives each what its distribution would, not its whole price to the first.
Source: domain 2.8 (art. 14), 6.1 (Civil Code 560, 561).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kit.sql import Connection
from marketplace.lots.rules import LotStatus
from marketplace.sales import several
from settlement import plan_claims
from settlement.plan_claims import SaleClaims
from settlement.rules.several import Coverage, SharedLot

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
    loans = next(place.loans for place in places if place.lot_id == lot_id)
    sold = {str(place.lot_id) for place in places if place.status in _SOLD}
    beside = [_shared(place) for place in places]
    return await several.coverage_of(conn, loans, beside=beside, sold_beside=sold, now=now)


def needless(places: Iterable[Place], covered: dict[UUID, Coverage]) -> list[Place]:
    """The lots every loan of which is covered without them, but for those to whose sale the debtor agreed."""
    return [
        place
        for place in places
        if not (place.is_stopped or place.is_agreed)
        and all(loan in covered and covered[loan].is_covered for loan in place.loans)
    ]


def _shared(place: Place) -> SharedLot:
    return SharedLot(
        lot=str(place.lot_id),
        price_fen=place.price_fen or 0,
        costs_fen=place.costs_fen,
        debts=tuple(map(str, place.loans)),
        designated=tuple(map(str, place.designated)),
    )
