"""The bid path: natural batching before each shard (docs/engine-protocol.md, design "The bid engine").

At most one call is in flight a shard. Commands that arrive meanwhile wait and leave together when it returns. Alone, a
command costs one round trip; under load the batch grows and the cost of a command falls. No call is ever repeated
by the gateway: a lost reply is told to its callers as an unknown outcome, and they ask again with the same id.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from auction_engine import keys
from auction_engine.anchor import AnchoredClock
from auction_engine.checkpoints import LogKey
from auction_engine.connection import (
    CALL_SECONDS,
    Argument,
    Connection,
    NotConnected,
    ReplyLost,
    ServerRefused,
)
from auction_engine.decided import Acknowledgement, Decided
from auction_engine.durability import Keeping, Keeps, NotKept, Settle
from auction_engine.errors import (
    ClockSkew,
    EngineBusy,
    NoSuchAuction,
    no_replicas,
    too_old,
    unknown,
    unreachable,
)
from auction_engine.given_back import OldIds
from auction_engine.journal import encode_places, encode_rows
from auction_engine.replies import Meaning, as_parts, meaning_of, new_address
from auction_engine.rules.commands import Command
from auction_engine.servers import Servers
from auction_engine.waiting import Buckets, Limits, Sink, Taken, Waiting, busy, go_as_they_are
from kit.clock import monotonic_us
from kit.errors import LuochuiError
from kit.failpoints import register

#: A command older than this is not sent: contracts 1 gives a decision 2,000 ms after the ingress.
AGE_US_MAX = 2_000_000
#: How often a batch that was certainly not decided (old epoch, lost book) is sent again after a new look at the fence.
_ATTEMPTS = 3
#: The pause before a batch is sent again that a Cluster in motion has turned away.
_PAUSE_SECONDS = 0.02

#: Compares engine and journal before a shard's first call, repairs what may be repaired, and returns the epoch.
Fence = Callable[[int], Awaitable[int]]

_log = logging.getLogger(__name__)
_after_decision = register("gateway.after_decision")


class _Caller:
    """One caller's wait for one or more answers."""

    __slots__ = ("answers", "future", "left")

    def __init__(self, count: int) -> None:
        self.answers: list[Any] = [None] * count
        self.left = count
        self.future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def answer(self, position: int, batch: Decided, index: int, count: int) -> None:
        answers = self.answers
        if answers[position] is None:
            answers[position : position + count] = [
                Acknowledgement(batch, place) for place in range(index, index + count)
            ]
            self.left -= count
            if not self.left and not self.future.done():
                self.future.set_result(answers)

    def fail(self, position: int, error: Exception) -> None:
        if self.answers[position] is not None:
            return
        self.answers[position] = error
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(self.answers)


class _Lane:
    """One shard as the gateway sees it."""

    __slots__ = ("connection", "epoch", "given_back", "keeping", "shard", "task", "url", "waiting")

    def __init__(self, shard: int, limits: Limits) -> None:
        self.shard = shard
        self.waiting = Waiting(limits)
        self.connection: Connection | None = None
        self.url = ""
        self.epoch: int | None = None
        #: Auctions whose ids the engine has given back.
        self.given_back: set[str] = set()
        self.keeping = Keeping(name="")  # until the fence is passed, and nothing is sent before
        self.task: asyncio.Task[None] | None = None


