"""Factories for live sealed auctions: keys, sealings, profiles; and the writer of tests/vectors/sealed_bids.json.

Run as a program it prints a new set of vectors. HPKE draws fresh random numbers, so a new set differs from the stored
one, which stays as it is for as long as the format does.
"""

import json
from hashlib import sha256
from typing import Any

import msgspec

from auction_engine.rules.commands import AMOUNT_MAX, Canary, Sealing
from auction_engine.rules.profile import Profile, profile_hash
from auction_engine.sealed_bids import (
    HYBRID,
    KEMS,
    Bid,
    SealingKey,
    SealingTerms,
    layer_info,
    parse_envelope,
    seal_bid,
    seal_plaintext,
)
from auction_engine.sealed_canary import prove_keys
from tests.auction_engine.make_engine import AUCTION, OTHER_AUCTION
from tests.make_scenarios import auction

#: A sealing whose keys are not looked at: the rules know only that there is one.
UNREAD_SEALING = Sealing(
    kem="x25519",
    venue_key="venue",
    opener_key="opener",
    canary=Canary("envelope", 1, "nonce"),
    hash="5" * 64,
)
SEALED_KINDS = ("one_shot", "vickrey", "uniform_price", "weighted", "dutch_hybrid")
TERMS_HASH = sha256(b"terms").hexdigest()
DEADLINE_MS = 1_790_000_000_000


def a_sealing(auction_id: str, profile: Profile, kem: str = HYBRID) -> tuple[SealingTerms, Sealing]:
    """What is published of an auction that seals to the keys of `a_sealing_key`, the canary opened."""
    terms = some_terms(
        kem, auction=auction_id, deadline_ms=profile.closes_at, terms_hash=profile_hash(profile)
    )
    return terms, prove_keys(terms, a_sealing_key("venue", kem), a_sealing_key("opener", kem))


def sealed_rules(kind: str = "one_shot", **fields: Any) -> dict[str, Any]:
    """An `auction` object of a sealed format."""
    return auction(kind, **fields)


def a_sealing_key(who: str, kem: str = HYBRID) -> SealingKey:
    """A private key that is the same in every run."""
    secret = sha256(f"{who} 1".encode()).digest() + sha256(f"{who} 2".encode()).digest()
    secret += sha256(f"{who} 3".encode()).digest()
    return SealingKey(kem, secret if kem == HYBRID else secret[:32])


def some_terms(kem: str = HYBRID, **fields: Any) -> SealingTerms:
    """The published terms of a sealed auction."""
    given = {
        "auction": AUCTION,
        "deadline_ms": DEADLINE_MS,
        "terms_hash": TERMS_HASH,
        "kem": kem,
        "venue_key": a_sealing_key("venue", kem).public,
        "opener_key": a_sealing_key("opener", kem).public,
    }
    return SealingTerms(**given | fields)


def a_bidder_nonce(number: int) -> bytes:
    """32 bytes that are the same in every run."""
    return sha256(f"bidder {number}".encode()).digest()


def bad_envelopes(terms: SealingTerms) -> dict[str, str]:
    """Envelopes of paddle 1 that must not open, by the reason."""
    bid = Bid(5_000, a_bidder_nonce(1))
    good = parse_envelope(seal_bid(bid, 1, terms))
    other_opener = msgspec.structs.replace(
        terms, opener_key=a_sealing_key("stranger", terms.kem).public
    )
    other_commitment = parse_envelope(seal_bid(bid, 1, terms)).commitment
    return {
        "malformed": good.text()[:-1],
        "outer_layer": msgspec.structs.replace(good, commitment=other_commitment).text(),
        "inner_layer": seal_bid(bid, 1, other_opener),
        "padding": seal_plaintext(bid.plaintext()[:-1] + b"\x01", 1, terms),
        "out_of_range": seal_bid(Bid(AMOUNT_MAX + 1, a_bidder_nonce(2)), 1, terms),
    }


def _vectors_of(kem: str) -> dict[str, Any]:
    terms = some_terms(kem)
    bids = []
    for number, amount in enumerate((1, 123_456_789, AMOUNT_MAX), start=1):
        bid = Bid(amount, a_bidder_nonce(number))
        text = seal_bid(bid, number, terms)
        envelope = parse_envelope(text)
        bids.append(
            {
                "paddle": number,
                "amount_fen": amount,
                "bidder_nonce": bid.bidder_nonce.hex(),
                "plaintext": bid.plaintext().hex(),
                "inner_info": layer_info("inner", envelope, number, terms).decode(),
                "outer_info": layer_info("outer", envelope, number, terms).decode(),
                "envelope": text,
            }
        )
    return {
        "terms": msgspec.to_builtins(terms),
        "venue_private_key": a_sealing_key("venue", kem).text(),
        "opener_private_key": a_sealing_key("opener", kem).text(),
        "bids": bids,
        "refused": [
            {"paddle": 1, "reason": reason, "envelope": envelope}
            for reason, envelope in bad_envelopes(terms).items()
        ],
    }


def elsewhere(terms: SealingTerms) -> list[tuple[int, SealingTerms]]:
    """Every other place that an envelope of paddle 1 could be taken to: another paddle, auction, deadline, terms."""
    changed = (
        {"auction": OTHER_AUCTION},
        {"deadline_ms": terms.deadline_ms + 1},
        {"terms_hash": "0" * 64},
    )
    places = [(1, msgspec.structs.replace(terms, **fields)) for fields in changed]
    return [(2, terms), *places]


if __name__ == "__main__":
    print(json.dumps({"format": "lsb1", "suites": [_vectors_of(kem) for kem in KEMS]}, indent=1))
