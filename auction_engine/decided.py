"""A decided batch as the gateway holds it: answers at once, proofs when somebody asks for them."""

from functools import cached_property

import msgspec

from auction_engine.checkpoints import LogKey
from auction_engine.journal import Entry
from auction_engine.receipts import Receipt, SealedEntry
from auction_engine.rules.commands import Decision

_decode_decisions = msgspec.msgpack.Decoder(list[list[int]]).decode


def _count(packed: bytes) -> int:
    """The length of a packed array, from its head alone (the msgpack format's fixarray, array 16 and array 32)."""
    kind = packed[0]
    if kind == 0xDC:
        return int.from_bytes(packed[1:3], "big")
    if kind == 0xDD:
        return int.from_bytes(packed[1:5], "big")
    return kind - 0x90


class Decided:
    """One answered call."""

    def __init__(
        self,
        *,
        shard: int,
        seq: int,
        decided_ms: int,
        header: bytes,
        commands: bytes,
        decisions_bytes: bytes,
        auctions: bytes,
        key: LogKey,
        mode: str,
        count: int,
    ) -> None:
        self.seq = seq
        self.decided_ms = decided_ms
        assert _count(decisions_bytes) == count, "the engine answers every command of a batch"
        self._decisions_bytes = decisions_bytes
        self._entry = Entry(shard, header, commands, decisions_bytes, auctions)
        self._key = key
        self._mode = mode

    @cached_property
    def decisions(self) -> list[list[int]]:
        """The decisions, in the order of the commands; decoded when the first is asked for."""
        return _decode_decisions(self._decisions_bytes)

    @cached_property
    def sealed(self) -> SealedEntry:
        """The batch with its signature, which is made once."""
        return SealedEntry(self._entry, key=self._key, mode=self._mode)


class Acknowledgement(msgspec.Struct, gc=False):
    """One caller's answer: command `index` of `batch`. A batch knows none of its answers, so no cycle can form."""

    batch: Decided
    index: int

    @property
    def wire(self) -> list[int]:
        """The decision as the engine wrote it."""
        return self.batch.decisions[self.index]

    @property
    def decision(self) -> Decision:
        """The decision."""
        return Decision.from_wire(self.wire)

    @property
    def decided_ms(self) -> int:
        """The moment of the decision by the engine's clock."""
        return self.batch.decided_ms

    def receipt(self) -> Receipt | None:
        """The proof of this decision; None where nothing was journalled now (a replay alone, a tick)."""
        return self.batch.sealed.receipt(self.index) if self.batch.seq else None
