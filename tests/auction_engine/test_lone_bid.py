"""A bid that meets an idle lane: it goes by itself, and everything else is as in the queue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import hiredis
import pytest

from auction_engine.durability import MODES, Keeping
from auction_engine.errors import (
    ClockSkew,
    EngineBusy,
    EngineOutcomeUnknown,
    EngineUnreachable,
    NoSuchAuction,
    TooFast,
    unreachable,
)
from auction_engine.gateway import Gateway
from auction_engine.journal import encode_bid, encode_commands, encode_rows
from auction_engine.lane import Lane, LoneBid, Salts, call_of
from auction_engine.receipts import fault_in
from auction_engine.rules.commands import AMOUNT_MAX
from auction_engine.waiting import Limits
from kit.failpoints import FailpointReached
from tests.auction_engine.make_engine import (
    AUCTION,
    OTHER_AUCTION,
    Call,
    ScriptedEngine,
    a_bid,
    a_key,
    until,
)

OPEN = Limits(paddle_waiting_max=10_000, paddle_per_second=1e9, paddle_burst=1e9)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[ScriptedEngine]:
    async with ScriptedEngine(tmp_path / "e.sock") as server:
        yield server


@pytest.fixture
async def warmed(engine: ScriptedEngine) -> AsyncIterator[Callable[..., Any]]:
    """Makes gateways whose one lane has passed the fence and is idle; the call of their first bid is forgotten."""
    made: list[Gateway] = []

    async def make(**options: Any) -> Gateway:
        async def fence(shard: int) -> int:
            fences.append(shard)
            return 7

        fences: list[int] = []
        settings: dict[str, Any] = {"fence": fence, "limits": OPEN} | options
        gateway = Gateway(engine.url, durability=MODES["local"], key=a_key(), shards=1, **settings)
        made.append(gateway)
        await gateway.submit(AUCTION, a_bid())
        engine.calls.clear()
        fences.clear()
        gateway.fences = fences  # type: ignore[attr-defined]  # for the tests alone
        return gateway

    yield make
    for gateway in made:
        await gateway.close()


def held(engine: ScriptedEngine) -> asyncio.Event:
    """Makes the engine wait with its answers until the event is set."""
    release = asyncio.Event()

    async def answer(call: Call) -> object:
        await release.wait()
        return await engine.accept(call)

    engine.answer = answer
    return release


def sizes(engine: ScriptedEngine) -> list[int]:
    """How many commands each call carried."""
    return [len(call.commands) for call in engine.calls]


async def test_an_idle_lane_needs_no_queue_and_no_task(
    engine: ScriptedEngine, warmed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bid after bid is sent, decided and proved without the task that empties the queue."""
    gateway = await warmed()
    monkeypatch.delattr(Gateway, "_drain")
    for paddle in range(2, 6):
        answer = await gateway.submit(AUCTION, a_bid(paddle, 500 + paddle, f"x{paddle}"))
        assert (answer.decision.price_fen, answer.decision.leader) == (500 + paddle, paddle)
        receipt = answer.receipt()
        assert fault_in(receipt, is_trusted=lambda key: key == a_key().public_key) is None
        assert receipt.mode == "local"
    assert sizes(engine) == [1] * 4
    assert [call.epoch for call in engine.calls] == [7] * 4
    assert len({call.salt for call in engine.calls}) == 4


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32, AMOUNT_MAX])
async def test_the_same_goes_over_the_wire_byte_for_byte(value: int) -> None:
    """A bid by itself is encoded as the queue encodes a batch of one, and addressed as any batch."""
    bid, lane, salt = a_bid(value % 300 + 1, value, "竞价-1"), Lane(5, OPEN), b"0f" * 16
    lane.passes(12)
    lone = LoneBid(
        lane,
        AUCTION,
        bid,
        entered_us=3,
        age_us=value % 2_000_000,
        answer=lambda *_: None,
        lose=lambda *_: None,
    )
    commands = encode_commands([bid.to_wire(1, age_us=value % 2_000_000)])
    assert encode_bid(bid.paddle, value, bid.id, age_us=value % 2_000_000) == commands
    call = [*call_of(5, [AUCTION]), 12, 1_800_000_000_000, salt, commands, encode_rows([AUCTION])]
    assert lone.packed(1_800_000_000_000, salt) == hiredis.pack_command(tuple(call))  # type: ignore[arg-type]  # its stub says one
    assert lone.as_taken().packed(3 + value % 2_000_000) == ([AUCTION], commands)


async def test_an_address_is_of_its_epoch() -> None:
    """When the fence has let a lane through again, calls name the new epoch; many auctions are not kept for ever."""
    lane = Lane(5, OPEN)
    lane.passes(12)
    assert lane.address_of(AUCTION).before.endswith(b"$2\r\n12\r\n")
    lane.passes(113)
    assert lane.address_of(AUCTION).before.endswith(b"$3\r\n113\r\n")
    for number in range(3_000):
        lane.address_of(str(number))
    assert len(lane._addresses) <= 1_000


