"""The queue before one shard: bounded, a few commands a paddle, fair when not everything fits (reliability 0.4.19).

What arrives first leaves first while everything that waits fits into one batch. When it does not, the batch takes turns
between auctions, and within an auction between paddles, so that a flood by some delays nobody else.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

import msgspec

from auction_engine.errors import EngineBusy, TooFast
from auction_engine.journal import columns_around_ages, encode_column
from auction_engine.rules.commands import AMOUNT_MAX, Command


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may wait, how fast a paddle may send, and how large a batch may grow."""

    #: A batch this large holds the server's one thread for about 5 ms; a larger one gains hardly more.
    batch_max: int = 2048
    waiting_max: int = 16_384
    auction_waiting_max: int = 8_192
    paddle_waiting_max: int = 4
    paddle_per_second: float = 20.0
    paddle_burst: float = 40.0
    #: Places kept free for the venue's own commands (paddle 0: suspend, close, admit).
    operator_headroom: int = 256


class Sink(Protocol):
    """Who waits for answers: the position is the caller's own count of its commands."""

    #: How many answers it still waits for.
    left: int

    def answer(self, position: int, batch: Any, index: int, count: int) -> None:
        """Commands `position` and those that follow, `count` in all, were decided as `index` and on of `batch`."""

    def fail(self, position: int, error: Exception) -> None:
        """Command `position` was not decided, or its outcome is unknown."""


class Taken:
    """Commands that wait, or that leave in one call: columns, one element a command, because this is the hot path."""

    _COLUMNS = (
        "actions",
        "auctions",
        "entered_us",
        "extras",
        "ids",
        "paddles",
        "positions",
        "sinks",
        "values",
    )
    __slots__ = (*_COLUMNS, "_ready")

    def __init__(self, columns: Iterable[list[Any]] | None = None) -> None:
        #: The auctions and what goes over the wire before and after the ages, once that is made.
        self._ready: tuple[list[str], bytes, bytes] | None = None
        self.actions: list[str] = []
        self.auctions: list[str] = []
        self.entered_us: list[int] = []
        self.extras: list[object] = []
        self.ids: list[str] = []
        self.paddles: list[int] = []
        self.positions: list[int] = []
        self.sinks: list[Sink] = []
        self.values: list[int] = []
        if columns is not None:
            for name, column in zip(self._COLUMNS, columns, strict=True):
                setattr(self, name, column)

    def __len__(self) -> int:
        return len(self.actions)

    def _columns(self) -> list[list[Any]]:
        return [getattr(self, name) for name in self._COLUMNS]

    def pick(self, places: Sequence[int]) -> Self:
        """The commands at these places, in this order."""
        return type(self)([column[place] for place in places] for column in self._columns())

    def followed_by(self, others: Self) -> Self:
        """These commands and then the others."""
        return type(self)(a + b for a, b in zip(self._columns(), others._columns(), strict=True))

    def make_ready(self) -> tuple[list[str], bytes, bytes]:
        """Pack all but the ages, which are known when the call leaves."""
        if self._ready is None:
            extras: dict[int, object] = {}
            if self.extras.count(None) < len(self):
                extras = {n: extra for n, extra in enumerate(self.extras, 1) if extra is not None}
            names = list(dict.fromkeys(self.auctions))
            places = {auction: place for place, auction in enumerate(names, 1)}
            auctions = [places[auction] for auction in self.auctions]
            columns = (self.paddles, self.values, self.ids)
            self._ready = (
                names,
                *columns_around_ages(auctions, self.actions, *columns, extras=extras),
            )
        return self._ready

    def grows(self) -> None:
        """Commands are added: what was packed is not the whole any more."""
        self._ready = None

    def packed(self, now_us: int) -> tuple[list[str], bytes]:
        """The auctions, each once, and the commands, which tell theirs by its place in that list, and their age."""
        auctions, before, after = self.make_ready()
        ages = encode_column([now_us - entered_us for entered_us in self.entered_us])
        return auctions, b"".join((before, ages, after))

    def fail(self, error: Exception) -> None:
        """Tell all callers that their commands were not decided, or that nobody knows."""
        for sink, position in zip(self.sinks, self.positions, strict=True):
            sink.fail(position, error)

    def answer(self, batch: Any) -> None:
        """Tell all callers that their commands were decided, as this batch. One who has many in a row is told once."""
        sinks, positions, index, count = self.sinks, self.positions, 0, len(self)
        while index < count:
            sink, position = sinks[index], positions[index]
            run = max(min(sink.left, count - index), 1)
            if (
                sinks[index + run - 1] is not sink
                or positions[index + run - 1] != position + run - 1
            ):
                run = 1
            sink.answer(position, batch, index, run)
            index += run


