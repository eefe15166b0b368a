"""The live feed of auctions: one listener a process, one look at the database a change, any number of watchers.

The projector notifies after each commit. Watchers have no queues: each is sent what is newest when it is its turn, so
a slow one skips intermediate states, and nobody's slowness costs anybody else anything. The record is sent
whole, from a bounded memory of the last entries, or page by page from the database to who is further behind.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec

from kit.clock import Clock, epoch_ms
from kit.errors import LuochuiError, Unavailable
from kit.listening import listen_forever
from kit.sql import Pool
from marketplace.auctions import service
from marketplace.auctions.schemas import AuctionState, RecordChunk, RecordEntry

CHANNEL = "luochui_auction"
WATCHERS_MAX = 10_000
#: Of these, kept free for people who are signed in: bidders find a seat however many strangers watch.
RESERVED_FOR_KNOWN = 2_000
#: Seats that one network of strangers, or one person who is signed in, may have at once.
NETWORK_WATCHERS_MAX = 200
PERSON_WATCHERS_MAX = 50
#: Entries kept for those who come a little late, by auction.
REMEMBERED_MAX = 1000
#: Silence after which a watcher is told the time, so that proxies and pages know the feed lives.
HEARTBEAT_SECONDS = 5.0
#: The longest that a change is left unseen if a notification is lost.
_LOOK_ANYWAY_SECONDS = 2.0
_TRANSIENT = (LuochuiError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_log = logging.getLogger("luochui.live")


class FeedFull(Unavailable):
    """Too many watchers on this server; read the auction's state instead. / 旁观人数已满，请改用状态查询。"""

    code = "feed_full"


