"""What each error reply of a server means, row by row, and the map of a Cluster that the gateway goes by."""

import itertools
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auction_engine import keys
from auction_engine.durability import MODES
from auction_engine.errors import (
    EngineBusy,
    EngineOutcomeUnknown,
    EngineUnreachable,
    ReplicaNotDurable,
)
from auction_engine.gateway import Gateway
from auction_engine.replies import TABLE, Meaning, as_parts
from auction_engine.servers import Servers, nodes_of, seeds_of
from kit.errors import InvalidInput, LuochuiError
from tests.auction_engine.make_engine import AUCTION, Call, ScriptedEngine, a_bid, a_key

ANSWERS = {
    "MOVED": "MOVED 1 127.0.0.1:1",
    "ASK": "ASK 1 127.0.0.1:1",
    "TRYAGAIN": "TRYAGAIN Multiple keys request during rehashing of slot",
    "CLUSTERDOWN": "CLUSTERDOWN Hash slot not served",
    "READONLY": "READONLY You can't write against a read only replica.",
    "MASTERDOWN": "MASTERDOWN Link with MASTER is down",
    "LOADING": "LOADING the dataset is being loaded",
    "CROSSSLOT": "CROSSSLOT Keys in request don't hash to the same slot",
    "NOREPLICAS": "NOREPLICAS Not enough good replicas to write.",
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "MISCONF": "MISCONF Errors writing to the AOF file",
    "BUSY": "BUSY The server is busy running a script.",
    "NOPERM": "NOPERM this user has no permissions to run the 'fcall' command",
    "NOAUTH": "NOAUTH Authentication required.",
}


