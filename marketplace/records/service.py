"""Puts a record together from the journal, the notices and the result: the same every time it is asked for."""

import hashlib
from typing import Any
from uuid import UUID

import msgspec

from kit.errors import Conflict
from kit.reach import everything
from kit.sql import Connection, load_statements
from marketplace.auctions import service as auctions
from marketplace.auctions.schemas import RecordEntry
from marketplace.lots import service as lots
from marketplace.lots.schemas import Lot
from marketplace.notices import service as notices
from marketplace.notices.schemas import Kind
from marketplace.organisations.schemas import Caller
from marketplace.records.rules import next_step
from marketplace.records.schemas import BidRecord, Intervention, UnsoldReport
from marketplace.sales import service as sales
from marketplace.sales.schemas import Sale

_SQL = load_statements("marketplace.records", "queries.sql")
_BIDS = frozenset({"bid", "proxy"})
#: Nobody prints more; the bundle has it all.
ENTRIES_MAX = 50_000


class TooLong(Conflict):
    """The record is too long for one page; page through it, or take the bundle. / 记录过长，请分页或下载存证包。"""

    code = "record_too_long"


class NotUnsold(Conflict):
    """Only of a lot that was not sold is there such a report. / 仅未成交标的出具流拍报告。"""

    code = "lot_not_unsold"


async def bid_record(conn: Connection, lot_id: UUID) -> BidRecord:
    """The record of a lot's auction once its result is recorded. Raises `NotFound` before."""
    lot = await lots.public(conn, lot_id)
    sale = await sales.of_lot(conn, lot_id)
    entries = await _entries(conn, lot_id)
    bids = [entry for entry in entries if entry.action in _BIDS]
    record = BidRecord(
        lot_id=lot_id,
        number=lot.number,
        title=lot.title,
        title_zh=lot.title_zh,
        regime=lot.regime.value,
        format=lot.format,
        notice_sha256=lot.notice_sha256,
        profile_sha256=lot.profile_hash,
        opens_at=lot.opens_at,
        closed_at=sale.closed_at,
        outcome=sale.outcome,
        reason=sale.reason,
        winner_paddle=sale.winner_paddle,
        price_fen=sale.price_fen,
        extensions=sale.extensions,
        accepted=sum(entry.accepted for entry in bids),
        refused=sum(not entry.accepted for entry in bids),
        bidders=len({entry.paddle for entry in bids if entry.paddle is not None}),
        interventions=await _interventions(conn, lot_id),
        entries=entries,
        sha256="",
    )
    return msgspec.structs.replace(record, sha256=_digest(record))


async def unsold_report(conn: Connection, caller: Caller, lot_id: UUID) -> UnsoldReport:
    """Why the venue's or consignor's lot was not sold, and the next step of the ladder."""
    lot = await lots.owned(conn, caller, lot_id)
    sale = await sales.of_lot(conn, lot_id)
    if sale.outcome != "unsold":
        raise NotUnsold(
            f"lot {lot.number}: {sale.outcome}", f"标的 {lot.number} 的结果为 {sale.outcome}"
        )
    return await _unsold(conn, lot, sale)


async def _unsold(conn: Connection, lot: Lot, sale: Sale) -> UnsoldReport:
    async with everything(conn):  # the bank learns how many bidders there were, not who
        counted = await conn.fetchrow(_SQL["turnout"], lot.id)
    assert counted is not None, "it counts"
    proposal = next_step(
        lot.regime,
        round_number=lot.round_number,
        start_price_fen=lot.start_price_fen,
        closed_at=sale.closed_at,
    )
    report = UnsoldReport(
        lot_id=lot.id,
        number=lot.number,
        title=lot.title,
        title_zh=lot.title_zh,
        regime=lot.regime.value,
        round_number=lot.round_number,
        start_price_fen=lot.start_price_fen,
        valuation_fen=lot.valuation_fen,
        outcome=sale.outcome,
        reason=sale.reason or "no_bids",
        registered=counted["registered"],
        admitted=counted["admitted"],
        bids=counted["bids"],
        highest_bid_fen=counted["highest_bid_fen"],
        closed_at=sale.closed_at,
        next_start_price_fen=proposal.start_price_fen,
        next_until=proposal.until,
        proposal=proposal.english,
        proposal_zh=proposal.chinese,
        sha256="",
    )
    return msgspec.structs.replace(report, sha256=_digest(report))


async def _entries(conn: Connection, lot_id: UUID) -> list[RecordEntry]:
    entries: list[RecordEntry] = []
    after = 0
    while found := await auctions.record(conn, lot_id, after=after):
        entries += found
        after = found[-1].position
        if len(entries) > ENTRIES_MAX:
            raise TooLong
    return entries


async def _interventions(conn: Connection, lot_id: UUID) -> list[Intervention]:
    return [
        Intervention(
            kind=notice.kind.value,
            reason=str(msgspec.json.decode(notice.content, type=dict[str, Any]).get("reason", "")),
            at=notice.published_at,
        )
        for notice in await notices.of_lot(conn, lot_id)
        if notice.kind is not Kind.SALE
    ]


def _digest(document: msgspec.Struct) -> str:
    """SHA-256 over the document's canonical JSON, without the digest itself."""
    fields = msgspec.to_builtins(document)
    del fields["sha256"]
    return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).hexdigest()
