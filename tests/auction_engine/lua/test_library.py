"""The production library on a real server: what it decides a batch at a time, and what it refuses whole."""

import hashlib
import time
from typing import Any

import msgspec
import pytest
import redis.asyncio
import redis.exceptions

from auction_engine import keys
from auction_engine.codes import NUMBER_OF, REFUSALS
from auction_engine.library import (
    LibraryMismatch,
    check_library,
    load_library,
    production_source,
    rehearsal_source,
)
from auction_engine.rules.commands import Command, Decision
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import parse_profile
from auction_engine.rules.shard import Shard
from tests.make_scenarios import auction

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
SALT = "5a" * 16
FAR = 10**13


def lot(**fields: Any) -> Command:
    """The command that creates a lot which is open for long."""
    return create_command(
        parse_profile(auction(closes_at=FAR, **fields)), dict.fromkeys(range(1, 6))
    )


def manual(paddle: int, amount: int, **fields: Any) -> Command:
    """A bid."""
    return Command(do="bid", paddle=paddle, value=amount, **fields)


class Engine:
    """Speaks `decide_v1` to one shard, and checks every batch against the reference model and the journal."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.client = client
        self.model = Shard()
        self.head = ""
        self.commands = 0

    async def start(self) -> "Engine":
        """Open the shard at epoch 1, as recovery does."""
        await self.client.hset(keys.meta(7), mapping={"epoch": "1"})
        return self

    async def call(
        self, commands: list[tuple[str, Command, int]], *, epoch: int = 1, clock: int = 0
    ) -> list[Any]:
        """The raw reply to a batch of (auction, command, age in microseconds)."""
        names = sorted({auction_id for auction_id, _, _ in commands})
        wire = [
            command.to_wire(names.index(auction_id) + 1, age_us=age)
            for auction_id, command, age in commands
        ]
        self.sent = (names, wire)
        batch = keys.batch_keys(7, names)
        reply: list[Any] = await self.client.fcall(
            "decide_v1", len(batch), *batch, epoch, clock, SALT, pack(wire), pack(names)
        )
        if reply[0] == b"OK" and reply[1]:
            self.commands += len(commands)
        return reply

    async def decide(self, *commands: tuple[str, Command]) -> list[Decision]:
        """The decisions of a batch, which the model and the journal must confirm."""
        status, seq, decided, head, packed, header = await self.call(
            [(auction_id, command, 0) for auction_id, command in commands]
        )
        assert status == b"OK"
        names, wire = self.sent
        expected = self.model.decide(names, wire, decided)
        assert packed == pack([decision.to_wire() for decision in expected])
        if seq:
            [(entry_id, entry)] = await self.client.xrevrange(keys.log(7), count=1)
            assert entry_id == b"%d-0" % seq
            said = {b"m": header, b"c": pack(wire), b"d": packed, b"a": pack(names)}
            assert entry == said | {b"n": b"%d" % self.commands}
            assert unpack(header) == [1, 1, seq, decided, self.head, SALT]
            whole = self.head.encode() + header + pack(wire) + packed + pack(names)
            assert head == hashlib.sha1(whole).hexdigest().encode()
        self.head = head.decode()
        return expected


@pytest.fixture
async def engine(engine_redis: redis.asyncio.Redis) -> Engine:
    """An engine with the production library and an empty shard 7."""
    await load_library(engine_redis)
    return await Engine(engine_redis).start()


async def test_codes_are_the_same_in_both_languages(engine: Engine) -> None:
    """The library describes itself with the codes of Python, in their order."""
    described = unpack(await engine.client.fcall_ro("describe_v1", 0))
    assert described == {"version": 1, "codes": list(REFUSALS)}
    assert len(set(REFUSALS)) == len(REFUSALS) == 19


async def test_loading_is_safe_to_repeat_and_refuses_other_libraries(
    engine_redis: redis.asyncio.Redis,
) -> None:
    """A server without the library, with another text of it, or with a rehearsal's is told apart."""
    with pytest.raises(LibraryMismatch):
        await check_library(engine_redis)
    await load_library(engine_redis)
    await load_library(engine_redis)
    await check_library(engine_redis)
    await engine_redis.function_load(production_source() + "\n-- changed", replace=True)
    with pytest.raises(LibraryMismatch):
        await check_library(engine_redis)
    await engine_redis.function_load(rehearsal_source(), replace=True)
    with pytest.raises(LibraryMismatch, match="told the time"):
        await load_library(engine_redis)


