"""A venue that cheats at the opening: what its own software would accept, the verifier does not."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import redis.asyncio

from auction_engine import replica
from auction_engine.bundle import Batch, decode_line, export_bundle
from auction_engine.bundle import seal as sign
from auction_engine.errors import AuctionNotFinal, JournalBroken
from auction_engine.projector import Projector
from auction_engine.rules import model
from auction_engine.rules.commands import GRACE_MS, Canary, Command, Openings, Sealing
from auction_engine.rules.model import create_command
from auction_engine.rules.profile import Profile
from auction_engine.sealed_bids import SealingTerms, seal
from auction_engine.sealed_canary import hash_of
from auction_engine.sealed_opening import (
    KEY_LOST,
    SealedBid,
    open_with_keys,
    openings_without_keys,
)
from auction_engine.verification import DoesNotHold, verify_bundle
from tests.auction_engine.make_engine import AUCTION, a_key
from tests.auction_engine.make_journal import END_MS, OPENS_MS, SHARD, JournalWriter, a_profile
from tests.auction_engine.make_sealed import a_sealing, a_sealing_key

VENUE, OPENER = a_sealing_key("venue"), a_sealing_key("opener")
PADDLES: dict[int, int | None] = dict.fromkeys(range(1, 5))
Change = Callable[[Openings], Openings]
Tell = Callable[[Change | None], Awaitable[bytes]]


def a_sealed_profile() -> Profile:
    unused = {"step", "extension"}
    fields = {"format": "one_shot", "amend": "latest_counts"}
    given = model.profile_object(a_profile()) | fields
    kept = {name: value for name, value in given.items() if name not in unused}
    for name in ("grid", "leader_may_raise", "max_steps_per_bid"):
        kept.pop(name, None)
    return model.parse_profile(kept)


class Story:
    """A journal of one sealed auction: paddle 1 replaces its bid, 2 withdraws, 3 copies, 4 is sold to."""

    def __init__(self, writer: JournalWriter, sealing: Sealing, terms: SealingTerms) -> None:
        self.writer, self.sealing, self.terms = writer, sealing, terms

    async def write(self) -> list[SealedBid]:
        """Everything up to the close; the sealed bids."""
        amounts = {1: 12_000_000, 2: 99_000_000, 4: 15_000_000}
        texts = {p: seal(a, paddle=p, terms=self.terms) for p, a in amounts.items()}
        second = seal(13_000_000, paddle=1, terms=self.terms)
        creation = create_command(a_sealed_profile(), PADDLES, sealing=self.sealing)
        await self.writer.write(OPENS_MS - 5_000, (AUCTION, creation))
        order = [(1, texts[1]), (2, texts[2]), (3, texts[4]), (4, texts[4]), (1, second)]
        for place, (paddle, text) in enumerate(order):
            command = Command(do="seal", paddle=paddle, envelope=text)
            await self.writer.write(OPENS_MS + place * 10 + 10, (AUCTION, command))
        withdrawal = Command(do="withdraw", paddle=2)
        await self.writer.write(OPENS_MS + 100, (AUCTION, withdrawal))
        await self.writer.write(END_MS + GRACE_MS, (AUCTION, Command(do="tick")))
        fates = ("replaced", "withdrawn", "stands", "stands", "stands")
        return [
            SealedBid(paddle, seq, text, fate)
            for seq, ((paddle, text), fate) in enumerate(zip(order, fates, strict=True), start=1)
        ]

    async def open(self, openings: Openings) -> None:
        command = Command(do="open_bids", openings=openings)
        await self.writer.write(END_MS + GRACE_MS + 5_000, (AUCTION, command))


@pytest.fixture
async def story(writer: JournalWriter) -> Story:
    terms, sealing = a_sealing(AUCTION, a_sealed_profile())
    return Story(writer, sealing, terms)


@pytest.fixture
def bundle_of(story: Story, projector: Projector, database: asyncpg.Pool) -> Tell:
    """Writes the story with openings changed by a venue that cheats, projects it, and exports the bundle."""

    async def tell(change: Change | None) -> bytes:
        bids = await story.write()
        openings = open_with_keys(story.terms, bids, VENUE, OPENER)
        await story.open(change(openings) if change else openings)
        await projector.project(SHARD)
        return await exported(database)

    return tell


async def exported(database: asyncpg.Pool) -> bytes:
    async with database.acquire() as conn, conn.transaction(isolation="repeatable_read"):
        return await export_bundle(conn, UUID(AUCTION), key=a_key(), mode="local")


def with_bid(openings: Openings, place: int, **fields: Any) -> Openings:
    bids = list(openings.bids)
    bids[place] = msgspec.structs.replace(bids[place], **fields)
    return msgspec.structs.replace(openings, bids=tuple(bids))


async def test_bundle_of_an_honest_opening_holds(bundle_of: Tell) -> None:
    """The winner and price follow from the envelopes; the copy is told; withdrawn and replaced ones stay shut."""
    verified = verify_bundle(await bundle_of(None), trusted_keys=[a_key().public_key])
    assert (verified.result["winner"], verified.result["price_fen"]) == (4, 15_000_000)
    assert verified.result["underbidder"] == 1
    assert verified.sealed is not None
    assert (verified.sealed.envelopes, verified.sealed.opened) == (3, 2)
    assert verified.sealed.unopened == [(3, "copied")]
    assert not verified.sealed.key_lost


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda o: with_bid(o, 1, amount_fen=14_000_000), "paddle 4, command 4: 14000000 fen"),
        (lambda o: with_bid(o, 2, amount_fen=16_000_000), "paddle 1, command 5: 16000000 fen"),
        (lambda o: with_bid(o, 1, amount_fen=0, reason="outer_layer"), "paddle 4, command 4"),
        (lambda o: with_bid(o, 1, amount_fen=0, reason=KEY_LOST), "its outer layer does"),
        (lambda o: msgspec.structs.replace(o, venue_key=""), "no key is shown"),
        (
            lambda o: with_bid(o, 0, amount_fen=15_000_000, bidder_nonce="A" * 43, reason=""),
            "paddle 3, command 3: 15000000 fen",
        ),
    ],
    ids=["lowered", "raised", "denied", "key_lost", "unproved", "stolen"],
)
async def test_false_opening_fails_verify(bundle_of: Tell, change: Change, why: str) -> None:
    """T27: what the rules alone can't see, that an opening is not what the envelope held, the verifier names."""
    bundle = await bundle_of(change)
    with pytest.raises(DoesNotHold, match=why):
        verify_bundle(bundle)