class Seat(msgspec.Struct, frozen=True):
    """Whose a watcher's seat is: a person's who is signed in (`is_known`), or a network's of strangers."""

    holder: str = ""
    is_known: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether strangers from everywhere come by this address: a proxy on this host, which hides theirs."""
        return not self.is_known and self.holder in _LOCAL


#: How `network_of` writes this host's own addresses, and the absence of one.
_LOCAL = frozenset({"", "127.0.0.0/24", "::/64"})


_ANY_SEAT = Seat()


class _Auction:
    """What this process knows of one watched auction."""

    def __init__(self, state: AuctionState) -> None:
        self.state = state
        self.entries: deque[RecordEntry] = deque(maxlen=REMEMBERED_MAX)
        self.first_position = state.position
        self.changed = asyncio.Event()
        self.turned = asyncio.Condition()
        self.watchers = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def remembered_after(self) -> int:
        """The position after which every entry is remembered."""
        is_full = len(self.entries) == self.entries.maxlen
        return self.entries[0].position if is_full else self.first_position


class Feed:
    """The watched auctions of one process. Nothing runs while nobody watches."""

    def __init__(self, pool: Pool, *, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._auctions: dict[UUID, _Auction] = {}
        self._listener: asyncio.Task[None] | None = None
        self._seats: Counter[Seat] = Counter()

    async def open(self, auction_id: UUID, *, seat: Seat = _ANY_SEAT) -> None:
        """Begin to follow an auction for a watcher in `seat`. Raises `NotFound`, or `FeedFull`."""
        self._require_room(seat)
        if auction_id not in self._auctions:
            async with self._pool.acquire() as conn:
                state = await service.state(conn, auction_id, now=self._clock())
            auction = self._auctions.setdefault(auction_id, _Auction(state))
            if auction.task is None:
                auction.task = asyncio.create_task(self._follow(auction_id, auction))
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(
                listen_forever(self._pool, CHANNEL, self._on_notification)
            )

    async def watch(
        self, auction_id: UUID, *, after: int | None, seat: Seat = _ANY_SEAT
    ) -> AsyncIterator[bytes]:
        """Server-sent events after `open`: the present state, then the record after position `after` and all changes.

        Each event's id is the position up to which the record has been sent: who comes back with it as
        `Last-Event-ID` misses nothing. Without `after` the record begins now.
        """
        auction = self._auctions[auction_id]
        auction.watchers += 1
        self._seats[seat] += 1
        try:
            sent = auction.state
            position = sent.position if after is None else min(after, sent.position)
            first = msgspec.structs.replace(sent, server_ms=epoch_ms(self._clock()))
            yield _event("state", first, position=position)
            while True:
                state = auction.state
                if position < state.position:
                    try:
                        entries = await self._entries(auction_id, auction, after=position)
                    except (
                        _TRANSIENT
                    ) as error:  # whoever comes back with the last id misses nothing
                        _log.warning("watcher_let_go cause=%s", type(error).__name__)
                        return
                    position = entries[-1].position if entries else state.position
                    if entries:
                        yield _event("record", RecordChunk(entries=entries), position=position)
                elif state is not sent:
                    sent = state
                    yield _event("state", state, position=position)
                elif not await _newer(auction, than=sent):
                    now_ms = epoch_ms(self._clock())
                    yield _event("clock", {"server_ms": now_ms}, position=position)
        finally:
            self._seats[seat] -= 1
            if not self._seats[seat]:
                del self._seats[seat]
            self._leave(auction_id, auction)

    def is_following(self, auction_id: UUID) -> bool:
        """Whether anybody watches this auction here."""
        return auction_id in self._auctions

    async def aclose(self) -> None:
        """Stop following; watchers that are left hear only the time."""
        tasks = [auction.task for auction in self._auctions.values()]
        running = [task for task in (self._listener, *tasks) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._auctions.clear()

    def _require_room(self, seat: Seat) -> None:
        """Raise `FeedFull` where there is no seat left for this watcher."""
        taken = sum(auction.watchers for auction in self._auctions.values())
        room = WATCHERS_MAX if seat.is_known else WATCHERS_MAX - RESERVED_FOR_KNOWN
        own = PERSON_WATCHERS_MAX if seat.is_known else NETWORK_WATCHERS_MAX
        if taken >= room or (not seat.is_shared and self._seats[seat] >= own):
            raise FeedFull

    def _leave(self, auction_id: UUID, auction: _Auction) -> None:
        auction.watchers -= 1
        if auction.watchers <= 0 and self._auctions.get(auction_id) is auction:
            del self._auctions[auction_id]
            if auction.task is not None:
                auction.task.cancel()
        if not self._auctions and self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _entries(
        self, auction_id: UUID, auction: _Auction, *, after: int
    ) -> list[RecordEntry]:
        if after >= auction.remembered_after:
            return [entry for entry in auction.entries if entry.position > after]
        async with self._pool.acquire() as conn:
            return await service.record(conn, auction_id, after=after)

    async def _follow(self, auction_id: UUID, auction: _Auction) -> None:
        """Look again at every notification, and now and then without one."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_ANYWAY_SECONDS):
                    await auction.changed.wait()
            auction.changed.clear()
            try:
                await self._look(auction_id, auction)
            except _TRANSIENT:
                _log.warning("feed_look_failed auction=%s", auction_id, exc_info=True)

    async def _look(self, auction_id: UUID, auction: _Auction) -> None:
        async with self._pool.acquire() as conn:
            state = await service.state(conn, auction_id, now=self._clock())
            seen = auction.state
            if (state.position, state.status) == (seen.position, seen.status):
                return
            position = seen.position
            while position < state.position:
                entries = await service.record(conn, auction_id, after=position)
                fresh = [entry for entry in entries if entry.position <= state.position]
                auction.entries.extend(fresh)
                position = fresh[-1].position if fresh else state.position
        async with auction.turned:
            auction.state = state
            auction.turned.notify_all()

    def _on_notification(self, payload: str) -> None:
        with contextlib.suppress(ValueError):
            auction = self._auctions.get(UUID(payload))
            if auction is not None:
                auction.changed.set()


async def _newer(auction: _Auction, *, than: AuctionState) -> bool:
    """Wait until there is a newer state; False after a silence."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS), auction.turned:
            await auction.turned.wait_for(lambda: auction.state is not than)
    except TimeoutError:
        return False
    return True


def _event(name: str, data: object, *, position: int) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (
        name.encode(),
        position,
        msgspec.json.encode(data),
    )