async def test_no_production_library_can_be_told_the_time(engine: Engine) -> None:
    """The production text registers no rehearsal, and the server knows none."""
    assert "rehearse" not in production_source()
    with pytest.raises(redis.exceptions.ResponseError, match="Function not found"):
        await engine.client.fcall("rehearse_v1", 0)


async def test_a_batch_over_several_auctions_is_one_entry(engine: Engine) -> None:
    """One call decides for all auctions of the shard, refusals included, and chains one journal entry."""
    await engine.decide(("a", lot()), ("b", lot(grid="multiple")))
    first = await engine.decide(
        ("a", manual(1, 1_000, id="x")),
        ("b", manual(1, 1_005)),
        ("a", manual(2, 1_010, id="x")),
        ("a", manual(1, 1_000, id="x")),
        ("a", manual(1, 1_020, id="x")),
        ("b", manual(2, 1_010)),
    )
    assert [decision.reason or decision.price_fen for decision in first] == [
        1_000,
        "off_grid",
        1_010,
        1_000,
        "id_reused",
        1_010,
    ]
    again = await engine.decide(("a", manual(2, 1_010, id="x")))
    assert again[0].replayed
    assert await engine.client.xlen(keys.log(7)) == 2, "a replay alone is not journalled"
    assert await engine.decide(("a", Command(do="tick"))) == [
        Decision(accepted=True, price_fen=1_010, leader=2, ends_at=FAR)
    ]
    assert await engine.client.xlen(keys.log(7)) == 2, "nor is a tick"


async def test_creating_twice_is_a_replay_or_refused(engine: Engine) -> None:
    """A lot is created once; the same again is a replay, other rules under its id are refused."""
    [first, again, other] = await engine.decide(
        ("a", lot()), ("a", lot()), ("a", lot(grid="multiple"))
    )
    assert (first.replayed, again.replayed, other.reason) == (False, True, "id_reused")
    [later] = await engine.decide(("a", lot()))
    assert later.replayed


async def test_a_large_batch_is_read_and_written_in_parts(engine: Engine) -> None:
    """A batch larger than one call's arguments is decided whole, with as many paddles and ids."""
    count = 9_000
    creation = create_command(
        parse_profile(auction(closes_at=FAR)), dict.fromkeys(range(1, count + 1))
    )
    await engine.decide(("a", creation))
    bids = [("a", manual(n + 1, 1_000 + 10 * n, id=f"id-{n}")) for n in range(count)]
    decisions = await engine.decide(*bids)
    assert all(decision.accepted for decision in decisions)
    replays = await engine.decide(*bids)
    assert all(decision.replayed for decision in replays)
    [after] = await engine.decide(("a", Command(do="disqualify", paddle=count)))
    assert (after.price_fen, after.leader) == (1_000 + 10 * (count - 2), count - 1)


#: One batch that is not journalled, of one command.
BEHIND = {"seq": "5", "journalled": "4", "count": "11", "journalled_count": "10"}


@pytest.mark.parametrize(
    ("meta", "call", "reply"),
    [
        ({"epoch": "2"}, {}, [b"EPOCH", 2]),
        ({}, {"epoch": 0}, [b"EPOCH", 1]),
        (BEHIND | {"count": "1000011"}, {}, [b"BACKPRESSURE", 5]),
        (BEHIND | {"count": "1000010"}, {}, [b"OK"]),
        (BEHIND | {"behind": "1"}, {}, [b"BACKPRESSURE", 5]),
        (BEHIND | {"behind": "1", "journalled": "5"}, {}, [b"OK"]),
        ({}, {"clock": 1}, [b"CLOCK_SKEW"]),
    ],
)
async def test_a_batch_is_sent_back_whole_and_changes_nothing(
    engine: Engine, meta: dict[str, str], call: dict[str, int], reply: list[Any]
) -> None:
    """A wrong epoch, a full backlog or two clocks that disagree refuse the batch and write nothing."""
    await engine.call([("a", lot(), 0)])
    if meta:
        await engine.client.hset(keys.meta(7), mapping=meta)
    before = await _everything(engine.client)
    answered = await engine.call([("a", manual(1, 1_000), 0)], **call)
    assert answered[: len(reply)] == reply
    if reply != [b"OK"]:
        assert await _everything(engine.client) == before


async def test_an_empty_server_is_no_shard(engine: Engine) -> None:
    """A server that lost everything has no epoch, and takes nothing of any epoch."""
    await engine.client.delete(keys.meta(7))
    assert await engine.call([("a", lot(), 0)], epoch=0) == [b"EPOCH", 0]


