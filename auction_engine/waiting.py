"""The queue before one shard: bounded, a few commands a paddle, fair when not everything fits (reliability 0.4.19).

What arrives first leaves first while everything that waits fits into one batch. When it does not, the batch takes turns
between auctions, and within an auction between paddles, so that a flood by some delays nobody else.
"""

from collections import deque
from typing import Any, Protocol

import msgspec

from auction_engine.errors import EngineBusy, TooFast

#: Where these stand in a wire command: its auction's place in the batch, `age_us`, and so on.
AUCTION, AGE, PADDLE, VALUE = 0, 2, 3, 4


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may wait, how fast a paddle may send, and how large a batch may grow."""

    #: A batch this large holds the server's one thread for about 6 ms; a larger one gains hardly more.
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

    def answer(self, position: int, batch: Any, index: int) -> None:
        """Command `position` was decided as command `index` of `batch`."""

    def fail(self, position: int, error: Exception) -> None:
        """Command `position` was not decided, or its outcome is unknown."""


class Taken(msgspec.Struct):
    """What leaves in one call; parallel lists, because this is the hot path."""

    commands: list[list[Any]]
    auctions: list[str]
    entered_us: list[int]
    sinks: list[tuple[Sink, int]]


class Waiting:
    """Commands of one shard that wait for the next call."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows = Taken([], [], [], [])
        self._of_auction: dict[str, int] = {}
        self._of_paddle: dict[tuple[str, int], int] = {}

    def __len__(self) -> int:
        return len(self._rows.commands)

    def add(
        self, auction: str, command: list[Any], *, entered_us: int, sink: tuple[Sink, int]
    ) -> None:
        """Let a command wait, or raise EngineBusy or TooFast at once."""
        rows, limits, paddle = self._rows, self._limits, command[PADDLE]
        waiting, here = len(rows.commands), self._of_auction.get(auction, 0)
        if paddle:
            key = (auction, paddle)
            own = self._of_paddle.get(key, 0)
            if own >= limits.paddle_waiting_max:
                raise TooFast(
                    f"paddle: {own} commands of paddle {paddle} wait already;"
                    f" at most {limits.paddle_waiting_max} may",
                    f"竞买号 {paddle} 已有 {own} 个请求在等待，最多 {limits.paddle_waiting_max} 个",
                    retry_after_ms=100,
                )
            if waiting >= limits.waiting_max or here >= limits.auction_waiting_max:
                raise busy(1000)
            self._of_paddle[key] = own + 1
        elif waiting >= limits.waiting_max + limits.operator_headroom:
            raise busy(1000)
        self._of_auction[auction] = here + 1
        rows.commands.append(command)
        rows.auctions.append(auction)
        rows.entered_us.append(entered_us)
        rows.sinks.append(sink)

    def take(self) -> Taken:
        """What leaves with the next call, in the order of arrival."""
        if len(self) <= self._limits.batch_max:
            taken, self._rows = self._rows, Taken([], [], [], [])
            self._of_auction.clear()
            self._of_paddle.clear()
            return taken
        chosen = self._choose()
        taken = self._pick(chosen)
        rest = sorted(set(range(len(self))).difference(chosen))
        self._rows = self._pick(rest)
        self._count_again()
        return taken

    def put_back(self, taken: Taken) -> None:
        """Return to the head of the queue what was sent but certainly not decided."""
        rows = self._rows
        self._rows = Taken(
            taken.commands + rows.commands,
            taken.auctions + rows.auctions,
            taken.entered_us + rows.entered_us,
            taken.sinks + rows.sinks,
        )
        self._count_again()

    def _choose(self) -> list[int]:
        """Places of the next batch: the venue's commands, then turns between auctions and between paddles."""
        room = self._limits.batch_max
        first: list[int] = []
        turns: dict[str, deque[deque[int]]] = {}
        lines: dict[tuple[str, int], deque[int]] = {}
        for place, (command, auction) in enumerate(
            zip(self._rows.commands, self._rows.auctions, strict=True)
        ):
            paddle = command[PADDLE]
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

    def _pick(self, places: list[int]) -> Taken:
        rows = self._rows
        return Taken(
            [rows.commands[p] for p in places],
            [rows.auctions[p] for p in places],
            [rows.entered_us[p] for p in places],
            [rows.sinks[p] for p in places],
        )

    def _count_again(self) -> None:
        self._of_auction.clear()
        self._of_paddle.clear()
        for command, auction in zip(self._rows.commands, self._rows.auctions, strict=True):
            self._of_auction[auction] = self._of_auction.get(auction, 0) + 1
            if command[PADDLE]:
                key = (auction, command[PADDLE])
                self._of_paddle[key] = self._of_paddle.get(key, 0) + 1


class Buckets:
    """One token bucket a paddle, before the queue; refusals for rate are counted, never journalled one by one."""

    _ENTRIES_MAX = 100_000

    def __init__(self, limits: Limits) -> None:
        self._burst = limits.paddle_burst
        self._per_us = limits.paddle_per_second / 1_000_000
        self._full = (self._burst, 0)
        self._levels: dict[tuple[str, int], tuple[float, int]] = {}
        self.refused = 0

    def take(self, auction: str, paddle: int, *, now_us: int) -> None:
        """Spend one token of the paddle, or raise TooFast."""
        key = (auction, paddle)
        level, since = self._levels.get(key, self._full)
        level += (now_us - since) * self._per_us
        if level > self._burst:
            level = self._burst
        if level < 1:
            self.refused += 1
            wait_ms = int((1 - level) / self._per_us / 1000) + 1
            raise TooFast(
                f"paddle: paddle {paddle} sends too fast; try again in {wait_ms} ms",
                f"竞买号 {paddle} 出价过于频繁，请在 {wait_ms} 毫秒后重试",
                retry_after_ms=wait_ms,
            )
        self._levels[key] = (level - 1, now_us)
        if len(self._levels) > self._ENTRIES_MAX:
            self._forget_full(now_us)

    def _forget_full(self, now_us: int) -> None:
        """Drop the buckets that have filled up again: an absent bucket is a full one."""
        self._levels = {
            key: (level, since)
            for key, (level, since) in self._levels.items()
            if level + (now_us - since) * self._per_us < self._burst
        }


def busy(retry_after_ms: int) -> EngineBusy:
    """The refusal of a full queue."""
    return EngineBusy(
        "the queue before this auction's shard is full; nothing was decided, try again with the same id",
        "该拍卖所在分片排队已满，未作裁决，请用同一编号重试",
        retry_after_ms=retry_after_ms,
    )
