"""What follows a sale, as values: what the confirmation (成交确认书) says, who outside the platform is paid."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

#: Everyone who is paid needs an id in the ledger; who has no account here gets one that follows from the code.
_PARTIES = uuid5(NAMESPACE_URL, "urn:luochui:party")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an auction ended, in the marketplace's words. Source: contracts 1, `result`."""

    outcome: str
    reason: str | None
    winner_paddle: int | None
    price_fen: int | None
    underbidder_paddle: int | None
    extensions: int
    closed_at: datetime
    #: Several paddles, each with one unit at the price; then there is no one winner (contracts 1, `uniform_price`).
    unit_winners: tuple[int, ...] = ()


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """The winner's true identity, which the confirmation publishes (法释〔2016〕18号 art. 22)."""

    organisation_id: UUID
    name: str
    credit_code: str | None
    paddle: int


def party_id(credit_code: str) -> UUID:
    """The ledger's id of a party known by its unified social credit code alone: always the same."""
    return uuid5(_PARTIES, credit_code)


def payment_due_at(closed_at: datetime, *, payment_hours: int) -> datetime:
    """Until when the whole price must be there."""
    return closed_at + timedelta(hours=payment_hours)


def confirmation_content(
    *,
    number: str,
    lot: Mapping[str, Any],
    buyer: Buyer,
    venue: str,
    price_fen: int,
    deposit_fen: int,
    closed_at: datetime,
    due_at: datetime,
    now: datetime,
) -> str:
    """The confirmation as canonical JSON: the bytes that its hash is computed over. Source: domain 7."""
    content = {
        "number": number,
        "issued_at": _utc(now),
        "lot": dict(lot),
        "buyer": {
            "name": buyer.name,
            "credit_code": buyer.credit_code,
            "organisation_id": str(buyer.organisation_id),
            "paddle": buyer.paddle,
        },
        "venue": venue,
        "hammer_price_fen": price_fen,
        "deposit_fen": deposit_fen,
        "balance_fen": max(price_fen - deposit_fen, 0),
        "closed_at": _utc(closed_at),
        "payment_due_at": _utc(due_at),
        "statement": {
            "en": "The contract was formed when the system confirmed the sale. The deposit counts towards the price;"
            " it is not returned if the balance is not paid in time.",
            "zh": "系统确认成交时合同成立。保证金抵作价款；逾期未付清余款的，保证金不予退还。",
        },
    }
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 in hex of the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def _utc(at: datetime) -> str:
    return msgspec.json.encode(at).decode().strip('"')
