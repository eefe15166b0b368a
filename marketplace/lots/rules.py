"""The states of a lot (标的), and which step may follow which. Source: domain 9."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from kit.states import require_step


class LotStatus(StrEnum):
    """How far a lot has come."""

    DRAFT = "draft"
    CHECKED = "checked"
    NOTIFIED = "notified"  # the parties were told (法释〔2016〕18号 art. 16)
    PUBLISHED = "published"
    REGISTRATION = "registration"
    OPEN = "open"
    PAUSED = "paused"
    SOLD = "sold"
    UNSOLD = "unsold"
    WITHDRAWN = "withdrawn"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    TRANSFERRING = "transferring"
    DONE = "done"
    DEFAULTED = "defaulted"
    REVOKED = "revoked"  # the result was set aside (法释〔2016〕18号 art. 31)
    RE_AUCTION = "re_auction"  # defaulted, and on sale again; the defaulter is barred (art. 24)


class Origin(StrEnum):
    """Why a lot follows another one."""

    REAUCTION = "reauction"  # the buyer defaulted
    UNDERBIDDER = "underbidder"  # the buyer defaulted, the next in the order took it (顺位递补)
    UNIT = "unit"  # one of several equal units, each sold to a buyer of its own


_S = LotStatus

#: An auction that was paused past its end can be cancelled but not sold; it has to be resumed first. A price may
#: come out of `open` only: the engine decides the close, and it does not close what is suspended.
STEPS: Mapping[LotStatus, frozenset[LotStatus]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.CHECKED, _S.WITHDRAWN}),
        # Back to draft when its terms are edited after the check: what was checked is not what would be sold.
        # A court's sale goes by way of `notified`; other regimes may.
        _S.CHECKED: frozenset({_S.NOTIFIED, _S.PUBLISHED, _S.DRAFT, _S.WITHDRAWN}),
        _S.NOTIFIED: frozenset({_S.PUBLISHED, _S.DRAFT, _S.WITHDRAWN}),
        _S.PUBLISHED: frozenset({_S.REGISTRATION, _S.WITHDRAWN}),
        _S.REGISTRATION: frozenset({_S.OPEN, _S.WITHDRAWN}),
        _S.OPEN: frozenset({_S.PAUSED, _S.SOLD, _S.UNSOLD, _S.WITHDRAWN}),
        _S.PAUSED: frozenset({_S.OPEN, _S.WITHDRAWN}),
        # Until its money leaves or its title passes a result can be set aside (domain 2.10, REVOKE).
        _S.SOLD: frozenset({_S.AWAITING_PAYMENT, _S.REVOKED}),
        _S.AWAITING_PAYMENT: frozenset({_S.PAID, _S.DEFAULTED, _S.REVOKED}),
        # The registry refused the transfer: the sale is rescinded (domain 6.6).
        _S.PAID: frozenset({_S.TRANSFERRING, _S.WITHDRAWN, _S.REVOKED}),
        # The title is recorded, or the money has left: nothing undoes it from here (domain 6.6, 9).
        _S.TRANSFERRING: frozenset({_S.DONE}),
        _S.UNSOLD: frozenset(),
        _S.WITHDRAWN: frozenset(),
        _S.DONE: frozenset(),
        # When the lot in which the rights are auctioned again is published.
        _S.DEFAULTED: frozenset({_S.RE_AUCTION}),
        _S.REVOKED: frozenset(),
        _S.RE_AUCTION: frozenset(),
    }
)

_COURSE = (_S.SOLD, _S.AWAITING_PAYMENT, _S.PAID, _S.TRANSFERRING, _S.DONE)


def next_with_units(current: LotStatus, units: Collection[LotStatus]) -> LotStatus | None:
    """The next step of a lot whose units were sold to several, by how far they are; None while it stays.

    It is as far as the slowest unit whose sale stands. With none left it defaulted if a buyer did, while its price was
    awaited; a sale that was paid can only have been rescinded; else all were set aside.
    """
    standing = [_COURSE.index(unit) for unit in units if unit in _COURSE]
    if standing:
        place = _COURSE.index(current)
        return _COURSE[place + 1] if place < min(standing) else None
    if current is _S.PAID:
        return _S.WITHDRAWN
    if _S.DEFAULTED not in units:
        return _S.REVOKED
    return _S.AWAITING_PAYMENT if current is _S.SOLD else _S.DEFAULTED


#: Bidders may register and pay deposits from the notice on until the end. Source: 法释〔2016〕18号 art. 18.
TAKES_BIDDERS = frozenset({_S.REGISTRATION, _S.OPEN, _S.PAUSED})

#: What everyone may see: a lot is public from its notice on.
PUBLIC = frozenset(_S) - {_S.DRAFT, _S.CHECKED, _S.NOTIFIED}


def require_lot_step(current: LotStatus, wanted: LotStatus, *, number: str) -> None:
    """Raise `IllegalStep` unless lot `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"lot {number}")
