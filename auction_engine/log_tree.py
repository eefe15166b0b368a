"""A shard's Merkle tree as it lies in PostgreSQL, and the signing of its checkpoints.

A checkpoint is signed only after the consistency proof from the last one persisted verifies: a log must not sign what
is inconsistent with what it signed before (C2SP tlog-checkpoint; reliability T12).
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from auction_engine.checkpoints import Checkpoint, LogKey, open_checkpoint
from auction_engine.errors import CheckpointInconsistent, JournalBroken
from auction_engine.merkle import (
    Node,
    Range,
    append_nodes,
    complete_nodes,
    consistency_ranges,
    inclusion_ranges,
    is_consistent,
    leaf_hash,
    needed_nodes,
    range_hash,
)
from kit.sql import Connection, load_statements

SQL = load_statements("auction_engine", "sql/projector.sql")


async def append_chain(
    conn: Connection, shard: int, *, size: int, chain_values: Sequence[bytes]
) -> None:
    """Add chain values as leaves to the shard's tree of `size` leaves; the caller holds the shard's row."""
    nodes = await _read_nodes(conn, shard, complete_nodes(0, size))
    added: list[tuple[Node, bytes]] = []
    for offset, value in enumerate(chain_values):
        new = append_nodes(size + offset, leaf_hash(value), nodes.__getitem__)
        nodes.update(new)
        added += new
    levels, indexes = [node[0] for node, _ in added], [node[1] for node, _ in added]
    await conn.execute(SQL["insert_nodes"], shard, levels, indexes, [hash_ for _, hash_ in added])


async def root(conn: Connection, shard: int, *, size: int) -> bytes:
    """The root of the shard's first `size` batches."""
    (found,) = await _hashes(conn, shard, [(0, size)])
    return found


async def inclusion(conn: Connection, shard: int, *, index: int, size: int) -> list[bytes]:
    """The proof that batch `index` (from 0) is in the tree of `size` batches."""
    return await _hashes(conn, shard, inclusion_ranges(index, size))


async def consistency(conn: Connection, shard: int, *, old: int, new: int) -> list[bytes]:
    """The proof that the first `old` batches begin the first `new`."""
    return await _hashes(conn, shard, consistency_ranges(old, new))


async def sign_checkpoint(
    conn: Connection, shard: int, *, key: LogKey, now: datetime
) -> str | None:
    """Sign and store the shard's present head, and return the note; None where it is signed already, or empty.

    Raises CheckpointInconsistent where the tree no longer contains what was signed last.
    """
    position = await conn.fetchrow(SQL["lock_shard"], shard)
    size = 0 if position is None else int(position["seq"])
    last = await conn.fetchrow(SQL["last_checkpoint"], shard)
    if size == 0 and last is None:
        return None
    if (
        last is not None
        and last["size"] == size
        and last["root"] == await root(conn, shard, size=size)
    ):
        return None
    checkpoint = Checkpoint(
        origin=key.origin(shard), size=size, root=await root(conn, shard, size=size)
    )
    if last is not None:
        await _prove_consistent(conn, shard, last, checkpoint)
    note = key.sign_checkpoint(checkpoint)
    open_checkpoint(note, origin=checkpoint.origin, public_key=key.public_key)
    await conn.execute(
        SQL["insert_checkpoint"], shard, size, checkpoint.root, key.public_key, note, now
    )
    return note


async def _prove_consistent(
    conn: Connection, shard: int, last: asyncpg.Record, checkpoint: Checkpoint
) -> None:
    old = last["size"]
    path = (
        await consistency(conn, shard, old=old, new=checkpoint.size)
        if old <= checkpoint.size
        else []
    )
    if not is_consistent(
        path, old=old, new=checkpoint.size, old_root=last["root"], new_root=checkpoint.root
    ):
        raise CheckpointInconsistent(
            f"shard {shard}: the log of {checkpoint.size} batches does not continue the checkpoint"
            f" of {old} batches that is signed already",
            f"分片 {shard} 的日志与已签名的检查点不一致，拒绝签名",
            shard=shard,
        )


async def _hashes(conn: Connection, shard: int, ranges: Sequence[Range]) -> list[bytes]:
    nodes = await _read_nodes(conn, shard, needed_nodes(ranges))
    return [range_hash(low, high, nodes.__getitem__) for low, high in ranges]


async def _read_nodes(conn: Connection, shard: int, wanted: Sequence[Node]) -> dict[Node, bytes]:
    levels, indexes = [level for level, _ in wanted], [index for _, index in wanted]
    rows = await conn.fetch(SQL["nodes"], shard, levels, indexes)
    nodes = {(row["level"], row["index"]): row["hash"] for row in rows}
    if len(nodes) < len(set(wanted)):
        raise JournalBroken(f"shard {shard}: nodes of its Merkle tree are missing")
    return nodes
