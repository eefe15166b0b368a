"""Deposits: when a loser's is given back, and what a defaulting winner's is used for, regime by regime.

Forfeited money is held until the re-auction is known, because the price shortfall needs it.
Source: domain 6.5 (法释〔2016〕18号 arts. 17, 23, 24; 2020 拍卖变卖规定 art. 22; 拍卖法 39).
"""

from typing import Literal

import msgspec

from kit.errors import InvalidInput
from kit.money import yuan
from settlement.rules.case import Cost, RecoveryEvent

Regime = Literal["JUDICIAL_NETWORK", "JUDICIAL_OFFLINE", "COMMERCIAL_AUCTION", "EXCHANGE"]
Use = Literal["costs", "shortfall", "commission"]
Leftover = Literal["debt", "returned"]
Excess = Literal["none", "owed", "disputed"]


class ForfeitTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a forfeited deposit is used for, in order; where the rest goes; what the buyer owes beyond it."""

    uses: tuple[Use, ...]
    leftover: Leftover
    excess: Excess


JUDICIAL_TERMS: dict[Regime, ForfeitTerms] = {
    # Whether more than the deposit can be claimed in a network sale is disputed: kept as a flag.
    "JUDICIAL_NETWORK": ForfeitTerms(
        uses=("costs", "shortfall"), leftover="debt", excess="disputed"
    ),
    "JUDICIAL_OFFLINE": ForfeitTerms(
        uses=("shortfall", "costs", "commission"), leftover="returned", excess="owed"
    ),
}
"""What the law fixes. Elsewhere the contract or the notice says it."""

_COSTS = {"costs": "costs 费用", "commission": "commission 佣金"}


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What the default caused, in fen: the failed auction's costs, the lower price, the first commissions."""

    costs_fen: int = 0
    shortfall_fen: int = 0
    commission_fen: int = 0


class ForfeitLine(msgspec.Struct, frozen=True, kw_only=True):
    """A use of the deposit, with how its amount was reached."""

    to: Literal["costs", "shortfall", "commission", "debt", "returned"]
    amount_fen: int
    computation: str


class Forfeiture(msgspec.Struct, frozen=True, kw_only=True):
    """A forfeited deposit, used up: the lines add up to it. `excess_fen` is the loss that it did not cover."""

    deposit_fen: int
    lines: tuple[ForfeitLine, ...]
    excess_fen: int
    excess: Excess

    def amount(self, to: str) -> int:
        """What went to one use, in fen."""
        return sum(line.amount_fen for line in self.lines if line.to == to)


class ReleaseTerm(msgspec.Struct, frozen=True, kw_only=True):
    """How soon after the end a deposit that did not win is given back."""

    amount: int
    unit: Literal["hours", "days", "working_days"]


def exempt_part(deposit_fen: int, *, claim_fen: int) -> int:
    """What of a deposit the creditor that applied for a judicial sale need not pay: up to its claim.

    Where the claim is less than the deposit it pays the difference. Source: 法释〔2016〕18号 art. 17.
    """
    return min(deposit_fen, claim_fen)


def shortfall(first_price_fen: int, second_price_fen: int) -> int:
    """By how much the re-auction fell short of the first price; 0 where it reached it."""
    return max(first_price_fen - second_price_fen, 0)


def forfeit_terms(regime: Regime, agreed: ForfeitTerms | None = None) -> ForfeitTerms:
    """The terms of a regime: the law's for judicial sales, otherwise what was agreed.

    Raises `InvalidInput` where terms are missing, and where they are given though the law fixes them.
    """
    fixed = JUDICIAL_TERMS.get(regime)
    if fixed is not None and agreed is not None:
        raise InvalidInput(
            "forfeit_terms",
            f"must not be given for {regime}: the law fixes them",
            f"{regime} 由法律规定，不得另行约定",
        )
    terms = fixed or agreed
    if terms is None:
        raise InvalidInput(
            "forfeit_terms",
            f"must be given for {regime}: the contract or the notice fixes them",
            f"{regime} 须由合同或公告约定保证金处置方法",
        )
    return terms


def forfeit(deposit_fen: int, terms: ForfeitTerms, loss: Loss) -> Forfeiture:
    """Uses a defaulter's deposit up, in the order of the terms."""
    owed = {
        "costs": loss.costs_fen,
        "shortfall": loss.shortfall_fen,
        "commission": loss.commission_fen,
    }
    lines = []
    left_fen = deposit_fen
    for use in terms.uses:
        paid_fen = min(owed[use], left_fen)
        formula = f"min({yuan(owed[use])} lost 损失, {yuan(left_fen)} left 余额) = {yuan(paid_fen)}"
        lines.append(ForfeitLine(to=use, amount_fen=paid_fen, computation=formula))
        left_fen -= paid_fen
    lines.append(
        ForfeitLine(
            to=terms.leftover,
            amount_fen=left_fen,
            computation=f"what is left 余款 = {yuan(left_fen)}",
        )
    )
    wanted_fen = sum(owed[use] for use in terms.uses)
    return Forfeiture(
        deposit_fen=deposit_fen,
        lines=tuple(lines),
        excess_fen=max(wanted_fen - deposit_fen, 0),
        excess=terms.excess,
    )


def as_recovery(forfeiture: Forfeiture, event_id: str) -> RecoveryEvent:
    """A forfeited deposit as a recovery: what was kept, less the costs of the failed auction.

    What makes good the price shortfall belongs to the proceeds, and so is shared like the rest.
    Source: contracts 2, last paragraph.
    """
    costs = tuple(
        Cost(name=f"failed auction 流拍: {_COSTS[use]}", amount_fen=forfeiture.amount(use))
        for use in _COSTS
        if forfeiture.amount(use)
    )
    kept_fen = forfeiture.deposit_fen - forfeiture.amount("returned")
    return RecoveryEvent(id=event_id, gross_fen=kept_fen, costs=costs)


def release_term(regime: Regime, *, notice_working_days: int | None = None) -> ReleaseTerm:
    """How soon a loser's deposit is given back: 24 hours, 3 days, or as the notice says.

    Raises `InvalidInput` where the notice has to say it and does not.
    """
    if regime == "JUDICIAL_NETWORK":
        return ReleaseTerm(amount=24, unit="hours")
    if regime == "JUDICIAL_OFFLINE":
        return ReleaseTerm(amount=3, unit="days")
    if notice_working_days is None:
        raise InvalidInput(
            "notice_working_days",
            f"must be given for {regime}: the notice fixes it",
            f"{regime} 须由公告约定保证金退还期限",
        )
    return ReleaseTerm(amount=notice_working_days, unit="working_days")
