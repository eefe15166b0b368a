"""What may follow a lot that was not sold. Source: domain 2.11, 法释〔2016〕18号 art. 26."""

from datetime import datetime, timedelta
from typing import NamedTuple

from marketplace.lots.regimes import Regime

#: A second judicial auction within thirty days, at four fifths of the first start price at least.
SECOND_WITHIN = timedelta(days=30)
_FIFTHS = 4


class Proposal(NamedTuple):
    """The next step of the ladder."""

    start_price_fen: int | None
    until: datetime | None
    english: str
    chinese: str


def next_step(
    regime: Regime, *, round_number: int, start_price_fen: int, closed_at: datetime
) -> Proposal:
    """What the ladder of domain 2.11 has next; each step is decided by the bank's checker."""
    least_fen = -(-start_price_fen * _FIFTHS // 5)
    if round_number == 1:
        until = closed_at + SECOND_WITHIN if regime is Regime.JUDICIAL_NETWORK else None
        return Proposal(
            least_fen,
            until,
            "a second round, at 80% of this start price at least",
            "再次竞价，起始价不低于本次起始价的百分之八十",
        )
    if regime is Regime.JUDICIAL_NETWORK:
        return Proposal(
            start_price_fen,
            None,
            "sell-off for 60 days at this price, or set-off by the creditor",
            "以本次起始价变卖60日，或由债权人以物抵债",
        )
    return Proposal(
        None,
        None,
        "collection, a licence, or long-run operation by an agency",
        "收储、二次许可，或委托运营机构长期运营",
    )