class Waiting:
    """Commands of one shard that wait for the next call."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows = Taken()
        self._of_auction: dict[str, int] = {}
        self._of_paddle: dict[str, dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._rows.actions)

    def add(
        self, auction: str, command: Command, *, entered_us: int, sink: Sink, position: int
    ) -> None:
        """Let a command wait, or raise EngineBusy or TooFast at once."""
        rows, limits = self._rows, self._limits
        _, action, _, paddle, value, command_id, *extra = command.to_wire(0, age_us=0)
        waiting, here = len(rows), self._of_auction.get(auction, 0)
        if paddle:
            counts = self._counts(auction)
            own = counts.get(paddle, 0)
            if own >= limits.paddle_waiting_max:
                raise TooFast(
                    f"paddle: {own} commands of paddle {paddle} wait already;"
                    f" at most {limits.paddle_waiting_max} may",
                    f"竞买号 {paddle} 已有 {own} 个请求在等待，最多 {limits.paddle_waiting_max} 个",
                    retry_after_ms=100,
                )
            if waiting >= limits.waiting_max or here >= limits.auction_waiting_max:
                raise busy(1000)
            counts[paddle] = own + 1
        elif waiting >= limits.waiting_max + limits.operator_headroom:
            raise busy(1000)
        self._of_auction[auction] = here + 1
        rows.grows()
        rows.auctions.append(auction)
        rows.actions.append(action)
        rows.paddles.append(paddle)
        rows.values.append(value)
        rows.ids.append(command_id)
        rows.extras.append(extra[0] if extra else None)
        rows.entered_us.append(entered_us)
        rows.sinks.append(sink)
        rows.positions.append(position)

    def add_bids(
        self,
        auction: str,
        bids: Sequence[Command],
        *,
        entered_us: int,
        sink: Sink,
        buckets: "Buckets",
    ) -> int:
        """Let as many of the first of these bids wait as pass the limits without a second look; how many.

        Each must be as it goes over the wire: a paddle and an amount in range, and nothing besides.
        """
        rows, limits, count = self._rows, self._limits, len(bids)
        here = self._of_auction.get(auction, 0)
        if len(rows) + count > limits.waiting_max or here + count > limits.auction_waiting_max:
            return 0
        paddles = [bid.paddle for bid in bids]
        fit = buckets.take_many(auction, paddles, entered_us, self._counts(auction), limits)
        if fit < count:
            bids, paddles = bids[:fit], paddles[:fit]
        self._of_auction[auction] = here + fit
        rows.grows()
        rows.auctions += [auction] * fit
        rows.actions += [bid.do for bid in bids]
        rows.paddles += paddles
        rows.values += [bid.value for bid in bids]
        rows.ids += [bid.id for bid in bids]
        rows.extras += [None] * fit
        rows.entered_us += [entered_us] * fit
        rows.sinks += [sink] * fit
        rows.positions += range(fit)
        return fit

    def make_ready(self) -> None:
        """Pack the next batch if it is full, while another is with the server, which then need not wait for it."""
        if len(self) == self._limits.batch_max:
            self._rows.make_ready()

    def take(self) -> Taken:
        """What leaves with the next call, in the order of arrival."""
        if len(self) <= self._limits.batch_max:
            taken, self._rows = self._rows, Taken()
            self._of_auction.clear()
            self._of_paddle.clear()
            return taken
        chosen = self._choose()
        taken = self._rows.pick(chosen)
        self._rows = self._rows.pick(sorted(set(range(len(self))).difference(chosen)))
        self._count_again()
        return taken

    def put_back(self, taken: Taken) -> None:
        """Return to the head of the queue what was sent but certainly not decided."""
        self._rows = taken.followed_by(self._rows)
        self._count_again()

    def _choose(self) -> list[int]:
        """Places of the next batch: the venue's commands, then turns between auctions and between paddles."""
        room = self._limits.batch_max
        first: list[int] = []
        turns: dict[str, deque[deque[int]]] = {}
        lines: dict[tuple[str, int], deque[int]] = {}
        for place, (paddle, auction) in enumerate(
            zip(self._rows.paddles, self._rows.auctions, strict=True)
        ):
            if not paddle and len(first) < room:
                first.append(place)
                continue
            line = lines.get((auction, paddle))
            if line is None:
                line = lines[auction, paddle] = deque()
                turns.setdefault(auction, deque()).append(line)
            line.append(place)
        chosen, ring = first, deque(turns.values())
        while ring and len(chosen) < room:
            paddles = ring.popleft()
            line = paddles.popleft()
            chosen.append(line.popleft())
            if line:
                paddles.append(line)
            if paddles:
                ring.append(paddles)
        return sorted(chosen)

    def _counts(self, auction: str) -> dict[int, int]:
        """How many commands of each paddle of an auction wait."""
        counts = self._of_paddle.get(auction)
        if counts is None:
            counts = self._of_paddle[auction] = {}
        return counts

    def _count_again(self) -> None:
        self._of_auction.clear()
        self._of_paddle.clear()
        for paddle, auction in zip(self._rows.paddles, self._rows.auctions, strict=True):
            self._of_auction[auction] = self._of_auction.get(auction, 0) + 1
            if paddle:
                counts = self._counts(auction)
                counts[paddle] = counts.get(paddle, 0) + 1


