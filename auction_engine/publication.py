"""Ties the rules that were played to those that were published: the notice states a hash, the bundle what it is of.

Between notice and opening only one thing may be added to the rules: the priority holders confirmed meanwhile.
Each of them is named; anything else that differs is a fault.
"""

from hashlib import sha256
from typing import Any

import msgspec

from auction_engine.bundle import Published
from auction_engine.rules.profile import parse_profile, profile_bytes, public_object
from kit.errors import LuochuiError

_UNREADABLE = (msgspec.DecodeError, LuochuiError, LookupError, TypeError, ValueError)


class AddedHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A difference between the rules published and those played: a right of first refusal confirmed in between."""

    paddle: int
    rank: int


class NoticeProved(msgspec.Struct, frozen=True, kw_only=True):
    """The notice that the rules were published with: compare number and SHA-256 with those you were shown.

    `profile_hash` is the hash that the notice states; `added` all that the rules played have beyond it.
    """

    number: str
    sha256: str
    profile_hash: str
    added: list[AddedHolder]


class Untied(Exception):
    """Notice, published rules and played rules do not belong together; says which field, and what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def proved_notice(published: Published, *, auction: str, played: dict[str, Any]) -> NoticeProved:
    """What ties `played`, the profile that the auction was created with, to its notice. Raises Untied."""
    _check_notice(published, auction=auction)
    return NoticeProved(
        number=published.notice_number,
        sha256=published.notice_sha256,
        profile_hash=published.profile_hash,
        added=_check_played(published, played),
    )


def _check_notice(published: Published, *, auction: str) -> None:
    """The notice is the one named, of this auction, and states the salted profile's hash and its public part."""
    text = published.notice.encode()
    if sha256(text).hexdigest() != published.notice_sha256:
        raise Untied("notice", "its SHA-256 is another")
    salted = published.salt.encode() + published.profile.encode()
    if sha256(salted).hexdigest() != published.profile_hash:
        raise Untied("profile_hash", "the salted profile has another SHA-256")
    try:
        notice = msgspec.json.decode(text)
        number, of = notice["notice"]["number"], notice["notice"]["lot_id"]
        stated = notice["bidding_rules"]["profile_sha256"]
        shown = notice["bidding_rules"]["profile"]
        profile = parse_profile(msgspec.json.decode(published.profile))
    except _UNREADABLE as error:
        raise Untied("notice", f"notice or profile can't be read ({error})") from None
    if (number, of) != (published.notice_number, auction):
        raise Untied("notice", "it is of another number or auction")
    if stated != published.profile_hash:
        raise Untied("profile_hash", "the notice states another")
    if profile_bytes(profile).decode() != published.profile:
        raise Untied("profile", "it is not in canonical form")
    if shown != public_object(profile):
        raise Untied("notice", "the rules that it prints are not those of the profile")


def _check_played(published: Published, played: dict[str, Any]) -> list[AddedHolder]:
    """The priority holders that were added; any other difference is a fault."""
    before: dict[str, Any] = msgspec.json.decode(published.profile)
    different = [
        field
        for field in sorted(before.keys() | played.keys())
        if field != "priority" and before.get(field) != played.get(field)
    ]
    if different:
        raise Untied(
            "profile",
            f"published and played rules differ in {', '.join(different)}: "
            + "; ".join(
                f"{field} was {before.get(field)}, played was {played.get(field)}"
                for field in different
            ),
        )
    added = [one for one in played.get("priority", []) if one not in before.get("priority", [])]
    gone = [one for one in before.get("priority", []) if one not in played.get("priority", [])]
    confirmed = {one.paddle: one for one in published.holders}
    unconfirmed = [
        one["paddle"]
        for one in added
        if one["paddle"] not in confirmed or confirmed[one["paddle"]].rank != one["rank"]
    ]
    ranked = {one["paddle"] for one in played.get("priority", [])}
    missing = [
        one.paddle for one in published.holders if not one.barred and one.paddle not in ranked
    ]
    if gone or unconfirmed or missing:
        wrong = sorted([*(one["paddle"] for one in gone), *unconfirmed, *missing])
        raise Untied("priority", f"the holders played are not those confirmed: paddles {wrong}")
    return [AddedHolder(paddle=one["paddle"], rank=one["rank"]) for one in added]