class Gateway:
    """Takes commands, sends them in batches, and gives each caller its own answer."""

    def __init__(
        self,
        servers: str | Servers,
        *,
        fence: Fence,
        durability: Keeps,
        key: LogKey,
        shards: int = keys.SHARDS,
        limits: Limits | None = None,
        old_ids: OldIds | None = None,
        clock: AnchoredClock | None = None,
        call_seconds: float = CALL_SECONDS,
        ticks_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._servers = servers if isinstance(servers, Servers) else Servers(servers)
        self._fence = fence
        self._durability = durability
        self._key = key
        self._shards = shards
        self._limits = limits or Limits()
        self._old_ids = old_ids
        self._clock = clock or AnchoredClock()
        self._call_seconds = call_seconds
        self._ticks_us = ticks_us
        self._buckets = Buckets(self._limits)
        self._lanes: dict[int, _Lane] = {}
        self._lane_of: dict[str, _Lane] = {}
        self._closed = False
        self._weaker: Mapping[int, LuochuiError] = {}

    async def submit(
        self, auction_id: str, command: Command, *, entered_us: int | None = None
    ) -> Acknowledgement:
        """The decision on one command, with what its receipt is made from.

        `entered_us` is its ingress on this gateway's monotonic clock (None: now): it is decided as of then. What
        entered over 2,000 ms ago is EngineBusy, never a refusal by the book.

        Raises EngineBusy, TooFast, EngineUnreachable, ClockSkew or ShardHalted where nothing was decided, and
        EngineOutcomeUnknown where it may have been. A caller that is cancelled disturbs nobody else.
        """
        caller, lane = _Caller(1), self._lane_for(auction_id)
        now_us = self._ticks_us()
        since_us = now_us if entered_us is None else min(entered_us, now_us)
        if now_us - since_us > AGE_US_MAX:
            raise too_old()
        self._enter(lane, auction_id, command, now_us=now_us, entered_us=since_us, sink=caller)
        self._start(lane)
        answer = (await caller.future)[0]
        if isinstance(answer, Exception):
            raise answer.with_traceback(None)  # one error may be raised to many callers
        return answer  # type: ignore[no-any-return]  # an Acknowledgement, if not an error

    async def submit_many(
        self, auction_id: str, commands: Sequence[Command]
    ) -> list[Acknowledgement | LuochuiError]:
        """The answers to many commands, in their order; each fails or is decided on its own."""
        caller = _Caller(len(commands))
        now_us, lane = self._ticks_us(), self._lane_for(auction_id)
        first = 0
        if not self._closed and go_as_they_are(commands):
            first = lane.waiting.add_bids(
                auction_id, commands, entered_us=now_us, sink=caller, buckets=self._buckets
            )
        for position in range(first, len(commands)):
            try:
                self._enter(
                    lane,
                    auction_id,
                    commands[position],
                    now_us=now_us,
                    entered_us=now_us,
                    sink=caller,
                    position=position,
                )
            except LuochuiError as error:
                caller.fail(position, error)
        self._start(lane)
        return await caller.future if commands else []

    def unverify(self, shard: int | None = None) -> None:
        """Look at the fence again before the next call of this shard, or of every shard."""
        for lane in self._lanes.values():
            if shard in (None, lane.shard):
                lane.epoch = None

    def refuse(self, weaker: Mapping[int, LuochuiError]) -> None:
        """Refuse the commands of these shards, with the reason, until told otherwise."""
        self._weaker = weaker

    async def close(self) -> None:
        """Take no more, let what is in flight be answered, and close the connections."""
        self._closed = True
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            if lane.connection is not None:
                lane.connection.close()

    def _enter(
        self,
        lane: _Lane,
        auction_id: str,
        command: Command,
        *,
        now_us: int,
        entered_us: int,
        sink: Sink,
        position: int = 0,
    ) -> None:
        """Pass the limits and wait; the limits count by `now_us`, the decision by the ingress `entered_us`."""
        if self._closed:
            raise EngineBusy("the gateway is closing", "网关正在关闭", retry_after_ms=1000)
        if command.wire_paddle:
            self._buckets.take(auction_id, command.wire_paddle, now_us=now_us)
        lane.waiting.add(auction_id, command, entered_us=entered_us, sink=sink, position=position)

    def _start(self, lane: _Lane) -> None:
        """Send what waits, unless a call is in flight: it leaves when that returns. A full batch is packed now."""
        if lane.task is not None:
            lane.waiting.make_ready()
        elif len(lane.waiting):
            lane.task = asyncio.create_task(self._drain(lane))

    def _lane_for(self, auction_id: str) -> _Lane:
        return self._lane_of.get(auction_id) or self._lane(auction_id)

    def _lane(self, auction_id: str) -> _Lane:
        shard = keys.shard_of(auction_id, self._shards)
        if shard not in self._lanes:
            self._lanes[shard] = _Lane(shard, self._limits)
        if len(self._lane_of) > 100_000:
            self._lane_of.clear()
        self._lane_of[auction_id] = self._lanes[shard]
        return self._lanes[shard]

    async def _drain(self, lane: _Lane) -> None:
        """Send batch after batch until nothing waits."""
        attempts = 0
        try:
            while len(lane.waiting):
                try:
                    epoch = await self._verified(lane)
                except LuochuiError as error:
                    lane.waiting.take().fail(error)
                    continue
                except Exception as error:
                    # the database or the server is away: whatever the fence met, nothing was sent
                    _log.exception("fence_failed shard=%d", lane.shard)
                    self._servers.suspect()
                    lane.waiting.take().fail(unreachable(type(error).__name__))
                    continue
                taken = self._young(lane.waiting.take())
                if len(taken):
                    again = await self._send(lane, taken, epoch=epoch, last=attempts == _ATTEMPTS)
                    attempts = 0 if again is None else attempts + (again == 0)
                    if again:
                        await asyncio.sleep(again)
        finally:
            lane.task = None
            if len(lane.waiting):  # an error of ours: nothing of what still waits was sent
                lane.waiting.take().fail(busy(1000))

    async def _verified(self, lane: _Lane) -> int:
        """The shard's epoch, over a connection whose server keeps the promise and has passed the fence."""
        servers, connection = self._servers, lane.connection
        if servers.is_suspect and lane.epoch is None:  # who is in order waits for no look around
            await servers.refresh()
        if lane.shard in self._weaker:
            raise self._weaker[lane.shard]
        url = servers.url_of(lane.shard)
        if connection is None or not connection.is_open or lane.url != url:
            lane.epoch = None
            if connection is not None:
                connection.close()
            try:
                lane.connection = await Connection.open(url, name=f"gateway-s{lane.shard}")
            except NotConnected as error:
                servers.suspect()
                raise unreachable(error) from error
            lane.url = url
        if lane.epoch is None:
            lane.keeping = await self._durability.keeping(lane.shard)
            epoch = await self._fence(lane.shard)
            if servers.url_of(lane.shard) != url:
                raise unreachable("the shard has just moved")
            lane.epoch = epoch
        return lane.epoch

    def _young(self, taken: Taken) -> Taken:
        """What has not waited for too long; the rest is refused unsent."""
        oldest_us = self._ticks_us() - AGE_US_MAX
        if not len(taken) or min(taken.entered_us) >= oldest_us:
            return taken
        moments = list(enumerate(taken.entered_us))
        taken.pick([place for place, entered_us in moments if entered_us < oldest_us]).fail(
            too_old()
        )
        return taken.pick([place for place, entered_us in moments if entered_us >= oldest_us])

    async def _send(self, lane: _Lane, taken: Taken, *, epoch: int, last: bool) -> float | None:
        """One call. Where it certainly was not decided and the batch was put back: the pause before the next."""
        assert lane.connection is not None
        try:
            taken, looked_up = await self._without_old_ids(lane, taken)
        except Exception as error:
            _log.exception("old_ids_not_read shard=%d", lane.shard)
            taken.fail(unreachable(type(error).__name__))
            return None
        if not len(taken):
            return None
        auctions, commands = taken.packed(self._ticks_us())
        names = encode_rows(auctions)
        call: list[Argument] = [
            *_call_of(lane.shard, auctions),
            epoch,
            self._clock.now_ms(),
            secrets.token_hex(16),
            commands,
            names,
        ]
        if looked_up:
            call.append(encode_places(looked_up))
        try:
            keeping = lane.keeping
            replies = await lane.connection.call(
                call, *keeping.after_call, seconds=self._call_seconds
            )
            match as_parts(replies[0]):
                case [b"OK", *reply]:
                    mode = keeping.name
                    if keeping.settle is not None:
                        mode = await _settled(keeping.settle, lane.shard, reply, replies[1:])
                    batch = self._decided(lane.shard, taken, commands, names, reply, mode)
                    _after_decision()
                    if len(lane.waiting):
                        # Soon, not now: the next batch leaves first, and the server decides it meanwhile.
                        asyncio.get_running_loop().call_soon(taken.answer, batch)
                    else:
                        taken.answer(batch)
                    return None
                case reply:
                    return self._not_decided(lane, taken, reply, last=last, auctions=auctions)
        except NotConnected as error:
            return self._not_sent(lane, taken, error, last=last)
        except (ReplyLost, NotKept) as error:
            lane.epoch = None
            self._servers.suspect()
            taken.fail(unknown(error))
            return None
        except BaseException as error:
            lane.connection.close()
            taken.fail(unknown(error))
            raise

    async def _without_old_ids(self, lane: _Lane, taken: Taken) -> tuple[Taken, list[int]]:
        """The commands but for the retries that PostgreSQL answers, and those that it was asked about in vain."""
        if self._old_ids is None or lane.given_back.isdisjoint(taken.auctions):
            return taken, []
        return await self._old_ids.answer(
            taken,
            lane.given_back,
            shard=lane.shard,
            mode=lane.keeping.name,
            now_ms=self._clock.now_ms(),
        )

    def _not_sent(self, lane: _Lane, taken: Taken, error: Exception, *, last: bool) -> float | None:
        """The connection was gone before anything was written: try over a new one, a few times."""
        if last:
            taken.fail(unreachable(error))
            return None
        lane.waiting.put_back(taken)
        return 0

    def _decided(
        self,
        shard: int,
        taken: Taken,
        commands: bytes,
        auctions: bytes,
        reply: list[Any],
        mode: str,
    ) -> Decided:
        seq, decided_ms, _, decisions, header = reply
        return Decided(
            shard=shard,
            seq=int(seq),
            decided_ms=int(decided_ms),
            header=header,
            commands=commands,
            decisions_bytes=decisions,
            auctions=auctions,
            key=self._key,
            mode=mode,
            paddles=taken.paddles,
            values=taken.values,
        )

    def _not_decided(
        self, lane: _Lane, taken: Taken, reply: Any, *, last: bool, auctions: list[str]
    ) -> float | None:
        """What a reply other than OK means to the callers; None where they have their answer."""
        match reply:
            case [b"EPOCH", *_] if not last:
                lane.epoch = None
                lane.waiting.put_back(taken)
                return 0
            case [b"NO_BOOK", place] if not last:
                lane.epoch = None
                lane.waiting.put_back(_without(taken, auctions[int(place) - 1]))
                return 0
            case [b"NO_IDS", places] if not last and self._old_ids is not None:
                lane.given_back |= {auctions[int(place) - 1] for place in places}
                lane.waiting.put_back(taken)
                return 0
            case [b"CLOCK_SKEW", server_ms]:
                error: Exception = ClockSkew(
                    f"the engine's server says {int(server_ms)} ms, the gateway's clock"
                    f" {self._clock.now_ms()} ms; nothing is decided while they differ by over 500 ms",
                    "引擎与网关的时钟相差超过 500 毫秒，未作裁决",
                    retry_after_ms=1000,
                )
            case [b"BACKPRESSURE", *_]:
                error = busy(2000)
            case ServerRefused() as refused:
                return self._refused(lane, taken, refused, last=last)
            case [b"EPOCH" | b"NO_BOOK", *_]:
                error = busy(1000)
            case _:
                lane.epoch = None
                error = unknown(reply)
        taken.fail(error)
        return None

    def _refused(
        self, lane: _Lane, taken: Taken, refused: ServerRefused, *, last: bool
    ) -> float | None:
        """What an error reply means to the callers (replies.py)."""
        lane.epoch = None
        meaning = meaning_of(refused, is_cluster=self._servers.is_cluster)
        if meaning is Meaning.REROUTE:
            self._servers.suspect()
            if (address := new_address(refused)) is not None:
                self._servers.moved(lane.shard, address)
        if meaning in (Meaning.REROUTE, Meaning.PAUSE):
            lane.waiting.put_back(taken)
            return _PAUSE_SECONDS
        if meaning is Meaning.RELOAD and not last:
            lane.waiting.put_back(taken)
            return 0
        if meaning is Meaning.UNKNOWN:
            taken.fail(unknown(refused))
        elif refused.code == "NOREPLICAS":
            taken.fail(no_replicas())
        else:
            taken.fail(unreachable(refused.code))
        return None


def _call_of(shard: int, auctions: list[str]) -> list[Argument]:
    names = keys.batch_keys(shard, auctions)
    return ["FCALL", "decide_v2", len(names), *names]


async def _settled(settle: Settle, shard: int, reply: list[Any], behind: list[object]) -> str:
    seq, _, head, *_ = reply
    return await settle(shard, int(seq), head.decode(), behind)


def _without(taken: Taken, auction: str) -> Taken:
    """The batch without the commands of an auction that has no book; they are answered."""
    places = list(enumerate(taken.auctions))
    taken.pick([place for place, name in places if name == auction]).fail(
        NoSuchAuction(
            f"auction_id: the engine holds no auction {auction}", f"引擎中没有拍卖 {auction}"
        )
    )
    return taken.pick([place for place, name in places if name != auction])
