"""A lot's rules as the engine's rule profile, and the hash that its notice prints."""

import secrets
from datetime import datetime
from typing import Any

import msgspec

from auction_engine.rules.profile import parse_profile, profile_bytes, profile_hash, public_object
from kit.clock import epoch_ms
from kit.errors import InvalidInput
from marketplace.lots.offered import OFFERED, frozen_text, offer_terms, text_hash
from marketplace.lots.schemas import AppendExtension, Bidding, Lot, ResetExtension


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """A rule profile at publication: canonical JSON, the salt of its hash (empty without a secret), the hash in hex."""

    text: str
    salt: str
    hash: str


def auction_object(
    bidding: Bidding,
    *,
    opens_at: datetime,
    closes_at: datetime,
    start_price_fen: int,
    reserve_price_fen: int | None,
) -> dict[str, Any]:
    """The `auction` object of contracts 1 that a lot's rules amount to, without its priority holders.

    Holders are confirmed until shortly before the opening, so they are not part of the frozen profile: they are
    given to the engine with the auction.
    """
    step = {} if bidding.step is None else {"step": msgspec.to_builtins(bidding.step)}
    return {
        "format": bidding.format,
        "opens_at": epoch_ms(opens_at),
        "closes_at": epoch_ms(closes_at),
        "start_price_fen": start_price_fen,
        "reserve_price_fen": reserve_price_fen,
        **step,
        "grid": bidding.grid,
        "leader_may_raise": bidding.leader_may_raise,
        "max_steps_per_bid": bidding.max_steps_per_bid,
        "extension": _extension_object(bidding.extension),
        "min_bidders": bidding.min_bidders,
        **bidding.format_terms,
    }


def require_readable(auction: dict[str, Any], *, bidding: Bidding, payment_hours: int) -> None:
    """Refuse terms that could not be run, naming the field: the engine's, or those of a call for offers."""
    if bidding.format in OFFERED:
        parts = offer_terms(bidding.format_terms).instalments
        if parts and parts[-1].due_after_hours != payment_hours:
            raise InvalidInput(
                "payment_hours",
                f"must be the last instalment's: {parts[-1].due_after_hours}",
                f"须与末期付款期限一致：{parts[-1].due_after_hours}",
            )
    else:
        parse_profile(auction, "bidding")


def rules_of(lot: Lot) -> dict[str, Any]:
    """The `auction` object of a lot as it stands."""
    return auction_object(
        lot.bidding,
        opens_at=lot.opens_at,
        closes_at=lot.closes_at,
        start_price_fen=lot.start_price_fen,
        reserve_price_fen=lot.reserve_price_fen,
    )


def freeze(auction: dict[str, Any]) -> Frozen:
    """Normalise and hash. A plain hash would let anyone guess a secret reserve, so such a profile is salted."""
    if auction["format"] in OFFERED:
        salt = secrets.token_hex(32) if auction["reserve_price_fen"] is not None else ""
        text = frozen_text(auction)
        return Frozen(text=text, salt=salt, hash=text_hash(text, salt))
    profile = parse_profile(auction)
    salt = secrets.token_hex(32) if profile.reserve_price_fen is not None else ""
    return Frozen(
        text=profile_bytes(profile).decode(), salt=salt, hash=profile_hash(profile, salt=salt)
    )


def public_rules(text: str) -> dict[str, Any]:
    """The profile as the notice prints it: that there is a reserve is said, how high it is not."""
    rules: dict[str, Any] = msgspec.json.decode(text)
    if rules["format"] in OFFERED:
        return rules | {"reserve_price_fen": None, "has_reserve": bool(rules["reserve_price_fen"])}
    return public_object(parse_profile(rules))


def _extension_object(extension: ResetExtension | AppendExtension | None) -> dict[str, Any] | None:
    if extension is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(extension)
    del fields["hard_end_at"]
    hard_end = None if extension.hard_end_at is None else epoch_ms(extension.hard_end_at)
    return fields | {"hard_end": hard_end}
