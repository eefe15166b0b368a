"""What the journal holds of a live sealed auction: what is to be opened, and what came of every envelope.

Nothing of it is told before the close is final; until then even the number of sealed bids is nobody's business.
"""

from typing import Protocol
from uuid import UUID

import msgspec

from auction_engine.decided import Acknowledgement
from auction_engine.errors import NoSuchAuction
from auction_engine.journal import WireCommand, WireDecision
from auction_engine.receipts import DO, EXTRA
from auction_engine.replica import Replica, entries_of, replay_entry
from auction_engine.rules.commands import Command, Creation, Openings
from auction_engine.rules.model import Auction
from auction_engine.sealed_bids import SealingTerms
from auction_engine.sealed_canary import terms_of
from auction_engine.sealed_checks import fault_in_openings
from auction_engine.sealed_opening import STANDS, NotYetDue, SealedBid, sealed_bids_in
from kit.errors import LuochuiError
from kit.sql import Connection

OPENED, REFUSED, WAITING, UNOPENED = "opened", "refused", "waiting", "unopened"


class OpeningRefused(LuochuiError):
    """These openings are not true, not proved or not complete, or come at the wrong time. / 开封结果不成立。"""

    code = "opening_refused"


class Engine(Protocol):
    """What is needed of the engine."""

    async def submit(self, auction_id: UUID, command: Command) -> Acknowledgement:
        """Have a command decided and journalled."""


class SealedRecord(msgspec.Struct, frozen=True):
    """A live sealed auction whose close is final: its published terms, all its sealed bids, its openings if opened."""

    terms: SealingTerms
    bids: list[SealedBid]
    openings: Openings | None
    auction: Auction


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one sealed bid. `outcome`: opened, refused, unopened (the auction was cancelled), waiting, replaced,
    withdrawn or voided. `digest` is the SHA-256 of the envelope's text.
    """

    paddle: int
    seq: int
    digest: str
    outcome: str
    amount_fen: int | None = None
    reason: str | None = None


async def read_record(conn: Connection, auction_id: UUID) -> SealedRecord:
    """The record of an auction. Raises NoSuchAuction, InvalidInput where bids are not sealed in envelopes, and
    NotYetDue before the close is final in the journal.
    """
    replica, name = Replica(), str(auction_id)
    history: list[tuple[WireCommand, WireDecision]] = []
    for entry in await entries_of(conn, auction_id):
        replay_entry(entry, {name: replica}, only=name)
        pairs = zip(entry.commands, entry.decisions, strict=True)
        history += [(command, decision) for (of, command), decision in pairs if of == name]
    if not history:
        raise NoSuchAuction(f"auction_id: there is no auction {name}", f"没有拍卖 {name}")
    terms = terms_of(name, msgspec.convert(history[0][0][EXTRA], Creation))
    auction = replica.auction
    if not auction.is_final and auction.cancelled_at is None:
        raise NotYetDue(deadline_ms=terms.deadline_ms)
    return SealedRecord(terms, sealed_bids_in(history), _openings_in(history), auction)


def _openings_in(history: list[tuple[WireCommand, WireDecision]]) -> Openings | None:
    for command, decision in history:
        if command[DO] == "open_bids" and decision[0] == 1:
            return msgspec.convert(command[EXTRA], Openings)
    return None


async def open_bids(
    conn: Connection, engine: Engine, auction_id: UUID, openings: Openings, *, id: str = ""
) -> Acknowledgement:
    """Check openings against the journal and have them decided; the operator's order. Safe to repeat with the same id.

    Raises OpeningRefused, naming the envelope, rather than journalling what `verify` would not accept.
    """
    record = await read_record(conn, auction_id)
    fault = fault_in_openings(record.terms, record.bids, openings)
    if fault is not None:
        raise OpeningRefused(f"openings: {fault}")
    done = await engine.submit(auction_id, Command(do="open_bids", openings=openings, id=id))
    if not done.decision.accepted:
        raise OpeningRefused(f"openings: the engine answered {done.decision.reason}")
    return done


def report(record: SealedRecord) -> list[Reported]:
    """What came of every sealed bid, in the order they came: for the public page, with nothing left out."""
    return [_reported(record, bid) for bid in record.bids]


def _reported(record: SealedRecord, bid: SealedBid) -> Reported:
    found = Reported(paddle=bid.paddle, seq=bid.seq, digest=bid.digest, outcome=bid.fate)
    if bid.fate != STANDS:
        return found
    if record.openings is None:
        is_cancelled = record.auction.cancelled_at is not None
        return msgspec.structs.replace(found, outcome=UNOPENED if is_cancelled else WAITING)
    opening = next(one for one in record.openings.bids if one.seq == bid.seq)
    reason = record.auction.format.unopened.get(bid.paddle)
    return msgspec.structs.replace(
        found,
        outcome=OPENED if reason is None else REFUSED,
        amount_fen=opening.amount_fen or None,
        reason=reason,
    )
