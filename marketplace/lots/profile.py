"""A lot's rules as the engine's rule profile, and the hash that its notice prints."""

import secrets
from datetime import datetime
from typing import Any

import msgspec

from auction_engine.rules.profile import parse_profile, profile_bytes, profile_hash, public_object
from kit.clock import epoch_ms
from marketplace.lots.schemas import AppendExtension, Bidding, ResetExtension


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


def freeze(auction: dict[str, Any]) -> Frozen:
    """Normalise and hash. A plain hash would let anyone guess a secret reserve, so such a profile is salted."""
    profile = parse_profile(auction)
    salt = secrets.token_hex(32) if profile.reserve_price_fen is not None else ""
    return Frozen(
        text=profile_bytes(profile).decode(), salt=salt, hash=profile_hash(profile, salt=salt)
    )


def public_rules(frozen_text: str) -> dict[str, Any]:
    """The profile as the notice prints it: that there is a reserve is said, how high it is not."""
    return public_object(parse_profile(msgspec.json.decode(frozen_text)))


def _extension_object(extension: ResetExtension | AppendExtension | None) -> dict[str, Any] | None:
    if extension is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(extension)
    del fields["hard_end_at"]
    hard_end = None if extension.hard_end_at is None else epoch_ms(extension.hard_end_at)
    return fields | {"hard_end": hard_end}
