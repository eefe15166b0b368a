"""Proofs that a shard's log gives to anybody: that it only grew, and that a receipt's batch is in it.

What comes from the server is checked here by whoever asked: `fault_in_inclusion` and `fault_in_consistency` need no
server and no network.
"""

from collections.abc import Iterable

import msgspec

from auction_engine import log_tree
from auction_engine.checkpoints import BadNote, Checkpoint, open_checkpoint, origin_of
from auction_engine.journal import chain_value
from auction_engine.merkle import is_consistent, leaf_hash, root_from_inclusion
from auction_engine.receipts import Receipt
from kit.errors import InvalidInput, NotFound
from kit.sql import Connection, load_statements

_SQL = load_statements("auction_engine", "sql/key_history.sql")


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A shard's log as it was last signed: a C2SP checkpoint."""

    shard: int
    size: int
    note: str


class ConsistencyProof(msgspec.Struct, frozen=True, kw_only=True):
    """That the first `old` batches of a shard's log begin the first `new`. Hashes are hex."""

    shard: int
    old: int
    new: int
    path: list[str]


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """That a batch is in the log that a checkpoint signs: the chain value before it, and the path to the root."""

    shard: int
    seq: int
    chain_before: str
    path: list[str]
    checkpoint: SignedHead


async def last_head(conn: Connection, shard: int) -> SignedHead:
    """The last checkpoint of a shard. Raises NotFound where none is signed yet."""
    row = await conn.fetchrow(_SQL["last_checkpoint"], shard)
    if row is None:
        raise NotFound(f"shard {shard} has no checkpoint yet", f"分片 {shard} 尚无检查点")
    return SignedHead(shard=shard, size=row["size"], note=row["note"])


async def consistency(
    conn: Connection, shard: int, *, old: int, new: int | None
) -> ConsistencyProof:
    """The proof between two sizes, up to the last checkpoint's (`new` None: that). Raises InvalidInput, NotFound."""
    last = await last_head(conn, shard)
    new = last.size if new is None else new
    if not 0 <= old <= new <= last.size:
        raise InvalidInput(
            "new",
            f"must be from old to the last checkpoint's size {last.size}, and old from 0",
            f"须不小于 old 且不大于最新检查点规模 {last.size}",
        )
    path = await log_tree.consistency(conn, shard, old=old, new=new)
    return ConsistencyProof(shard=shard, old=old, new=new, path=[step.hex() for step in path])


async def inclusion(conn: Connection, shard: int, seq: int) -> InclusionProof:
    """The proof of batch `seq` in the first checkpoint that covers it. Raises NotFound before there is one."""
    row = await conn.fetchrow(_SQL["checkpoint"], shard, seq)
    batch = await conn.fetchrow(_SQL["batch"], shard, seq)
    if row is None or batch is None:
        raise NotFound(
            f"no checkpoint of shard {shard} covers batch {seq} yet; one is signed at the close",
            f"分片 {shard} 第 {seq} 批尚未被检查点覆盖",
        )
    path = await log_tree.inclusion(conn, shard, index=seq - 1, size=row["size"])
    return InclusionProof(
        shard=shard,
        seq=seq,
        chain_before=batch["previous_chain"].hex(),
        path=[step.hex() for step in path],
        checkpoint=SignedHead(shard=shard, size=row["size"], note=row["note"]),
    )


def fault_in_inclusion(
    receipt: Receipt, proof: InclusionProof, *, keys: Iterable[bytes]
) -> str | None:
    """Why the proof does not put the receipt's batch into a log signed by one of `keys`; None if it does."""
    if (proof.shard, proof.seq) != (receipt.shard, receipt.header.seq):
        return "it is of another batch than the receipt"
    checkpoint = _signed(proof.checkpoint, log=receipt.log, keys=keys)
    if isinstance(checkpoint, str):
        return checkpoint
    try:
        before, root = bytes.fromhex(proof.chain_before), bytes.fromhex(receipt.root)
        path = [bytes.fromhex(step) for step in proof.path]
    except ValueError:
        return "a hash is not hexadecimal"
    leaf = leaf_hash(chain_value(before, receipt.header, root))
    found = root_from_inclusion(leaf, index=proof.seq - 1, size=checkpoint.size, path=path)
    return None if found == checkpoint.root else "the path does not lead to the checkpoint's root"


def fault_in_consistency(
    old: SignedHead,
    new: SignedHead,
    proof: ConsistencyProof,
    *,
    log: str,
    keys: Iterable[bytes],
) -> str | None:
    """Why the newer checkpoint is not shown to continue the older; None if it is."""
    known = tuple(keys)
    first, second = _signed(old, log=log, keys=known), _signed(new, log=log, keys=known)
    if isinstance(first, str):
        return first
    if isinstance(second, str):
        return second
    if (proof.old, proof.new) != (first.size, second.size):
        return "the proof is of other sizes than the checkpoints"
    try:
        path = [bytes.fromhex(step) for step in proof.path]
    except ValueError:
        return "a hash is not hexadecimal"
    if is_consistent(
        path, old=first.size, new=second.size, old_root=first.root, new_root=second.root
    ):
        return None
    return "the newer log does not continue the older one"


def _signed(head: SignedHead, *, log: str, keys: Iterable[bytes]) -> Checkpoint | str:
    reason = "there is no key to check the checkpoint with"
    for key in keys:
        try:
            return open_checkpoint(head.note, origin=origin_of(log, head.shard), public_key=key)
        except BadNote as error:
            reason = str(error)
    return reason
