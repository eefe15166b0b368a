"""Auctions as the reference model rebuilds them from the journal: the second opinion on every decision.

The projector, the fence and the verifier all read journals through this one place.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from auction_engine.errors import JournalBroken
from auction_engine.journal import Entry, WireCommand, WireDecision
from auction_engine.log_tree import SQL
from auction_engine.receipts import DO, EXTRA
from auction_engine.rows import ingress_ms
from auction_engine.rules.commands import Command, Creation, Result
from auction_engine.rules.model import Auction
from auction_engine.sealed_canary import hash_of
from kit.sql import Connection

#: Auctions of a shard kept in memory between batches; the others are rebuilt when they are met again.
REPLICAS_MAX = 512


class State(msgspec.Struct, frozen=True, kw_only=True):
    """An auction's public state as of one batch. `result` is None until it is final."""

    format: str
    profile_hash: str
    opens_at_ms: int
    status: str
    seq: int
    price_fen: int | None
    leader: int | None
    ends_at_ms: int | None
    extensions: int
    bids: int | None
    bidders: int | None
    result: dict[str, Any] | None


class Replica:
    """One auction, as far as its journal has been read."""

    def __init__(self) -> None:
        self._auction: Auction | None = None

    @property
    def auction(self) -> Auction:
        """The model; an auction's first command creates it."""
        if self._auction is None:
            raise JournalBroken("the auction's journal does not begin with its creation")
        return self._auction

    def decide(self, command: WireCommand, decided_ms: int) -> WireDecision:
        """The model's decision on the next command of the journal."""
        if command[DO] == "create":
            return self._create(msgspec.convert(command[EXTRA], Creation))
        decoded, _, _ = Command.from_wire([0, *command])
        at_ms = ingress_ms(command, decided_ms)
        return self.auction.decide(decoded, at_ms, decided_ms).to_wire()

    def state(self, at_ms: int) -> State:
        """The public state at `at_ms`."""
        view = self.auction.view(at_ms)
        return State(
            format=self.auction.profile.format,
            profile_hash=self.auction.hash,
            opens_at_ms=self.auction.profile.opens_at,
            status=view["status"],
            seq=view["seq"],
            price_fen=view["price_fen"],
            leader=view["leader"],
            ends_at_ms=view["ends_at"],
            extensions=view["extensions"],
            bids=view["bids"],
            bidders=view["bidders"],
            result=view["result"] if view["final"] else None,
        )

    def result(self, at_ms: int) -> Result:
        """How the auction stands at `at_ms`."""
        return self.auction.result(at_ms)

    def _create(self, creation: Creation) -> WireDecision:
        if self._auction is not None:
            return self._auction.recreate(creation).to_wire()
        self._auction = Auction.from_creation(creation)
        if self._auction.hash != creation.hash:
            raise JournalBroken("the creation's profile has not the hash that it states")
        if creation.sealing is not None and creation.sealing.hash != hash_of(creation.sealing):
            raise JournalBroken("the creation's sealing has not the hash that it states")
        return self._auction.created().to_wire()


class Replicas:
    """The replicas of one shard's auctions, as of one position of its journal."""

    def __init__(self, shard: int) -> None:
        self._shard = shard
        self._replicas: dict[str, Replica] = {}
        self._seq: int | None = None

    def of(self, auction: str) -> Replica:
        """The replica of an auction of the batch that was replayed last."""
        return self._replicas[auction]

    async def replay(self, conn: Connection, entry: Entry) -> None:
        """Decide a batch's commands again; JournalBroken where the engine decided otherwise."""
        if self._seq != entry.header.seq - 1:
            self._replicas.clear()
        for auction in entry.auctions:
            replica = self._replicas.pop(auction, None)
            if replica is None:
                replica = await replica_from_journal(conn, UUID(auction))
            self._replicas[auction] = replica
        replay_entry(entry, self._replicas)
        self._seq = entry.header.seq

    def trim(self) -> None:
        """Let go of the replicas that were used least recently; between transactions only."""
        while len(self._replicas) > REPLICAS_MAX:
            self._replicas.pop(next(iter(self._replicas)))


def replay_entry(entry: Entry, replicas: dict[str, Replica], *, only: str | None = None) -> None:
    """Decide a batch's commands (or those of one auction) again and compare."""
    for index, ((auction, command), decision) in enumerate(
        zip(entry.commands, entry.decisions, strict=True)
    ):
        if only is not None and auction != only:
            continue
        expected = replicas[auction].decide(command, entry.header.decided_ms)
        if expected != decision:
            raise JournalBroken(
                f"shard {entry.shard}, batch {entry.header.seq}, command {index}: the engine decided"
                f" {decision}, the rules say {expected}",
                f"分片 {entry.shard} 第 {entry.header.seq} 批第 {index} 条：引擎裁决与规则不符",
            )


async def replica_from_journal(conn: Connection, auction: UUID) -> Replica:
    """The replica of an auction from everything that PostgreSQL holds of it; empty where that is nothing."""
    replica = Replica()
    for entry in await entries_of(conn, auction):
        replay_entry(entry, {str(auction): replica}, only=str(auction))
    return replica


async def entries_of(conn: Connection, auction: UUID) -> list[Entry]:
    """The journalled batches that hold commands of an auction, in order."""
    return entries_from_rows(await conn.fetch(SQL["batches_of_auction"], auction))


def entries_from_rows(rows: Iterable[Any]) -> list[Entry]:
    """Batches as PostgreSQL keeps them."""
    return [
        Entry(row["shard"], row["header"], row["commands"], row["decisions"], row["auctions"])
        for row in rows
    ]