class Scripted(Servers):
    """A Cluster of one scripted server: where the shard is, is what the last MOVED said; a look finds it at home."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.is_cluster = True
        self.looks = 0
        self._url_of_shard = {0: url}

    async def refresh(self) -> None:
        self.looks += 1
        self.is_suspect = False
        self._url_of_shard = {0: self.url}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[ScriptedEngine]:
    async with ScriptedEngine(tmp_path / "e.sock") as server:
        yield server


def gateway_of(servers: Servers | str, looks: list[int]) -> Gateway:
    async def fence(shard: int) -> int:
        looks.append(shard)
        return 7

    return Gateway(servers, fence=fence, durability=MODES["local"], key=a_key(), shards=1)


def answering(engine: ScriptedEngine, text: str, times: int) -> None:
    """Answer with an error so many times, then as usual."""
    accept, count = engine.accept, itertools.count(1)

    async def answer(call: Call) -> object:
        return RuntimeError(text) if next(count) <= times else await accept(call)

    engine.answer = answer


def test_the_table_has_a_test_for_every_row() -> None:
    """A row without an answer below would be one that nobody has tried."""
    assert ANSWERS.keys() == TABLE.keys()


@pytest.mark.parametrize("code", list(TABLE))
@pytest.mark.parametrize("kind", ["server", "cluster"])
async def test_each_row_of_the_table(code: str, kind: str, engine: ScriptedEngine) -> None:
    """Turned away once: refused as not decided, or sent again behind the fence, as the table has it; never unknown."""
    looks: list[int] = []
    servers = Scripted(engine.url) if kind == "cluster" else engine.url
    gateway = gateway_of(servers, looks)
    answering(engine, ANSWERS[code], times=1)
    meaning = TABLE[code][kind == "cluster"]
    try:
        if meaning is Meaning.REFUSE:
            expected: type[LuochuiError] = (
                ReplicaNotDurable if code == "NOREPLICAS" else EngineUnreachable
            )
            with pytest.raises(expected):
                await gateway.submit(AUCTION, a_bid(1, 500, "x"))
            assert len(engine.calls) == 1
        else:
            answer = await gateway.submit(AUCTION, a_bid(1, 500, "x"))
            assert answer.decision.accepted
            assert len(engine.calls) == 2
            assert looks == [0, 0], "the fence stands before the second attempt"
        if meaning is Meaning.REROUTE:
            assert isinstance(servers, Scripted)
            assert servers.looks, "the Cluster was looked over"
        assert (await gateway.submit(AUCTION, a_bid(2, 900, "y"))).decision.accepted
    finally:
        await gateway.close()


async def test_what_a_cluster_turns_away_for_too_long_is_refused_undecided(
    engine: ScriptedEngine,
) -> None:
    """A slot that does not settle keeps nobody waiting beyond the 2,000 ms in which an ingress counts."""
    gateway = gateway_of(Scripted(engine.url), [])
    answering(engine, ANSWERS["TRYAGAIN"], times=1_000_000)
    try:
        with pytest.raises(EngineBusy, match="more than 2,000 ms"):
            await gateway.submit(AUCTION, a_bid())
    finally:
        await gateway.close()


async def test_a_function_that_is_not_there_is_loaded_and_the_batch_sent_again(
    engine: ScriptedEngine,
) -> None:
    """`Function not found` sends the shard through the fence, which loads the library; not for ever."""
    looks: list[int] = []
    gateway = gateway_of(engine.url, looks)
    try:
        answering(engine, "ERR Function not found", times=1)
        assert (await gateway.submit(AUCTION, a_bid(1, 500, "x"))).decision.accepted
        assert looks == [0, 0]
        answering(engine, "ERR Function not found", times=1_000_000)
        with pytest.raises(EngineUnreachable):
            await gateway.submit(AUCTION, a_bid(2, 900, "y"))
    finally:
        await gateway.close()


async def test_an_error_that_nobody_knows_is_an_unknown_outcome(engine: ScriptedEngine) -> None:
    """What is not in the table may have been carried out."""
    gateway = gateway_of(engine.url, [])
    answering(engine, "ERR something else", times=1)
    try:
        with pytest.raises(EngineOutcomeUnknown):
            await gateway.submit(AUCTION, a_bid())
    finally:
        await gateway.close()


NODES = """\
aa 127.0.0.1:7000@17000 myself,master - 0 0 3 connected 0-99 105 [106->-bb]
bb :7001@17001 master - 0 0 9 connected 100-104
cc 127.0.0.1:7002@17002,host.example slave aa 0 0 3 connected
dd 127.0.0.1:7003@17003 slave,fail aa 0 0 3 disconnected
ee :0@0 handshake - 0 0 0 connected
"""


def test_the_map_of_a_cluster_is_read_from_its_nodes() -> None:
    """Slots alone and in ranges, replicas that are away too, a host left out by a node that does not know its own."""
    nodes = nodes_of(NODES, host="10.0.0.1")
    assert nodes["myself"] == nodes["aa"]
    assert nodes["aa"].slots == ((0, 99), (105, 105))
    assert nodes["bb"].address == "10.0.0.1:7001"
    assert {id for id, node in nodes.items() if node.primary == "aa"} == {"cc", "dd"}
    assert "ee" not in nodes


def test_where_two_claim_a_slot_the_later_epoch_has_it() -> None:
    """A primary that was cut off and replaced is believed no more, whatever it says of itself."""
    servers = Servers("redis://127.0.0.1:7000")
    servers.is_cluster = True
    old = nodes_of("aa 127.0.0.1:7000@1 myself,master - 0 0 3 connected 0-16383", host="h")["aa"]
    new = nodes_of("bb 127.0.0.1:7001@1 myself,master - 0 0 9 connected 0-16383", host="h")["bb"]
    for said in ({"aa": old, "bb": new}, {"bb": new, "aa": old}):
        servers._take_over(said)
        assert {servers.url_of(shard) for shard in range(keys.SHARDS)} == {"redis://127.0.0.1:7001"}


@pytest.mark.parametrize(
    ("url", "seeds"),
    [
        ("redis+cluster://a:1,b:2", ["redis://a:1", "redis://b:2"]),
        ("redis+cluster://me:pw@a:1,b", ["redis://me:pw@a:1", "redis://me:pw@b:6379"]),
        ("rediss+cluster://a:1/0", ["rediss://a:1"]),
    ],
)
def test_a_clusters_url_names_its_nodes(url: str, seeds: list[str]) -> None:
    """Comma-separated places, the sign-in once before them."""
    assert seeds_of(url) == seeds


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://",
        "redis+cluster://a:1,,b:2",
        "redis+cluster://a:x",
        "redis+cluster://a:1/3",
    ],
)
def test_a_clusters_url_that_names_none_is_refused(url: str) -> None:
    """The field, and how it is written."""
    with pytest.raises(InvalidInput, match="redis_url: a Cluster is written"):
        seeds_of(url)


async def test_a_cluster_that_does_not_answer_is_named_without_its_password() -> None:
    """The start says which nodes were asked."""
    with pytest.raises(EngineUnreachable, match=r"127\.0\.0\.1:1, 127\.0\.0\.1:2") as caught:
        await Servers.open("redis+cluster://me:secret@127.0.0.1:1,127.0.0.1:2")
    assert "secret" not in caught.value.message


HEAD = b"a" * 40
IN_PARTS = [b"OK", 2**52, 10**12, HEAD, b"decisions \x00\xff", b"header"]
IN_ONE = (
    b"OK" + struct.pack("<ddHI", 2**52, 10**12, 40, 12) + HEAD + b"decisions \x00\xff" + b"header"
)


def test_ok_in_one_text_is_ok_in_parts() -> None:
    """Every part is found again, whatever bytes it has; a head and a header may be empty."""
    assert as_parts(IN_ONE) == IN_PARTS
    nothing = b"OK" + struct.pack("<ddHI", 0, 7, 0, 1) + b"d"
    assert as_parts(nothing) == [b"OK", 0, 7, b"", b"d", b""]


@pytest.mark.parametrize("reply", [IN_ONE[:73], IN_ONE[:20], b"OK", b"QUEUED", IN_PARTS, 7, None])
def test_what_is_no_such_text_stays_as_it_is(reply: object) -> None:
    """A text that ends before its decisions do is not read as a decision."""
    assert as_parts(reply) is reply


async def test_callers_are_answered_from_one_text(engine: ScriptedEngine) -> None:
    """The gateway takes the decision from it; one that was cut short leaves the outcome unknown."""

    async def in_one(call: Call) -> object:
        _, seq, decided_ms, head, decisions, header = await engine.accept(call)  # type: ignore[misc]  # a list
        lengths = struct.pack("<ddHI", seq, decided_ms, len(head), len(decisions))
        return (b"OK" + lengths + head.encode() + decisions + header)[: cut or None]

    engine.answer, cut = in_one, 0
    servers = Scripted(engine.url)
    gateway = gateway_of(servers, [])
    try:
        decision = (await gateway.submit(AUCTION, a_bid(7))).decision
        assert (decision.accepted, decision.price_fen, decision.leader) == (True, 100_000, 7)
        cut = 70
        with pytest.raises(EngineOutcomeUnknown):
            await gateway.submit(AUCTION, a_bid(8))
    finally:
        await gateway.close()
