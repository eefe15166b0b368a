"""What the funds promise for a loss, whom that relieves, and what is advanced on it.

Source: contracts 2, steps 4 to 7 (domain 5.3, 4 to 6).
"""

import msgspec

from kit.money import BP_ONE, floor_bp, half_up, split_among
from settlement.rules.bearing import Bearing, bear
from settlement.rules.caps import limit, share_limit, within
from settlement.rules.case import Loan
from settlement.rules.scheme import COMPENSATE_RETAINED, DIRECT_SHARE, Scheme


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as the scheme settles it before anything is recovered.

    `compensation` lists the parties that are not FUND, `promised` and `advance` the funds, `positions` every
    party: the net loss of each side if every promise is paid in full; they add up to the loss.
    """

    bearing: Bearing
    compensation: dict[str, int]
    promised: dict[str, int]
    positions: dict[str, int]
    advance: dict[str, int]


def open_claim(scheme: Scheme, loan: Loan) -> Opening:
    """Steps 1 to 7: from the loss to the advance."""
    bearing = bear(scheme, loan)
    if scheme.comp_mode == DIRECT_SHARE:
        promised, compensation = _direct_share(scheme, bearing)
    elif scheme.comp_mode == COMPENSATE_RETAINED:
        promised, compensation = _compensate_retained(scheme, loan, bearing)
    else:
        promised, compensation = _layered(scheme, loan, bearing)
    return Opening(
        bearing=bearing,
        compensation=compensation,
        promised=promised,
        positions=_positions(scheme, bearing, compensation, promised),
        advance={fund: floor_bp(fen, scheme.advance_bp) for fund, fen in promised.items()},
    )


def rate_bp(scheme: Scheme, loan: Loan, party: str) -> int:
    """The rate of a party: its own or that of its first fitting tier, with add-ons, under the total cap."""
    rate = scheme.comp_rate_bp.get(party)
    if rate is None:
        fitting = (
            tier.bp
            for tier in scheme.tiers
            if tier.party == party and loan.amount_fen <= tier.loan_upto_fen
        )
        rate = next(fitting, None)
    if rate is None:
        return 0  # add-ons raise a rate; they are none by themselves
    rate += sum(
        addon.bp for addon in scheme.addons if addon.party == party and addon.flag in loan.flags
    )
    return min(rate, BP_ONE if scheme.total_cap_bp is None else scheme.total_cap_bp)


def _direct_share(scheme: Scheme, bearing: Bearing) -> tuple[dict[str, int], dict[str, int]]:
    """Each fund bears its own part of the loss; what it pays of it relieves the bank."""
    promised = {
        fund: within(bearing.borne[fund], limit(scheme.caps.get(fund))) for fund in scheme.funds
    }
    compensation = dict.fromkeys(scheme.others, 0)
    compensation[scheme.bank] = sum(promised.values())
    return promised, compensation


def _compensate_retained(
    scheme: Scheme, loan: Loan, bearing: Bearing
) -> tuple[dict[str, int], dict[str, int]]:
    """The one fund pays each party a part of what that party has kept."""
    (fund,) = scheme.funds
    compensation = {
        party: half_up(bearing.retained[party], rate_bp(scheme, loan, party))
        for party in scheme.others
    }
    limit_fen = limit(scheme.caps.get(fund))
    if limit_fen is not None:
        compensation = share_limit(limit_fen, compensation)
    return {fund: sum(compensation.values())}, compensation


def _layered(scheme: Scheme, loan: Loan, bearing: Bearing) -> tuple[dict[str, int], dict[str, int]]:
    """Each fund in turn pays its part of all that the others have kept, together never more than that."""
    retained = {party: bearing.retained[party] for party in scheme.others}
    whole_fen = sum(retained.values())
    left_fen = whole_fen
    promised = {}
    for fund in scheme.funds:
        share_fen = half_up(whole_fen, rate_bp(scheme, loan, fund))
        promised[fund] = min(within(share_fen, limit(scheme.caps.get(fund))), left_fen)
        left_fen -= promised[fund]
    return promised, split_among(whole_fen - left_fen, retained)


def _positions(
    scheme: Scheme, bearing: Bearing, compensation: dict[str, int], promised: dict[str, int]
) -> dict[str, int]:
    """Step 6. What a cap cuts stays with whom the promise would have relieved."""
    positions = {
        name: promised[name]
        if name in promised
        else bearing.borne[name] + bearing.ceded[name] - compensation[name]
        for name in scheme.names
    }
    # Outside DIRECT_SHARE a fund bears nothing, so the bank takes nothing over here.
    positions[scheme.bank] += sum(bearing.borne[fund] for fund in scheme.funds)
    return positions
