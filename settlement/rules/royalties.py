"""Licence income: entry fee, royalty with a minimum guarantee, the agency's share, interest for lateness.

Source: domain 6.6 (royalty stream) and 5.6, example 5; contracts 2, step 8 (the agency's share is a cost).
"""

import msgspec

from kit.errors import InvalidInput
from kit.money import BP_ONE, half_up, yuan
from settlement.rules.case import Cost, RecoveryEvent


class RoyaltyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a licence pays: a rate on net sales, at least the guarantee a period, interest when late.

    `agency_bp` is the operating agency's share of whatever comes in. `year_days` is the length of the year
    that `late_bp_year` is counted on: the contract says 360 or 365.
    """

    rate_bp: int
    entry_fee_fen: int = 0
    minimum_fen: int = 0
    agency_bp: int = 0
    late_bp_year: int = 0
    year_days: int = 365


class Royalty(msgspec.Struct, frozen=True, kw_only=True):
    """What one period owes, with how it was reached. `royalty_fen` is before the guarantee tops it up."""

    base_fen: int
    royalty_fen: int
    due_fen: int
    computation: str


class Income(msgspec.Struct, frozen=True, kw_only=True):
    """Licence money received: the agency's share and what is left to distribute."""

    gross_fen: int
    agency_fen: int
    net_fen: int


def royalty(terms: RoyaltyTerms, *, sales_fen: int, deductions_fen: int = 0) -> Royalty:
    """What a period's statement owes. Raises `InvalidInput` where deductions exceed the sales."""
    base_fen = sales_fen - deductions_fen
    if base_fen < 0:
        raise InvalidInput(
            "deductions_fen",
            f"must be at most the sales, CNY {yuan(sales_fen)}, not {yuan(deductions_fen)}",
            f"不能超过销售额 {yuan(sales_fen)} 元，不能是 {yuan(deductions_fen)} 元",
        )
    royalty_fen = half_up(base_fen, terms.rate_bp)
    due_fen = max(royalty_fen, terms.minimum_fen)
    formula = f"{yuan(base_fen)} × {terms.rate_bp} bp 基点 = {yuan(royalty_fen)}"
    if due_fen > royalty_fen:
        formula += f", at least 保底 {yuan(terms.minimum_fen)}"
    return Royalty(base_fen=base_fen, royalty_fen=royalty_fen, due_fen=due_fen, computation=formula)


def audit_adjustment(terms: RoyaltyTerms, *, stated_base_fen: int, found_base_fen: int) -> int:
    """What an audit adds to the period in which it is found, in fen; below 0 it is a credit.

    The guarantee counts on both sides: sales that stay below it change nothing.
    """
    found = royalty(terms, sales_fen=found_base_fen)
    return found.due_fen - royalty(terms, sales_fen=stated_base_fen).due_fen


def late_interest(terms: RoyaltyTerms, *, overdue_fen: int, days: int) -> int:
    """Simple interest on an overdue amount, a half fen rounded up; none before it is overdue."""
    year = BP_ONE * terms.year_days
    return (2 * overdue_fen * terms.late_bp_year * max(days, 0) + year) // (2 * year)


def receive(terms: RoyaltyTerms, gross_fen: int) -> Income:
    """Licence money as it comes in (entry fee, royalty or interest), shared with the agency."""
    agency_fen = half_up(gross_fen, terms.agency_bp)
    return Income(gross_fen=gross_fen, agency_fen=agency_fen, net_fen=gross_fen - agency_fen)


def as_recovery(income: Income, event_id: str) -> RecoveryEvent:
    """Licence money as a recovery of the case: the agency's share is its cost."""
    cost = Cost(name="agency share 机构分成", amount_fen=income.agency_fen)
    costs = (cost,) if income.agency_fen else ()
    return RecoveryEvent(id=event_id, gross_fen=income.gross_fen, costs=costs)
