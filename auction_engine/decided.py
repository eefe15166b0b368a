"""A decided batch as the gateway holds it: answers at once, proofs when somebody asks for them."""

from collections.abc import Sequence
from functools import cached_property

import msgspec

from auction_engine.checkpoints import LogKey
from auction_engine.journal import ACCEPTED, DecisionColumns, Entry, WireDecision, decode_decisions
from auction_engine.receipts import Receipt, SealedEntry
from auction_engine.rules.commands import Decision


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
        paddles: Sequence[int],
        values: Sequence[int],
    ) -> None:
        self.seq = seq
        self.decided_ms = decided_ms
        self._paddles, self._values = paddles, values
        self._decisions = decode_decisions(decisions_bytes)
        assert len(self) == len(paddles), "the engine answers every command of a batch"
        self._entry = shard, header, commands, decisions_bytes, auctions
        self._key = key
        self._mode = mode

    def __len__(self) -> int:
        decisions = self._decisions
        return len(decisions.seqs if isinstance(decisions, DecisionColumns) else decisions)

    def wire(self, index: int) -> WireDecision:
        """The decision on command `index` as the protocol writes it."""
        decisions = self._decisions
        if not isinstance(decisions, DecisionColumns):
            return decisions[index]
        return decisions.row(index, self._paddles[index], self._values[index])

    def is_new(self, index: int) -> bool:
        """Whether command `index` was accepted now: neither refused nor a replay."""
        decisions = self._decisions
        if isinstance(decisions, DecisionColumns):
            seq = decisions.seqs[index]
            if seq:
                return seq > 0
        return self.wire(index)[0] == ACCEPTED

    @cached_property
    def sealed(self) -> SealedEntry:
        """The batch with its signature, which is made once."""
        return SealedEntry(Entry(*self._entry), key=self._key, mode=self._mode)


class Acknowledgement(msgspec.Struct, gc=False):
    """One caller's answer: command `index` of `batch`. A batch knows none of its answers, so no cycle can form."""

    batch: Decided
    index: int

    @property
    def wire(self) -> list[int]:
        """The decision as the engine wrote it."""
        return self.batch.wire(self.index)

    @property
    def is_new(self) -> bool:
        """Whether the command was accepted now: neither refused nor a replay."""
        return self.batch.is_new(self.index)

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
