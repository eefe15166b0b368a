"""When a call for offers opens, closes and is decided, which offer is best, and what may follow what.

Source: domain 3.9 (COLLECTION), 2.8 (ONE_SHOT: equal offers go to the earlier).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from kit.states import require_step
from marketplace.collections.schemas import CallState, Offer, RepurchaseState
from marketplace.lots.offered import OfferTerms

_C, _R = CallState, RepurchaseState

STEPS: Mapping[CallState, frozenset[CallState]] = MappingProxyType(
    {
        _C.ANNOUNCED: frozenset({_C.OFFERS, _C.FAILED, _C.WITHDRAWN}),
        _C.OFFERS: frozenset({_C.OPENING, _C.FINAL, _C.DECIDING, _C.FAILED, _C.WITHDRAWN}),
        _C.OPENING: frozenset({_C.FINAL, _C.DECIDING, _C.FAILED, _C.WITHDRAWN}),
        _C.FINAL: frozenset({_C.FINAL_OPENING, _C.DECIDING, _C.WITHDRAWN}),
        _C.FINAL_OPENING: frozenset({_C.DECIDING, _C.WITHDRAWN}),
        _C.DECIDING: frozenset({_C.ACCEPTED, _C.DECLINED, _C.FAILED, _C.WITHDRAWN}),
        _C.ACCEPTED: frozenset(),
        _C.DECLINED: frozenset(),
        _C.FAILED: frozenset(),
        _C.WITHDRAWN: frozenset(),
    }
)

REPURCHASE_STEPS: Mapping[RepurchaseState, frozenset[RepurchaseState]] = MappingProxyType(
    {
        _R.OPEN: frozenset({_R.EXERCISED, _R.LAPSED}),
        _R.EXERCISED: frozenset({_R.COMPLETED}),
        _R.COMPLETED: frozenset(),
        _R.LAPSED: frozenset(),
    }
)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The moments of a call; without a part of it, the moment is that of the part before."""

    offers_close_at: datetime
    opened_by: datetime
    final_closes_at: datetime
    final_opened_by: datetime
    decision_by: datetime


def require_call_step(current: CallState, wanted: CallState, *, number: str) -> None:
    """Raise `IllegalStep` unless the call of lot `number` may go from `current` to `wanted`."""
    require_step(STEPS, current, wanted=wanted, subject=f"call {number}")


def require_repurchase_step(
    current: RepurchaseState, wanted: RepurchaseState, *, number: str
) -> None:
    """Raise `IllegalStep` unless the option of lot `number` may go from `current` to `wanted`."""
    require_step(REPURCHASE_STEPS, current, wanted=wanted, subject=f"repurchase {number}")


def schedule(closes_at: datetime, terms: OfferTerms) -> Schedule:
    """All moments follow from the close that the notice states."""
    opening, final = (
        timedelta(seconds=terms.opening_seconds),
        timedelta(seconds=terms.final_seconds),
    )
    opened_by = closes_at + opening
    final_closes_at = opened_by + final
    final_opened_by = final_closes_at + (opening if terms.final_seconds else timedelta())
    return Schedule(
        offers_close_at=closes_at,
        opened_by=opened_by,
        final_closes_at=final_closes_at,
        final_opened_by=final_opened_by,
        decision_by=final_opened_by + timedelta(seconds=terms.decision_seconds),
    )


def best_of_each(offers: Sequence[Offer]) -> list[Offer]:
    """Each maker's highest opened offer, the best first; equal amounts go to the earlier (domain 2.8)."""
    best: dict[int, Offer] = {}
    for offer in offers:
        known = best.get(offer.paddle)
        if offer.amount_fen is not None and (known is None or _key(offer) < _key(known)):
            best[offer.paddle] = offer
    return sorted(best.values(), key=_key)


def has_final_round(terms: OfferTerms, offers: Sequence[Offer]) -> bool:
    """Best and final is held when the terms state it and at least two have offered."""
    return terms.final_seconds > 0 and len(best_of_each(offers)) > 1


def _key(offer: Offer) -> tuple[int, datetime]:
    assert offer.amount_fen is not None, "only opened offers are compared"
    return -offer.amount_fen, offer.made_at
