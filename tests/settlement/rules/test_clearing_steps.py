"""Clearing one step at a time, as a service does, and the check of its sums."""

import json
from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from settlement.rules.caps import caps_left, limit, share_limit, within
from settlement.rules.case import Case, read_case
from settlement.rules.clearing import Clearing, Final, clear, finish, is_balanced
from settlement.rules.compensation import open_claim
from settlement.rules.reading import read_json
from settlement.rules.recovery import Book, Recovered, recover, start_book
from settlement.rules.scheme import Caps
from tests.make_cases import contract_case, final, make_case, recovery


def contract() -> Case:
    """The example of contracts 2."""
    return read_case(read_json(json.dumps(contract_case()).encode()))


def test_one_event_at_a_time_ends_like_all_at_once() -> None:
    """A book that is stored between events, and read again, continues to the same figures."""
    case, whole = contract(), clear(contract())
    opening = open_claim(case.scheme, case.loan)
    book = start_book(case.scheme, case.loan, opening, junior_claims=case.junior_claims)
    for event, want in zip(case.recoveries, whole.events, strict=True):
        stored = msgspec.json.encode(book)
        recovered, book = recover(case.scheme, msgspec.json.decode(stored, type=Book), event)
        assert recovered == want
    assert finish(case.scheme, opening, book) == whole.final


def _final(change: Callable[[Final], Final]) -> Callable[[Clearing], Clearing]:
    def changed(clearing: Clearing) -> Clearing:
        assert clearing.final is not None
        return replace(clearing, final=change(clearing.final))

    return changed


def _event(change: Callable[[Recovered], Recovered]) -> Callable[[Clearing], Clearing]:
    return lambda clearing: replace(clearing, events=(change(clearing.events[0]),))


def _first_row(amount_fen: int) -> Callable[[Recovered], Recovered]:
    def changed(event: Recovered) -> Recovered:
        rows = event.waterfall
        return replace(event, waterfall=(replace(rows[0], amount_fen=amount_fen), *rows[1:]))

    return changed


BROKEN: dict[str, Callable[[Clearing], Clearing]] = {
    "borne": lambda c: replace(c, borne=c.borne | {"bank": 0}),
    "ceded": lambda c: replace(c, ceded=c.ceded | {"bank": 1}),
    "promised": lambda c: replace(c, promised={"fund": 1}),
    "opening": lambda c: replace(c, opening=c.opening | {"bank": 0}),
    "opening below 0": lambda c: replace(
        c, opening=c.opening | {"bank": -1, "fund": c.opening["fund"] + c.opening["bank"] + 1}
    ),
    "advance": lambda c: replace(c, advance_fen=0),
    "rows": _event(_first_row(0)),
    "net": _event(lambda e: replace(e, net_fen=0)),
    "shared": _event(lambda e: replace(e, shared_fen=0)),
    "movements": _event(lambda e: replace(e, movements=e.movements | {"bank": 0})),
    "positions": _event(lambda e: replace(e, positions=e.positions | {"bank": 0})),
    "closing": _final(lambda f: replace(f, closing=f.closing | {"bank": 0})),
    "true-up": _final(lambda f: replace(f, true_up=f.true_up | {"bank": 1})),
    "delta": _final(lambda f: replace(f, delta={"fund": 0})),
    "delta sum": _final(lambda f: replace(f, delta_fen=0)),
}


@pytest.mark.parametrize("sum_", BROKEN)
def test_a_sum_that_does_not_hold_is_noticed(sum_: str) -> None:
    """Every sum that contracts 2 names is checked anew: one wrong figure and the clearing is not balanced."""
    case = contract()
    assert is_balanced(case, clear(case))
    assert not is_balanced(case, BROKEN[sum_](clear(case)))


def test_a_clearing_without_events_is_balanced() -> None:
    """Neither recoveries nor a final event are needed."""
    for events in ((), (final(),), (recovery("a", 1),)):
        assert clear(read_case(make_case(*events))).balanced


def test_the_least_cap_binds() -> None:
    """A fund's limit is the least of its caps that are not null; without any there is none."""
    assert limit(None) is None
    assert limit(Caps()) is None
    assert limit(Caps(per_loan_fen=3, year_fen=2)) == 2
    assert limit(Caps(per_borrower_fen=0, fund_balance_fen=2)) == 0
    assert (within(5, None), within(5, 4), within(5, 6)) == (5, 4, 5)


def test_caps_are_lowered_by_what_was_spent() -> None:
    """What a borrower, a year and the fund have had is gone, but never below nothing; a loan's cap stays."""
    whole = Caps(per_loan_fen=10, per_borrower_fen=20, year_fen=30, fund_balance_fen=None)
    left = caps_left(whole, borrower_fen=5, year_fen=31, fund_fen=7)
    assert left == Caps(per_loan_fen=10, per_borrower_fen=15, year_fen=0, fund_balance_fen=None)


def test_rivals_of_one_day_share_a_limit_pro_rata() -> None:
    """Together they never pass it; where it suffices each gets its whole claim."""
    assert share_limit(100, {"a": 100, "b": 50}) == {"a": 67, "b": 33}
    assert share_limit(150, {"a": 100, "b": 50}) == {"a": 100, "b": 50}
    assert share_limit(0, {"a": 0}) == {"a": 0}