class Buckets:
    """One token bucket a paddle, before the queue; refusals for rate are counted, never journalled one by one.

    A bucket is kept as the moment at which it will be full, in microseconds: one token away is `_token_us` later.
    """

    _TAKEN_MAX = 100_000

    def __init__(self, limits: Limits) -> None:
        self._token_us = 1_000_000 / limits.paddle_per_second
        #: How far ahead the moment may lie while there is still a token.
        self._ahead_us = (limits.paddle_burst - 1) * self._token_us
        self._full_us: dict[str, dict[int, float]] = {}
        self._taken = 0
        self.refused = 0

    def take(self, auction: str, paddle: int, *, now_us: int) -> None:
        """Spend one token of the paddle, or raise TooFast."""
        moments = self._of(auction)
        full_us = moments.get(paddle, now_us)
        ahead_us = full_us - now_us - self._ahead_us
        if ahead_us > 0:
            self.refused += 1
            wait_ms = int(ahead_us / 1000) + 1
            raise TooFast(
                f"paddle: paddle {paddle} sends too fast; try again in {wait_ms} ms",
                f"竞买号 {paddle} 出价过于频繁，请在 {wait_ms} 毫秒后重试",
                retry_after_ms=wait_ms,
            )
        moments[paddle] = (full_us if full_us > now_us else now_us) + self._token_us
        self._forget_full(1, now_us)

    def take_many(
        self,
        auction: str,
        paddles: Sequence[int],
        now_us: int,
        counts: dict[int, int],
        limits: Limits,
    ) -> int:
        """Spend a token for each of these paddles, and count it as waiting, up to the first that may not; how many."""
        moments, latest, token_us = self._of(auction), now_us + self._ahead_us, self._token_us
        waiting_max, taken = limits.paddle_waiting_max, 0
        for paddle in paddles:
            full_us, own = moments.get(paddle, 0), counts.get(paddle, 0)
            if full_us > latest or own >= waiting_max:
                break
            moments[paddle] = (full_us if full_us > now_us else now_us) + token_us
            counts[paddle] = own + 1
            taken += 1
        self._forget_full(taken, now_us)
        return taken

    def _of(self, auction: str) -> dict[int, float]:
        moments = self._full_us.get(auction)
        if moments is None:
            moments = self._full_us[auction] = {}
        return moments

    def _forget_full(self, taken: int, now_us: int) -> None:
        """Every so many tokens, drop the buckets that have filled up again: an absent bucket is a full one."""
        self._taken += taken
        if self._taken <= self._TAKEN_MAX:
            return
        self._taken = 0
        for auction, moments in list(self._full_us.items()):
            left = {paddle: full_us for paddle, full_us in moments.items() if full_us > now_us}
            if left:
                self._full_us[auction] = left
            else:
                del self._full_us[auction]


def go_as_they_are(commands: Sequence[Command]) -> bool:
    """Whether these are bids that lose nothing on the wire, where numbers out of range are clamped."""
    return not [
        command
        for command in commands
        if command.do != "bid"
        or not 0 < command.paddle <= AMOUNT_MAX
        or not 0 <= command.value <= AMOUNT_MAX
        or command.reason
        or command.envelope
        or command.scores is not None
        or command.creation is not None
        or command.openings is not None
    ]


def busy(retry_after_ms: int) -> EngineBusy:
    """The refusal of a full queue."""
    return EngineBusy(
        "the queue before this auction's shard is full; nothing was decided, try again with the same id",
        "该拍卖所在分片排队已满，未作裁决，请用同一编号重试",
        retry_after_ms=retry_after_ms,
    )
