"""A live sealed auction on real servers: no amount anywhere before the close, and one opening after it."""

import asyncio
import logging
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import redis.asyncio

from auction_engine import keys
from auction_engine.bundle import Batch, Signed, decode_line, export_bundle
from auction_engine.engine import Engine, NotDue
from auction_engine.errors import AuctionNotFinal
from auction_engine.receipts import AGE, Receipt
from auction_engine.rules.commands import AMOUNT_MAX, Command, Result
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import Profile, parse_profile
from auction_engine.sealed_bids import MalformedEnvelope, SealingTerms, seal
from auction_engine.sealed_opening import (
    NotYetDue,
    WrongKey,
    open_share,
    open_with_keys,
    openings_from,
    openings_without_keys,
    request_opening,
)
from auction_engine.sealed_record import OpeningRefused, open_bids, read_record, report
from auction_engine.verification import verify_bundle
from kit.clock import epoch_ms, system_clock
from kit.embedded import Valkey
from kit.errors import InvalidInput
from tests.auction_engine.make_engine import AUCTION, a_key, until
from tests.auction_engine.make_sealed import a_sealing, a_sealing_key, sealed_rules

AUCTION_ID = UUID(AUCTION)
SHARD = keys.shard_of(AUCTION)
CANARY_FEN = 6_543_217_654_321
OPEN_MS = 2_500
VENUE, OPENER = a_sealing_key("venue"), a_sealing_key("opener")
PADDLES: dict[int, int | None] = dict.fromkeys(range(1, 7))


def a_live_sealed_profile(open_ms: int = OPEN_MS, **fields: Any) -> Profile:
    now_ms = epoch_ms(system_clock())
    times = {"opens_at": now_ms - 1_000, "closes_at": now_ms + open_ms}
    return parse_profile(sealed_rules(**times, **fields))


@pytest.fixture
async def engine(
    database: asyncpg.Pool, engine_redis: redis.asyncio.Redis, valkey: Valkey
) -> AsyncIterator[Engine]:
    opened = await Engine.open(database, valkey.url, key=a_key(), clock=system_clock)
    yield opened
    await opened.aclose()


async def published(engine: Engine, profile: Profile | None = None) -> SealingTerms:
    """A sealed auction that is open now; its terms."""
    profile = profile or a_live_sealed_profile()
    terms, sealing = a_sealing(AUCTION, profile)
    done = await engine.create_auction(AUCTION_ID, profile, paddles=PADDLES, sealing=sealing)
    assert done.decision.accepted
    return terms


async def closed_for_good(engine: Engine) -> None:
    """Wait until the close is final."""
    async with asyncio.timeout(20):
        while True:
            answer = await engine.close(AUCTION_ID)
            if isinstance(answer, Result) or answer.opening_due:
                return
            await asyncio.sleep(0.1)


async def everything_stored(
    database: asyncpg.Pool, client: redis.asyncio.Redis, directory: Path
) -> list[bytes]:
    """What the engine's memory, its append-only file and the database hold, each as bytes as they are."""
    files = await asyncio.to_thread(append_only_files, directory)
    return [await in_memory(client), files, await in_database(database)]


async def in_memory(client: redis.asyncio.Redis) -> bytes:
    """Every value of every key."""
    found: list[bytes] = []
    async for name in client.scan_iter():
        kind = await client.type(name)
        match kind:
            case b"hash":
                pairs = await client.hgetall(name)  # type: ignore[misc]
                found += [*pairs, *pairs.values()]
            case b"stream":
                for _, fields in await client.xrange(name):
                    found += fields.values()
            case _:
                raise AssertionError(f"{name!r} is a {kind!r}")
    return b"\n".join(found)


def append_only_files(directory: Path) -> bytes:
    """The append-only file in all its parts."""
    return b"\n".join(
        path.read_bytes() for path in sorted(directory.rglob("*.aof*")) if path.is_file()
    )


async def in_database(database: asyncpg.Pool) -> bytes:
    """Every row of every table that the application may read."""
    found: list[bytes] = []
    tables = await database.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    for table in tables:
        if await database.fetchval("SELECT has_table_privilege($1, 'SELECT')", table["name"]):
            for row in await database.fetch(f"SELECT * FROM {table['name']}"):
                found += [v if isinstance(v, bytes) else str(v).encode() for v in row.values()]
    return b"\n".join(found)


