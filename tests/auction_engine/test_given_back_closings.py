"""Ids of auctions that time closed or that were opened are given back, and every retry still answers alike."""

import asyncpg
import redis.asyncio

from auction_engine import keys
from auction_engine.engine import Engine
from auction_engine.rules.commands import Command, Result
from auction_engine.sealed_bids import seal
from auction_engine.sealed_opening import open_share, openings_from, request_opening
from auction_engine.sealed_record import open_bids, read_record
from kit.clock import system_clock
from kit.embedded import Valkey
from tests.auction_engine.make_engine import AUCTION, a_bid
from tests.auction_engine.test_given_back import AUCTION_ID, IDS, give_back, wires
from tests.auction_engine.test_recovery import PADDLES, SHARD, a_live_profile, open_engine
from tests.auction_engine.test_sealed_live import OPENER, VENUE, closed_for_good, published


async def given_back_alike(
    database: asyncpg.Pool,
    engine: Engine,
    client: redis.asyncio.Redis,
    *,
    accepted: list[Command],
    others: list[Command],
) -> None:
    """Once the ids are gone every retry has the answer that it had while they were there, and nothing else counts."""
    await engine.projector.project(SHARD)
    before = await wires(engine, [*accepted, *others])
    assert [answer[0] for answer in before] == [2] * len(accepted) + [0] * len(others)
    assert await client.exists(IDS)
    assert await give_back(database, engine) == [AUCTION_ID]
    assert not await client.exists(IDS)
    assert await wires(engine, [*accepted, *others]) == before
    # a rebuilt shard holds them again, and answers alike still
    await engine.projector.project(SHARD)
    await client.delete(keys.meta(SHARD))
    engine.gateway.unverify(SHARD)
    assert await wires(engine, [*accepted, *others]) == before
    assert await client.exists(IDS)
    assert await give_back(database, engine) == [AUCTION_ID]
    assert await wires(engine, [*accepted, *others]) == before


async def test_an_auction_that_time_has_closed(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """English, ended by its clock and sold: bids, a hidden maximum and an operator's order replay."""
    engine = await open_engine(database, valkey.url)
    accepted = [
        *(a_bid(n % 3 + 1, 10_000_000 + 100 * n, f"b{n}") for n in range(6)),
        Command(do="proxy", paddle=4, value=12_000_000, id="max"),
        Command(do="disqualify", paddle=2, reason="withdrew", id="op"),
    ]
    try:
        await engine.create_auction(AUCTION_ID, a_live_profile(1_500), paddles=PADDLES)
        assert all(answer[0] == 1 for answer in await wires(engine, accepted))
        await closed_for_good(engine)
        result = await engine.close(AUCTION_ID)
        assert isinstance(result, Result)
        assert (result.outcome, result.winner) == ("sold", 4)
        await given_back_alike(
            database,
            engine,
            engine_redis,
            accepted=accepted,
            others=[a_bid(1, 10_000_900, "b0"), a_bid(3, 13_000_000, "new"), a_bid(3, 13_000_000)],
        )
    finally:
        await engine.aclose()


async def test_an_auction_whose_envelopes_were_opened(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> None:
    """Sealed: envelopes and the opening itself replay; another envelope under a used id does not."""
    engine = await open_engine(database, valkey.url)
    try:
        terms = await published(engine)
        envelopes = {n: seal(1_000_000 + n, paddle=n, terms=terms) for n in (1, 2)}
        accepted = [
            Command(do="seal", paddle=n, envelope=envelopes[n], id=f"s{n}") for n in envelopes
        ]
        assert all(answer[0] == 1 for answer in await wires(engine, accepted))
        await closed_for_good(engine)
        async with database.acquire() as conn:
            record = await read_record(conn, AUCTION_ID)
            share = open_share(
                request_opening(record.terms, record.bids, VENUE),
                OPENER,
                terms=terms,
                now=system_clock(),
            )
            openings = openings_from(record.terms, record.bids, VENUE, share)
            await open_bids(conn, engine, AUCTION_ID, openings, id="opening")
        assert isinstance(await engine.close(AUCTION_ID), Result)
        another = seal(9_000_000, paddle=1, terms=terms)
        await given_back_alike(
            database,
            engine,
            engine_redis,
            accepted=[*accepted, Command(do="open_bids", openings=openings, id="opening")],
            others=[
                Command(do="seal", paddle=1, envelope=another, id="s1"),
                Command(do="seal", paddle=3, envelope=another, id="new"),
            ],
        )
    finally:
        await engine.aclose()
    assert keys.shard_of(AUCTION) == SHARD
