"""The costs and taxes of a sale: drawn up by one person, locked by another, bound to the exact content.

Source: domain 6.1 (ranks 1 and 2), 6.6 (COSTS_LOCKED).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kit.errors import InvalidInput, NotFound
from kit.ids import uuid7
from kit.money import FEN_MAX
from kit.sql import Connection, load_statements
from settlement import sales
from settlement.documents import canonical, read
from settlement.errors import IllegalStep, PlanChanged, SamePerson

_SQL = load_statements("settlement", "sql/distribution.sql")


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """A cost of realisation or a tax that the seller bears, whom it goes to, and what proves it."""

    kind: Literal["COST", "TAX"]
    name: str
    amount_fen: int
    payee_id: UUID
    payee_name: str
    evidence: str = ""


class CostSheetContent(msgspec.Struct, frozen=True, kw_only=True):
    """The document that is locked."""

    lot_id: UUID
    lines: tuple[CostLine, ...]


class CostSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A cost sheet: DRAFT, then LOCKED by another person."""

    id: UUID
    content: CostSheetContent
    content_hash: bytes
    state: str
    drafted_by: UUID
    locked_by: UUID | None


async def draft_costs(
    conn: Connection, lot_id: UUID, *, lines: Sequence[CostLine], drafted_by: UUID, now: datetime
) -> CostSheet:
    """Draw up the costs of a paid sale; an earlier draft that is not locked is withdrawn."""
    sale = await sales.lock(conn, lot_id)
    if sale.state != sales.PRICE_PAID:
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step="cost sheet")
    _check(lines)
    content = CostSheetContent(lot_id=lot_id, lines=tuple(lines))
    await conn.execute(_SQL["withdraw_cost_sheet"], lot_id)
    await conn.execute(
        _SQL["insert_cost_sheet"], uuid7(now), lot_id, canonical(content), drafted_by, now
    )
    return await of_lot(conn, lot_id)


async def lock_costs(
    conn: Connection, lot_id: UUID, *, content_hash: bytes, locked_by: UUID, now: datetime
) -> CostSheet:
    """Lock the costs as shown: `content_hash` is that of the sheet which the second person saw."""
    sale = await sales.lock(conn, lot_id)
    sheet = await of_lot(conn, lot_id)
    if sheet.content_hash != content_hash:
        raise PlanChanged
    if sheet.state == "LOCKED" and sheet.locked_by == locked_by:
        return sheet
    if sale.state != sales.PRICE_PAID:
        raise IllegalStep(f"sale of lot {lot_id}", state=sale.state, step=sales.COSTS_LOCKED)
    if sheet.drafted_by == locked_by:
        raise SamePerson
    await conn.execute(_SQL["lock_cost_sheet"], sheet.id, locked_by, now)
    await sales.set_state(conn, sale, sales.COSTS_LOCKED)
    return await of_lot(conn, lot_id)


async def of_lot(conn: Connection, lot_id: UUID) -> CostSheet:
    """The standing cost sheet of a lot; raises `NotFound`."""
    row = await conn.fetchrow(_SQL["cost_sheet"], lot_id)
    if row is None:
        raise NotFound
    return CostSheet(
        id=row["id"],
        content=read(row["content"], CostSheetContent),
        content_hash=row["content_hash"],
        state=row["state"],
        drafted_by=row["drafted_by"],
        locked_by=row["locked_by"],
    )


def _check(lines: Sequence[CostLine]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, line in enumerate(lines):
        if not 0 <= line.amount_fen <= FEN_MAX:
            raise InvalidInput(
                f"lines[{index}].amount_fen",
                f"must be from 0 to {FEN_MAX}, not {line.amount_fen}",
                f"须为 0 至 {FEN_MAX}，不能是 {line.amount_fen}",
            )
        if (line.kind, line.name) in seen:
            raise InvalidInput(f"lines[{index}].name", "is listed twice", "重复列出")
        seen.add((line.kind, line.name))
