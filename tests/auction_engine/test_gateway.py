"""The gateway against a scripted server: batching, fairness, limits, and what callers are told when things go wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from auction_engine.durability import MODES, durability_named
from auction_engine.errors import (
    ClockSkew,
    EngineBusy,
    EngineOutcomeUnknown,
    EngineUnreachable,
    NoSuchAuction,
    ShardHalted,
    TooFast,
    UnknownMode,
)
from auction_engine.gateway import Gateway
from auction_engine.receipts import fault_in
from auction_engine.rules.commands import Command
from auction_engine.waiting import Limits
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
async def gateway_to(
    engine: ScriptedEngine,
) -> AsyncIterator[Callable[..., Gateway]]:
    """Makes gateways in front of the scripted engine, all auctions in one shard."""
    made: list[Gateway] = []

    def make(**options: Any) -> Gateway:
        async def fence(shard: int) -> int:
            return 7

        settings = {"fence": fence, "limits": OPEN} | options
        gateway = Gateway(
            settings.pop("url", engine.url),
            durability=MODES["local"],
            key=a_key(),
            shards=1,
            **settings,
        )
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        await gateway.close()


def held(engine: ScriptedEngine) -> asyncio.Event:
    """Makes the engine wait with its answers until the event is set."""
    release, accept = asyncio.Event(), engine.accept

    async def answer(call: Call) -> object:
        await release.wait()
        return await accept(call)

    engine.answer = answer
    return release


async def started(engine: ScriptedEngine, calls: int = 1) -> None:
    """Wait until the engine has been called so many times."""
    await until(lambda: len(engine.calls) >= calls)


async def test_bids_that_arrive_during_a_call_leave_together(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """At most one call is in flight a shard, and all that waited meanwhile goes in the next one."""
    release, gateway = held(engine), gateway_to()
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid()))
    await started(engine)
    rest = [asyncio.create_task(gateway.submit(AUCTION, a_bid(p))) for p in range(2, 50)]
    await asyncio.sleep(0.02)
    assert len(engine.calls) == 1
    release.set()
    answers = await asyncio.gather(first, *rest)
    assert [len(call.commands) for call in engine.calls] == [1, 48]
    assert [answer.decision.leader for answer in answers] == list(range(1, 50))


async def test_one_bid_alone_is_one_call(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A bid with no company is sent at once, with epoch, clock, keys and its age."""
    answer = await gateway_to().submit(AUCTION, a_bid(3, 500, "x1"))
    (call,) = engine.calls
    assert call.epoch == 7
    assert call.clock_ms > 1_700_000_000_000
    assert [key.decode() for key in call.keys] == [
        "{s0}:meta",
        "{s0}:log",
        f"{{s0}}:a:{AUCTION}",
        f"{{s0}}:i:{AUCTION}",
    ]
    (command,) = call.commands
    assert [command[0], command[1], *command[3:]] == [1, "bid", 3, 500, "x1"]
    assert 0 <= command[2] < 1_000_000
    assert (answer.decision.price_fen, answer.decision.leader) == (500, 3)


