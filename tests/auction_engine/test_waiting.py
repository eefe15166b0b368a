"""The queue before a shard: what is packed before the call leaves is what leaves."""

from typing import Any

from auction_engine.journal import decode_commands
from auction_engine.rules.commands import Command
from auction_engine.waiting import Buckets, Limits, Waiting

LIMITS = Limits(batch_max=4)
AUCTION, OTHER = "a", "b"


class Nobody:
    """A caller that waits for nothing."""

    left = 1

    def answer(self, position: int, batch: Any, index: int, count: int) -> None:
        """Nobody hears it."""

    def fail(self, position: int, error: Exception) -> None:
        """Nobody hears it."""


def add(waiting: Waiting, auction: str, paddle: int, *, entered_us: int = 0) -> None:
    """A bid that waits."""
    bid = Command(do="bid", paddle=paddle, value=100 * paddle, id=f"id-{paddle}")
    waiting.add(auction, bid, entered_us=entered_us, sink=Nobody(), position=0)


def test_what_was_made_ready_leaves_with_the_ages_of_its_call() -> None:
    """A full batch is packed while another is decided; its ages are those of the moment at which it leaves."""
    waiting, plain = Waiting(LIMITS), Waiting(LIMITS)
    for queue in (waiting, plain):
        for paddle in range(1, 5):
            add(queue, OTHER if paddle == 3 else AUCTION, paddle, entered_us=paddle)
    waiting.make_ready()
    taken = waiting.take().packed(1_000)
    assert taken == plain.take().packed(1_000)
    auctions, commands = taken
    assert auctions == [AUCTION, OTHER]
    assert [row[:4] for row in decode_commands(commands)] == [
        [1, "bid", 999, 1],
        [1, "bid", 998, 2],
        [2, "bid", 997, 3],
        [1, "bid", 996, 4],
    ]


def test_what_comes_after_it_was_made_ready_leaves_as_if_it_had_not_been() -> None:
    """A later command has its turn in the batch: nothing that was packed before keeps it out, and none is lost."""
    waiting = Waiting(LIMITS)
    for n in range(4):
        add(waiting, AUCTION, 1 + n % 2)
    waiting.make_ready()
    add(waiting, AUCTION, 3)
    _, first = waiting.take().packed(0)
    assert [row[3] for row in decode_commands(first)] == [1, 2, 1, 3]
    _, second = waiting.take().packed(0)
    assert [row[3] for row in decode_commands(second)] == [2]


def test_bids_that_are_added_together_are_packed_too() -> None:
    """The bids of one caller that fill the batch after it was made ready are in it."""
    waiting = Waiting(Limits(batch_max=2))
    bids = [Command(do="bid", paddle=paddle, value=5, id=str(paddle)) for paddle in (7, 8)]
    buckets = Buckets(LIMITS)
    for bid in bids:
        waiting.make_ready()
        assert waiting.add_bids(AUCTION, [bid], entered_us=0, sink=Nobody(), buckets=buckets) == 1
    waiting.make_ready()
    auctions, commands = waiting.take().packed(3)
    assert auctions == [AUCTION]
    assert [row[2:6] for row in decode_commands(commands)] == [[3, 7, 5, "7"], [3, 8, 5, "8"]]
