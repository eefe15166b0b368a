"""A price in instalments: the interest that each bears, and what a payment goes to.

Interest runs on what is not paid yet from the first instalment's day on, because until then the price is not deferred;
it is owed with the instalment that ends its time. Source: domain 2.5 (interest at bank rate), 6.1 (Civil Code 561).
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from kit.money import BP_ONE, yuan

YEAR_DAYS = 360
"""A bank's year: the yearly rate over 360 is the daily one."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An instalment: what of the price is due with it, and what interest; and how that was reached."""

    amount_fen: int
    interest_fen: int
    computation: str = ""


def with_interest(
    parts: Sequence[tuple[int, date]], *, deposit_fen: int, bp_year: int
) -> list[Part]:
    """Parts of a price with their interest, a half fen rounded up; the deposit is in custody and bears none."""
    due_fen = sum(amount_fen for amount_fen, _ in parts)
    there_fen, found = 0, []
    for index, (amount_fen, day) in enumerate(parts):
        days = (day - parts[index - 1][1]).days if index else 0
        left_fen = max(due_fen - max(there_fen, deposit_fen), 0)
        year = BP_ONE * YEAR_DAYS
        interest_fen = (2 * left_fen * bp_year * days + year) // (2 * year)
        formula = f"{yuan(left_fen)} × {days} days 天 × {bp_year} bp 基点 / {YEAR_DAYS} = {yuan(interest_fen)}"
        found.append(Part(amount_fen=amount_fen, interest_fen=interest_fen, computation=formula))
        there_fen += amount_fen
    return found


def apply_payment(
    parts: Sequence[Part], amount_fen: int, *, paid_fen: int, interest_paid_fen: int
) -> tuple[int, int]:
    """What of a payment goes to the price and what to interest: instalment by instalment, interest before its part.

    `paid_fen` is what is there of the price, a held deposit included. What is left after the last goes to the price.
    """
    left_fen = amount_fen
    to_interest_fen = 0
    for part in parts:
        owed_fen = max(part.interest_fen - interest_paid_fen, 0)
        interest_paid_fen = max(interest_paid_fen - part.interest_fen, 0)
        taken_fen = min(owed_fen, left_fen)
        to_interest_fen += taken_fen
        left_fen -= taken_fen
        owed_fen = max(part.amount_fen - paid_fen, 0)
        paid_fen = max(paid_fen - part.amount_fen, 0)
        left_fen -= min(owed_fen, left_fen)
    return amount_fen - to_interest_fen, to_interest_fen
