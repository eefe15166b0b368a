"""Orders about money that two people give: what one proposes as a document, another approves as shown.

The approval binds the document's exact bytes (T39); who approves is another person than who proposed, and the database
holds both. What an order does is its own service's: it asks `approve` for the document and acts in that transaction.
"""

from datetime import datetime
from typing import Final, Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from kit.errors import Conflict, NotFound
from kit.failpoints import register
from kit.ids import uuid7
from kit.sql import Connection, load_statements
from settlement.documents import canonical, read
from settlement.errors import PlanChanged, SamePerson

_SQL = load_statements("settlement", "sql/orders.sql")
PAID_BY_HAND: Final = "PAID_BY_HAND"
RESCISSION: Final = "RESCISSION"
INSTALMENTS: Final = "INSTALMENTS"
FORFEITURE: Final = "FORFEITURE"
REVOCATION: Final = "REVOCATION"
PAYOUT_REFERENCE: Final = "PAYOUT_REFERENCE"
Kind = Literal[
    "PAID_BY_HAND", "RESCISSION", "INSTALMENTS", "FORFEITURE", "REVOCATION", "PAYOUT_REFERENCE"
]
PROPOSED, DONE, REFUSED = "PROPOSED", "DONE", "REFUSED"
T = TypeVar("T", bound=msgspec.Struct)

_before_done = register("settlement.orders.before_done")
_after_done = register("settlement.orders.after_done")


class OrderStands(Conflict):
    """Another order about this stands, or was carried out. / 已有其他指令待复核或已执行。"""

    code = "order_stands"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order, its document's bytes and their SHA-256, and who gave it."""

    id: UUID
    kind: str
    subject_id: UUID
    content: bytes
    content_hash: bytes
    state: str
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    refusal: str | None


async def propose(
    conn: Connection,
    kind: Kind,
    subject_id: UUID,
    document: msgspec.Struct,
    *,
    proposed_by: UUID,
    now: datetime,
) -> Order:
    """Propose an order; the same again by the same person is answered as the first time. Raises `OrderStands`."""
    content = canonical(document)
    await conn.execute(
        _SQL["insert_order"], uuid7(now), kind, subject_id, content, proposed_by, now
    )
    order = await standing(conn, kind, subject_id)
    if (order.content, order.proposed_by) != (content, proposed_by):
        raise OrderStands
    return order


async def approve(
    conn: Connection,
    kind: Kind,
    subject_id: UUID,
    *,
    content_hash: bytes,
    approved_by: UUID,
    now: datetime,
) -> tuple[Order, bool]:
    """The order with these bytes, marked done; and whether it was done before, by the same person.

    Raises `NotFound`, `PlanChanged` for other bytes than were shown, `SamePerson`, `OrderStands` for one that another
    person carried out.
    """
    order = await standing(conn, kind, subject_id)
    if order.content_hash != content_hash:
        raise PlanChanged
    if order.state == DONE:
        if order.decided_by != approved_by:
            raise OrderStands
        return order, True
    if order.proposed_by == approved_by:
        raise SamePerson
    _before_done()
    await conn.execute(_SQL["do_order"], order.id, approved_by, now, content_hash)
    _after_done()
    return await standing(conn, kind, subject_id), False


async def refuse(
    conn: Connection, kind: Kind, subject_id: UUID, *, refused_by: UUID, reason: str, now: datetime
) -> None:
    """Refuse a proposed order, or take one's own back; another may be proposed then."""
    order = await standing(conn, kind, subject_id)
    if order.state == DONE:
        raise OrderStands
    await conn.execute(_SQL["refuse_order"], order.id, refused_by, now, reason)


async def standing(conn: Connection, kind: Kind, subject_id: UUID) -> Order:
    """The order about a subject that is not refused, locked; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["standing"], kind, subject_id)
    if row is None:
        raise NotFound("there is no such order", "没有该指令")
    return _order(row)


async def of_subject(conn: Connection, subject_id: UUID) -> list[Order]:
    """Every order about a subject, refused ones too, in the order proposed."""
    return [_order(row) for row in await conn.fetch(_SQL["orders_of"], subject_id)]


def document_of(order: Order, kind: type[T]) -> T:
    """What the order says."""
    return read(order.content, kind)


def _order(row: asyncpg.Record) -> Order:
    return msgspec.convert(dict(row), Order)
