"""Who may decide what, and how many must."""

from types import MappingProxyType

from marketplace.approvals.schemas import Kind
from marketplace.organisations.schemas import Role

_BANK = frozenset({Role.BANK_CHECKER})
_VENUE = frozenset({Role.VENUE_CHECKER})
_FUND = frozenset({Role.FUND_CHECKER})
_BEARER = frozenset({Role.RISK_CHECKER})

#: The roles whose holders decide, inside the organisation that asks (domain 7).
CHECKERS: MappingProxyType[Kind, frozenset[Role]] = MappingProxyType(
    {
        Kind.LISTING: _BANK | _VENUE,
        Kind.PRICE_CUT: _BANK | _VENUE,
        Kind.ROUTE_CHANGE: _BANK | _VENUE,
        Kind.SET_OFF: _BANK,
        Kind.DISTRIBUTION: _BANK | _VENUE,
        Kind.COMPENSATION: _BANK | _FUND,
        Kind.LIABILITY: _BEARER,
        Kind.LIABILITY_PAYOUT: _BEARER,
        # Another administrator, or a checker of whose people it is, or of the venue (organisations/two_people.py).
        Kind.USER_RIGHTS: frozenset({Role.PLATFORM_ADMINISTRATOR}) | _BANK | _VENUE | _FUND,
        Kind.APPROVAL_LIMIT: _BANK | _VENUE | _FUND | _BEARER,
    }
)


def checkers_needed(amount_fen: int | None, two_from_fen: int | None) -> int:
    """One, or two from the organisation's amount on: 以上 includes the amount itself (Civil Code art. 1259)."""
    if amount_fen is None or two_from_fen is None:
        return 1
    return 2 if amount_fen >= two_from_fen else 1
