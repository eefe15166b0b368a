"""One debt behind several lots, and several debts behind one lot.

Lots are sold until the debt and its costs are covered; then selling stops (2020 拍卖变卖规定).
Money that does not cover all debts of one debtor to one creditor goes to them in the order of Civil Code 560, and
within each in the order of 561. Source: domain 6.1.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

import msgspec

from kit.money import split, yuan


class LotResult(msgspec.Struct, frozen=True, kw_only=True):
    """A lot of several for one debt: its price, and the costs and taxes that its price bears first."""

    lot: str
    price_fen: int
    costs_fen: int = 0


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what was sold covers what is owed: the lots that were needed, and those that were sold beyond them."""

    owed_fen: int
    net_fen: int
    is_covered: bool
    needed: tuple[str, ...]
    beyond: tuple[str, ...]
    computation: str

    @property
    def short_fen(self) -> int:
        """What is still to be raised; 0 once covered."""
        return max(self.owed_fen - self.net_fen, 0)


def coverage(owed_fen: int, sold: Sequence[LotResult], *, received_fen: int = 0) -> Coverage:
    """Whether the lots sold so far, in order, cover the debt; costs come out of each price first, never below 0.

    `received_fen` is what came in otherwise, net of its costs: it counts before the lots.
    """
    net_fen = received_fen
    needed: list[str] = []
    beyond: list[str] = []
    terms = [f"{yuan(received_fen)} received 已回收"] if received_fen else []
    for lot in sold:
        (beyond if net_fen >= owed_fen else needed).append(lot.lot)
        part_fen = max(lot.price_fen - lot.costs_fen, 0)
        terms.append(f"({yuan(lot.price_fen)} - {yuan(lot.costs_fen)})")
        net_fen += part_fen
    sign = ">=" if net_fen >= owed_fen else "<"
    return Coverage(
        owed_fen=owed_fen,
        net_fen=net_fen,
        is_covered=net_fen >= owed_fen,
        needed=tuple(needed),
        beyond=tuple(beyond),
        computation=f"{' + '.join(terms) or '0.00'} = {yuan(net_fen)} {sign} {yuan(owed_fen)} owed 应受偿",
    )


