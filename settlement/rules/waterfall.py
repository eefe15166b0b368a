"""Money going down ranked claims: each rank is paid in full before the next; within a rank, pro rata.

Source: domain 6.1 (Civil Code 389, 414, 438, 561); contracts 2, step 8.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

import msgspec

from kit.money import split, yuan

COSTS, TAXES, JUNIOR, PLEDGOR = "costs", "taxes", "junior", "pledgor"
PLEDGEE_COSTS, PLEDGEE_INTEREST = "pledgee_costs", "pledgee_interest"
PLEDGEE_PRINCIPAL, PLEDGEE_PENALTY = "pledgee_principal", "pledgee_penalty"
PLEDGEE_DAMAGES, PLEDGEE_JOINT, CREDITOR = "pledgee_damages", "pledgee_joint", "creditor"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed at a rank: `to` is the kind of claim, `party` who holds it or what it is for."""

    rank: int
    to: str
    owed_fen: int
    party: str | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim was paid out of the `before_fen` that reached its rank, where `rank_owed_fen` was owed."""

    claim: Claim
    before_fen: int
    rank_owed_fen: int
    amount_fen: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a distribution, with how its amount was reached.

    `owed_fen` is null for the surplus, which has no limit; `left_fen` is what goes on to the next rank.
    """

    rank: int
    to: str
    party: str | None
    owed_fen: int | None
    amount_fen: int
    left_fen: int
    computation: str


class NamedAmount(msgspec.Struct, frozen=True, kw_only=True):
    """A cost or a tax, by name."""

    name: str
    amount_fen: int


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """One of several who hold a pledge together (共同质权人), with the share that they agreed."""

    party: str
    share_bp: int


class Secured(msgspec.Struct, frozen=True, kw_only=True):
    """What a pledgee is owed, in the order in which it is paid, and when its pledge was registered.

    `registered_at` null: not registered, so an ordinary creditor. `maximum_fen` is the registered maximum of a maximum
    pledge: what is owed above it is an ordinary claim. `holders` are those who hold it together, where several do:
    what the pledge gets is theirs by the agreed shares, and `party` only names the pledge.
    """

    party: str
    registered_at: date | None
    principal_fen: int
    costs_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    damages_fen: int = 0
    maximum_fen: int | None = None
    holders: tuple[Holder, ...] = ()

    @property
    def owed_fen(self) -> int:
        """All that is owed, whatever the pledge secures of it."""
        debt_fen = self.costs_fen + self.interest_fen + self.principal_fen
        return debt_fen + self.penalty_fen + self.damages_fen

    @property
    def secured_fen(self) -> int:
        """All that the pledge secures."""
        if self.registered_at is None:
            return 0
        return self.owed_fen if self.maximum_fen is None else min(self.owed_fen, self.maximum_fen)

    def among_holders(self, amount_fen: int) -> list[tuple[str, int]]:
        """An amount by who holds the pledge: by largest remainder over the agreed shares."""
        if not self.holders:
            return [(self.party, amount_fen)]
        parts = split(amount_fen, [holder.share_bp for holder in self.holders])
        return [(holder.party, fen) for holder, fen in zip(self.holders, parts, strict=True)]


def pay_by_rank(amount_fen: int, claims: Sequence[Claim]) -> tuple[list[Payment], int]:
    """Pays claims, given in order of rank; returns the payments, zeros too, and the surplus.

    Within a rank what there is goes by `split` over what is owed.
    """
    payments: list[Payment] = []
    left_fen = amount_fen
    for _, level in groupby(claims, key=attrgetter("rank")):
        peers = list(level)
        owed = [claim.owed_fen for claim in peers]
        parts = split(min(left_fen, sum(owed)), owed)
        payments += [
            Payment(claim=claim, before_fen=left_fen, rank_owed_fen=sum(owed), amount_fen=part)
            for claim, part in zip(peers, parts, strict=True)
        ]
        left_fen -= sum(parts)
    return payments, left_fen


def by_registration(owed: Iterable[tuple[str, int, date]], *, first_rank: int) -> list[Claim]:
    """Junior claims (party, fen, registered): one rank a date, the earliest first, else in the order given."""
    ordered = sorted(owed, key=lambda claim: claim[2])
    days = dict.fromkeys(day for _, _, day in ordered)
    ranks = {day: rank for rank, day in enumerate(days, start=first_rank)}
    return [
        Claim(rank=ranks[day], to=JUNIOR, owed_fen=fen, party=party) for party, fen, day in ordered
    ]


