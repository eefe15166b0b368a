"""One shard as the gateway sees it, and the bid that leaves by itself.

A bid that meets an idle lane goes at once, as a batch of one: no queue, no task and no turn of the event loop lies
between the caller and the socket, and one turn between the reply and the caller. After a pause each of them is in no
cache any more, and costs several microseconds. What goes over the wire is the same, byte for byte.
"""

import asyncio
import secrets
from collections.abc import Callable, Generator, Sequence
from typing import Any

import msgspec

from auction_engine import keys
from auction_engine.connection import Argument, Connection, ReplyLost
from auction_engine.decided import Acknowledgement, Decided
from auction_engine.durability import Keeping, Settle
from auction_engine.errors import NoSuchAuction
from auction_engine.journal import encode_bid, encode_rows
from auction_engine.rules.commands import Command
from auction_engine.waiting import Limits, Taken, Waiting

#: Auctions of one lane whose address is kept as bytes, at most.
_ADDRESSES_MAX = 1_000
#: Behind the epoch come the gateway's clock, the salt, the commands and the auctions.
_MORE_ARGUMENTS = 4
_SALT_BYTES, _SALTS_AT_ONCE = 16, 64


class Caller:
    """One caller's wait for one or more answers."""

    __slots__ = ("answers", "future", "left")

    def __init__(self, count: int) -> None:
        self.answers: list[Any] = [None] * count
        self.left = count
        self.future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def answer(self, position: int, batch: Decided, index: int, count: int) -> None:
        """Commands `position` and those that follow were decided."""
        answers = self.answers
        if answers[position] is None:
            if count == 1:
                answers[position] = Acknowledgement(batch, index)
            else:
                answers[position : position + count] = [
                    Acknowledgement(batch, place) for place in range(index, index + count)
                ]
            self.left -= count
            if not self.left and not self.future.done():
                self.future.set_result(answers)

    def fail(self, position: int, error: Exception) -> None:
        """Command `position` was not decided, or nobody knows."""
        if self.answers[position] is not None:
            return
        self.answers[position] = error
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(self.answers)


class Address(msgspec.Struct, frozen=True):
    """What is the same in every call for bids on one auction, while the epoch is."""

    #: The call up to and with the epoch, as it goes over the wire.
    before: bytes
    #: The batch's list of auctions as an argument, and by itself.
    after: bytes
    auctions: bytes


class Lane:
    """One shard: what waits for it, what is under way to it, and over which connection."""

    __slots__ = (
        "_addresses",
        "connection",
        "crowded",
        "epoch",
        "given_back",
        "keeping",
        "shard",
        "task",
        "url",
        "version",
        "waiting",
    )

    def __init__(self, shard: int, limits: Limits) -> None:
        self.shard = shard
        self.waiting = Waiting(limits)
        self.connection: Connection | None = None
        self.url = ""
        self.epoch: int | None = None
        #: Of the servers, when its own was last seen to be where it is connected to.
        self.version = 0
        #: Auctions whose ids the engine has given back.
        self.given_back: set[str] = set()
        self.keeping = Keeping(name="")  # until the fence is passed, and nothing is sent before
        #: What is under way: the task that sends batch after batch, or a bid by itself.
        self.task: asyncio.Task[None] | LoneBid | None = None
        #: Whether the last batch was of several commands: then the next waits for the loop to come round, as others do.
        self.crowded = False
        self._addresses: dict[str, Address] = {}

    def passes(self, epoch: int) -> None:
        """The fence has let this lane through."""
        self.epoch = epoch
        self._addresses.clear()

    def may_go_alone(self, auction: str, version: int) -> bool:
        """Whether a bid may leave at once: nothing is under way or waits, and nothing is asked before or after."""
        return (
            self.task is None
            and not self.crowded
            and self.epoch is not None
            and self.version == version
            and self.keeping.settle is None
            and auction not in self.given_back
        )

    def address_of(self, auction: str) -> Address:
        """The address of calls for this auction, in the present epoch."""
        found = self._addresses.get(auction)
        if found is None:
            assert self.epoch is not None
            if len(self._addresses) >= _ADDRESSES_MAX:
                self._addresses.clear()
            head, auctions = [*call_of(self.shard, [auction]), self.epoch], encode_rows([auction])
            before = b"".join(_argument(str(one).encode()) for one in head)
            before = b"*%d\r\n%b" % (len(head) + _MORE_ARGUMENTS, before)
            found = self._addresses[auction] = Address(before, _argument(auctions), auctions)
        return found


