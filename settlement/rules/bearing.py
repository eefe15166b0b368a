"""Who bears the loss of a defaulted loan: the loss itself, its bearing, its cession.

Source: contracts 2, steps 1 to 3 (domain 5.3, 1 to 3).
"""

from collections.abc import Mapping

import msgspec

from kit.money import half_up, split_among
from settlement.rules.case import Loan
from settlement.rules.scheme import NET_LOSS, PRINCIPAL, Scheme


class Bearing(msgspec.Struct, frozen=True, kw_only=True):
    """The loss and how it falls on the parties, every party listed.

    `uncovered_fen` is the bank's alone, outside the scheme. `ceded` is net: what a party passed on counts
    against it, what it took over for it. `retained` is what it bore less what it passed on itself.
    """

    loss_fen: int
    uncovered_fen: int
    borne: dict[str, int]
    ceded: dict[str, int]
    retained: dict[str, int]


class Ceded(msgspec.Struct, frozen=True, kw_only=True):
    """What one party passed on to another (分出): a re-guarantee, a reinsurance."""

    party: str
    to: str
    amount_fen: int


def bear(scheme: Scheme, loan: Loan) -> Bearing:
    """Steps 1 to 3: the loss, who bears it, and what is passed on."""
    base_fen = loss_base(scheme, loan)
    loss_fen = half_up(base_fen, loan.ip_part_bp)
    borne = split_among(loss_fen, {party.party: party.bear_bp for party in scheme.parties})
    ceded = dict.fromkeys(scheme.names, 0)
    retained = dict(borne)
    for moved in cede(scheme, borne):
        retained[moved.party] -= moved.amount_fen
        ceded[moved.party] -= moved.amount_fen
        ceded[moved.to] += moved.amount_fen
    return Bearing(
        loss_fen=loss_fen,
        uncovered_fen=base_fen - loss_fen,
        borne=borne,
        ceded=ceded,
        retained=retained,
    )


def cede(scheme: Scheme, borne: Mapping[str, int]) -> tuple[Ceded, ...]:
    """Step 3, cession by cession in the scheme's order: of what a party bears, never more than it still keeps."""
    kept = dict(borne)
    moved = []
    for cession in scheme.cession:
        fen = min(half_up(borne[cession.party], cession.bp), kept[cession.party])
        kept[cession.party] -= fen
        moved.append(Ceded(party=cession.party, to=cession.to, amount_fen=fen))
    return tuple(moved)


def loss_base(scheme: Scheme, loan: Loan) -> int:
    """What the scheme takes for the loss, before the IP's part of it, in fen."""
    if scheme.base == PRINCIPAL:
        return loan.principal_fen
    if scheme.base == NET_LOSS:
        return loan.principal_fen + loan.interest_fen - loan.received_fen
    return loan.principal_fen + loan.interest_fen


def interest_claim(scheme: Scheme, loan: Loan) -> int:
    """The interest that is claimed beside the loss: none where the loss already holds it."""
    return loan.interest_fen if scheme.base == PRINCIPAL else 0
