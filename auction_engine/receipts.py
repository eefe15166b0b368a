"""Receipts: what a bidder keeps, and can later hold against the venue without trusting it.

A receipt shows one command and its decision, the batch's public header, the path to the batch's leaf root and the
signature made once for the batch. It reveals nothing of any other command. A hidden maximum is left out of it: its
owner knows it and supplies it to `verify_receipt`.
"""

import struct
from collections.abc import Callable
from functools import cached_property

import msgspec

from auction_engine.checkpoints import LogKey, is_signed
from auction_engine.journal import (
    Entry,
    PublicHeader,
    WireCommand,
    command_leaf,
)
from auction_engine.merkle import root_from_inclusion

RECEIPT_VERSION = 1
_DOMAIN = b"luochui-batch-v1\x00"
#: Commands whose value (a hidden maximum) or extra (a profile with its reserve) never stands in a receipt.
HIDDEN_VALUE = frozenset({"proxy"})
HIDDEN_EXTRA = frozenset({"create"})
#: Places in a wire command.
DO, AGE, PADDLE, VALUE, ID, EXTRA = range(6)


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The proof that one command was decided as it was. Hashes are hex, times milliseconds since 1970."""

    version: int
    log: str
    key: str
    mode: str
    shard: int
    auction: str
    header: PublicHeader
    index: int
    size: int
    #: `[do, age_us, paddle, value, id, extra]`; null in place of what is hidden.
    command: list[object]
    decision: list[int]
    blind: str
    path: list[str]
    root: str
    signature: str

    @property
    def decided_ms(self) -> int:
        """The moment of the decision, by the engine's clock."""
        return self.header.decided_ms


class Seal(msgspec.Struct, frozen=True):
    """One batch's leaf root and the signature over it."""

    root: bytes
    signature: bytes


class SealedEntry:
    """A batch that can give receipts; its tree and signature are made when the first receipt is asked for."""

    def __init__(self, entry: Entry, *, key: LogKey, mode: str) -> None:
        self.entry = entry
        self._key = key
        self._mode = mode

    @cached_property
    def seal(self) -> Seal:
        """The root and the one signature of this batch."""
        root = self.entry.tree.root()
        statement = batch_statement(
            self.entry.shard, self.entry.header.public(), root=root, mode=self._mode
        )
        return Seal(root, self._key.sign(statement))

    def receipt(self, index: int) -> Receipt:
        """The receipt of command `index` of the batch."""
        entry = self.entry
        auction, command = entry.commands[index]
        return Receipt(
            version=RECEIPT_VERSION,
            log=self._key.log_name,
            key=self._key.public_key.hex(),
            mode=self._mode,
            shard=entry.shard,
            auction=auction,
            header=entry.header.public(),
            index=index,
            size=len(entry.leaves),
            command=shown(command),
            decision=entry.decisions[index],
            blind=entry.blind_of(index).hex(),
            path=[step.hex() for step in entry.tree.inclusion(index)],
            root=self.seal.root.hex(),
            signature=self.seal.signature.hex(),
        )


def shown(command: WireCommand) -> list[object]:
    """The command as a receipt shows it: without hidden maxima and reserves."""
    result = list(command)
    if command[DO] in HIDDEN_VALUE:
        result[VALUE] = None
    if command[DO] in HIDDEN_EXTRA and len(command) > EXTRA:
        result[EXTRA] = None
    return result


def batch_statement(shard: int, header: PublicHeader, *, root: bytes, mode: str) -> bytes:
    """The bytes that are signed once a batch: domain, shard, epoch, seq, header hash, leaf root, durability mode."""
    numbers = struct.pack(">IQQ", shard, header.epoch, header.seq)
    name = mode.encode()
    return _DOMAIN + numbers + header.digest() + root + struct.pack(">B", len(name)) + name


def fault_in(
    receipt: Receipt,
    *,
    is_trusted: Callable[[bytes], bool],
    hidden_value: int | None = None,
    hidden_extra: object = None,
) -> str | None:
    """The first thing that does not hold in a receipt, or None.

    `hidden_value` is the holder's own maximum where the receipt leaves it out, `hidden_extra` likewise.
    """
    if receipt.version != RECEIPT_VERSION:
        return f"version: {receipt.version} is unknown"
    try:
        raw = [bytes.fromhex(text) for text in (receipt.key, receipt.signature, receipt.root)]
        blinding, path = (
            bytes.fromhex(receipt.blind),
            [bytes.fromhex(step) for step in receipt.path],
        )
    except ValueError:
        return "a hash, key or signature is not hexadecimal"
    key, signature, root = raw
    command = restored(receipt.command, hidden_value=hidden_value, hidden_extra=hidden_extra)
    leaf = command_leaf(blinding, receipt.auction, command, receipt.decision)
    found = root_from_inclusion(leaf, index=receipt.index, size=receipt.size, path=path)
    if found != root:
        return "path: the command and its decision do not lead to the batch's root"
    if not is_trusted(key):
        return f"key: {receipt.key} is not a key of the venue"
    statement = batch_statement(receipt.shard, receipt.header, root=root, mode=receipt.mode)
    if not is_signed(key, signature, statement):
        return "signature: it was not made over this batch by this key"
    return None


def restored(
    command: list[object], *, hidden_value: int | None, hidden_extra: object
) -> WireCommand:
    """The command with what the receipt left out put back."""
    result = list(command)
    if result and result[DO] in HIDDEN_VALUE and result[VALUE] is None:
        result[VALUE] = hidden_value
    if result and result[DO] in HIDDEN_EXTRA and len(result) > EXTRA and result[EXTRA] is None:
        result[EXTRA] = hidden_extra
    return result
