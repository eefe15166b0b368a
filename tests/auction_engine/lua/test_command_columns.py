"""The spellings of a batch's commands, columns and rows: the same commands, and the same decisions."""

from typing import Any

import msgspec
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.errors import JournalBroken
from auction_engine.journal import Entry, decode_commands, encode_commands, encode_rows
from auction_engine.library import load_library
from auction_engine.rules.commands import Command
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import parse_profile
from tests.make_scenarios import auction

SHARD, AUCTION = 7, "a"
COMMANDS = [
    create_command(parse_profile(auction(closes_at=10**13)), dict.fromkeys(range(1, 4))),
    Command(do="bid", paddle=1, value=1_000, id="x"),
    Command(do="bid", paddle=2, value=1_000, id="y"),
    Command(do="suspend", reason="power cut", id="op"),
    Command(do="bid", paddle=3, value=5_000, id="z"),
    Command(do="resume"),
    Command(do="bid", paddle=2, value=2_000, id="y"),
    Command(do="bid", paddle=1, value=1_000, id="x"),
    Command(do="bid", paddle=1, value=1_001, id="x"),
    Command(do="tick"),
]
# decoded once, so that tuples are lists as they are in a journal
ROWS = msgspec.msgpack.decode(
    encode_rows([command.to_wire(1, age_us=place) for place, command in enumerate(COMMANDS)])
)


def test_columns_give_the_rows_back() -> None:
    """What is written as columns is read as the rows it came from, extras in their places."""
    assert decode_commands(encode_commands(ROWS)) == ROWS
    assert decode_commands(encode_commands(ROWS[1:3])) == ROWS[1:3]


def test_rows_are_read_as_they_stand() -> None:
    """A journal that holds rows stays readable."""
    assert decode_commands(encode_rows(ROWS)) == ROWS


@pytest.mark.parametrize(
    "packed",
    [
        [4, [1], ["bid"], [0], [1], [1], [""], {}],
        [3, 2, "bid", [0], [1], [1], [""], {}],
        [3, 1, "tick", [0], [1], [1], [""], {}],
        [3, 1, "bid", 0, [1], [1], [""], {}],
        [3, 1, "bid", [0], [1], [1], ["", ""], {}],
        [2, [1], ["bid"], [0], [1], [1], {}],
        [2, [1], ["bid"], [0], [1], [1], ["", ""], {}],
        [2, [1], ["bid"], [0], [1], [1], [""], {2: "x"}],
        [2, [1], ["bid"], [0], [1], [1], [""], []],
        [2, 1, ["bid"], [0], [1], [1], [""], {}],
    ],
)
def test_commands_that_do_not_fit_are_no_journal(packed: list[Any]) -> None:
    """Another version, a column too few, columns of different length and an extra of nobody are refused."""
    with pytest.raises(JournalBroken):
        decode_commands(msgspec.msgpack.encode(packed))


def _of_version_2(rows: list[list[Any]]) -> bytes:
    """Columns as they were before one value could stand for a column, and decisions could be columns."""
    columns = [list(column) for column in zip(*(row[:6] for row in rows), strict=True)]
    extras = {place: row[6] for place, row in enumerate(rows, 1) if len(row) > 6}
    return msgspec.msgpack.encode([2, *columns, extras])


async def test_the_engine_decides_all_alike(engine_redis: redis.asyncio.Redis) -> None:
    """The same batch in each spelling gets the same decisions: accepted, refused, replayed, with extras."""
    await load_library(engine_redis)
    answers = []
    for packed in (encode_commands(ROWS), encode_rows(ROWS), _of_version_2(ROWS)):
        await engine_redis.flushall()
        await engine_redis.hset(keys.meta(SHARD), mapping={"epoch": "1"})
        names = keys.batch_keys(SHARD, [AUCTION])
        reply = await engine_redis.fcall(
            "decide_v1", len(names), *names, 1, 0, "5a" * 16, packed, encode_rows([AUCTION])
        )
        assert reply[0] == b"OK"
        assert reply[4][1] == (3 if packed[1] == 3 else 0x95), "columns are answered by columns"
        answers.append(Entry(SHARD, reply[5], packed, reply[4], encode_rows([AUCTION])).decisions)
    assert answers[0] == answers[1] == answers[2]
    assert [decision[0] for decision in answers[0]] == [1, 1, 0, 1, 0, 1, 1, 2, 0, 1]


@pytest.mark.parametrize(
    "packed",
    [
        [3, [1, 2], [9, 9], [], []],
        [3, [], [], [], []],
        [3, [1], [9, 9], [], []],
        [3, [0], [0], [1], []],
        [[1, 1, 5, 1, 9], [0, 1, 0]],
    ],
)
def test_decisions_that_do_not_fit_are_no_journal(packed: list[Any]) -> None:
    """More or fewer decisions than commands, and columns of different length, are refused."""
    header = msgspec.msgpack.encode([1, 1, 1, 1, "", "5a" * 16])
    decisions = msgspec.msgpack.encode(packed)
    entry = Entry(SHARD, header, encode_commands(ROWS[1:2]), decisions, encode_rows([AUCTION]))
    with pytest.raises(JournalBroken):
        _ = entry.decisions