async def test_a_lost_book_is_an_alarm(engine: Engine) -> None:
    """A command on an auction without a book refuses the batch and names the auction."""
    await engine.call([("a", lot(), 0)])
    before = await _everything(engine.client)
    commands = [("a", manual(1, 1_000), 0), ("b", manual(1, 1_000), 0)]
    assert await engine.call(commands) == [b"NO_BOOK", 2]
    assert await _everything(engine.client) == before


async def test_a_malformed_batch_changes_nothing(engine: Engine) -> None:
    """What is no batch raises before anything is written."""
    await engine.call([("a", lot(), 0)])
    before = await _everything(engine.client)
    batch = keys.batch_keys(7, ["a"])
    good = manual(1, 1_000).to_wire(1, age_us=0)
    for bad in (
        [good, [1]],
        [good, [9, "bid", 0, 1, 1_000, ""]],
        [good, 5],
        [good, [1, "bid", "x"]],
    ):
        with pytest.raises(redis.exceptions.ResponseError):
            await engine.client.fcall("decide_v1", 4, *batch, 1, 0, SALT, pack(bad), pack(["a"]))
    assert await _everything(engine.client) == before


@pytest.mark.parametrize("amount", [1e300, float("nan"), float("inf"), 1_000.5, "1000", None, True])
async def test_no_odd_number_is_an_amount(engine: Engine, amount: object) -> None:
    """What is no whole number in range is an invalid amount, whatever Lua would make of it."""
    await engine.call([("a", lot(), 0)])
    wire = pack([[1, "bid", 0, 1, amount, ""]])
    reply = await engine.client.fcall(
        "decide_v1", 4, *keys.batch_keys(7, ["a"]), 1, 0, SALT, wire, pack(["a"])
    )
    assert unpack(reply[4]) == [[0, NUMBER_OF["invalid_amount"], 0]]


async def test_the_clock_never_falls_and_ages_count(engine: Engine) -> None:
    """Decided moments never fall when the server's clock steps back; an age is capped at the grace."""
    now = time.time_ns() // 1_000_000
    rules = parse_profile(auction(closes_at=now + 3_600_000, opens_at=now + 1_799_000))
    await engine.call([("a", create_command(rules, {1: None}), 0)])
    ahead = now + 1_800_000
    await engine.client.hset(keys.meta(7), "clock", str(ahead))
    status, _, decided, _, packed, _ = await engine.call(
        [("a", manual(1, 1_000), 1_001_000), ("a", manual(1, 1_000), 1_000_000)]
    )
    assert (status, decided) == (b"OK", ahead)
    assert [decision[0] for decision in unpack(packed)] == [0, 1]
    capped = await engine.call(
        [("a", manual(1, 1_000), 10**12), ("a", manual(1, 1_000), -(10**12))]
    )
    codes = [decision[1] for decision in unpack(capped[4])]
    assert codes == [NUMBER_OF["not_open"], NUMBER_OF["below_minimum"]]


async def test_the_view_says_what_the_model_says_and_no_secret(engine: Engine) -> None:
    """The public view never tells a maximum or an unmet reserve."""
    await engine.decide(("a", lot(reserve_price_fen=777_777)))
    await engine.decide(
        ("a", Command(do="proxy", paddle=1, value=654_321)), ("a", manual(2, 1_500))
    )
    names = keys.batch_keys(7, ["a"])
    packed = await engine.client.fcall_ro("view_v1", 2, names[0], names[2], 0)
    view = unpack(packed)
    assert view["price_fen"] == 1_510
    assert (view["status"], view["leader"], view["reserve_met"]) == ("open", 1, False)
    for secret in (777_777, 654_321):
        assert pack(secret) not in packed
    assert await engine.client.fcall_ro("view_v1", 2, names[0], keys.book(7, "none"), 0) is None


async def test_the_close_is_latched(engine: Engine) -> None:
    """Once a call has seen the close final, no earlier clock opens the auction again."""
    now = time.time_ns() // 1_000_000
    rules = parse_profile(auction(closes_at=now + 3_600_000, opens_at=0))
    await engine.call([("a", create_command(rules, {1: None}), 0)])
    await engine.client.hset(keys.meta(7), "clock", str(now + 3_602_000))
    await engine.call([("a", Command(do="tick"), 0)])
    await engine.client.hset(keys.meta(7), "clock", "0")
    reply = await engine.call([("a", manual(1, 1_000), 0)])
    assert unpack(reply[4]) == [[0, NUMBER_OF["closed"], 0]]


async def _everything(client: redis.asyncio.Redis) -> dict[bytes, object]:
    """All that the server holds."""
    return {name: await client.dump(name) async for name in client.scan_iter()}