async def test_every_acknowledgement_gives_a_receipt_that_holds(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """Each of many bids in one batch gets a receipt of its own that verifies against the venue's key."""
    release, gateway = held(engine), gateway_to()
    tasks = [asyncio.create_task(gateway.submit(AUCTION, a_bid(p))) for p in range(1, 20)]
    release.set()
    for paddle, answer in enumerate(await asyncio.gather(*tasks), start=1):
        receipt = answer.receipt()
        assert receipt is not None
        assert receipt.command[2] == paddle
        assert receipt.mode == "local"
        assert fault_in(receipt, is_trusted=lambda key: key == a_key().public_key) is None


async def test_answers_are_never_mixed_up_when_callers_are_cancelled(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """Callers cancelled at any moment change nothing for the others: each gets the answer to its own bid."""
    gateway = gateway_to()
    for round_ in range(40):
        tasks = [
            asyncio.create_task(gateway.submit(AUCTION, a_bid(p, 1000 * round_ + p)))
            for p in range(1, 30)
        ]
        for _ in range(round_ % 5):
            await asyncio.sleep(0)
        for task in tasks[round_ % 3 :: 3]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        for paddle, answer in enumerate(answers, start=1):
            if isinstance(answer, asyncio.CancelledError):
                continue
            assert not isinstance(answer, BaseException)
            assert answer.decision.price_fen == 1000 * round_ + paddle


async def test_lost_reply_is_an_unknown_outcome_not_a_refusal(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """When the connection breaks after sending, every caller of the batch learns that the outcome is unknown."""
    gateway = gateway_to()

    async def cut(call: Call) -> object:
        return None

    engine.answer = cut
    answers = await gateway.submit_many(AUCTION, [a_bid(1), a_bid(2)])
    assert [type(answer) for answer in answers] == [EngineOutcomeUnknown] * 2
    assert len(engine.calls) == 1, "the gateway never repeats a call by itself"
    engine.answer = engine.accept
    assert (await gateway.submit(AUCTION, a_bid(1))).decision.accepted


async def test_black_hole_times_out_and_its_late_reply_reaches_nobody(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A reply that comes after the deadline is dropped with its connection."""
    release, gateway = held(engine), gateway_to(call_seconds=0.05)
    with pytest.raises(EngineOutcomeUnknown):
        await gateway.submit(AUCTION, a_bid(1, 111))
    engine.answer = engine.accept
    release.set()
    answer = await gateway.submit(AUCTION, a_bid(2, 222))
    assert (answer.decision.price_fen, answer.decision.leader) == (222, 2)


async def test_unreachable_engine_is_told_as_not_decided(
    gateway_to: Callable[..., Gateway], tmp_path: Path
) -> None:
    """When nothing could be sent, the caller learns that nothing was decided."""
    gateway = gateway_to(url=f"unix://{tmp_path / 'nobody.sock'}")
    with pytest.raises(EngineUnreachable) as caught:
        await gateway.submit(AUCTION, a_bid())
    assert caught.value.context["retry_after_ms"] == 1000


async def test_reconnect_passes_the_fence_again(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """After a broken connection no bid is sent before the fence has been asked, and its epoch is used."""
    epochs = iter([3, 4])
    asked: list[int] = []

    async def fence(shard: int) -> int:
        asked.append(shard)
        return next(epochs)

    gateway = gateway_to(fence=fence)
    await gateway.submit(AUCTION, a_bid())

    async def cut(call: Call) -> object:
        return None

    engine.answer = cut
    with pytest.raises(EngineOutcomeUnknown):
        await gateway.submit(AUCTION, a_bid())
    engine.answer = engine.accept
    await gateway.submit(AUCTION, a_bid())
    assert asked == [0, 0]
    assert [call.epoch for call in engine.calls] == [3, 3, 4]


async def test_old_epoch_is_sent_again_after_a_look_at_the_fence(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A batch refused for its epoch was not decided: it goes again, once the fence has named the new epoch."""
    epochs = iter([1, 2])

    async def fence(shard: int) -> int:
        return next(epochs)

    async def answer(call: Call) -> object:
        return ["EPOCH", 2] if call.epoch == 1 else await engine.accept(call)

    engine.answer = answer
    assert (await gateway_to(fence=fence).submit(AUCTION, a_bid())).decision.accepted
    assert [call.epoch for call in engine.calls] == [1, 2]


async def test_endless_epoch_refusals_end_as_not_decided(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A server that never accepts the epoch is not asked for ever."""

    async def answer(call: Call) -> object:
        return ["EPOCH", 9]

    engine.answer = answer
    with pytest.raises(EngineBusy):
        await gateway_to().submit(AUCTION, a_bid())
    assert len(engine.calls) < 10


async def test_a_bid_for_no_auction_does_not_take_others_with_it(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A missing book fails the bids on that auction alone; the rest of the batch is decided."""

    async def answer(call: Call) -> object:
        if OTHER_AUCTION in call.auctions:
            return ["NO_BOOK", call.auctions.index(OTHER_AUCTION) + 1]
        return await engine.accept(call)

    engine.answer = answer
    gateway = gateway_to()
    good, bad = await asyncio.gather(
        gateway.submit(AUCTION, a_bid(1)),
        gateway.submit(OTHER_AUCTION, a_bid(2)),
        return_exceptions=True,
    )
    assert isinstance(bad, NoSuchAuction)
    assert not isinstance(good, BaseException)
    assert good.decision.accepted


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (["CLOCK_SKEW", 12345], ClockSkew),
        (["BACKPRESSURE", 12345], EngineBusy),
        (Exception("OOM command not allowed"), EngineUnreachable),
        (Exception("LOADING the dataset"), EngineUnreachable),
        (Exception("ERR Function not found"), EngineUnreachable),
        (Exception("ERR Error running script"), EngineOutcomeUnknown),
        (["WHAT"], EngineOutcomeUnknown),
        (7, EngineOutcomeUnknown),
    ],
)
async def test_other_replies_are_mapped(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway], reply: object, error: type
) -> None:
    """Each answer but a decision has one meaning: not decided, or unknown; never refused."""

    async def answer(call: Call) -> object:
        return reply

    engine.answer = answer
    with pytest.raises(error):
        await gateway_to().submit(AUCTION, a_bid())


async def test_halted_shard_takes_nothing(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """While the fence refuses, no call reaches the engine."""

    async def fence(shard: int) -> int:
        raise ShardHalted

    with pytest.raises(ShardHalted):
        await gateway_to(fence=fence).submit(AUCTION, a_bid())
    assert engine.calls == []


async def test_a_fence_that_fails_is_told_as_not_decided(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """When the database is away and the fence can't be asked, nothing is sent and the callers know it."""
    answers = iter([OSError("connection refused"), None])

    async def fence(shard: int) -> int:
        if (error := next(answers)) is not None:
            raise error
        return 1

    gateway = gateway_to(fence=fence)
    with pytest.raises(EngineUnreachable):
        await gateway.submit(AUCTION, a_bid())
    assert engine.calls == []
    assert (await gateway.submit(AUCTION, a_bid())).decision.accepted


async def test_full_queue_refuses_at_once_but_not_the_venue(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """Past the bound a bid is refused at once with a time to retry; the venue's own commands still get in."""
    limits = Limits(waiting_max=10, paddle_waiting_max=100, paddle_per_second=1e9, paddle_burst=1e9)
    release, gateway = held(engine), gateway_to(limits=limits)
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid()))
    await started(engine)
    waiting = [asyncio.create_task(gateway.submit(AUCTION, a_bid(p))) for p in range(2, 12)]
    await asyncio.sleep(0)
    with pytest.raises(EngineBusy) as caught:
        await gateway.submit(AUCTION, a_bid(99))
    assert caught.value.context["retry_after_ms"] == 1000
    suspend = asyncio.create_task(gateway.submit(AUCTION, Command(do="suspend", reason="fault")))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(first, suspend, *waiting)
    assert len(engine.calls[1].commands) == 11


async def test_a_paddle_may_let_four_commands_wait(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """The fifth waiting command of a paddle is refused; another paddle's is not."""
    release, gateway = held(engine), gateway_to(limits=Limits())
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid(1)))
    await started(engine)
    tasks = [asyncio.create_task(gateway.submit(AUCTION, a_bid(1))) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(TooFast):
        await gateway.submit(AUCTION, a_bid(1))
    tasks.append(asyncio.create_task(gateway.submit(AUCTION, a_bid(2))))
    await asyncio.sleep(0)
    release.set()
    answers = await asyncio.gather(first, *tasks)
    assert all(answer.decision.accepted for answer in answers)


async def test_token_bucket_refuses_before_the_queue(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """A paddle that spends its burst is refused without reaching the engine, and told when to come back."""
    limits = Limits(paddle_burst=3, paddle_per_second=0.001)
    gateway = gateway_to(limits=limits)
    for _ in range(3):
        await gateway.submit(AUCTION, a_bid(1))
    with pytest.raises(TooFast) as caught:
        await gateway.submit(AUCTION, a_bid(1))
    assert int(str(caught.value.context["retry_after_ms"])) > 1000
    await gateway.submit(AUCTION, a_bid(2))
    assert len(engine.calls) == 4


async def test_flood_by_some_does_not_keep_others_out_of_the_batch(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """When not everything fits, auctions take turns, and paddles within an auction; order of arrival is kept."""
    limits = Limits(batch_max=8, paddle_waiting_max=100, paddle_per_second=1e9, paddle_burst=1e9)
    release, gateway = held(engine), gateway_to(limits=limits)
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid(1)))
    await started(engine)
    flood = [gateway.submit(AUCTION, a_bid(1, 10 + n)) for n in range(30)]
    victims = [gateway.submit(AUCTION, a_bid(2)), gateway.submit(OTHER_AUCTION, a_bid(3))]
    tasks = [asyncio.create_task(submit) for submit in (*flood, *victims)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(first, *tasks)
    paddles = [command[3] for command in engine.calls[1].commands]
    assert paddles.count(2) == 1
    assert paddles.count(3) == 1
    assert len(paddles) == 8
    amounts = [c[4] for call in engine.calls[1:] for c in call.commands if c[3] == 1]
    assert amounts == sorted(amounts)
    assert sum(len(call.commands) for call in engine.calls) == 33


async def test_a_bid_that_waited_two_seconds_is_not_sent(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """What can no longer be decided within the grace is refused as busy, unsent; the young ones go."""
    clock = [0]
    release, gateway = held(engine), gateway_to(ticks_us=lambda: clock[0])
    first = asyncio.create_task(gateway.submit(AUCTION, a_bid(1)))
    await started(engine)
    old = asyncio.create_task(gateway.submit(AUCTION, a_bid(2)))
    await asyncio.sleep(0)
    clock[0] = 1_500_000
    young = asyncio.create_task(gateway.submit(AUCTION, a_bid(3)))
    await asyncio.sleep(0)
    clock[0] = 2_000_001
    release.set()
    with pytest.raises(EngineBusy):
        await old
    await asyncio.gather(first, young)
    assert [command[2:4] for command in engine.calls[1].commands] == [[500_001, 3]]


async def test_a_bid_counts_from_its_ingress_and_an_old_one_is_busy(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """What was lost before the gateway belongs to the age; over 2,000 ms it is told as busy and never sent."""
    gateway = gateway_to(ticks_us=lambda: 5_000_000)
    with pytest.raises(EngineBusy):
        await gateway.submit(AUCTION, a_bid(1), entered_us=2_999_999)
    assert engine.calls == []
    await gateway.submit(AUCTION, a_bid(2), entered_us=3_000_000)
    await gateway.submit(AUCTION, a_bid(3), entered_us=6_000_000)
    ages = [call.commands[0][2] for call in engine.calls]
    assert ages == [2_000_000, 0]


async def test_closed_gateway_answers_what_is_in_flight_and_takes_no_more(
    engine: ScriptedEngine, gateway_to: Callable[..., Gateway]
) -> None:
    """Closing drains: whoever was let in gets an answer, whoever comes later is told to retry."""
    release, gateway = held(engine), gateway_to()
    task = asyncio.create_task(gateway.submit(AUCTION, a_bid()))
    await started(engine)
    closing = asyncio.create_task(gateway.close())
    await asyncio.sleep(0)
    with pytest.raises(EngineBusy):
        await gateway.submit(AUCTION, a_bid())
    release.set()
    await closing
    assert (await task).decision.accepted


def test_unknown_mode_is_refused_by_name() -> None:
    """A durability mode that does not exist is named together with those that do."""
    with pytest.raises(UnknownMode, match=r"'fast' is not one of relaxed, local"):
        durability_named("fast")