async def test_dropped_opening_is_refused_by_the_rules_and_by_verify(
    story: Story, projector: Projector, database: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T27: an engine that would let one opening be left out gives a journal that replays nowhere else."""
    bids = await story.write()
    openings = open_with_keys(story.terms, bids, VENUE, OPENER)
    short = msgspec.structs.replace(openings, bids=openings.bids[1:])
    with monkeypatch.context() as dishonest:
        dishonest.setattr(model, "_is_opening_of", lambda *_: True)
        await story.open(short)
        await projector.project(SHARD)
        bundle = await exported(database)
    with pytest.raises(DoesNotHold, match="by the rules it is"):
        verify_bundle(bundle)
    with pytest.raises(JournalBroken, match="the rules say"):
        async with database.acquire() as conn:
            await replica.replica_from_journal(conn, UUID(AUCTION))


async def test_bundle_without_the_opening_is_neither_exported_nor_valid(
    story: Story, projector: Projector, database: asyncpg.Pool
) -> None:
    """As long as envelopes wait there is no result, and cutting the opening off a bundle leaves none either."""
    bids = await story.write()
    await projector.project(SHARD)
    with pytest.raises(AuctionNotFinal):
        await exported(database)
    await story.open(open_with_keys(story.terms, bids, VENUE, OPENER))
    await projector.project(SHARD)
    lines = [decode_line(raw) for raw in (await exported(database)).splitlines()]
    last = max(place for place, line in enumerate(lines) if isinstance(line, Batch))
    opened = lines[last]
    head = msgspec.structs.replace(lines[0], last_batch=opened.header.seq - 1, commands=8)
    cut = [head, *lines[1:last], *lines[last + 1 : -1]]
    with pytest.raises(DoesNotHold, match="inclusion"):
        verify_bundle(sign(cut, key=a_key()))


async def test_lost_keys_leave_a_bundle_that_says_so(
    story: Story, projector: Projector, database: asyncpg.Pool
) -> None:
    """Key loss is reported in the proof itself: nothing was opened, nothing sold."""
    await story.open(openings_without_keys(await story.write()))
    await projector.project(SHARD)
    verified = verify_bundle(await exported(database))
    assert verified.sealed is not None
    assert verified.sealed.key_lost
    assert verified.result["outcome"] == "unsold"


async def test_false_canary_fails_verify(
    story: Story, projector: Projector, database: asyncpg.Pool
) -> None:
    """An auction whose canary does not hold what it says was never shown to be openable."""
    canary = Canary(story.sealing.canary.envelope, 5, story.sealing.canary.bidder_nonce)
    bare = msgspec.structs.replace(story.sealing, canary=canary)
    story.sealing = msgspec.structs.replace(bare, hash=hash_of(bare))
    bids = await story.write()
    await story.open(open_with_keys(story.terms, bids, VENUE, OPENER))
    await projector.project(SHARD)
    with pytest.raises(DoesNotHold, match="canary"):
        verify_bundle(await exported(database))


async def test_sealing_under_another_hash_is_not_projected(
    story: Story, engine_redis: redis.asyncio.Redis, projector: Projector
) -> None:
    """The sealing is called by its hash; a journal in which it is not is not taken over."""
    story.sealing = msgspec.structs.replace(story.sealing, hash="0" * 64)
    with pytest.raises(JournalBroken, match="sealing"):
        await story.write()
    assert await projector.project(SHARD) == 0
    assert await engine_redis.dbsize() == 0
