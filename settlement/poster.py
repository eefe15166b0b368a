"""Group commit for postings: calls that come while one is under way leave together in the next (natural batching).

A hot account takes one row lock a transaction; alone a call costs one round trip, under load the batch grows and the
cost of a transfer falls. There is no timer. Each call is all or none, and is answered once its transfers are committed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from kit.errors import LuochuiError, Unavailable
from kit.sql import Pool
from settlement.ledger import Posted, Transfer, post

BATCH_TRANSFERS_MAX = 512
WAITING_MAX = 20_000


class _Call(msgspec.Struct, frozen=True, eq=False):
    transfers: tuple[Transfer, ...]
    now: datetime
    answer: asyncio.Future[list[Posted]]


class Poster:
    """Posts for many callers of one process over one connection at a time; made by `open_poster`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[_Call] = []
        self._work: asyncio.Task[None] | None = None

    async def post(self, transfers: Sequence[Transfer], *, now: datetime) -> list[Posted]:
        """Post transfers in a transaction shared with others' calls; answers and raises as `ledger.post` would alone.

        Raises `Unavailable` when too many wait. A caller that gives up does not undo what is posted: the same
        idempotency ids answer later what became of it.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("too many postings wait", "等待入账的请求过多")
        answer: asyncio.Future[list[Posted]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(tuple(transfers), now, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._drain())
        return await answer

    async def aclose(self) -> None:
        """Post what waits, then end."""
        if self._work is not None:
            await self._work

    async def _drain(self) -> None:
        while self._waiting:
            batch = self._take()
            try:
                await self._together(batch)
            except LuochuiError:
                for call in (
                    batch
                ):  # somebody's call is refused: each for itself, so that nobody pays for another
                    await self._alone(call)
            except Exception as failed:
                for call in batch:
                    _refuse(call, failed)

    def _take(self) -> list[_Call]:
        """The next batch: calls in the order they came, up to a bound of transfers, at least one."""
        size = taken = 0
        for call in self._waiting:
            size += len(call.transfers)
            if taken and size > BATCH_TRANSFERS_MAX:
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _together(self, batch: Sequence[_Call]) -> None:
        """One transaction for all; the answers go out after its commit."""
        transfers = [transfer for call in batch for transfer in call.transfers]
        if len({transfer.idempotency_id for transfer in transfers}) < len(transfers):
            for call in batch:  # one id twice in a batch: in turn, so that the second is a replay
                await self._alone(call)
            return
        async with self._pool.acquire() as conn, conn.transaction():
            posted = await post(conn, transfers, now=max(call.now for call in batch))
        start = 0
        for call in batch:
            end = start + len(call.transfers)
            _answer(call, posted[start:end])
            start = end

    async def _alone(self, call: _Call) -> None:
        try:
            async with self._pool.acquire() as conn, conn.transaction():
                posted = await post(conn, call.transfers, now=call.now)
        except Exception as failed:
            _refuse(call, failed)
        else:
            _answer(call, posted)


@asynccontextmanager
async def open_poster(pool: Pool) -> AsyncIterator[Poster]:
    """A poster that has posted everything when it ends."""
    poster = Poster(pool)
    try:
        yield poster
    finally:
        await poster.aclose()


def _answer(call: _Call, posted: list[Posted]) -> None:
    if not call.answer.done():
        call.answer.set_result(posted)


def _refuse(call: _Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