def test_no_salt_is_handed_out_twice() -> None:
    """Salts are 32 hex characters, each another, however many are drawn at once."""
    salts = Salts()
    drawn = [salts.take() for _ in range(500)]
    assert len(set(drawn)) == 500
    assert {len(bytes.fromhex(salt.decode())) for salt in drawn} == {16}


async def test_what_comes_meanwhile_leaves_together_and_a_crowd_stays_together(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """The first of many goes alone and the others in one batch; from then on the loop's turn is waited for."""
    gateway = await warmed()
    for expected in ([1, 49], [50], [50]):
        engine.calls.clear()
        bids = (gateway.submit(AUCTION, a_bid(p, 1_000 + p)) for p in range(1, 51))
        answers = await asyncio.gather(*bids)
        assert [answer.decision.leader for answer in answers] == list(range(1, 51))
        assert sizes(engine) == expected
    await gateway.submit(AUCTION, a_bid())
    engine.calls.clear()
    await asyncio.gather(*(gateway.submit(AUCTION, a_bid(p)) for p in range(1, 4)))
    assert sizes(engine) == [1, 2], "after a batch of one, a bid goes alone again"


async def test_its_lost_reply_is_an_unknown_outcome_and_the_fence_is_asked(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """When the connection breaks, its caller learns that nobody knows; nothing is sent twice; what waits goes on."""
    gateway = await warmed()

    async def cut(call: Call) -> object:
        engine.answer = engine.accept
        return None

    engine.answer = cut
    lost = asyncio.create_task(gateway.submit(AUCTION, a_bid(1)))
    await until(lambda: engine.calls)
    behind = asyncio.create_task(gateway.submit(AUCTION, a_bid(2)))
    with pytest.raises(EngineOutcomeUnknown):
        await lost
    assert (await behind).decision.leader == 2
    assert [call.commands[0][3] for call in engine.calls] == [1, 2]
    assert gateway.fences == [0]


async def test_its_black_hole_times_out_and_its_late_reply_reaches_nobody(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """A reply that comes after the deadline is dropped with its connection."""
    gateway = await warmed(call_seconds=0.05)
    release = held(engine)
    with pytest.raises(EngineOutcomeUnknown):
        await gateway.submit(AUCTION, a_bid(1, 111))
    engine.answer = engine.accept
    release.set()
    for number in range(3):  # the deadline of each call is its own
        answer = await gateway.submit(AUCTION, a_bid(2, 222 + number))
        assert (answer.decision.price_fen, answer.decision.leader) == (222 + number, 2)
        await asyncio.sleep(0.02)


async def test_a_cancelled_caller_disturbs_nobody(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """Its bid stays under way, and the lane is free when the reply has come, not before."""
    gateway = await warmed()
    release = held(engine)
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid(1, 100)))
    await until(lambda: engine.calls)
    first.cancel()
    others = [asyncio.create_task(gateway.submit(AUCTION, a_bid(p, 100 * p))) for p in (2, 3)]
    await asyncio.sleep(0.01)
    assert sizes(engine) == [1]
    release.set()
    answers = await asyncio.gather(*others)
    assert [answer.decision.price_fen for answer in answers] == [200, 300]
    assert sizes(engine) == [1, 2]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (["CLOCK_SKEW", 5], ClockSkew),
        (["BACKPRESSURE", 9], EngineBusy),
        (["NO_BOOK", 1], NoSuchAuction),
        (["WHAT"], EngineOutcomeUnknown),
        (b"OK", EngineOutcomeUnknown),
        (ConnectionError("OOM command not allowed"), EngineUnreachable),
    ],
)
async def test_its_other_replies_mean_what_they_mean_in_the_queue(
    engine: ScriptedEngine, warmed: Callable[..., Any], reply: object, error: type[Exception]
) -> None:
    """Whatever is not OK is told as to a batch, and the lane takes the next bid."""
    gateway = await warmed()

    async def answer(call: Call) -> object:
        return reply

    engine.answer = answer
    with pytest.raises(error):
        await gateway.submit(AUCTION, a_bid())
    engine.answer = engine.accept
    assert (await gateway.submit(AUCTION, a_bid(9))).decision.leader == 9


