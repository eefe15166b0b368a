"""The opening after the close: the venue peels, the second opener opens, and the engine decides and journals it."""

from datetime import datetime
from uuid import UUID

import msgspec

from auction_engine.rules.commands import BidOpening, Openings
from auction_engine.sealed_bids import MalformedEnvelope, parse_envelope
from auction_engine.sealed_opening import (
    KEY_LOST,
    OpeningRequest,
    OpeningShare,
    SealedBid,
    standing_of,
)
from auction_engine.sealed_record import (
    Engine,
    OpeningRefused,
    SealedRecord,
    open_bids,
    read_record,
    report,
)
from kit.errors import Forbidden, InvalidInput, NotFound
from kit.reach import journal
from kit.sql import Connection, Pool, load_statements
from marketplace.audit import service as audit
from marketplace.duties import service as duties
from marketplace.duties.schemas import Kind
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.sealings import service
from marketplace.sealings.schemas import (
    Envelope,
    Opening,
    OpeningDone,
    OpeningsIn,
    Report,
)

_SQL = load_statements("marketplace.sealings", "queries.sql")


class LostNeedsChecker(Forbidden):
    """That a key is lost, and nobody can win, is said by the venue's checker. / 密钥丢失须由场所复核人员确认。"""

    code = "lost_needs_checker"


async def get(conn: Connection, caller: Caller, lot_id: UUID) -> Opening:
    """Envelopes and halves, for the venue and the second opener, once the close is final. Raises `NotYetDue`."""
    await service.get(conn, caller, lot_id)
    record = await _record(conn, lot_id)
    halves = await conn.fetchrow(_SQL["opening"], lot_id)
    request, share = (None, None) if halves is None else (halves["request"], halves["share"])
    return Opening(
        terms=record.terms,
        bids=[
            Envelope(paddle=bid.paddle, seq=bid.seq, envelope=bid.envelope, fate=bid.fate)
            for bid in record.bids
        ],
        request=None if request is None else msgspec.json.decode(request, type=OpeningRequest),
        share=None if share is None else msgspec.json.decode(share, type=OpeningShare),
    )


async def request(
    conn: Connection, caller: Caller, lot_id: UUID, given: OpeningRequest, *, now: datetime
) -> Opening:
    """The inner layers of the envelopes that stand, peeled by the venue; for the second opener to open."""
    await lots.owned_for_update(conn, caller, lot_id)
    record = await _record(conn, lot_id)
    _require_layers(record, given)
    text = msgspec.json.encode(given).decode()
    await conn.execute(_SQL["request"], lot_id, text, caller.user_id, now)
    await _audit(conn, caller, lot_id, "sealed_opening_requested", len(given.layers), now=now)
    return await get(conn, caller, lot_id)


async def share(
    conn: Connection, caller: Caller, lot_id: UUID, given: OpeningShare, *, now: datetime
) -> Opening:
    """What the second opener's key made of the layers. It is checked when both halves are put together."""
    row = await service.row_or_none(conn, lot_id)
    if row is None or row.opener_id != caller.organisation_id:
        raise NotFound(f"lot {lot_id} has no sealing", f"标的 {lot_id} 没有密钥约定")
    halves = await conn.fetchrow(_SQL["opening"], lot_id)
    if halves is None:
        raise OpeningRefused("share: the venue has not asked for one yet")
    asked = msgspec.json.decode(halves["request"], type=OpeningRequest)
    if given.auction != str(lot_id) or {s.seq for s in given.shares} != {
        layer.seq for layer in asked.layers
    }:
        raise InvalidInput(
            "shares", "must be of this auction, one for each layer", "须为本场竞价，每层一份"
        )
    text = msgspec.json.encode(given).decode()
    await conn.execute(_SQL["share"], lot_id, text, caller.user_id, now)
    await _audit(conn, caller, lot_id, "sealed_opening_shared", len(given.shares), now=now)
    return await get(conn, caller, lot_id)


async def open_all(
    pool: Pool,
    engine: Engine,
    caller: Caller,
    lot_id: UUID,
    given: OpeningsIn,
    *,
    key: str,
    now: datetime,
) -> OpeningDone:
    """Have every envelope's opening decided and journalled, once; then the close is due. Safe to repeat.

    Raises `OpeningRefused`, naming the envelope, and what the engine raises where it can't be asked.
    """
    openings = Openings(
        bids=tuple(
            BidOpening(one.paddle, one.seq, one.amount_fen, one.bidder_nonce, one.reason)
            for one in given.bids
        ),
        venue_key=given.venue_key,
        opener_key=given.opener_key,
    )
    is_lost = any(one.reason == KEY_LOST for one in openings.bids)
    if is_lost and not caller.has(Role.VENUE_CHECKER):
        raise LostNeedsChecker
    async with pool.acquire() as conn, conn.transaction():
        await lots.owned_for_update(conn, caller, lot_id)
        await _audit(conn, caller, lot_id, "sealed_opening_ordered", len(given.bids), now=now)
    async with pool.acquire() as conn:
        done = await open_bids(conn, engine, lot_id, openings, id=key)
    async with pool.acquire() as conn, conn.transaction():
        await duties.hasten(conn, Kind.CLOSE_AUCTION, subject_id=lot_id, now=now)
    return OpeningDone(
        auction_id=lot_id,
        seq=done.decision.seq,
        replayed=done.decision.replayed,
        receipt=done.receipt(),
    )


async def public_report(conn: Connection, lot_id: UUID) -> Report:
    """What came of every sealed bid, for everybody, once the close is final."""
    await lots.public(conn, lot_id)
    return Report(auction_id=lot_id, items=report(await _record(conn, lot_id)))


async def _record(conn: Connection, lot_id: UUID) -> SealedRecord:
    """What the journal holds of a lot's envelopes; only once its close is final (`read_record`)."""
    async with journal(conn):
        return await read_record(conn, lot_id)


def _require_layers(record: SealedRecord, given: OpeningRequest) -> None:
    """The layers are of envelopes that stand, each told as it is bound; which are left out is seen at the opening."""
    if given.terms != record.terms:
        raise InvalidInput("terms", "are not those that were published", "与公布的条款不符")
    standing = {(bid.paddle, bid.seq): bid for bid in standing_of(record.bids)}
    for index, layer in enumerate(given.layers):
        bid = standing.get((layer.paddle, layer.seq))
        if bid is None or not _is_of(bid, layer.nonce, layer.commitment):
            raise InvalidInput(
                f"layers[{index}]", "is not of an envelope that stands", "不属于有效的密封报价"
            )


def _is_of(bid: SealedBid, nonce: str, commitment: str) -> bool:
    try:
        envelope = parse_envelope(bid.envelope)
    except MalformedEnvelope:
        return False
    return (envelope.nonce, envelope.commitment) == (nonce, commitment)


async def _audit(
    conn: Connection, caller: Caller, lot_id: UUID, action: str, count: int, *, now: datetime
) -> None:
    await audit.record(
        conn,
        caller,
        now=now,
        action=action,
        subject="lot",
        subject_id=lot_id,
        after={"envelopes": count},
    )