def distribute_sale(
    proceeds_fen: int,
    *,
    costs: Sequence[NamedAmount],
    taxes: Sequence[NamedAmount],
    pledgees: Sequence[Secured],
    pledgor: str,
    creditors: Sequence[NamedAmount] | None = None,
) -> list[Line]:
    """The distribution of a sale's proceeds: one line a claim, zeros too, then the pledgor's surplus.

    Costs of realisation, the seller's taxes, the first pledgee (costs, interest, principal, penalty, damages), later
    pledgees by registration and pro rata within a day, other creditors pro rata, the pledgor. Pledgees registered on
    the first day share its rank, so then there is no first pledgee and all are paid as later ones. Other creditors
    take part in a court's distribution alone (`creditors` is not None); with them what is above a registered maximum,
    and who is not registered. Source: domain 6.1.
    """
    claims = [*_named(COSTS, 1, costs), *_named(TAXES, 2, taxes)]
    registered = [(p.registered_at, p) for p in pledgees if p.registered_at is not None]
    ordered = sorted(registered, key=lambda pair: pair[0])
    if len(ordered) == 1 or (ordered and ordered[0][0] < ordered[1][0]):
        claims += _first_pledgee(ordered.pop(0)[1], 3)
    later = [
        (part, day) for day, other in ordered for part in other.among_holders(other.secured_fen)
    ]
    owed = ((party, fen, day) for (party, fen), day in later)
    claims += by_registration(owed, first_rank=_next_rank(claims))
    if creditors is not None:
        claims += _ordinary(creditors, pledgees, _next_rank(claims))
    payments, surplus_fen = pay_by_rank(proceeds_fen, claims)
    return [*_lines(payments), _surplus(claims, pledgor, surplus_fen)]


def _next_rank(claims: Sequence[Claim]) -> int:
    return max((claim.rank for claim in claims), default=2) + 1


def _named(to: str, rank: int, amounts: Sequence[NamedAmount]) -> list[Claim]:
    return [Claim(rank=rank, to=to, owed_fen=item.amount_fen, party=item.name) for item in amounts]


def _first_pledgee(pledgee: Secured, rank: int) -> list[Claim]:
    """Its claims one rank each, in the order of Civil Code 561, cut at the maximum of its pledge.

    Those who hold it together have one rank, and each its part of the whole.
    """
    if pledgee.holders:
        return [
            Claim(rank=rank, to=PLEDGEE_JOINT, owed_fen=fen, party=party)
            for party, fen in pledgee.among_holders(pledgee.secured_fen)
        ]
    owed = [
        (PLEDGEE_COSTS, pledgee.costs_fen),
        (PLEDGEE_INTEREST, pledgee.interest_fen),
        (PLEDGEE_PRINCIPAL, pledgee.principal_fen),
        (PLEDGEE_PENALTY, pledgee.penalty_fen),
    ]
    if pledgee.damages_fen:
        owed.append((PLEDGEE_DAMAGES, pledgee.damages_fen))
    left_fen = pledgee.secured_fen
    claims: list[Claim] = []
    for to, owed_fen in owed:
        part_fen = min(owed_fen, left_fen)
        claims.append(Claim(rank=rank + len(claims), to=to, owed_fen=part_fen, party=pledgee.party))
        left_fen -= part_fen
    return claims


def _ordinary(
    creditors: Sequence[NamedAmount], pledgees: Sequence[Secured], rank: int
) -> list[Claim]:
    """Who shares pro rata after the pledgees (参与分配), pledgees with what their pledge does not secure among them."""
    rests = [
        part
        for pledgee in pledgees
        if pledgee.owed_fen > pledgee.secured_fen
        for part in pledgee.among_holders(pledgee.owed_fen - pledgee.secured_fen)
    ]
    named = [(creditor.name, creditor.amount_fen) for creditor in creditors]
    return [
        Claim(rank=rank, to=CREDITOR, owed_fen=fen, party=party) for party, fen in [*named, *rests]
    ]


def _lines(payments: list[Payment]) -> list[Line]:
    lines = []
    for _, level in groupby(payments, key=lambda payment: payment.claim.rank):
        peers = list(level)
        left_fen = peers[0].before_fen - sum(payment.amount_fen for payment in peers)
        lines += [
            Line(
                rank=payment.claim.rank,
                to=payment.claim.to,
                party=payment.claim.party,
                owed_fen=payment.claim.owed_fen,
                amount_fen=payment.amount_fen,
                left_fen=left_fen,
                computation=_computation(payment),
            )
            for payment in peers
        ]
    return lines


def _computation(payment: Payment) -> str:
    """How a payment was reached, as a formula that a reader can repeat."""
    owed, paid = yuan(payment.claim.owed_fen), yuan(payment.amount_fen)
    if payment.rank_owed_fen <= payment.before_fen:
        return f"owed 应受偿 {owed}, in full 足额 = {paid}"
    before, rank_owed = yuan(payment.before_fen), yuan(payment.rank_owed_fen)
    if payment.claim.owed_fen == payment.rank_owed_fen:
        return f"min({owed} owed 应受偿, {before} left 余额) = {paid}"
    return f"{before} left 余额 × {owed} / {rank_owed} owed 应受偿, largest remainder 最大余数法 = {paid}"


def _surplus(claims: Sequence[Claim], pledgor: str, surplus_fen: int) -> Line:
    return Line(
        rank=max((claim.rank for claim in claims), default=0) + 1,
        to=PLEDGOR,
        party=pledgor,
        owed_fen=None,
        amount_fen=surplus_fen,
        left_fen=0,
        computation=f"what is left 余款 = {yuan(surplus_fen)}",
    )
