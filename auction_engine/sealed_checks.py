"""Checks of what is published and of what was opened; none needs a key that was not shown (docs/sealed-bids.md)."""

from collections.abc import Sequence

from auction_engine.rules.commands import BidOpening, Creation, Openings
from auction_engine.sealed_bids import (
    CANARY_PADDLE,
    Bid,
    SealingKey,
    SealingTerms,
    WillNotOpen,
    from_base64url,
    is_committed,
    open_inner,
    parse_envelope,
    read_bid,
)
from auction_engine.sealed_canary import hash_of, terms_of
from auction_engine.sealed_opening import (
    KEY_LOST,
    SealedBid,
    check_key,
    named_reason,
    peeled,
    refuse_malformed,
    standing_of,
)
from kit.errors import InvalidInput, LuochuiError


def fault_in_sealing(auction: str, creation: Creation) -> str | None:
    """Why a creation's sealing can't be what was published after a canary opening; None if it can. Needs no key."""
    assert creation.sealing is not None, "asked of live sealed auctions only"
    canary = creation.sealing.canary
    try:
        terms = terms_of(auction, creation)
        envelope = parse_envelope(canary.envelope)
        bid = bid_of(canary.amount_fen, canary.bidder_nonce)
    except LuochuiError as error:
        return error.message
    if creation.sealing.hash != hash_of(creation.sealing):
        return "sealing: its hash is not that of its fields"
    if envelope.kem != terms.kem or not is_committed(
        bid, envelope, paddle=CANARY_PADDLE, terms=terms
    ):
        return "canary: it does not hold what its opening says"
    return None


def fault_in_openings(
    terms: SealingTerms, bids: Sequence[SealedBid], openings: Openings
) -> str | None:
    """The first opening that is not true, or not proved, or missing; None if all are. Needs no key.

    If both keys are lost nothing was opened, and nothing need be proved; a key that is lost for some envelopes alone is
    no loss but a choice, and so a fault.
    """
    standing = standing_of(bids)
    named = [(one.paddle, one.seq) for one in openings.bids]
    if named != [(bid.paddle, bid.seq) for bid in standing]:
        return "the openings are not those of the envelopes that stand, one for each"
    if openings.bids and all(one.reason == KEY_LOST for one in openings.bids):
        return (
            "a key that is shown is not lost" if openings.venue_key or openings.opener_key else None
        )
    try:
        keys = _shown_keys(terms, openings)
    except LuochuiError as error:
        return f"the keys that are shown: {error.message}"
    for bid, opening in zip(standing, openings.bids, strict=True):
        fault = _fault(terms, bid, bids, opening, keys)
        if fault is not None:
            return f"envelope of paddle {bid.paddle}, command {bid.seq}: {fault}"
    return None


_Keys = tuple[SealingKey | None, SealingKey | None]


def _shown_keys(terms: SealingTerms, openings: Openings) -> _Keys:
    keys: list[SealingKey | None] = []
    for text, public in (
        (openings.venue_key, terms.venue_key),
        (openings.opener_key, terms.opener_key),
    ):
        key = SealingKey.from_text(terms.kem, text) if text else None
        if key is not None:
            check_key(key, public)
        keys.append(key)
    return keys[0], keys[1]


def _fault(
    terms: SealingTerms,
    bid: SealedBid,
    bids: Sequence[SealedBid],
    opening: BidOpening,
    keys: _Keys,
) -> str | None:
    if not opening.reason:
        return _fault_in_amount(terms, bid, opening)
    try:
        refuse_malformed(terms, bid)
        venue_key, opener_key = keys
        if venue_key is None:
            return f"said not to open ({opening.reason}), and no key is shown that proves it"
        envelope, inner = peeled(terms, bid, venue_key)
        if opener_key is None:
            return f"said not to open ({opening.reason}), but its outer layer does, and no other key is shown"
        plaintext = open_inner(inner, envelope, opener_key, paddle=bid.paddle, terms=terms)
        read_bid(plaintext, envelope, paddle=bid.paddle, terms=terms)
    except WillNotOpen as error:
        named = named_reason(terms, bid, bids, error.reason)
        return None if named == opening.reason else f"said {opening.reason}; it is {named}"
    return f"said not to open ({opening.reason}); with the keys shown it does"


def _fault_in_amount(terms: SealingTerms, bid: SealedBid, opening: BidOpening) -> str | None:
    try:
        envelope = parse_envelope(bid.envelope)
        found = bid_of(opening.amount_fen, opening.bidder_nonce)
    except LuochuiError as error:
        return error.message
    if envelope.kem != terms.kem or not is_committed(
        found, envelope, paddle=bid.paddle, terms=terms
    ):
        return f"{opening.amount_fen} fen is not what the envelope committed to"
    return None


def bid_of(amount_fen: int, nonce: str) -> Bid:
    """The bid that an opening tells of. Raises InvalidInput where it can be none."""
    bid = Bid(amount_fen, from_base64url(nonce, field="bidder_nonce"))
    if not bid.is_whole():
        raise InvalidInput(
            "bidder_nonce", "must be 32 bytes, the amount not negative", "须为 32 字节，金额非负"
        )
    return bid
