"""Whether an auction's tables say what its journal says: every row derived again from the bytes, and compared."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from auction_engine.replica import Replica, entries_of, replay_entry
from auction_engine.rows import Accepted, Refused, Rows
from kit.sql import Connection, load_statements

_SQL = load_statements("auction_engine", "sql/journal_check.sql")


async def journal_differences(conn: Connection, auction_id: UUID) -> list[str]:
    """What the tables of one auction hold that its journal does not, or the other way; empty when they agree.

    Replays every command through the reference rules on the way; JournalBroken where the engine decided otherwise.
    """
    entries = await entries_of(conn, auction_id)
    replica, rows = Replica(), Rows({})
    for entry in entries:
        replay_entry(entry, {str(auction_id): replica}, only=str(auction_id))
        rows.add(entry)
    found: list[str] = []
    for table, expected in (("bids", rows.accepted), ("refusals", rows.refused)):
        own = [row for row in expected if row.auction_id == auction_id]
        stored = await conn.fetch(_SQL[table], auction_id)
        found += _differences(table, own, stored)
    if entries:
        found += await _state_differences(conn, auction_id, replica, entries[-1].header.decided_ms)
    return found


def _differences(
    table: str, expected: Sequence[Accepted | Refused], stored: Sequence[Any]
) -> list[str]:
    if len(expected) != len(stored):
        return [f"engine.{table} holds {len(stored)} rows, the journal {len(expected)}"]
    return [
        f"engine.{table} {name} of batch {row['batch_seq']}, command {row['batch_index']}: table {row[name]!r},"
        f" journal {getattr(said, name)!r}"
        for said, row in zip(expected, stored, strict=True)
        for name in said.__struct_fields__
        if getattr(said, name) != row[name]
    ]


async def _state_differences(
    conn: Connection, auction_id: UUID, replica: Replica, decided_ms: int
) -> list[str]:
    row = await conn.fetchrow(_SQL["auction"], auction_id)
    if row is None:
        return [f"engine.auctions has no row of {auction_id}"]
    state = msgspec.structs.asdict(replica.state(decided_ms))
    result = state.pop("result")
    said = {**state, "result": None if result is None else msgspec.to_builtins(result)}
    kept = {name: row[name] for name in state} | {
        "result": None if row["result"] is None else msgspec.json.decode(row["result"])
    }
    return [
        f"engine.auctions {name}: table {kept[name]!r}, journal {said[name]!r}"
        for name in said
        if said[name] != kept[name]
    ]
