"""A whole clearing: the claim opened, every recovery shared, the end trued up, every sum checked.

Service code calls the same steps one at a time: `open_claim`, `start_book`, `recover`, `finish`.
Source: contracts 2, steps 9 and 10, and its output.
"""

import msgspec

from kit.money import split_among
from settlement.rules.case import Case
from settlement.rules.compensation import Opening, open_claim
from settlement.rules.recovery import Book, Recovered, recover, share_groups, start_book
from settlement.rules.scheme import Scheme


class Final(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a case. `delta` above 0 is what a fund tops up, below 0 what it gets back."""

    true_up: dict[str, int]
    closing: dict[str, int]
    delta: dict[str, int]
    delta_fen: int


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """What `luochui clear` prints, field for field and in its order."""

    loss_fen: int
    borne: dict[str, int]
    ceded: dict[str, int]
    compensation: dict[str, int]
    promised: dict[str, int]
    opening: dict[str, int]
    advance: dict[str, int]
    advance_fen: int
    events: tuple[Recovered, ...]
    final: Final | None
    balanced: bool


def clear(case: Case) -> Clearing:
    """Clears one defaulted loan from its opening to its last event."""
    opening = open_claim(case.scheme, case.loan)
    book = start_book(case.scheme, case.loan, opening, junior_claims=case.junior_claims)
    events = []
    for event in case.recoveries:
        recovered, book = recover(case.scheme, book, event)
        events.append(recovered)
    clearing = Clearing(
        loss_fen=opening.bearing.loss_fen,
        borne=opening.bearing.borne,
        ceded=opening.bearing.ceded,
        compensation=opening.compensation,
        promised=opening.promised,
        opening=opening.positions,
        advance=opening.advance,
        advance_fen=sum(opening.advance.values()),
        events=tuple(events),
        final=finish(case.scheme, opening, book) if case.is_final else None,
        balanced=True,
    )
    return msgspec.structs.replace(clearing, balanced=is_balanced(case, clearing))


def finish(scheme: Scheme, opening: Opening, book: Book) -> Final:
    """Step 9: the loss that is left, split as the claim opened, and what each fund still pays or gets back.

    So neither the order nor the number of partial recoveries changes the end.
    """
    closing: dict[str, int] = dict.fromkeys(scheme.names, 0)
    for group in share_groups(scheme):
        left_fen = sum(book.positions[name] for name in group)
        closing.update(split_among(left_fen, {name: opening.positions[name] for name in group}))
    delta = {fund: closing[fund] - fen for fund, fen in opening.advance.items()}
    return Final(
        true_up={name: fen - book.positions[name] for name, fen in closing.items()},
        closing=closing,
        delta=delta,
        delta_fen=sum(delta.values()),
    )


def is_balanced(case: Case, clearing: Clearing) -> bool:
    """Step 10: whether every sum that contracts 2 names holds, computed anew from what would be printed."""
    return _opening_holds(clearing) and _events_hold(case, clearing) and _final_holds(clearing)


def _opening_holds(clearing: Clearing) -> bool:
    return (
        sum(clearing.borne.values()) == clearing.loss_fen
        and sum(clearing.ceded.values()) == 0
        and sum(clearing.promised.values()) == sum(clearing.compensation.values())
        and sum(clearing.opening.values()) == clearing.loss_fen
        and min(clearing.opening.values()) >= 0
        and sum(clearing.advance.values()) == clearing.advance_fen
    )


def _events_hold(case: Case, clearing: Clearing) -> bool:
    positions = clearing.opening
    for event, recovered in zip(case.recoveries, clearing.events, strict=True):
        if not _event_holds(recovered, positions, event.gross_fen):
            return False
        positions = recovered.positions
    return True


def _event_holds(recovered: Recovered, before: dict[str, int], gross_fen: int) -> bool:
    costs_fen = recovered.waterfall[0].amount_fen
    return (
        sum(row.amount_fen for row in recovered.waterfall) == gross_fen
        and min(row.amount_fen for row in recovered.waterfall) >= 0
        and recovered.net_fen == gross_fen - costs_fen
        and sum(recovered.movements.values()) == recovered.shared_fen
        and min(recovered.movements.values()) >= 0
        and min(recovered.positions.values()) >= 0
        and recovered.positions
        == {name: fen - recovered.movements[name] for name, fen in before.items()}
    )


def _final_holds(clearing: Clearing) -> bool:
    final = clearing.final
    if final is None:
        return True
    positions = clearing.events[-1].positions if clearing.events else clearing.opening
    return (
        sum(final.closing.values()) == sum(positions.values())
        and final.true_up == {name: fen - positions[name] for name, fen in final.closing.items()}
        and final.delta
        == {fund: final.closing[fund] - fen for fund, fen in clearing.advance.items()}
        and sum(final.delta.values()) == final.delta_fen
    )
