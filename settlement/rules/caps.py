"""The limits of a fund: the least of them binds, what is spent lowers them, rivals for one share it.

Source: contracts 2, step 4 (*Limit*); domain 5.3, 4 (caps).
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from kit.money import split_among
from settlement.rules.scheme import Caps


def limit(caps: Caps | None) -> int | None:
    """The least of the caps that are not null, in fen; None where nothing limits the fund."""
    if caps is None:
        return None
    given = (caps.per_loan_fen, caps.per_borrower_fen, caps.year_fen, caps.fund_balance_fen)
    return min((cap for cap in given if cap is not None), default=None)


def within(amount_fen: int, limit_fen: int | None) -> int:
    """`amount_fen`, but no more than the limit."""
    return amount_fen if limit_fen is None else min(amount_fen, limit_fen)


def caps_left(caps: Caps, *, borrower_fen: int = 0, year_fen: int = 0, fund_fen: int = 0) -> Caps:
    """The caps of an unused fund less what it has promised: to the borrower, in the year, in all.

    A scheme file states a fund's caps as at its start; a claim takes what is left of them, never below 0.
    """
    return Caps(
        per_loan_fen=caps.per_loan_fen,
        per_borrower_fen=_less(caps.per_borrower_fen, borrower_fen),
        year_fen=_less(caps.year_fen, year_fen),
        fund_balance_fen=_less(caps.fund_balance_fen, fund_fen),
    )


def with_party_year(caps: Caps, left_fen: int) -> Caps:
    """The caps under a further limit of the year: what one party may still be promised in it."""
    year_fen = left_fen if caps.year_fen is None else min(caps.year_fen, left_fen)
    return msgspec.structs.replace(caps, year_fen=year_fen)


def allot(
    claims: Mapping[str, int], limits: Iterable[tuple[int, Collection[str]]]
) -> dict[str, int]:
    """What several claims of one day get under limits that each bind some of them, one limit after the other.

    Each limit is shared pro rata by largest remainder over what the limits before it have left of the claims that it
    binds: what one limit cuts from a claim is there for the others under the next. So no limit is passed. Source:
    domain 5.3, 4 ("in order"; "split by LR over the claims").
    """
    allotted = dict(claims)
    for limit_fen, names in limits:
        bound = {name: fen for name, fen in allotted.items() if name in names}
        allotted |= share_limit(limit_fen, bound)
    return allotted


def _less(cap_fen: int | None, spent_fen: int) -> int | None:
    return None if cap_fen is None else max(cap_fen - spent_fen, 0)


def share_limit(limit_fen: int, claims: Mapping[str, int]) -> dict[str, int]:
    """What each of several claims of one day gets of one limit: all if it suffices, else pro rata."""
    return split_among(min(limit_fen, sum(claims.values())), claims)