async def test_an_old_epoch_is_sent_again_as_often_as_from_the_queue(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """It goes again after a look at the fence, four times in all, and then it is not decided."""
    gateway = await warmed()

    async def old(call: Call) -> object:
        if len(engine.calls) == refusals + 1:
            return await engine.accept(call)
        return ["EPOCH", 8]

    engine.answer, refusals = old, 1
    assert (await gateway.submit(AUCTION, a_bid(4))).decision.leader == 4
    assert (len(engine.calls), gateway.fences) == (2, [0])
    engine.calls.clear()
    refusals = 100
    with pytest.raises(EngineBusy):
        await gateway.submit(AUCTION, a_bid())
    assert sizes(engine) == [1] * 4


async def test_a_connection_that_is_gone_is_replaced_before_anything_is_sent(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """A bid over a connection that was cut while idle goes over a new one, behind the fence."""
    gateway = await warmed()
    connection = gateway._lanes[0].connection
    connection.close()
    assert (await gateway.submit(AUCTION, a_bid(2))).decision.leader == 2
    assert gateway._lanes[0].connection is not connection
    assert (sizes(engine), gateway.fences) == ([1], [0])


async def test_what_a_mode_wants_behind_a_batch_it_gets_for_every_bid(
    engine: ScriptedEngine,
) -> None:
    """Where replicas or PostgreSQL must confirm, no bid is answered past them, however idle the lane is."""
    settled: list[int] = []

    async def settle(shard: int, seq: int, head: str, behind: Any) -> str:
        settled.append(seq)
        return "confirmed"

    class Confirms:
        async def keeping(self, shard: int) -> Keeping:
            return Keeping(name="journalled", settle=settle)

    async def fence(shard: int) -> int:
        return 7

    gateway = Gateway(engine.url, fence=fence, durability=Confirms(), key=a_key(), shards=1)
    for paddle in range(1, 5):
        answer = await gateway.submit(AUCTION, a_bid(paddle))
        assert len(settled) == paddle
        receipt = answer.receipt()
        assert receipt is not None
        assert receipt.mode == "confirmed"
    await gateway.close()


async def test_a_closing_gateway_answers_it_and_what_waits_behind(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """Closing waits for a bid by itself, for what came meanwhile, and for one whose caller has gone."""
    gateway = await warmed()
    release = held(engine)
    gone = asyncio.create_task(gateway.submit(OTHER_AUCTION, a_bid(1)))
    await until(lambda: engine.calls)
    behind = asyncio.create_task(gateway.submit(AUCTION, a_bid(2)))
    await asyncio.sleep(0)
    gone.cancel()
    closing = asyncio.create_task(gateway.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    release.set()
    await closing
    assert (await behind).decision.leader == 2
    with pytest.raises(EngineBusy):
        await gateway.submit(AUCTION, a_bid())


async def test_who_stops_waiting_for_the_close_disturbs_nobody(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """Of three who close at once one gives up; the bid is answered and the others come to their end."""
    gateway = await warmed()
    release = held(engine)
    bid = asyncio.create_task(gateway.submit(AUCTION, a_bid(2)))
    await until(lambda: engine.calls)
    closing = [asyncio.create_task(gateway.close()) for _ in range(3)]
    await asyncio.sleep(0.01)
    closing[1].cancel()
    await asyncio.sleep(0)
    release.set()
    assert (await bid).decision.leader == 2
    _, given_up, _ = await asyncio.gather(*closing, return_exceptions=True)
    assert isinstance(given_up, asyncio.CancelledError)


async def test_the_limits_and_refusals_hold_for_it(
    engine: ScriptedEngine, warmed: Callable[..., Any]
) -> None:
    """The bucket, an age of over two seconds, and a server that keeps less than the mode says refuse it unsent."""
    limits = Limits(paddle_per_second=0.001, paddle_burst=2)
    now_us = 10_000_000
    gateway = await warmed(limits=limits, ticks_us=lambda: now_us)
    await gateway.submit(AUCTION, a_bid())
    with pytest.raises(TooFast):
        await gateway.submit(AUCTION, a_bid())
    with pytest.raises(EngineBusy):
        await gateway.submit(AUCTION, a_bid(2), entered_us=now_us - 2_000_001)
    gateway.refuse({0: unreachable("weak")})
    with pytest.raises(EngineUnreachable):
        await gateway.submit(AUCTION, a_bid(2))
    gateway.refuse({})
    answer = await gateway.submit(AUCTION, a_bid(2), entered_us=now_us - 1_500_000)
    assert answer.decision.leader == 2
    assert [call.commands[0][2] for call in engine.calls] == [0, 1_500_000]


async def test_a_failure_after_the_decision_is_an_unknown_outcome(
    engine: ScriptedEngine, warmed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong between reply and answer ends the connection, and the next bid goes over a new one."""
    gateway = await warmed()
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: failures.append(context.get("exception"))
    )
    monkeypatch.setenv("LUOCHUI_FAILPOINTS", "gateway.after_decision=raise")
    with pytest.raises(EngineOutcomeUnknown):
        await gateway.submit(AUCTION, a_bid())
    monkeypatch.delenv("LUOCHUI_FAILPOINTS")
    assert (await gateway.submit(AUCTION, a_bid(2))).decision.leader == 2
    assert [type(one) for one in failures] == [FailpointReached]
    assert gateway.fences == [0]
