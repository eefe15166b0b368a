"""Two-phase holds: money set aside, then captured whole or in part (the rest goes back), released, or expired.

Each hold has an account of its own, so what is captured can never come out of another hold.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from kit.errors import Conflict, InvalidInput, NotFound
from kit.failpoints import register
from kit.money import yuan
from kit.sql import Connection, load_statements
from settlement.errors import IdempotencyIdReused, IllegalStep, OverCapture
from settlement.ledger import AccountKey, Entry, Transfer, move, open_accounts, post_one

_SQL = load_statements("settlement", "sql/holds.sql")
HELD, CAPTURED, RELEASED, EXPIRED = "HELD", "CAPTURED", "RELEASED", "EXPIRED"

_before_hold = register("settlement.holds.before_hold")
_after_hold = register("settlement.holds.after_hold")
_before_close = register("settlement.holds.before_close")
_after_close = register("settlement.holds.after_close")


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside from `source` on the account `held`; `captured_fen` is what was taken of it."""

    id: UUID
    amount_fen: int
    captured_fen: int
    state: str
    ref: str
    expires_at: datetime | None
    source: AccountKey
    held: AccountKey


async def hold(
    conn: Connection,
    hold_id: UUID,
    *,
    source: AccountKey,
    amount_fen: int,
    ref: str,
    now: datetime,
    held: AccountKey | None = None,
    expires_at: datetime | None = None,
) -> Hold:
    """Set money aside. The same id with the same content is answered as the first time.

    `held` is the account it stands on, one that nothing else uses; by default one named after the hold.
    Raises `InsufficientFunds` when the source has less than the amount, `IdempotencyIdReused` for an id or
    an account that another hold has.
    """
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    target = held or AccountKey("held", source.owner, str(hold_id))
    ids = await open_accounts(conn, [source, target], now=now)
    _before_hold()
    made = await conn.fetchval(
        _SQL["insert_hold"], hold_id, ids[source], ids[target], amount_fen, ref, expires_at, now
    )
    if made is None:
        known = await _lock_or_none(conn, hold_id)
        if known is None or (known.source, known.held, known.amount_fen) != (
            source,
            target,
            amount_fen,
        ):
            raise IdempotencyIdReused
        return known
    await post_one(
        conn,
        move(
            f"hold:{hold_id}:hold",
            kind="hold",
            ref=ref,
            source=source,
            target=target,
            amount_fen=amount_fen,
        ),
        now=now,
    )
    _after_hold()
    return await lock(conn, hold_id)


async def capture(
    conn: Connection, hold_id: UUID, *, target: AccountKey, amount_fen: int, now: datetime
) -> Hold:
    """Take all or part of a hold to `target`; the rest goes back to where it came from.

    Raises `OverCapture` above what is held, `IllegalStep` when the hold is closed or its time is over.
    """
    held = await lock(conn, hold_id)
    if amount_fen > held.amount_fen:
        raise OverCapture(
            f"CNY {yuan(amount_fen)} is more than the {yuan(held.amount_fen)} held",
            f"{yuan(amount_fen)} 元超过冻结的 {yuan(held.amount_fen)} 元",
        )
    if amount_fen <= 0:
        raise InvalidInput("amount_fen", f"must be above 0, not {amount_fen}", "须大于 0")
    if held.state == HELD and held.expires_at is not None and held.expires_at <= now:
        raise Conflict("the hold's time is over; it can only expire", "冻结已到期，只能解除")
    return await _close(conn, held, CAPTURED, target=target, captured_fen=amount_fen, now=now)


async def release(conn: Connection, hold_id: UUID, *, now: datetime) -> Hold:
    """Give all of a hold back."""
    return await _close(conn, await lock(conn, hold_id), RELEASED, now=now)


async def expire_due(conn: Connection, *, now: datetime, limit: int = 100) -> list[UUID]:
    """Give back the holds whose time is over, and name them."""
    rows = await conn.fetch(_SQL["expired_holds"], now, limit)
    for row in rows:
        await _close(conn, await lock(conn, row["id"]), EXPIRED, now=now)
    return [row["id"] for row in rows]


async def lock(conn: Connection, hold_id: UUID) -> Hold:
    """The hold, locked until the transaction ends; raises `NotFound`."""
    found = await _lock_or_none(conn, hold_id)
    if found is None:
        raise NotFound
    return found


async def _lock_or_none(conn: Connection, hold_id: UUID) -> Hold | None:
    row = await conn.fetchrow(_SQL["lock_hold"], hold_id)
    if row is None:
        return None
    return Hold(
        id=row["id"],
        amount_fen=row["amount_fen"],
        captured_fen=row["captured_fen"],
        state=row["state"],
        ref=row["ref"],
        expires_at=row["expires_at"],
        source=AccountKey(row["source_kind"], row["source_owner"], row["source_ref"]),
        held=AccountKey(row["held_kind"], row["held_owner"], row["held_ref"]),
    )


async def _close(
    conn: Connection,
    held: Hold,
    state: str,
    *,
    now: datetime,
    target: AccountKey | None = None,
    captured_fen: int = 0,
) -> Hold:
    """End a hold once: a repeat of the same end changes nothing, another end is refused."""
    if held.state != HELD:
        if (held.state, held.captured_fen) == (state, captured_fen):
            return held
        raise IllegalStep(f"hold {held.id}", state=held.state, step=state)
    entries = [Entry(held.held, -held.amount_fen)]
    if target is not None:
        entries.append(Entry(target, captured_fen))
    if held.amount_fen > captured_fen:
        entries.append(Entry(held.source, held.amount_fen - captured_fen))
    _before_close()
    await post_one(
        conn,
        Transfer(
            idempotency_id=f"hold:{held.id}:close",
            kind=f"hold_{state.lower()}",
            ref=held.ref,
            entries=tuple(entries),
        ),
        now=now,
    )
    await conn.execute(_SQL["close_hold"], held.id, state, captured_fen, now)
    _after_close()
    return msgspec.structs.replace(held, state=state, captured_fen=captured_fen)