class LoneBid:
    """A bid on its way as a batch of its own: it takes the place of its lane's task, and is told of the reply."""

    __slots__ = (
        "_answer",
        "_landed",
        "_lose",
        "address",
        "auction",
        "command",
        "commands",
        "entered_us",
        "future",
        "lane",
        "left",
    )

    def __init__(
        self,
        lane: Lane,
        auction: str,
        command: Command,
        *,
        entered_us: int,
        age_us: int,
        answer: Callable[["LoneBid", object], None],
        lose: Callable[["LoneBid", ReplyLost], None],
    ) -> None:
        self.lane, self.auction, self.command = lane, auction, command
        self.entered_us, self.left = entered_us, 1
        self.address = lane.address_of(auction)
        self.commands = encode_bid(command.paddle, command.value, command.id, age_us=age_us)
        self.future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._answer, self._lose = answer, lose
        self._landed: asyncio.Future[None] | None = None

    def packed(self, now_ms: int, salt: bytes) -> bytes:
        """The call as it goes over the wire."""
        clock, commands, address = b"%d" % now_ms, self.commands, self.address
        return b"%b$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n%b" % (
            address.before,
            len(clock),
            clock,
            len(salt),
            salt,
            len(commands),
            commands,
            address.after,
        )

    def as_taken(self) -> Taken:
        """The same as a batch that may be put back into the queue."""
        queue = Waiting(Limits())
        queue.add(self.auction, self.command, entered_us=self.entered_us, sink=self, position=0)
        return queue.take()

    def answer(self, position: int, batch: Decided, index: int, count: int) -> None:
        """It was decided, as command `index` of `batch`."""
        self.left = 0
        if not self.future.done():
            self.future.set_result([Acknowledgement(batch, index)])

    def fail(self, position: int, error: Exception) -> None:
        """It was not decided, or nobody knows."""
        if self.left and not self.future.done():
            self.future.set_result([error])
        self.left = 0

    def done(self) -> bool:
        """Whoever has stopped waiting for it, its lane is free only when the reply has come."""
        return False

    def set_result(self, result: list[object], /) -> None:
        """The reply is there."""
        self._answer(self, result[0])

    def set_exception(self, exception: ReplyLost, /) -> None:
        """No reply will come."""
        self._lose(self, exception)

    def land(self) -> None:
        """Its lane is free."""
        if self._landed is not None and not self._landed.done():
            self._landed.set_result(None)

    def __await__(self) -> Generator[Any, None, None]:
        """Wait until its lane is free; only a gateway that closes does."""
        if self.lane.task is self:
            if self._landed is None:
                self._landed = asyncio.get_running_loop().create_future()
            yield from asyncio.shield(self._landed)  # another may wait for it too


class Salts:
    """Salts for batches, each handed out once; drawn many at a time, because a question to the kernel takes long."""

    __slots__ = ("_drawn",)

    def __init__(self) -> None:
        self._drawn: list[bytes] = []

    def take(self) -> bytes:
        """32 hex characters that nobody else has or can guess."""
        if not self._drawn:
            drawn = secrets.token_hex(_SALT_BYTES * _SALTS_AT_ONCE).encode()
            size = 2 * _SALT_BYTES
            self._drawn = [drawn[at : at + size] for at in range(0, len(drawn), size)]
        return self._drawn.pop()


def call_of(shard: int, auctions: list[str]) -> list[Argument]:
    """The call of a batch on these auctions, up to the epoch."""
    names = keys.batch_keys(shard, auctions)
    return ["FCALL", "decide_v2", len(names), *names]


async def settled(settle: Settle, shard: int, reply: list[Any], behind: Sequence[object]) -> str:
    """The mode that a batch is kept in, by its reply and the replies behind it."""
    seq, _, head, *_ = reply
    return await settle(shard, int(seq), head.decode(), behind)


def without(taken: Taken, auction: str) -> Taken:
    """The batch without the commands of an auction that has no book; they are answered."""
    places = list(enumerate(taken.auctions))
    taken.pick([place for place, name in places if name == auction]).fail(
        NoSuchAuction(
            f"auction_id: the engine holds no auction {auction}", f"引擎中没有拍卖 {auction}"
        )
    )
    return taken.pick([place for place, name in places if name != auction])


def _argument(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)