class OneDebt(msgspec.Struct, frozen=True, kw_only=True):
    """A debt of the debtor to the creditor. `security_fen` is what else secures it; `burden_bp` its yearly rate."""

    debt: str
    due_on: date
    principal_fen: int
    costs_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    security_fen: int = 0
    burden_bp: int = 0

    @property
    def owed_fen(self) -> int:
        """All that is owed on it."""
        return self.costs_fen + self.interest_fen + self.principal_fen + self.penalty_fen


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What one debt got, and of what: costs, interest, principal, penalty (Civil Code 561), and why so much."""

    debt: str
    amount_fen: int
    costs_fen: int
    interest_fen: int
    principal_fen: int
    penalty_fen: int
    computation: str
    reason: str
    reason_zh: str


def apply_to_debts(
    amount_fen: int, debts: Sequence[OneDebt], *, on: date, designated: Sequence[str] = ()
) -> tuple[list[Applied], int]:
    """What each of several debts gets of an amount, in the order given to them, and what is left over.

    First those that the debtor designated, in that order; then what is due; then the least secured; then the most
    burdensome; then the earliest due; among equals pro rata. Source: Civil Code 560, 561.
    """
    rank = {debt: place for place, debt in enumerate(designated)}

    def order(debt: OneDebt) -> tuple[int, bool, int, int, date]:
        if debt.debt in rank:
            return (rank[debt.debt], False, 0, 0, date.min)
        return (len(rank), debt.due_on > on, debt.security_fen, -debt.burden_bp, debt.due_on)

    applied: list[Applied] = []
    left_fen = amount_fen
    for _, level in groupby(sorted(debts, key=order), key=order):
        peers = list(level)
        owed = [debt.owed_fen for debt in peers]
        before_fen = left_fen
        for debt, fen in zip(peers, split(min(left_fen, sum(owed)), owed), strict=True):
            applied.append(_applied(debt, fen, before_fen, sum(owed), is_named=debt.debt in rank))
            left_fen -= fen
    return applied, left_fen


class SharedLot(LotResult, frozen=True, kw_only=True):
    """A lot that was sold, the debts that it stands for, and those that the debtor designated of them."""

    debts: tuple[str, ...]
    designated: tuple[str, ...] = ()


def coverage_of_each(
    debts: Sequence[OneDebt],
    sold: Sequence[SharedLot],
    *,
    received_fen: Mapping[str, int],
    on: date,
) -> dict[str, Coverage]:
    """Whether what was sold so far, in order, covers each of several debts.

    A lot that stands for several gives each what the distribution would (`apply_to_debts`, of what is left of them
    then); one that stands for a single debt counts whole. `received_fen` is what came in otherwise, by debt.
    """
    left = {debt.debt: _less(debt, received_fen.get(debt.debt, 0), on=on) for debt in debts}
    parts: dict[str, list[LotResult]] = {debt.debt: [] for debt in debts}
    for lot in sold:
        net_fen = max(lot.price_fen - lot.costs_fen, 0)
        theirs = [left[name] for name in lot.debts]
        applied, _ = apply_to_debts(net_fen, theirs, on=on, designated=lot.designated)
        for one in applied:
            is_whole = len(theirs) == 1
            part = LotResult(
                lot=lot.lot,
                price_fen=lot.price_fen if is_whole else one.amount_fen,
                costs_fen=lot.costs_fen if is_whole else 0,
            )
            parts[one.debt].append(part)
            left[one.debt] = _less(left[one.debt], one.amount_fen, on=on)
    return {
        debt.debt: coverage(
            debt.owed_fen, parts[debt.debt], received_fen=received_fen.get(debt.debt, 0)
        )
        for debt in debts
    }


def _less(debt: OneDebt, paid_fen: int, *, on: date) -> OneDebt:
    """What is left of a debt, in the order of Civil Code 561."""
    [paid], _ = apply_to_debts(paid_fen, [debt], on=on)
    return msgspec.structs.replace(
        debt,
        costs_fen=debt.costs_fen - paid.costs_fen,
        interest_fen=debt.interest_fen - paid.interest_fen,
        principal_fen=debt.principal_fen - paid.principal_fen,
        penalty_fen=debt.penalty_fen - paid.penalty_fen,
    )


def _applied(
    debt: OneDebt, fen: int, before_fen: int, rank_owed_fen: int, *, is_named: bool
) -> Applied:
    left_fen = fen
    parts = []
    for owed_fen in (debt.costs_fen, debt.interest_fen, debt.principal_fen, debt.penalty_fen):
        parts.append(min(owed_fen, left_fen))
        left_fen -= parts[-1]
    costs_fen, interest_fen, principal_fen, penalty_fen = parts
    if rank_owed_fen <= before_fen:
        computation = f"owed 应受偿 {yuan(debt.owed_fen)}, in full 足额 = {yuan(fen)}"
    elif debt.owed_fen == rank_owed_fen:
        computation = (
            f"min({yuan(debt.owed_fen)} owed 应受偿, {yuan(before_fen)} left 余额) = {yuan(fen)}"
        )
    else:
        shared = f"{yuan(before_fen)} left 余额 × {yuan(debt.owed_fen)} / {yuan(rank_owed_fen)} owed 应受偿"
        computation = f"{shared}, largest remainder 最大余数法 = {yuan(fen)}"
    named = ("designated by the debtor", "债务人指定")
    by_law = (
        f"due {debt.due_on}, other security {yuan(debt.security_fen)}, rate {debt.burden_bp} bp",
        f"{debt.due_on} 到期，其他担保 {yuan(debt.security_fen)}，年利率 {debt.burden_bp} 个基点",
    )
    reason, reason_zh = named if is_named else by_law
    return Applied(
        debt=debt.debt,
        amount_fen=fen,
        costs_fen=costs_fen,
        interest_fen=interest_fen,
        principal_fen=principal_fen,
        penalty_fen=penalty_fen,
        computation=computation,
        reason=reason,
        reason_zh=reason_zh,
    )
