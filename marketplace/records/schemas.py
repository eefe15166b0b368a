"""What the record of an auction and the report of one that failed say. Source: domain 7; 拍卖法 art. 53."""

from datetime import datetime
from uuid import UUID

import msgspec

from marketplace.auctions.schemas import RecordEntry


class Intervention(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator, or the engine by itself, did to the auction: published with its reason."""

    kind: str
    reason: str
    at: datetime


class BidRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The whole record of an auction (竞价记录/拍卖笔录): paddles only; `sha256` is of everything but itself."""

    lot_id: UUID
    number: str
    title: str
    title_zh: str
    regime: str
    format: str
    notice_sha256: str
    profile_sha256: str
    opens_at: datetime
    closed_at: datetime
    outcome: str
    reason: str | None
    winner_paddle: int | None
    price_fen: int | None
    extensions: int
    accepted: int
    refused: int
    bidders: int
    interventions: list[Intervention]
    entries: list[RecordEntry]
    sha256: str


class UnsoldReport(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lot was not sold, and what may follow (流拍报告). `sha256` is of everything but itself."""

    lot_id: UUID
    number: str
    title: str
    title_zh: str
    regime: str
    round_number: int
    start_price_fen: int
    valuation_fen: int
    outcome: str
    reason: str
    registered: int
    admitted: int
    bids: int
    highest_bid_fen: int | None
    closed_at: datetime
    #: The least start price of a next round, and until when it has to be held; null where the regime says nothing.
    next_start_price_fen: int | None
    next_until: datetime | None
    proposal: str
    proposal_zh: str
    sha256: str
