"""What the engine holds in memory from call to call, and how it keeps ids: no other answer than from what is stored."""

import copy
import random
import struct
from typing import Any

import msgspec
import pytest
import redis.asyncio
import redis.exceptions

from auction_engine import keys
from auction_engine.journal import Entry, encode_commands, encode_rows
from auction_engine.kept_ids import kept_ids
from auction_engine.library import load_library, production_source
from auction_engine.replies import as_parts
from auction_engine.rules.commands import Command
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import parse_profile
from auction_engine.rules.shard import Shard
from tests.make_scenarios import auction

SHARD = 7
NAMES = ["a", "b"]
PADDLES = 6
FAR = 10**13


class Driven:
    """Sends batches as columns to one shard, and demands the reference model's decisions."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self.model = Shard()

    async def start(self, **fields: Any) -> "Driven":
        """The library, an epoch, and two open lots."""
        await load_library(self.client)
        await self.client.hset(keys.meta(SHARD), mapping={"epoch": "1"})
        profile = parse_profile(auction(closes_at=FAR, **fields))
        creation = create_command(profile, dict.fromkeys(range(1, PADDLES + 1)))
        await self.decide([(name, creation) for name in NAMES])
        return self

    async def decide(self, batch: list[tuple[str, Command]]) -> list[list[int]]:
        """The decisions on a batch, which are the model's."""
        names = sorted({name for name, _ in batch})
        rows = [c.to_wire(names.index(name) + 1, age_us=0) for name, c in batch]
        commands, packed = encode_commands(rows), encode_rows(names)
        batch_keys = keys.batch_keys(SHARD, names)
        reply = await self.client.fcall(
            "decide_v2", len(batch_keys), *batch_keys, 1, 0, "5a" * 16, commands, packed
        )
        status, seq, decided, head, decisions, header = as_parts(reply)  # type: ignore[misc]  # in parts
        assert status == b"OK"
        entry = Entry(SHARD, header, commands, decisions, packed)
        if seq:
            assert (seq, decided) == (entry.header.seq, entry.header.decided_ms)
            assert head.decode() == entry.head
        found = entry.decisions
        expected = self.model.decide(names, rows, decided)
        assert found == [decision.to_wire() for decision in expected]
        return found

    async def forget(self) -> None:
        """What a restart does to the library's memory; nothing that is stored is touched."""
        await self.client.function_load(production_source(), replace=True)

    async def records(self, name: str) -> dict[int, float]:
        """Each paddle's maximum as its record in the book has it."""
        fields = await self.client.hgetall(keys.book(SHARD, name))  # type: ignore[misc]  # as below
        return {
            int(field[1:]): struct.unpack_from("<dd", record)[1]
            for field, record in fields.items()
            if field.startswith(b"p")
        }

    async def ids(self, name: str) -> set[tuple[int, str]]:
        """The ids that the engine's table holds, each of them once."""
        kept = list(kept_ids(await self.client.hgetall(keys.ids(SHARD, name))))  # type: ignore[misc]  # the client is typed for both kinds of caller
        assert len(kept) == len(set(kept))
        return set(kept)


@pytest.fixture
async def driven(engine_redis: redis.asyncio.Redis) -> Driven:
    """Two lots on an empty shard."""
    return await Driven(engine_redis).start()