def spellings(amount_fen: int) -> list[bytes]:
    """An amount in every way that something of ours would write it."""
    return [
        str(amount_fen).encode(),
        str(amount_fen // 100).encode(),
        f"{amount_fen:,}".encode(),
        f"{amount_fen:x}".encode(),
        struct.pack(">Q", amount_fen),
        struct.pack("<Q", amount_fen),
        struct.pack(">d", amount_fen),
        struct.pack("<d", amount_fen),
    ]


def told(haystack: bytes, amount_fen: int) -> list[bytes]:
    return [spelling for spelling in spellings(amount_fen) if spelling in haystack]


async def test_no_amount_is_anywhere_before_the_opening(
    database: asyncpg.Pool,
    engine: Engine,
    engine_redis: redis.asyncio.Redis,
    valkey: Valkey,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """T23: memory, append-only file, database, answers and logs hold no amount, nor does one key tell one."""
    caplog.set_level(logging.DEBUG)
    terms = await published(engine)
    envelope = seal(CANARY_FEN, paddle=1, terms=terms)
    answers = [await engine.seal(AUCTION_ID, 1, envelope, id="a")]
    plain = Command(do="seal", paddle=2, value=CANARY_FEN - 7)
    answers.append(await engine.submit(AUCTION_ID, plain))
    assert [answer.decision.reason for answer in answers] == ["", "invalid_amount"]
    await engine.projector.project(SHARD)
    async with database.acquire() as conn:
        with pytest.raises(NotYetDue):
            await read_record(conn, AUCTION_ID)
        await closed_for_good(engine)
        stored = await everything_stored(database, engine_redis, valkey.directory)
        assert all(envelope.encode() in place for place in stored), "the search sees every place"
        said = repr(await engine.view(AUCTION_ID)) + caplog.text
        said += "".join(repr((answer.wire, answer.receipt())) for answer in answers[:1])
        assert told(b"".join(stored) + said.encode(), CANARY_FEN) == []
        record = await read_record(conn, AUCTION_ID)
        for venue, opener in ((VENUE, VENUE), (OPENER, OPENER), (OPENER, VENUE)):
            with pytest.raises(WrongKey):
                open_with_keys(record.terms, record.bids, venue, opener)
        with pytest.raises(AuctionNotFinal):
            await export_bundle(conn, AUCTION_ID, key=a_key(), mode="local")
        openings = open_with_keys(record.terms, record.bids, VENUE, OPENER)
        await open_bids(conn, engine, AUCTION_ID, openings)
    await engine.close(AUCTION_ID)
    stored = await everything_stored(database, engine_redis, valkey.directory)
    assert all(told(place, CANARY_FEN) for place in stored), "once opened it is everywhere"


async def test_every_envelope_is_opened_or_told(database: asyncpg.Pool, engine: Engine) -> None:
    """T24, T27: the good count, the copied and the broken are shown with their reasons, and the bundle proves it."""
    terms = await published(engine)
    rivals = seal(9_000, paddle=1, terms=terms)
    await engine.seal(AUCTION_ID, 1, rivals)
    await engine.seal(AUCTION_ID, 2, seal(1, paddle=2, terms=terms))
    await engine.seal(AUCTION_ID, 3, seal(8_000, paddle=3, terms=terms))
    await engine.seal(AUCTION_ID, 4, rivals)
    await engine.submit(AUCTION_ID, Command(do="seal", paddle=5, envelope="junk"))
    with pytest.raises(MalformedEnvelope):
        await engine.seal(AUCTION_ID, 6, "junk")
    await closed_for_good(engine)
    async with database.acquire() as conn:
        record = await read_record(conn, AUCTION_ID)
        assert {one.outcome for one in report(record)} == {"waiting"}
        request = request_opening(record.terms, record.bids, VENUE)
        share = open_share(request, OPENER, terms=terms, now=system_clock())
        openings = openings_from(record.terms, record.bids, VENUE, share)
        first = await open_bids(conn, engine, AUCTION_ID, openings, id="opening")
        again = await open_bids(conn, engine, AUCTION_ID, openings, id="opening")
        assert (first.decision.replayed, again.decision.replayed) == (False, True)
        result = await engine.close(AUCTION_ID)
        assert isinstance(result, Result)
        assert (result.winner, result.price_fen, result.underbidder) == (1, 9_000, 3)
        told_of = report(await read_record(conn, AUCTION_ID))
        async with conn.transaction(isolation="repeatable_read"):
            bundle = await export_bundle(conn, AUCTION_ID, key=a_key(), mode="local")
    assert [(one.paddle, one.outcome, one.amount_fen, one.reason) for one in told_of] == [
        (1, "opened", 9_000, None),
        (2, "refused", 1, "below_start"),
        (3, "opened", 8_000, None),
        (4, "refused", None, "copied"),
        (5, "refused", None, "malformed"),
    ]
    verified = verify_bundle(bundle, trusted_keys=[a_key().public_key])
    assert verified.sealed is not None
    assert (verified.sealed.envelopes, verified.sealed.opened) == (5, 2)
    assert verified.sealed.unopened == [(2, "below_start"), (4, "copied"), (5, "malformed")]
    _assert_checkpoint_before_opening(bundle)


def _assert_checkpoint_before_opening(bundle: bytes) -> None:
    lines = [decode_line(raw) for raw in bundle.splitlines()]
    opened_in = next(
        line.header.seq
        for line in lines
        if isinstance(line, Batch) and any(o.command[0] == "open_bids" for o in line.openings)
    )
    sizes = [int(line.note.split("\n")[1]) for line in lines if isinstance(line, Signed)]
    assert opened_in - 1 in sizes, "which bids there are is signed before anybody opens them"


async def test_nothing_public_depends_on_the_amount(database: asyncpg.Pool, engine: Engine) -> None:
    """T25, T26: 1 fen and 10^13 fen leave the same rows, answers and receipt lengths; only ciphertexts differ."""
    terms = await published(engine, a_live_sealed_profile(60_000))
    least = await engine.seal(AUCTION_ID, 1, seal(1, paddle=1, terms=terms))
    most = await engine.seal(AUCTION_ID, 2, seal(AMOUNT_MAX, paddle=2, terms=terms))
    assert least.wire[2:] == most.wire[2:]
    # how long a bid waited for its batch is the machine's doing, not the amount's
    lengths = {len(msgspec.json.encode(_without_age(one.receipt()))) for one in (least, most)}
    assert len(lengths) == 1
    await engine.projector.project(SHARD)
    rows = await database.fetch(
        "SELECT action, amount_fen, price_after_fen, leader_after, ends_at_after_ms FROM engine.bids"
        " WHERE action = 'seal'"
    )
    assert len(rows) == 2
    assert rows[0] == rows[1]
    assert rows[0]["amount_fen"] is None


def _without_age(receipt: Receipt | None) -> Receipt:
    assert receipt is not None
    command = [*receipt.command[:AGE], 0, *receipt.command[AGE + 1 :]]
    return msgspec.structs.replace(receipt, command=command)


async def test_rebuilt_engine_holds_envelopes_and_openings(
    database: asyncpg.Pool, engine: Engine, engine_redis: redis.asyncio.Redis
) -> None:
    """The journal alone gives a lost engine its sealed bids back, and after the opening the same result."""
    terms = await published(engine)
    for paddle, amount in ((1, 5_000), (2, 7_000)):
        await engine.seal(AUCTION_ID, paddle, seal(amount, paddle=paddle, terms=terms))
    await closed_for_good(engine)
    await _lose_the_engine(engine, engine_redis)
    assert (await engine.view(AUCTION_ID))["opening_due"] is True
    async with database.acquire() as conn:
        record = await read_record(conn, AUCTION_ID)
        openings = open_with_keys(record.terms, record.bids, VENUE, OPENER)
        await open_bids(conn, engine, AUCTION_ID, openings)
    result = await engine.close(AUCTION_ID)
    await _lose_the_engine(engine, engine_redis)
    assert await engine.close(AUCTION_ID) == result
    assert isinstance(result, Result)
    assert (result.winner, result.price_fen) == (2, 7_000)


async def _lose_the_engine(engine: Engine, client: redis.asyncio.Redis) -> None:
    await engine.projector.project(SHARD)
    tag = keys.meta(SHARD).removesuffix("meta")
    async for name in client.scan_iter(match=f"{tag}*"):
        await client.delete(name)
    await engine.fence.verify(SHARD)


async def test_lost_key_ends_the_auction_unsold_and_says_so(
    database: asyncpg.Pool, engine: Engine
) -> None:
    """When a private key is gone the envelopes are reported shut, all of them, and the bundle says why nobody won."""
    terms = await published(engine)
    for paddle in (1, 2):
        await engine.seal(AUCTION_ID, paddle, seal(5_000, paddle=paddle, terms=terms))
    await closed_for_good(engine)
    async with database.acquire() as conn:
        record = await read_record(conn, AUCTION_ID)
        lost = openings_without_keys(record.bids)
        partly = msgspec.structs.replace(lost, bids=lost.bids[:1])
        with pytest.raises(OpeningRefused, match="one for each"):
            await open_bids(conn, engine, AUCTION_ID, partly)
        await open_bids(conn, engine, AUCTION_ID, lost)
        result = await engine.close(AUCTION_ID)
        assert isinstance(result, Result)
        assert (result.outcome, result.reason) == ("unsold", "no_bids")
        shut = report(await read_record(conn, AUCTION_ID))
        assert [(one.outcome, one.reason) for one in shut] == [("refused", "key_lost")] * 2
        with pytest.raises(OpeningRefused, match="closed"):
            await open_bids(conn, engine, AUCTION_ID, lost)
        async with conn.transaction(isolation="repeatable_read"):
            bundle = await export_bundle(conn, AUCTION_ID, key=a_key(), mode="local")
    verified = verify_bundle(bundle)
    assert verified.sealed is not None
    assert (verified.sealed.key_lost, verified.sealed.opened) == (True, 0)


async def test_cancelled_auction_opens_nothing(database: asyncpg.Pool, engine: Engine) -> None:
    """After a cancellation the envelopes stay shut, and the public list says so."""
    terms = await published(engine, a_live_sealed_profile(60_000))
    await engine.seal(AUCTION_ID, 1, seal(5_000, paddle=1, terms=terms))
    await engine.cancel(AUCTION_ID, "court order")
    assert isinstance(await engine.close(AUCTION_ID), Result)
    async with database.acquire() as conn:
        record = await read_record(conn, AUCTION_ID)
        assert [one.outcome for one in report(record)] == ["unopened"]
        openings = open_with_keys(record.terms, record.bids, VENUE, OPENER)
        with pytest.raises(OpeningRefused, match="cancelled"):
            await open_bids(conn, engine, AUCTION_ID, openings)


async def test_live_sealed_format_is_not_created_without_proven_keys(engine: Engine) -> None:
    """T27: no sealing, a false canary, other terms or a format without seals: nothing is published."""
    profile = a_live_sealed_profile(60_000)
    _, sealing = a_sealing(AUCTION, profile)
    false_canary = msgspec.structs.replace(sealing.canary, amount_fen=1)
    english = parse_profile(
        {
            "format": "english",
            "opens_at": profile.opens_at,
            "closes_at": profile.closes_at,
            "start_price_fen": 1_000,
            "step": {"kind": "fixed", "step_fen": 10},
        }
    )
    attempts = [
        (profile, None, "is missing"),
        (profile, msgspec.structs.replace(sealing, canary=false_canary), "hash"),
        (profile, msgspec.structs.replace(sealing, hash="0" * 64), "hash"),
        (a_live_sealed_profile(70_000), sealing, "canary"),
        (english, sealing, "of no use"),
    ]
    for rules, given, why in attempts:
        with pytest.raises(InvalidInput, match=why):
            await engine.create_auction(AUCTION_ID, rules, sealing=given)
    terms = await published(engine, profile)
    replay = await engine.create_auction(AUCTION_ID, profile, paddles=PADDLES, sealing=sealing)
    assert replay.decision.reason == "id_reused", "another canary is another sealing"
    assert terms.auction == AUCTION
    bare = await engine.submit(AUCTION_ID, create_command(profile, PADDLES))
    assert bare.decision.reason == "id_reused"


async def test_engine_says_when_the_opening_is_due(engine: Engine) -> None:
    """Before the close nothing is due; after it the engine asks for the opening and gives no result."""
    terms = await published(engine)
    await engine.seal(AUCTION_ID, 1, seal(5_000, paddle=1, terms=terms))
    early = await engine.close(AUCTION_ID)
    assert early == NotDue(terms.deadline_ms)
    await closed_for_good(engine)
    assert await engine.close(AUCTION_ID) == NotDue(terms.deadline_ms, opening_due=True)
    view = await engine.view(AUCTION_ID)
    assert (view["status"], view["final"], view["bids"]) == ("closed", False, None)
    assert view["result"]["outcome"] == "open"


async def test_a_close_that_becomes_final_between_tick_and_view_is_journalled(
    database: asyncpg.Pool, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the engine answers that the opening is due, the journal says so too, however the moments fell."""
    terms = await published(engine)
    await engine.seal(AUCTION_ID, 1, seal(5_000, paddle=1, terms=terms))
    look = engine.view

    async def look_later(auction_id: UUID) -> dict[str, Any]:
        async def is_due() -> bool:
            return bool((await look(auction_id))["opening_due"])

        await until(is_due, seconds=20)
        return await look(auction_id)

    monkeypatch.setattr(engine, "view", look_later)
    assert await engine.close(AUCTION_ID) == NotDue(terms.deadline_ms, opening_due=True)
    async with database.acquire() as conn:
        assert len((await read_record(conn, AUCTION_ID)).bids) == 1
