"""The bid path: natural batching before each shard (docs/engine-protocol.md, design "The bid engine").

At most one call is in flight a shard. Commands that arrive meanwhile wait and leave together when it returns. Alone, a
command costs one round trip; under load the batch grows and the cost of a command falls. No call is ever repeated
by the gateway: a lost reply is told to its callers as an unknown outcome, and they ask again with the same id.
"""

import asyncio
import logging
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
from auction_engine.durability import Keeps, NotKept
from auction_engine.errors import (
    ClockSkew,
    EngineBusy,
    no_replicas,
    too_old,
    unknown,
    unreachable,
)
from auction_engine.given_back import OldIds
from auction_engine.journal import encode_places, encode_rows
from auction_engine.lane import Caller, Lane, LoneBid, Salts, call_of, settled, without
from auction_engine.replies import Meaning, as_parts, meaning_of, new_address
from auction_engine.rules.commands import Command
from auction_engine.servers import Servers
from auction_engine.waiting import Buckets, Limits, Sink, Taken, busy, go_as_they_are
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
        self._lanes: dict[int, Lane] = {}
        self._lane_of: dict[str, Lane] = {}
        self._closed = False
        self._salts = Salts()
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
        lane = self._lane_of.get(auction_id) or self._lane(auction_id)
        now_us = self._ticks_us()
        since_us = now_us if entered_us is None else min(entered_us, now_us)
        if now_us - since_us > AGE_US_MAX:
            raise too_old()
        caller: Caller | LoneBid
        if (
            lane.may_go_alone(auction_id, self._servers.version)
            and not self._weaker
            and not self._closed
            and go_as_they_are((command,))
        ):
            caller = self._send_alone(lane, auction_id, command, now_us=now_us, entered_us=since_us)
        else:
            caller = Caller(1)
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
        caller = Caller(len(commands))
        lane = self._lane_of.get(auction_id) or self._lane(auction_id)
        now_us = self._ticks_us()
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
        while tasks := [
            lane.task for lane in self._lanes.values() if lane.task and not lane.task.done()
        ]:
            await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            if lane.connection is not None:
                lane.connection.close()

    def _enter(
        self,
        lane: Lane,
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

    def _start(self, lane: Lane) -> None:
        """Send what waits, unless a call is in flight: it leaves when that returns. A full batch is packed now."""
        if lane.task is not None:
            lane.waiting.make_ready()
        elif len(lane.waiting):
            lane.task = asyncio.create_task(self._drain(lane))

    def _lane(self, auction_id: str) -> Lane:
        shard = keys.shard_of(auction_id, self._shards)
        if shard not in self._lanes:
            self._lanes[shard] = Lane(shard, self._limits)
        if len(self._lane_of) > 100_000:
            self._lane_of.clear()
        self._lane_of[auction_id] = self._lanes[shard]
        return self._lanes[shard]

    def _send_alone(
        self, lane: Lane, auction_id: str, command: Command, *, now_us: int, entered_us: int
    ) -> LoneBid:
        """Send a bid as a batch of its own; where the connection is gone, let it wait for another."""
        assert lane.connection is not None
        self._buckets.take(auction_id, command.paddle, now_us=now_us)
        lone = LoneBid(
            lane,
            auction_id,
            command,
            entered_us=entered_us,
            age_us=now_us - entered_us,
            answer=self._answer_alone,
            lose=self._lose_alone,
        )
        packed = lone.packed(self._clock.now_ms(), self._salts.take())
        try:
            lane.connection.send(packed, 1, lone, seconds=self._call_seconds)
        except NotConnected:
            lane.waiting.put_back(lone.as_taken())
            self._go_on(lane)
        else:
            lane.task = lone
        return lone

    def _answer_alone(self, lone: LoneBid, reply: object) -> None:
        """What the reply to a bid by itself means to its caller; where it was not decided, it waits with the others."""
        lane, command = lone.lane, lone.command
        try:
            parts = as_parts(reply)
            if isinstance(parts, list) and parts[0] == b"OK":
                columns = (command.paddle,), (command.value,)
                batch = self._decided(
                    lane,
                    lone.commands,
                    lone.address.auctions,
                    parts[1:],
                    lane.keeping.name,
                    columns,
                )
                _after_decision()
                self._go_on(lane)  # what has come meanwhile leaves first
                lone.answer(0, batch, 0, 1)
            else:
                taken, auctions = lone.as_taken(), [lone.auction]
                pause = self._not_decided(lane, taken, parts, last=False, auctions=auctions)
                self._go_on(lane, attempts=int(pause == 0), pause=pause)
        except BaseException as error:
            assert lane.connection is not None
            lane.connection.close()
            lone.fail(0, unknown(error))
            if lane.task is lone:
                self._go_on(lane)
            raise
        finally:
            lone.land()

    def _lose_alone(self, lone: LoneBid, error: ReplyLost) -> None:
        """The reply to a bid by itself will not come: nobody knows what was decided."""
        lone.lane.epoch = None
        self._servers.suspect()
        lone.fail(0, unknown(error))
        self._go_on(lone.lane)
        lone.land()

    def _go_on(self, lane: Lane, *, attempts: int = 0, pause: float | None = None) -> None:
        """Send what waits, after a bid by itself."""
        lane.task = None
        if len(lane.waiting):
            lane.task = asyncio.create_task(self._drain(lane, attempts=attempts, pause=pause))

    async def _drain(self, lane: Lane, *, attempts: int = 0, pause: float | None = None) -> None:
        """Send batch after batch until nothing waits; `attempts` were made of the first, and ask for this pause."""
        try:
            if pause:
                await asyncio.sleep(pause)
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
                lane.crowded = len(taken) > 1
                if len(taken):
                    again = await self._send(lane, taken, epoch=epoch, last=attempts == _ATTEMPTS)
                    attempts = 0 if again is None else attempts + (again == 0)
                    if again:
                        await asyncio.sleep(again)
        finally:
            lane.task = None
            if len(lane.waiting):  # an error of ours: nothing of what still waits was sent
                lane.waiting.take().fail(busy(1000))

    async def _verified(self, lane: Lane) -> int:
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
            lane.passes(epoch)
        lane.version = servers.version
        return lane.epoch  # type: ignore[return-value]  # passed just now, or before

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

    async def _send(self, lane: Lane, taken: Taken, *, epoch: int, last: bool) -> float | None:
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
        call: list[Argument] = [*call_of(lane.shard, auctions), epoch, self._clock.now_ms()]
        call += (self._salts.take(), commands, names)
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
                        mode = await settled(keeping.settle, lane.shard, reply, replies[1:])
                    columns = taken.paddles, taken.values
                    batch = self._decided(lane, commands, names, reply, mode, columns)
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

    async def _without_old_ids(self, lane: Lane, taken: Taken) -> tuple[Taken, list[int]]:
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

    def _not_sent(self, lane: Lane, taken: Taken, error: Exception, *, last: bool) -> float | None:
        """The connection was gone before anything was written: try over a new one, a few times."""
        if last:
            taken.fail(unreachable(error))
            return None
        lane.waiting.put_back(taken)
        return 0

    def _decided(
        self,
        lane: Lane,
        commands: bytes,
        auctions: bytes,
        reply: list[Any],
        mode: str,
        columns: tuple[Sequence[int], Sequence[int]],
    ) -> Decided:
        seq, decided_ms, _, decisions, header = reply
        return Decided(
            shard=lane.shard,
            seq=int(seq),
            decided_ms=int(decided_ms),
            header=header,
            commands=commands,
            decisions_bytes=decisions,
            auctions=auctions,
            key=self._key,
            mode=mode,
            paddles=columns[0],
            values=columns[1],
        )

    def _not_decided(
        self, lane: Lane, taken: Taken, reply: Any, *, last: bool, auctions: list[str]
    ) -> float | None:
        """What a reply other than OK means to the callers; None where they have their answer."""
        match reply:
            case [b"EPOCH", *_] if not last:
                lane.epoch = None
                lane.waiting.put_back(taken)
                return 0
            case [b"NO_BOOK", place] if not last:
                lane.epoch = None
                lane.waiting.put_back(without(taken, auctions[int(place) - 1]))
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
        self, lane: Lane, taken: Taken, refused: ServerRefused, *, last: bool
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
