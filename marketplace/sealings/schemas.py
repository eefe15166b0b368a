"""What goes in and out of the sealing of a lot's bids (密封报价). Keys, envelopes and layers are base64url texts."""

from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec

from auction_engine.receipts import Receipt
from auction_engine.sealed_bids import HYBRID, SealingTerms
from auction_engine.sealed_opening import OpeningRequest, OpeningShare
from auction_engine.sealed_record import Reported

_PublicKey: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
_PrivateKey: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
_Layer: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]


class SealingState(StrEnum):
    """How far the two keys are proved."""

    PROPOSED = "proposed"
    KEYED = "keyed"
    PEELED = "peeled"
    PROVED = "proved"


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends: unknown fields are refused."""


class SealingIn(_In, frozen=True, kw_only=True):
    """The venue's public key for this one lot, and who holds the second key (a bank, a regulator, an auditor)."""

    venue_key: _PublicKey
    opener_id: UUID
    kem: str = HYBRID


class OpenerKeyIn(_In, frozen=True, kw_only=True):
    """The second opener's public key for this one lot."""

    opener_key: _PublicKey


class CanaryPeeled(_In, frozen=True, kw_only=True):
    """What is left of the canary once the venue's private key has taken the outer layer off."""

    inner: _Layer


class CanaryOpened(_In, frozen=True, kw_only=True):
    """The 256 bytes that the second opener's private key found inside."""

    plaintext: _Layer


class OpenedBid(_In, frozen=True, kw_only=True):
    """One envelope that stood: the amount and the nonce that proves it, or 0 and the reason why it will not open."""

    paddle: int
    seq: int
    amount_fen: int
    bidder_nonce: str
    reason: str


class OpeningsIn(_In, frozen=True, kw_only=True):
    """Every envelope that stood, in order, and the private keys where they have to be shown (else empty)."""

    bids: Annotated[list[OpenedBid], msgspec.Meta(max_length=10_000)]
    venue_key: _PrivateKey = ""
    opener_key: _PrivateKey = ""


class Sealing(msgspec.Struct, frozen=True, kw_only=True):
    """A lot's sealing as its venue and its second opener see it. `canary_inner` is for the second opener to open."""

    lot_id: UUID
    state: SealingState
    kem: str
    venue_key: str
    opener_id: UUID
    opener_key: str | None
    terms: SealingTerms | None
    canary: str | None
    canary_inner: str | None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed bid that was accepted, and whether it still stands."""

    paddle: int
    seq: int
    envelope: str
    fate: str


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What two key holders need for an opening, once the close is final: terms, envelopes, and each other's halves."""

    terms: SealingTerms
    bids: list[Envelope]
    request: OpeningRequest | None
    share: OpeningShare | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of every sealed bid of an auction, none left out."""

    auction_id: UUID
    items: list[Reported]


class OpeningDone(msgspec.Struct, frozen=True, kw_only=True):
    """The opening was decided and journalled; `result` comes with the close, which follows at once."""

    auction_id: UUID
    seq: int
    replayed: bool
    receipt: Receipt | None