def bids(name: str, first: int, count: int) -> list[tuple[str, Command]]:
    """Bids that rise, each with an id of its own."""
    return [
        (name, Command(do="bid", paddle=n % PADDLES + 1, value=1_000 + 10 * n, id=f"n{n}"))
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize("count", [1, 7, 8, 40])
@pytest.mark.parametrize("names", [NAMES[:1], NAMES])
async def test_ids_answer_whenever_and_however_they_are_kept(
    driven: Driven, count: int, names: list[str]
) -> None:
    """One by one, or with their batch, of one auction or of several: a retry answers as the first time.

    It does so in the same batch, in a later one, and from what is stored alone; other content is refused.
    """
    first = [bid for name in names for bid in bids(name, 0, count)]
    told = await driven.decide([*first, first[0]])
    assert told[-1] == [2, *told[0][1:]]
    other = [(name, msgspec.structs.replace(c, value=c.value + 1_000_000)) for name, c in first]
    for _ in range(2):
        assert await driven.decide(first) == [[2, *decision[1:]] for decision in told[:-1]]
        assert {decision[0] for decision in await driven.decide(other)} == {0}
        await driven.forget()
    for name in names:
        assert await driven.ids(name) == {(c.paddle, c.id) for n, c in first if n == name}


async def test_a_refused_bid_leaves_no_id_even_among_accepted_ones(driven: Driven) -> None:
    """A batch that is kept whole has refused bids in it too: their ids stay free."""
    low = [("a", Command(do="bid", paddle=2, value=1, id=f"low{n}")) for n in range(5)]
    unnamed = [("a", Command(do="bid", paddle=3, value=9_000))]
    await driven.decide(bids("a", 0, 20) + low + unnamed)
    await driven.forget()
    again = [("a", Command(do="bid", paddle=2, value=20_000, id="low0"))]
    assert (await driven.decide(again))[0][0] == 1
    assert len(await driven.ids("a")) == 21


def _random_command(source: random.Random, turn: int) -> Command:
    paddle, value = source.randint(1, PADDLES + 1), source.randrange(990, 4_000, 5)
    name = source.choice(["", f"{source.randint(0, 30)}", f"t{turn}"])
    match source.randrange(24):
        case 0:
            return Command(do="proxy", paddle=paddle, value=value, id=name)
        case 1:
            return Command(do="tick")
        case 2:
            return Command(do="admit", paddle=paddle, value=source.choice([0, 3_000]), id=name)
        case 3 if turn > 600:
            return Command(do="disqualify", paddle=paddle, id=name)
        case 4 if turn > 600:
            return Command(do=source.choice(["suspend", "resume"]), id=name)
        case _:
            return Command(do="bid", paddle=paddle, value=value + 2 * turn, id=name)


@pytest.mark.parametrize("seed", range(6))
async def test_random_batches_are_decided_as_by_the_model(
    engine_redis: redis.asyncio.Redis, seed: int
) -> None:
    """Whatever comes in whatever batches on two lots, with the library's memory lost now and then."""
    source = random.Random(seed)
    grid = source.choice(["none", "multiple", "absolute"])
    driven = await Driven(engine_redis).start(
        grid=grid, max_steps_per_bid=source.choice([None, 90]), leader_may_raise=seed % 2 == 0
    )
    turn = 0
    while turn < 900:
        size = source.choice([1, 2, 12, 60])
        lots = source.choice([NAMES, NAMES[:1], NAMES[1:]])
        batch = [(source.choice(lots), _random_command(source, turn + n)) for n in range(size)]
        await driven.decide(batch)
        turn += size
        if source.random() < 0.1:
            await driven.forget()


async def test_a_shard_that_stands_elsewhere_is_read_anew(driven: Driven) -> None:
    """Books and ids that were put back to an earlier state, as a restore or a failover does, are what counts."""
    await driven.decide(bids("a", 0, 20))
    before = {name: await driven.client.dump(name) async for name in driven.client.scan_iter()}
    model = copy.deepcopy(driven.model)
    await driven.decide(bids("a", 20, 20))
    for name, stored in before.items():
        await driven.client.restore(name, 0, stored, replace=True)  # type: ignore[arg-type]  # a key has a value
    driven.model = model
    decided = await driven.decide(bids("a", 20, 1) + bids("a", 30, 3) + bids("a", 0, 2))
    assert [decision[:2] for decision in decided] == [[1, n] for n in (21, 22, 23, 24)] + [
        [2, 1],
        [2, 2],
    ]


@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("forgotten", [False, True])
async def test_records_that_only_the_ids_tell_count_whoever_reads_them(
    driven: Driven, forgotten: bool, size: int
) -> None:
    """After batches small and large the next in line is found, from memory and from what is stored.

    The leaders are struck out one after the other, which looks at the records of all.
    """
    for first in range(0, 20, size):
        await driven.decide(bids("a", first, size))
    assert len(await driven.records("a")) == PADDLES
    assert set((await driven.records("a")).values()) == {0.0}, "they are not written twice"
    for paddle in (2, 1, 6):  # of bids 19, 18 and 17
        if forgotten:
            await driven.forget()
        await driven.decide([("a", Command(do="disqualify", paddle=paddle))])
    barred = ("a", Command(do="bid", paddle=6, value=9_000))
    assert (await driven.decide([barred]))[0][:2] == [0, 8]
    stands = {1: 0.0, 2: 0.0, 3: 1_140.0, 4: 1_150.0, 5: 1_160.0, 6: 0.0}
    assert await driven.records("a") == stands
    if forgotten:
        await driven.forget()
    await driven.decide([("a", Command(do="bid", paddle=3, value=1_300))])
    assert await driven.records("a") == stands | {3: 1_300.0}


async def test_what_the_ids_tell_is_written_before_they_are_given_back(driven: Driven) -> None:
    """The records of a book without ids are whole by themselves."""
    await driven.decide([*bids("a", 0, 20), ("a", Command(do="cancel"))])
    await driven.forget()
    names = (keys.meta(SHARD), keys.book(SHARD, "a"), keys.ids(SHARD, "a"))
    assert await driven.client.fcall("give_back_v1", 3, *names, 1, 21) == [b"OK"]
    assert await driven.records("a") == {n % PADDLES + 1: 1_000.0 + 10 * n for n in range(14, 20)}
    await driven.forget()
    assert (await driven.decide([("a", Command(do="bid", paddle=1, value=9_999))]))[0][0] == 0


async def test_a_call_that_breaks_off_leaves_nothing_behind(driven: Driven) -> None:
    """A batch that raises after its first bids has changed no book, neither what is stored nor what is held."""
    await driven.decide(bids("a", 0, 3))
    good = [command.to_wire(1, age_us=0) for _, command in bids("a", 3, 9)]
    batch_keys = keys.batch_keys(SHARD, ["a"])
    for bad in ([1, "bid", "x", 1, 1, ""], [9, "bid", 0, 1, 1, ""]):
        with pytest.raises(redis.exceptions.ResponseError):
            await driven.client.fcall(
                "decide_v1", len(batch_keys), *batch_keys, 1, 0, "5a" * 16,
                encode_commands([*good, bad]), encode_rows(["a"]),
            )  # fmt: skip
    assert [decision[:2] for decision in await driven.decide(bids("a", 3, 1))] == [[1, 4]]


async def test_a_book_that_was_changed_or_taken_away_is_not_believed(driven: Driven) -> None:
    """The header that is stored is compared before a held book is used."""
    await driven.decide(bids("a", 0, 3))
    stored = await driven.client.dump(keys.book(SHARD, "a"))
    await driven.client.delete(keys.book(SHARD, "a"))
    batch_keys = keys.batch_keys(SHARD, ["a"])
    arguments = (1, 0, "5a" * 16, encode_rows([Command(do="tick").to_wire(1, age_us=0)]))
    reply = await driven.client.fcall(
        "decide_v1", len(batch_keys), *batch_keys, *arguments, encode_rows(["a"])
    )
    assert reply == [b"NO_BOOK", 1]
    await driven.client.restore(keys.book(SHARD, "a"), 0, stored)  # type: ignore[arg-type]  # as above
    assert [decision[:2] for decision in await driven.decide(bids("a", 3, 1))] == [[1, 4]]
