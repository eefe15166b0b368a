"""The reference model of a whole shard: replays batches of the wire protocol, auction by auction."""

from typing import Any

from auction_engine.rules.commands import GRACE_MS, Command, Decision
from auction_engine.rules.model import Auction


class Shard:
    """The auctions of a shard by their ids; what `decide_v1` must answer to the same batches."""

    def __init__(self) -> None:
        self.auctions: dict[str, Auction] = {}
        self.clock_ms = 0

    def decide(
        self, auction_ids: list[str], commands: list[list[Any]], decided_ms: int
    ) -> list[Decision]:
        """Decide one batch. Raises KeyError for a command on an auction that was never created."""
        self.clock_ms = max(self.clock_ms, decided_ms)
        return [self._decide(auction_ids, array) for array in commands]

    def _decide(self, auction_ids: list[str], array: list[Any]) -> Decision:
        command, index, age_us = Command.from_wire(array)
        auction_id = auction_ids[index - 1]
        if command.creation is not None:
            return self._create(auction_id, command)
        at = self.clock_ms - min(max(age_us // 1000, 0), GRACE_MS)
        return self.auctions[auction_id].decide(command, at, self.clock_ms)

    def _create(self, auction_id: str, command: Command) -> Decision:
        assert command.creation is not None, "only `create` carries a creation"
        present = self.auctions.get(auction_id)
        if present is not None:
            return present.recreate(command.creation)
        auction = Auction.from_creation(command.creation)
        self.auctions[auction_id] = auction
        return auction.created()
