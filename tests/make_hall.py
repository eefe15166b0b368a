"""The hall as its template gets it, for tests that play the server's part themselves."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from marketplace.auctions.schemas import AuctionState, RecordEntry
from marketplace.auctions.seats import Seat
from marketplace.lots.schemas import PublicLot
from marketplace.pages.rendering import text
from marketplace.pages.serving import Visitor
from tests.make_shown_lots import BIDDING, CONDITIONS

LOT_ID = UUID("01930000-0000-7000-8000-000000000001")
OPENS_AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
OPENS_AT_MS = 1_793_581_200_000
ENDS_AT_MS = OPENS_AT_MS + 86_400_000


def make_public_lot(**fields: object) -> PublicLot:
    """A lot that is being bid for."""
    given: dict[str, object] = {
        "id": LOT_ID,
        "number": "LC-2026-000001",
        "title": "One graphene patent",
        "title_zh": "石墨烯专利一项",
        "regime": "commercial_auction",
        "format": "english",
        "round_number": 1,
        "status": "open",
        "valuation_fen": 1_000_000_00,
        "start_price_fen": 800_000_00,
        "deposit_fen": 80_000_00,
        "bidding": BIDDING,
        "conditions": CONDITIONS,
        "registration_opens_at": OPENS_AT,
        "priority_closes_at": OPENS_AT,
        "opens_at": OPENS_AT,
        "closes_at": datetime(2026, 11, 3, 1, 0, tzinfo=UTC),
        "payment_hours": 120,
        "release_on": "PRICE_PAID",
        "objection_days": 0,
        "refund_working_days": None,
        "shortened_times": False,
        "published_at": OPENS_AT,
        "profile_hash": "ab" * 32,
        "notice_sha256": "cd" * 32,
    }
    known = {field.name for field in msgspec.structs.fields(PublicLot)}
    return msgspec.convert(
        {name: value for name, value in (given | fields).items() if name in known}, PublicLot
    )


def make_state(**fields: object) -> AuctionState:
    """An open auction at CNY 900,000, led by paddle 204."""
    given: dict[str, object] = {
        "auction_id": LOT_ID,
        "number": "LC-2026-000001",
        "status": "open",
        "format": "english",
        "price_fen": 900_000_00,
        "leader": 204,
        "minimum_fen": 950_000_00,
        "step_fen": 50_000_00,
        "opens_at_ms": OPENS_AT_MS,
        "ends_at_ms": ENDS_AT_MS,
        "extensions": 0,
        "bids": 3,
        "bidders": 2,
        "seq": 3,
        "final": False,
        "outcome": None,
        "result": None,
        "profile_hash": "ab" * 32,
        "position": 3,
        "server_ms": OPENS_AT_MS + 1000,
    }
    return msgspec.convert(given | fields, AuctionState)


def make_entry(number: int, **fields: object) -> RecordEntry:
    """An accepted bid of paddle 204."""
    given: dict[str, object] = {
        "id": f"1-{number}",
        "position": number,
        "action": "bid",
        "paddle": 204,
        "amount_fen": 900_000_00,
        "accepted": True,
        "seq": number,
        "price_fen": 900_000_00,
        "leader": 204,
        "ends_at_ms": ENDS_AT_MS,
        "reason": None,
        "at_ms": OPENS_AT_MS + number,
    }
    return msgspec.convert(given | fields, RecordEntry)


def hall_text(
    *,
    lot: PublicLot | None = None,
    state: AuctionState | None = None,
    record: tuple[RecordEntry, ...] = (),
    seat: Seat | None = None,
    is_sealed: bool = False,
) -> str:
    """The hall's HTML for somebody who is not signed in but, with `seat`, has one."""
    return text(
        "hall.html",
        visitor=Visitor(caller=None, form_token=""),
        here="",
        lot=lot or make_public_lot(),
        auction=state or make_state(),
        record=record,
        mine=seat,
        takes_proxies=True,
        is_sealed=is_sealed,
        is_operator=False,
    )
