"""Who may be drawn, and the lot itself. Source: domain 1.4 九, 2.8.

The lot can be repeated by anybody: the ticket of a candidate is SHA-256(seed, draw id, expert id), candidates are
ranked by their tickets, and each field takes its number from the top, an expert sitting once. The seed is drawn at
random when the panel is, so nobody knows the ranking before; the list of candidates is fixed by who is in the base.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from kit.errors import InvalidInput
from kit.states import require_step
from marketplace.experts.schemas import (
    PANEL_MAX,
    PANEL_MIN,
    Candidate,
    Exclusion,
    Expert,
    ExpertField,
    ExpertState,
    Party,
    Purpose,
    Quota,
    Seat,
    SeatState,
)

SEED_BYTES: Final = 32
_E, _S = ExpertState, SeatState

EXPERT_STEPS: Final = MappingProxyType(
    {
        _E.ACTIVE: frozenset({_E.SUSPENDED, _E.REMOVED}),
        _E.SUSPENDED: frozenset({_E.ACTIVE, _E.REMOVED}),
        _E.REMOVED: frozenset[ExpertState](),
    }
)
SEAT_STEPS: Final = MappingProxyType(
    {
        _S.DRAWN: frozenset({_S.CONFIRMED, _S.RECUSED}),
        # A conflict may come to light after the declaration.
        _S.CONFIRMED: frozenset({_S.RECUSED}),
        _S.RECUSED: frozenset[SeatState](),
    }
)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What a draw gave: everybody by rank, those left out, and the seats."""

    candidates: tuple[Candidate, ...]
    excluded: tuple[Exclusion, ...]
    seats: tuple[Seat, ...]


def require_expert_step(current: ExpertState, wanted: ExpertState, *, name: str) -> None:
    """Raise `IllegalStep` unless the expert may go from `current` to `wanted`; staying is no step."""
    if current is not wanted:
        require_step(EXPERT_STEPS, current, wanted=wanted, subject=f"expert {name}")


def require_seat_step(current: SeatState, wanted: SeatState, *, name: str) -> None:
    """Raise `IllegalStep` unless the seat of `name` may go from `current` to `wanted`."""
    require_step(SEAT_STEPS, current, wanted=wanted, subject=f"seat of {name}")


def require_panel(quotas: Sequence[Quota], purpose: Purpose) -> None:
    """Raise `InvalidInput` unless the numbers make a panel: each field once, and odd from three for a tender."""
    if len({quota.field for quota in quotas}) != len(quotas):
        raise InvalidInput("quotas", "a field stands in it twice", "同一专业重复")
    size = sum(quota.count for quota in quotas)
    is_tender = purpose is Purpose.WEIGHTED_TENDER
    if size > PANEL_MAX or (is_tender and (size < PANEL_MIN or size % 2 == 0)):
        raise InvalidInput(
            "quotas",
            f"makes {size} experts; a weighted tender needs an odd number from {PANEL_MIN} to {PANEL_MAX}",
            f"共 {size} 名专家；权重报价须为 {PANEL_MIN} 至 {PANEL_MAX} 名的奇数",
        )


def ticket(seed: bytes, draw_id: UUID, expert_id: UUID) -> str:
    """The ticket of one candidate, in hexadecimal."""
    return hashlib.sha256(seed + draw_id.bytes + expert_id.bytes).hexdigest()


def conflict_of(expert: Expert, parties: Iterable[Party]) -> Exclusion | None:
    """Why this expert may not judge where these parties have a stake: employed by one, or tied to one; else None."""
    ties = [
        (expert.employer_name, expert.employer_code, "employer", "任职单位"),
        (expert.name, None, "the same person", "本人"),
        *((tie.name, tie.code, tie.nature, tie.nature) for tie in expert.interests),
    ]
    for party in parties:
        for name, code, nature, nature_zh in ties:
            if _is_same(name, code, party):
                return Exclusion(
                    expert_id=expert.id,
                    reason=f"tied to {party.name}: {nature}",
                    reason_zh=f"与 {party.name} 存在利害关系：{nature_zh}",
                )
    return None


def _is_same(name: str, code: str | None, party: Party) -> bool:
    if code is not None and party.code is not None:
        return code == party.code
    return _plain(name) == _plain(party.name)


def _plain(name: str) -> str:
    """A name without what people write differently: width, case, spaces, kinds of brackets."""
    spelled = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in spelled if c.isalnum())


def draw(
    experts: Iterable[Expert],
    quotas: Sequence[Quota],
    parties: Sequence[Party],
    *,
    seed: bytes,
    draw_id: UUID,
) -> Drawn:
    """Draw a panel; a field without enough candidates has seats left open, which `missing` counts."""
    excluded, free = [], []
    for expert in sorted(experts, key=lambda each: each.id):
        if expert.state is not ExpertState.ACTIVE:
            excluded.append(
                Exclusion(
                    expert_id=expert.id,
                    reason=f"the entry is {expert.state}",
                    reason_zh="专家条目已停用",
                )
            )
        elif (conflict := conflict_of(expert, parties)) is not None:
            excluded.append(conflict)
        else:
            free.append(
                Candidate(
                    expert_id=expert.id,
                    fields=expert.fields,
                    ticket=ticket(seed, draw_id, expert.id),
                )
            )
    ranked = tuple(sorted(free, key=lambda each: (each.ticket, each.expert_id)))
    seats: list[Seat] = []
    for quota in quotas:
        for _ in range(quota.count):
            called = next_for(quota.field, ranked, seats)
            if called is not None:
                seats.append(called)
    return Drawn(candidates=ranked, excluded=tuple(excluded), seats=tuple(seats))


def next_for(field: ExpertField, ranked: Iterable[Candidate], seats: Sequence[Seat]) -> Seat | None:
    """The next candidate of a field by rank who has had no seat yet, as a new seat; None when there is nobody left."""
    seated = {seat.expert_id for seat in seats}
    for candidate in ranked:
        if field in candidate.fields and candidate.expert_id not in seated:
            return Seat(
                expert_id=candidate.expert_id,
                position=len(seats) + 1,
                field=field,
                state=SeatState.DRAWN,
            )
    return None


def missing(quotas: Sequence[Quota], seats: Iterable[Seat]) -> dict[ExpertField, int]:
    """How many seats of each field are not filled by somebody drawn or confirmed; empty when the panel is whole."""
    held = [seat.field for seat in seats if seat.state is not SeatState.RECUSED]
    open_seats = {quota.field: quota.count - held.count(quota.field) for quota in quotas}
    return {field: count for field, count in open_seats.items() if count > 0}


def panel(quotas: Sequence[Quota], seats: Iterable[Seat]) -> tuple[UUID, ...] | None:
    """Who judges: everybody confirmed, in order; None while a seat is open or somebody has not declared."""
    held = [seat for seat in seats if seat.state is not SeatState.RECUSED]
    if missing(quotas, held) or any(seat.state is not SeatState.CONFIRMED for seat in held):
        return None
    return tuple(seat.expert_id for seat in sorted(held, key=lambda each: each.position))
