"""What a check of a bundle found to hold."""

from typing import Any

import msgspec

from auction_engine.publication import NoticeProved


class Verified(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a bundle proves."""

    auction: str
    result: dict[str, Any]
    profile_hash: str
    batches: int
    commands: int
    receipts: int
    checkpoint_size: int
    keys: list[str]
    #: Of a live sealed auction only.
    sealed: "SealedSummary | None" = None
    #: Left out where the bundle says nothing of a notice.
    notice: NoticeProved | None = None


class SealedSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The envelopes that stood at the close: how many, how many gave an amount, and why the others did not.

    Every amount was checked against its envelope's commitment, every failure against a private key that is shown;
    unless `key_lost`: then nothing was opened, and nothing could be proved.
    """

    envelopes: int
    opened: int
    unopened: list[tuple[int, str]]
    key_lost: bool
