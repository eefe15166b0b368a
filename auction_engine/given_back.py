"""The ids of auctions that are over: given back by the engine, and answered from PostgreSQL from then on.

An id answers as the first time "whenever it comes" (contracts 1), and the engine's memory is not for ever. So, in this
order: the auction is final in PostgreSQL; the engine marks its book and drops the ids, in one call; that is recorded.
A command on a marked book that carries an id is sent back undecided (NO_IDS). The gateway then looks the id up here:
what was accepted answers as the first time, and anything else goes to the engine again, which refuses it as before.
A process that dies between the steps leaves an auction that is given back once more; a rebuilt shard holds its ids
again, in a newer epoch, and gives them back again.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import redis.exceptions

from auction_engine import keys
from auction_engine.checkpoints import LogKey
from auction_engine.decided import Decided
from auction_engine.journal import REPLAYED, WireDecision, encode_rows
from auction_engine.replica import entries_from_rows
from auction_engine.rules.commands import Command
from auction_engine.servers import Servers
from auction_engine.waiting import Taken
from kit.clock import Clock, epoch_ms
from kit.failpoints import register
from kit.sql import Pool, load_statements

#: How long after its last batch a final auction's ids stay with the engine, where most retries still come.
KEPT_MS = 3_600_000
#: Auctions at one look.
_AT_ONCE = 200
_SQL = load_statements("auction_engine", "sql/given_back.sql")

_log = logging.getLogger(__name__)
_before_mark = register("given_back.before_mark")
_before_record = register("given_back.before_record")


async def give_back_ids(
    pool: Pool, servers: Servers, clock: Clock, *, kept_ms: int = KEPT_MS
) -> list[UUID]:
    """Give back the ids of auctions that have been final for long enough; which.

    An auction that the engine does not find where PostgreSQL has it is passed over: the fence will look into that.
    """
    given: list[UUID] = []
    for row in await pool.fetch(_SQL["due"], epoch_ms(clock()) - kept_ms, _AT_ONCE):
        auction, shard = str(row["auction_id"]), row["shard"]
        _before_mark()
        names = (keys.meta(shard), keys.book(shard, auction), keys.ids(shard, auction))
        try:
            reply = await servers.call(
                shard, "FCALL", "give_back_v1", 3, *names, str(row["epoch"]), str(row["seq"])
            )
        except (redis.exceptions.RedisError, OSError) as error:
            _log.warning("ids_not_given_back auction=%s reason=%s", auction, error)
            continue
        if reply != [b"OK"]:
            _log.warning("ids_not_given_back auction=%s reason=%s", auction, reply)
            continue
        _before_record()
        await pool.execute(_SQL["record"], row["auction_id"], row["epoch"], clock())
        given.append(row["auction_id"])
    return given


class OldIds:
    """Answers commands on such auctions, as far as their ids were accepted."""

    def __init__(self, pool: Pool, *, key: LogKey) -> None:
        self._pool = pool
        self._key = key

    async def answer(
        self, taken: Taken, marked: set[str], *, shard: int, mode: str, now_ms: int
    ) -> tuple[Taken, list[int]]:
        """Answer the retries among these commands; the others, and which of those were looked up, counted from 1."""
        asked: dict[str, list[int]] = {}
        for place, (auction, command_id) in enumerate(zip(taken.auctions, taken.ids, strict=True)):
            if command_id and auction in marked:
                asked.setdefault(auction, []).append(place)
        found: dict[int, WireDecision] = {}
        for auction, places in asked.items():
            found |= await self._first_answers(UUID(auction), taken, places)
        if found:
            order = sorted(found)
            decisions = [found[place] for place in order]
            _replay(taken.pick(order), decisions, shard, self._key, mode, now_ms)
        looked_up = {place for places in asked.values() for place in places}
        rest = [place for place in range(len(taken)) if place not in found]
        return taken.pick(rest), [n for n, place in enumerate(rest, 1) if place in looked_up]

    async def _first_answers(
        self, auction: UUID, taken: Taken, places: Sequence[int]
    ) -> dict[int, WireDecision]:
        """The first decision under each command's id, where that was the same command."""
        rows = await self._pool.fetch(
            _SQL["accepted_under"],
            auction,
            list(places),
            [taken.paddles[place] for place in places],
            [taken.ids[place] for place in places],
        )
        found: dict[int, WireDecision] = {}
        for row, entry in zip(rows, entries_from_rows(rows), strict=True):
            place = row["place"]
            _, command = entry.commands[row["batch_index"]]
            if _fingerprint(command) == _fingerprint(_sent(taken, place)):
                found[place] = [REPLAYED, *entry.decisions[row["batch_index"]][1:]]
        return found


def _sent(taken: Taken, place: int) -> list[Any]:
    """A command as it would stand in the journal."""
    plain = [taken.actions[place], 0, taken.paddles[place], taken.values[place], taken.ids[place]]
    return plain if taken.extras[place] is None else [*plain, taken.extras[place]]


def _fingerprint(command: Sequence[Any]) -> tuple[object, ...]:
    return Command.from_wire([0, *command])[0].fingerprint


def _replay(
    taken: Taken, decisions: list[WireDecision], shard: int, key: LogKey, mode: str, now_ms: int
) -> None:
    """Tell the callers; as with every replay there is no new batch, and no new receipt."""
    taken.answer(
        Decided(
            shard=shard,
            seq=0,
            decided_ms=now_ms,
            header=b"",
            commands=b"",
            decisions_bytes=encode_rows(decisions),
            auctions=b"",
            key=key,
            mode=mode,
            paddles=taken.paddles,
            values=taken.values,
        )
    )
