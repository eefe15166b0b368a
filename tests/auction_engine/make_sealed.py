"""Factories for live sealed auctions: keys, sealings, profiles."""

from typing import Any

from auction_engine.rules.commands import Canary, Sealing
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


def sealed_rules(kind: str = "one_shot", **fields: Any) -> dict[str, Any]:
    """An `auction` object of a sealed format."""
    return auction(kind, **fields)
