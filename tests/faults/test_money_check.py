"""The checker sees what it is there for: a ledger and a fund that hold, and each way in which they would not.

The figures are those of the first worked example of domain 5.6, as fixture 5.8 prints them.
"""

from typing import Any

import msgspec
import pytest

from tests.faults.money_check import Fund, FundClaim, Money, money_violations
from tests.make_cases import final, make_case, recovery

ADVANCE_FEN, TOP_UP_FEN, RETURN_FEN = 97_530_864, 5_688_279, 69_552_681
PAID_IN_FEN = 1_000_000_000
LOAN = {"principal_fen": 487_654_321, "interest_fen": 13_246_809}
SOLD = recovery("sale", 238_000_000, 4_760_000, 3_000_000, 562_137, 71_400)
SOLD_WELL = recovery("sale", 430_000_000, 8_600_000, 3_000_000, 562_137, 129_000)
END = {"bank": 154_828_715, "fund": 103_219_143}
END_WELL = {"bank": 41_967_275, "fund": 27_978_183}


def cleared(**changed: Any) -> FundClaim:
    """The example's claim: advanced, sold, topped up."""
    fields: dict[str, Any] = {
        "asked": make_case(SOLD, final(), loan=LOAN),
        "moved": {
            "compensation_advance": [-ADVANCE_FEN],
            "compensation_top_up": [-TOP_UP_FEN],
        },
        "positions": END,
    }
    return FundClaim(**fields | changed)


def fund_of(claim: FundClaim, balance_fen: int, **changed: Any) -> Fund:
    """A fund that has this claim alone."""
    fields: dict[str, Any] = {
        "party": "fund",
        "opening_fen": 0,
        "paid_in": {"budget": PAID_IN_FEN},
        "moved": {"fund_in": [PAID_IN_FEN]},
        "claims": {"one": claim},
        "balance_fen": balance_fen,
    }
    return Fund(**fields | changed)


def money_with(fund: Fund | None = None, **changed: Any) -> Money:
    """Books that hold: one transfer, one lot settled once, one deposit at its end."""
    fields: dict[str, Any] = {
        "transfers": {"t": [-5, 5]},
        "balances": {"a": (-5, None), "b": (5, 0)},
        "entry_sums": {"a": -5, "b": 5},
        "settlements": {"lot": 1},
        "deposits": {"d": ["RELEASED"]},
        "fund": fund,
    }
    return Money(**fields | changed)


LEFT_FEN = PAID_IN_FEN - ADVANCE_FEN - TOP_UP_FEN
HOLDING: dict[str, Fund] = {
    "topped up": fund_of(cleared(), LEFT_FEN),
    "asked back": fund_of(
        cleared(
            asked=make_case(SOLD_WELL, final(), loan=LOAN),
            moved={
                "compensation_advance": [-ADVANCE_FEN],
                "compensation_returned": [RETURN_FEN],
            },
            positions=END_WELL,
        ),
        PAID_IN_FEN - ADVANCE_FEN + RETURN_FEN,
    ),
    "advanced only": fund_of(
        cleared(
            asked=make_case(loan=LOAN),
            moved={"compensation_advance": [-ADVANCE_FEN]},
            positions={"bank": 292_592_593, "fund": 195_061_728},
        ),
        PAID_IN_FEN - ADVANCE_FEN,
    ),
    # the sale brings 2,296,064.63 net, then the rest of 4,177,088.63 comes when all was thought over
    "reopened by late money": fund_of(
        cleared(
            asked=make_case(SOLD, final(), recovery("late", 417_708_863 - 229_606_463), loan=LOAN),
            moved={
                "compensation_advance": [-ADVANCE_FEN],
                "compensation_top_up": [-TOP_UP_FEN],
                "compensation_returned": [TOP_UP_FEN + RETURN_FEN],
            },
            positions=END_WELL,
        ),
        PAID_IN_FEN - ADVANCE_FEN + RETURN_FEN,
    ),
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_fund_whose_money_holds_is_left_in_peace(name: str) -> None:
    """Every course of a claim that the worked examples know ends without a violation."""
    assert list(money_violations(money_with(HOLDING[name]))) == []


def forged(**moved: list[int]) -> Fund:
    """The fund of the example, its balance what was moved: only the closed form can tell."""
    changed = {kind: amounts for kind, amounts in (cleared().moved | moved).items() if amounts}
    return fund_of(
        cleared(moved=changed), PAID_IN_FEN + sum(sum(each) for each in changed.values())
    )


FORGED: dict[str, Fund] = {
    "advanced twice": forged(compensation_advance=[-ADVANCE_FEN] * 2),
    "not advanced": forged(compensation_advance=[]),
    "a fen too much advanced": forged(compensation_advance=[-ADVANCE_FEN - 1]),
    "topped up twice": forged(compensation_top_up=[-TOP_UP_FEN] * 2),
    "not topped up": forged(compensation_top_up=[]),
    "a return nobody owes": forged(compensation_returned=[1]),
    "a fee": forged(account_fee=[-1]),
    "paid in twice": fund_of(cleared(), LEFT_FEN, moved={"fund_in": [PAID_IN_FEN] * 2}),
    "paid in and lost": fund_of(cleared(), LEFT_FEN, moved={}),
    "paid in by nobody": fund_of(cleared(), LEFT_FEN - PAID_IN_FEN, paid_in={}),
    "a balance a fen short": fund_of(cleared(), LEFT_FEN - 1),
    "an opening a fen higher": fund_of(cleared(), LEFT_FEN, opening_fen=1),
    "positions a fen apart": fund_of(
        cleared(positions={"bank": END["bank"] - 1, "fund": END["fund"] + 1}), LEFT_FEN
    ),
    "a recovery shared twice": fund_of(
        cleared(asked=make_case(SOLD, SOLD | {"id": "again"}, final(), loan=LOAN)), LEFT_FEN
    ),
    "a recovery that is gone": fund_of(cleared(asked=make_case(final(), loan=LOAN)), LEFT_FEN),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_fund_whose_money_does_not_hold_is_seen(name: str) -> None:
    """Each forgery is told as I10 and as nothing else."""
    found = list(money_violations(money_with(FORGED[name])))
    assert {one.invariant for one in found} == {"I10"}


BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "a lot settled twice": ("I8", {"settlements": {"lot": 2}}),
    "a lot never settled": ("I8", {"settlements": {"lot": 0}}),
    "a deposit without an end": ("I8", {"deposits": {"d": []}}),
    "a deposit with two ends": ("I8", {"deposits": {"d": ["RELEASED", "FORFEITED"]}}),
    "a transfer that does not balance": ("I9", {"transfers": {"t": [-5, 4]}}),
    "a transfer of one entry": ("I9", {"transfers": {"t": [0]}}),
    "a balance beside its entries": ("I9", {"entry_sums": {"a": -5, "b": 6}}),
    "an account below its floor": ("I9", {"balances": {"a": (-5, 0), "b": (5, 0)}}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_books_that_do_not_hold_are_seen(name: str) -> None:
    """Each is told by its invariant."""
    invariant, changed = BROKEN[name]
    whole = msgspec.structs.replace(money_with(HOLDING["topped up"]), **changed)
    assert {one.invariant for one in money_violations(whole)} == {invariant}
