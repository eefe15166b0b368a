"""Which notice (公告) a bidder has read: the one in force, or it is neither registered nor admitted."""

from kit.errors import Conflict
from marketplace.bidders.schemas import Bidder
from marketplace.lots.schemas import Lot


class DisclosureNotAcknowledged(Conflict):
    """The acknowledged notice is not the one in force. / 确认的公告不是现行公告，请阅读后重新确认。"""

    code = "disclosure_not_acknowledged"


def has_acknowledged(lot: Lot, bidder: Bidder) -> bool:
    """Whether the bidder has read the notice in force."""
    return bidder.disclosure_sha256 == lot.notice_sha256


def require_acknowledged(lot: Lot, bidder: Bidder) -> None:
    """Raise `DisclosureNotAcknowledged` where the notice was disclosed anew and the bidder has not read it."""
    require_in_force(lot, bidder.disclosure_sha256)


def require_in_force(lot: Lot, disclosure_sha256: str) -> None:
    """Raise `DisclosureNotAcknowledged` unless this is the notice in force."""
    if disclosure_sha256 != lot.notice_sha256:
        raise DisclosureNotAcknowledged(
            f"disclosure_sha256: the notice in force is {lot.notice_sha256}; read it and acknowledge that one",
            f"disclosure_sha256：现行公告为 {lot.notice_sha256}，请阅读后确认",
            field="disclosure_sha256",
        )
