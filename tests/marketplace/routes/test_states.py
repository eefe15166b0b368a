"""Every state machine of the routes of disposal: each step that exists is taken, every other one is refused."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kit.states import IllegalStep
from marketplace.collections.rules import (
    REPURCHASE_STEPS,
    require_call_step,
    require_repurchase_step,
)
from marketplace.collections.rules import STEPS as CALL_STEPS
from marketplace.grants.rules import STEPS as GRANT_STEPS
from marketplace.grants.rules import require_grant_step
from marketplace.licence_offers.rules import STEPS as OFFER_STEPS
from marketplace.licence_offers.rules import require_offer_step
from marketplace.mandates.rules import STEPS as MANDATE_STEPS
from marketplace.mandates.rules import require_mandate_step
from marketplace.plans.rules import PLAN_STEPS, STEP_STEPS, require_plan_step, require_step_step
from marketplace.recorded_routes.rules import STEPS as ROUTE_STEPS
from marketplace.recorded_routes.rules import require_route_step
from marketplace.resales.rules import STEPS as UNDERBID_STEPS
from marketplace.resales.rules import require_underbid_step
from marketplace.sessions.rules import STEPS as SESSION_STEPS
from marketplace.sessions.rules import require_session_step
from marketplace.set_offs.rules import STEPS as SET_OFF_STEPS
from marketplace.set_offs.rules import require_set_off_step

#: Source: domain 9 and 3.9; written here once more, so that a change of a table is a change of two files.
MACHINES: dict[str, tuple[Mapping[Any, frozenset[Any]], Callable[..., None], str]] = {
    "plan": (
        PLAN_STEPS,
        lambda a, b: require_plan_step(a, b, number="1"),
        """draft approved | draft stopped | approved running | approved stopped | running covered | running completed
        running exhausted | running stopped""",
    ),
    "step": (
        STEP_STEPS,
        lambda a, b: require_step_step(a, b, name="1"),
        """planned running | planned held | planned skipped | running held | running succeeded | running failed
        running skipped | held running | held succeeded | held failed | held skipped""",
    ),
    "set_off": (
        SET_OFF_STEPS,
        lambda a, b: require_set_off_step(a, b, number="1"),
        "proposed approved | proposed refused | approved disposed",
    ),
    "collection": (
        CALL_STEPS,
        lambda a, b: require_call_step(a, b, number="1"),
        """announced offers | announced failed | announced withdrawn | offers opening | offers final | offers deciding
        offers failed | offers withdrawn | opening final | opening deciding | opening failed | opening withdrawn
        final final_opening | final deciding | final withdrawn | final_opening deciding | final_opening withdrawn
        deciding accepted | deciding declined | deciding failed | deciding withdrawn""",
    ),
    "repurchase": (
        REPURCHASE_STEPS,
        lambda a, b: require_repurchase_step(a, b, number="1"),
        "open exercised | open lapsed | exercised completed",
    ),
    "licence_offer": (
        OFFER_STEPS,
        lambda a, b: require_offer_step(a, b, number="1"),
        """draft open | draft withdrawn | open scoring | open opening | open filled | open failed | open withdrawn
        scoring opening | scoring withdrawn | opening awarded | opening failed | opening withdrawn
        awarded filled | awarded failed | awarded withdrawn""",
    ),
    "licence": (
        GRANT_STEPS,
        lambda a, b: require_grant_step(a, b, name="1"),
        """offered signed | offered ended | signed effective | signed ended | effective recorded | effective ended
        recorded active | recorded ended | active ended""",
    ),
    "mandate": (
        MANDATE_STEPS,
        lambda a, b: require_mandate_step(a, b, number="1"),
        """proposed agreed | proposed declined | agreed running | agreed reverted | running report_due | running ended
        running reverted | report_due running | report_due ended | report_due reverted""",
    ),
    "session": (
        SESSION_STEPS,
        lambda a, b: require_session_step(a, b, number="1"),
        "draft published | draft withdrawn | published closed",
    ),
    "underbidder_offer": (
        UNDERBID_STEPS,
        lambda a, b: require_underbid_step(a, b, number="1"),
        "proposed offered | proposed refused | offered accepted | offered declined | offered lapsed",
    ),
    "recorded_route": (
        ROUTE_STEPS,
        lambda a, b: require_route_step(a, b, number="1"),
        "proposed approved | proposed refused | approved ended",
    ),
}


def pairs(written: str) -> set[tuple[str, str]]:
    """The pairs written in a table."""
    split = [one.split() for line in written.strip().splitlines() for one in line.split("|")]
    return {(before, after) for before, after in split}


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_has_a_row(name: str) -> None:
    """No state is forgotten in its table, and every step leads to a state of the table."""
    table = MACHINES[name][0]
    kind = type(next(iter(table)))
    assert set(table) == set(kind)
    assert set().union(*table.values()) <= set(table)


@pytest.mark.parametrize("name", MACHINES)
def test_exactly_the_written_steps_are_taken(name: str) -> None:
    """Every written step is taken; every other pair of states is refused with both states named."""
    table, require, written = MACHINES[name]
    known = pairs(written)
    for before in table:
        for after in table:
            if (before, after) in known:
                require(before, after)
                continue
            with pytest.raises(IllegalStep) as refused:
                require(before, after)
            assert refused.value.context == {"current": before, "wanted": after}
