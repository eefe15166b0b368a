"""Publishing a sealed auction: the keys to seal to, and the canary that proves that both can open (reliability T27)."""

from hashlib import sha256

import msgspec

from auction_engine.rules.commands import Canary, Creation, Openings, Sealing
from auction_engine.sealed_bids import (
    CANARY_PADDLE,
    Bid,
    SealingKey,
    SealingTerms,
    random_bid,
    seal_bid,
    to_base64url,
)
from auction_engine.sealed_opening import SealedBid, WrongKey, open_with_keys
from kit.errors import InvalidInput


def terms_of(auction: str, creation: Creation) -> SealingTerms:
    """What the creation of a live sealed auction says of its sealing. Raises InvalidInput where that can't be right."""
    sealing = creation.sealing
    if sealing is None:
        raise InvalidInput(
            "sealing", "the auction seals no bids in envelopes", "该拍卖不使用密封信封"
        )
    return SealingTerms(
        auction=auction,
        deadline_ms=creation.profile["closes_at"],
        terms_hash=sealing.terms_hash or creation.hash,
        kem=sealing.kem,
        venue_key=sealing.venue_key,
        opener_key=sealing.opener_key,
    )


def make_canary(terms: SealingTerms) -> tuple[str, Bid]:
    """A sealed bid of nobody's, and what is in it: only who holds both keys can tell."""
    bid = random_bid()
    return seal_bid(bid, CANARY_PADDLE, terms), bid


def sealing_after_canary(
    terms: SealingTerms, envelope: str, opened: Openings, *, expected: Bid
) -> Sealing:
    """The sealing to publish, if the canary came out of its envelope as it went in. Raises WrongKey if not.

    `opened` is what the two key holders made of the envelope (`openings_from`), `expected` what `make_canary` put in.
    """
    found = opened.bids[0] if len(opened.bids) == 1 else None
    nonce = to_base64url(expected.bidder_nonce)
    if found is None or (found.amount_fen, found.bidder_nonce) != (expected.amount_fen, nonce):
        raise WrongKey(
            "canary: the two private keys did not open it", "试开封失败：两把私钥未能开启"
        )
    bare = Sealing(
        kem=terms.kem,
        venue_key=terms.venue_key,
        opener_key=terms.opener_key,
        canary=Canary(envelope, found.amount_fen, found.bidder_nonce),
        hash="",
    )
    return msgspec.structs.replace(bare, hash=hash_of(bare))


def prove_keys(terms: SealingTerms, venue_key: SealingKey, opener_key: SealingKey) -> Sealing:
    """The canary opening where both keys are at hand: a test run, or two key holders at one table."""
    envelope, expected = make_canary(terms)
    canary = [SealedBid(CANARY_PADDLE, 0, envelope)]
    opened = open_with_keys(terms, canary, venue_key, opener_key)
    return sealing_after_canary(terms, envelope, opened, expected=expected)


def hash_of(sealing: Sealing) -> str:
    """SHA-256 over seven lines of text, in hex: the name of a sealing; its `hash` field is not looked at.

    An eighth line is the published profile's hash, where the sealing names it.
    """
    lines = (
        "luochui-sealing-v1",
        sealing.kem,
        sealing.venue_key,
        sealing.opener_key,
        sealing.canary.envelope,
        str(sealing.canary.amount_fen),
        sealing.canary.bidder_nonce,
        *([sealing.terms_hash] if sealing.terms_hash else []),
    )
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
