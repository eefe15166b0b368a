"""A decided batch as the gateway holds it: answers at once, proofs when somebody asks for them."""

from functools import cached_property

import msgspec

from auction_engine.checkpoints import LogKey
from auction_engine.journal import Entry
from auction_engine.receipts import Receipt, SealedEntry
from auction_engine.rules.commands import Decision

_decode_decisions = msgspec.msgpack.Decoder(list[list[int]]).decode


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
        self.decisions = _decode_decisions(decisions_bytes)
        assert len(self.decisions) == count, "the engine answers every command of a batch"
        self._entry = Entry(shard, header, commands, decisions_bytes, auctions)
        self._key = key
        self._mode = mode

    @cached_property
    def sealed(self) -> SealedEntry:
        """The batch with its signature, which is made once."""
        return SealedEntry(self._entry, key=self._key, mode=self._mode)


class Acknowledgement:
    """One caller's answer."""

    __slots__ = ("_batch", "_index")

    def __init__(self, batch: Decided, index: int) -> None:
        self._batch = batch
        self._index = index

    @property
    def wire(self) -> list[int]:
        """The decision as the engine wrote it."""
        return self._batch.decisions[self._index]

    @property
    def decision(self) -> Decision:
        """The decision."""
        return Decision.from_wire(self.wire)

    @property
    def decided_ms(self) -> int:
        """The moment of the decision by the engine's clock."""
        return self._batch.decided_ms

    def receipt(self) -> Receipt | None:
        """The proof of this decision; None where nothing was journalled now (a replay alone, a tick)."""
        return self._batch.sealed.receipt(self._index) if self._batch.seq else None
