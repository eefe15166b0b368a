"""What was published before a test auction: a notice that states the salted hash of its rules."""

import json
from hashlib import sha256
from typing import Any

import msgspec

from auction_engine.bundle import Holder, Published
from auction_engine.rules.profile import profile_bytes, profile_hash, public_object
from tests.auction_engine.make_engine import AUCTION
from tests.auction_engine.make_journal import a_profile

SALT = "5a" * 32
NOTICE_NUMBER = "LC-2026-000001-N1"


def a_notice(profile_sha256: str, rules: dict[str, Any], **head: str) -> str:
    """The notice's text, as far as the verifier reads it."""
    content = {
        "notice": {"number": NOTICE_NUMBER, "lot_id": AUCTION} | head,
        "bidding_rules": {"profile": rules, "profile_sha256": profile_sha256},
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def a_publication(reserve_price_fen: int | None = None, **fields: Any) -> Published:
    """The publication of `a_creation`'s rules, before paddle 3 was confirmed as a holder."""
    profile = a_profile(reserve_price_fen=reserve_price_fen, priority=[])
    stated = profile_hash(profile, salt=SALT)
    notice = a_notice(stated, public_object(profile))
    given = Published(
        notice_number=NOTICE_NUMBER,
        notice_sha256=sha256(notice.encode()).hexdigest(),
        notice=notice,
        profile=profile_bytes(profile).decode(),
        salt=SALT,
        profile_hash=stated,
        holders=[Holder(paddle=3, rank=1, barred=False)],
    )
    return msgspec.structs.replace(given, **fields)
