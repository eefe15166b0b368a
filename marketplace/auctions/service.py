"""What everyone may know of an auction, read from the journal's tables: only what is durable is shown."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

import asyncpg
import msgspec

from auction_engine.checkpoints import LogKey
from auction_engine.journal import Entry
from auction_engine.receipts import PADDLE, Receipt, SealedEntry
from auction_engine.replica import entries_of
from auction_engine.rules.profile import Profile, parse_profile
from kit.clock import epoch_ms
from kit.errors import NotFound
from kit.reach import journal
from kit.sql import Connection, load_statements
from marketplace.auctions.schemas import AuctionState, RecordEntry
from marketplace.lots.rules import LotStatus

_SQL = load_statements("marketplace.auctions", "queries.sql")
#: Batches of the record in one look; a batch holds what was decided in one call.
BATCHES_MAX = 200
_PROFILES_MAX = 1024


async def state(conn: Connection, auction_id: UUID, *, now: datetime) -> AuctionState:
    """The public state of a published lot's auction, as of the last journalled batch."""
    row = await conn.fetchrow(_SQL["state"], auction_id)
    if row is None:
        raise NotFound(f"no auction {auction_id}", f"没有竞价 {auction_id}")
    profile = _profile(row["profile"])
    result = None if row["result"] is None else msgspec.json.decode(row["result"])
    status = row["status"] or _before_creation(LotStatus(row["lot_status"]))
    is_over = status in ("closed", "cancelled")
    minimum_fen, step_fen = _least_bid(profile, row["price_fen"])
    return AuctionState(
        auction_id=row["id"],
        number=row["number"],
        status=_by_clock(status, row, now=now),
        format=row["format"],
        price_fen=row["price_fen"],
        leader=row["leader"],
        minimum_fen=None if is_over else minimum_fen,
        step_fen=step_fen,
        opens_at_ms=epoch_ms(row["opens_at"]),
        ends_at_ms=_ends_at(row, status),
        extensions=row["extensions"] or 0,
        bids=row["bids"] or 0,
        bidders=row["bidders"] or 0,
        seq=row["seq"] or 0,
        final=bool(row["final"]),
        outcome=None if result is None else result["outcome"],
        result=result,
        profile_hash=row["profile_hash"],
        position=row["batch_seq"] or 0,
        server_ms=epoch_ms(now),
    )


async def record(
    conn: Connection, auction_id: UUID, *, after: int, batches: int = BATCHES_MAX
) -> list[RecordEntry]:
    """The public record (竞价记录) after a position, whole batches, in the order decided; refusals included."""
    rows = await conn.fetch(_SQL["record"], auction_id, after, batches)
    return [
        RecordEntry(
            id=f"{row['shard']}-{row['batch_seq']}-{row['batch_index']}",
            position=row["batch_seq"],
            action=row["action"],
            paddle=row["paddle"],
            amount_fen=row["amount_fen"],
            accepted=row["accepted"],
            seq=row["seq"],
            price_fen=row["price_fen"],
            leader=row["leader"],
            ends_at_ms=row["ends_at_ms"],
            reason=row["reason"],
            at_ms=row["at_ms"],
        )
        for row in rows
    ]


async def receipts(
    conn: Connection, auction_id: UUID, paddle: int, *, key: LogKey, mode: str
) -> list[Receipt]:
    """The proofs of all that `paddle` sent and that was decided; the same bytes as in the first answers."""
    found = []
    async with journal(conn):  # of which the paddle's own commands alone are told
        entries = await entries_of(conn, auction_id)
    for entry in entries:
        sealed = SealedEntry(entry, key=key, mode=mode)
        found += [sealed.receipt(index) for index in _own(entry, str(auction_id), paddle)]
    return found


def _own(entry: Entry, auction: str, paddle: int) -> list[int]:
    return [
        index
        for index, (of, command) in enumerate(entry.commands)
        if of == auction and command[PADDLE] == paddle and command[0] != "admit"
    ]


@lru_cache(maxsize=_PROFILES_MAX)
def _profile(text: str) -> Profile:
    return parse_profile(msgspec.json.decode(text))


def _least_bid(profile: Profile, price_fen: int | None) -> tuple[int | None, int | None]:
    """The least valid bid and the step above it; sealed formats and clocks have neither. Source: contracts 1."""
    if profile.step is None:
        return None, None
    if price_fen is None:
        return profile.start_price_fen, profile.step.at(profile.start_price_fen)
    step_fen = profile.step.at(price_fen)
    return price_fen + step_fen, step_fen


def _before_creation(status: LotStatus) -> str:
    return "cancelled" if status is LotStatus.WITHDRAWN else "scheduled"


def _by_clock(status: str, row: asyncpg.Record, *, now: datetime) -> str:
    """The engine writes its state with each command; between them an auction opens by the clock alone."""
    if status == "scheduled" and row["status"] is not None and row["opens_at"] <= now:
        return "open"
    return status


def _ends_at(row: asyncpg.Record, status: str) -> int | None:
    if row["status"] is None:
        return epoch_ms(row["closes_at"])
    if status == "suspended":
        return None
    ends_at: int | None = row["ends_at_ms"]
    return ends_at
