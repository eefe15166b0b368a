"""The states of lots and bidders: every step that exists, and every step that does not."""

from enum import StrEnum

import pytest

from kit.states import IllegalStep
from marketplace.bidders import rules as bidders
from marketplace.bidders.rules import BidderStatus, require_bidder_step
from marketplace.lots import rules as lots
from marketplace.lots.rules import LotStatus, require_lot_step

#: Source: domain 9, as the task of this marketplace narrows it.
LOT_STEPS = """
draft checked | draft withdrawn | checked notified | notified published | notified draft
notified withdrawn | checked published | checked draft | checked withdrawn | published registration
published withdrawn | registration open | registration withdrawn | open paused | open sold | open unsold
open withdrawn | paused open | paused withdrawn | sold awaiting_payment | awaiting_payment paid
awaiting_payment defaulted | paid transferring | transferring done | paid withdrawn
sold revoked | awaiting_payment revoked | paid revoked | defaulted re_auction
"""
BIDDER_STEPS = """
applied qualified | applied barred | applied lost | qualified deposited | qualified barred | qualified lost
deposited active | deposited barred | deposited lost | active won | active lost | active barred | won barred
won lost
"""


def steps_in(text: str) -> set[tuple[str, str]]:
    """The pairs written in a table."""
    pairs = [pair.split() for line in text.strip().splitlines() for pair in line.split("|")]
    return {(before, after) for before, after in pairs}


def all_pairs(states: type[StrEnum]) -> list[tuple[StrEnum, StrEnum]]:
    """Every pair of states, a state with itself included."""
    return [(before, after) for before in states for after in states]


@pytest.mark.parametrize(("before", "after"), all_pairs(LotStatus))
def test_lot_takes_exactly_the_steps_of_the_table(before: LotStatus, after: LotStatus) -> None:
    """A step of the table is taken; any other is refused with both states in the message."""
    if (before, after) in steps_in(LOT_STEPS):
        require_lot_step(before, after, number="LC-1")
        return
    with pytest.raises(IllegalStep) as refused:
        require_lot_step(before, after, number="LC-1")
    assert f"lot LC-1 is {before} and cannot become {after}" in refused.value.message
    assert refused.value.context == {"current": before, "wanted": after}


@pytest.mark.parametrize(("before", "after"), all_pairs(BidderStatus))
def test_bidder_takes_exactly_the_steps_of_the_table(
    before: BidderStatus, after: BidderStatus
) -> None:
    """A step of the table is taken; any other is refused with both states in the message."""
    if (before, after) in steps_in(BIDDER_STEPS):
        require_bidder_step(before, after, name="one")
        return
    with pytest.raises(IllegalStep) as refused:
        require_bidder_step(before, after, name="one")
    assert f"bidder one is {before} and cannot become {after}" in refused.value.message


@pytest.mark.parametrize(
    ("current", "units", "after"),
    [
        ("sold", "sold awaiting_payment", None),
        ("sold", "awaiting_payment paid", "awaiting_payment"),
        ("awaiting_payment", "paid done", "paid"),
        ("paid", "done transferring", "transferring"),
        ("transferring", "done defaulted", "done"),
        ("awaiting_payment", "done awaiting_payment", None),
        ("sold", "defaulted revoked", "awaiting_payment"),
        ("awaiting_payment", "defaulted revoked", "defaulted"),
        ("awaiting_payment", "revoked revoked", "revoked"),
        ("paid", "withdrawn defaulted", "withdrawn"),
    ],
)
def test_lot_of_several_units_is_as_far_as_the_slowest(
    current: str, units: str, after: str | None
) -> None:
    """Each step is a legal one; with no unit's sale standing the lot ends as they did."""
    found = lots.next_with_units(LotStatus(current), [LotStatus(unit) for unit in units.split()])
    assert found == after
    if found is not None:
        require_lot_step(LotStatus(current), found, number="LC-1")


def test_every_state_has_its_row() -> None:
    """No state is forgotten in either table."""
    assert set(lots.STEPS) == set(LotStatus)
    assert set(bidders.STEPS) == set(BidderStatus)


def test_paddle_is_never_drawn_twice_and_runs_out_with_an_error() -> None:
    """Each draw gives a number that is free, until none is."""
    taken: set[int] = set()
    for _ in range(bidders.PADDLE_MAX - bidders.PADDLE_MIN + 1):
        paddle = bidders.draw_paddle(taken)
        assert paddle not in taken
        taken.add(paddle)
    with pytest.raises(bidders.PaddlesExhausted):
        bidders.draw_paddle(taken)


@pytest.mark.parametrize(
    ("organisation_id", "credit_code", "article"),
    [("bank", "A", "art. 30"), ("venue", "B", "art. 22"), ("other", "P", "pledgor")],
)
def test_sellers_side_may_not_bid(organisation_id: str, credit_code: str, article: str) -> None:
    """Consignor, venue and pledgor are refused, each with its reason."""
    seller = bidders.Seller(consignor_id="bank", venue_id="venue", pledgor_codes=frozenset({"P"}))
    with pytest.raises(bidders.BidderBarred) as refused:
        bidders.require_independent(
            seller, organisation_id=organisation_id, credit_code=credit_code
        )
    assert article in refused.value.message
    bidders.require_independent(seller, organisation_id="other", credit_code="C")
