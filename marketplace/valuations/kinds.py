"""The kinds and methods of a valuation, apart from its schema so that the calculators can name them."""

from enum import StrEnum


class ValuationKind(StrEnum):
    """Who valued: the bank itself, bank and borrower together, or a valuer from outside. Source: domain 4.3."""

    INTERNAL = "internal"
    NEGOTIATED = "negotiated"
    EXTERNAL = "external"


class ValuationMethod(StrEnum):
    """How it was valued. Source: domain 4.2; `comprehensive` is the indicator score of GB/T 42748."""

    INCOME = "income"
    MARKET = "market"
    COST = "cost"
    COMPREHENSIVE = "comprehensive"
