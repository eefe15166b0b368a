"""Every state machine of the marketplace has a table test; one that is declared without fails here.

The tables below are tried here; those of the routes of disposal, of lots and of bidders in their own rooms; those
without a table in Python at the database, in `tests/settlement/test_every_state_machine.py`.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

import auction_engine
import marketplace
import settlement
from kit.states import IllegalStep
from marketplace.approvals.schemas import ApprovalState
from marketplace.assets.schemas import LegalStatus
from marketplace.bidders import rules as bidders
from marketplace.burdens import rules as burdens
from marketplace.cases import rules as cases
from marketplace.claims.schemas import ClaimStatus
from marketplace.consignments import rules as consignments
from marketplace.disclosures import rules as disclosures
from marketplace.duties.schemas import State as DutyState
from marketplace.experts import rules as experts
from marketplace.grants import rules as grants
from marketplace.imports.schemas import ImportState, JobState
from marketplace.liabilities.schemas import LiabilityState
from marketplace.lots import rules as lots
from marketplace.monitoring import rules as monitoring
from marketplace.pledges import rules as pledges
from marketplace.returns.schemas import ReturnState
from marketplace.sealings.schemas import SealingState
from marketplace.transfers import rules as transfers
from marketplace.valuation_orders.schemas import OrderState
from marketplace.white_lists import rules as white_lists
from tests.marketplace.routes import test_states as routes
from tests.settlement.test_every_state_machine import MACHINES as GUARDED

Table = Mapping[Any, frozenset[Any]]
#: Source: domain 9 and the rooms' own; written here once more, so that a change of a table is a change of two files.
MACHINES: dict[str, tuple[Table, Callable[..., None], str]] = {
    "case": (
        cases.STEPS,
        lambda a, b: cases.require_case_step(a, b, number="1"),
        """registered submitted | registered frozen | registered released | submitted approved | submitted registered
        submitted frozen | submitted released | approved route_set | approved registered | approved frozen
        approved released | route_set in_disposal | route_set registered | route_set frozen | route_set released
        in_disposal registered | in_disposal partly_recovered | in_disposal satisfied | in_disposal exhausted
        in_disposal frozen | in_disposal released | partly_recovered in_disposal | partly_recovered satisfied
        partly_recovered exhausted | partly_recovered frozen | partly_recovered released | satisfied closed
        exhausted closed | frozen registered | frozen submitted | frozen approved | frozen route_set
        frozen in_disposal | frozen partly_recovered | frozen released | released closed""",
    ),
    "consignment": (
        consignments.STEPS,
        lambda a, b: consignments.require_consignment_step(a, b, number="1"),
        """draft submitted | draft withdrawn | submitted under_review | submitted returned | submitted withdrawn
        under_review accepted | under_review returned | under_review withdrawn | returned submitted
        returned withdrawn | accepted disposing | accepted withdrawn | disposing recovered | disposing unsold
        disposing withdrawn | unsold disposing | unsold withdrawn | unsold cleared | recovered disposing
        recovered cleared | withdrawn cleared""",
    ),
    "pledge": (
        pledges.STEPS,
        lambda a, b: pledges.require_pledge_step(a, b, number="1"),
        """registered changed | registered cancel_pending | changed changed | changed cancel_pending
        cancel_pending cancelled | cancel_pending registered | cancel_pending changed""",
    ),
    "burden": (
        burdens.STEPS,
        lambda a, b: burdens.require_burden_step(a, b, holder="1"),
        "standing ended",
    ),
    "alert": (
        monitoring.STEPS,
        lambda a, b: monitoring.require_alert_step(a, b, code="MON-04"),
        """open under_review | under_review frozen | under_review confirmed | under_review dismissed
        frozen confirmed | frozen dismissed""",
    ),
    "alert of a loan that may be invented": (
        monitoring.STEPS,
        lambda a, b: monitoring.require_alert_step(a, b, code="MON-01"),
        """open under_review | under_review frozen | under_review confirmed | under_review dismissed
        frozen confirmed | frozen dismissed | confirmed frozen""",
    ),
    "white list": (
        white_lists.STEPS,
        lambda a, b: white_lists.require_list_step(a, b, name="1"),
        "draft published | published pushed | published superseded | pushed pushed | pushed superseded",
    ),
    "transfer step": (
        transfers.STEPS,
        lambda a, b: transfers.require_transfer_step(a, b, name="1"),
        "pending filed | pending done | filed done | filed refused | refused filed",
    ),
    "expert": (
        experts.EXPERT_STEPS,
        lambda a, b: experts.require_expert_step(a, b, name="1"),
        # again what it is already: told twice, done once
        """active suspended | active removed | suspended active | suspended removed | active active
        suspended suspended | removed removed""",
    ),
    "change of a notice": (
        disclosures.STEPS,
        disclosures.require_change_step,
        "proposed published | proposed refused",
    ),
    "option to buy": (
        grants.OPTION_STEPS,
        lambda a, b: grants.require_option_step(a, b, name="1"),
        """none open | open exercised | open lapsed | exercised completed | exercised open | exercised lapsed""",
    ),
    "seat": (
        experts.SEAT_STEPS,
        lambda a, b: experts.require_seat_step(a, b, name="1"),
        "drawn confirmed | drawn recused | confirmed recused",
    ),
}
TRIED: tuple[Table, ...] = (
    *(table for table, _, _ in MACHINES.values()),
    *(table for table, _, _ in routes.MACHINES.values()),
    *(lots.STEPS, bidders.STEPS),  # in lots/test_lot_states
)
#: States that no table in Python leads: where they are tried, or why there is nothing to try.
OTHERWISE: dict[type[StrEnum], str] = {
    ApprovalState: "market.approvals",
    JobState: "market.import_jobs",
    ReturnState: "market.quarterly_returns",
    SealingState: "market.sealings",
    OrderState: "market.valuation_orders",
    LiabilityState: "market.liabilities",
    DutyState: "tests.marketplace.duties.test_duty_table:STEPS",
    ClaimStatus: "told from settlement.cases and market.claims, both of which are tried; kept nowhere",
    ImportState: "how it ended, at once; nothing follows",
    LegalStatus: "what the registry says of a right, which no step of ours leads to",
}
NOTHING_TO_TRY = (ClaimStatus, ImportState, LegalStatus)


def modules() -> Iterator[Any]:
    """Every module of the three packages."""
    for package in (marketplace, settlement, auction_engine):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def is_table(value: object) -> bool:
    """Whether it says which state may follow which."""
    if not isinstance(value, Mapping) or not value:
        return False
    kinds = {type(key) for key in value}
    return (
        len(kinds) == 1
        and issubclass(*kinds, StrEnum)
        and all(isinstance(after, frozenset) for after in value.values())
        and all(isinstance(state, next(iter(kinds))) for after in value.values() for state in after)
    )


def test_every_declared_machine_has_its_table_test() -> None:
    """Each table of steps in the code is one that some test tries pair by pair; each kind of state has one."""
    tables: dict[int, tuple[str, Table]] = {}
    kinds: dict[type[StrEnum], str] = {}
    for module in modules():
        for name, value in vars(module).items():
            if is_table(value):
                tables.setdefault(id(value), (f"{module.__name__}.{name}", value))
            is_kind = inspect.isclass(value) and issubclass(value, StrEnum)
            if (
                is_kind
                and name.endswith(("State", "Status"))
                and value.__module__ == module.__name__
            ):
                kinds[value] = f"{module.__name__}.{name}"
    led = {type(next(iter(table))) for _, table in tables.values()}
    tried = {id(table) for table in TRIED}
    assert not [
        name for key, (name, table) in tables.items() if key not in tried and is_machine(table)
    ]
    assert not [name for kind, name in kinds.items() if kind not in led and kind not in OTHERWISE]
    assert not [kind for kind in OTHERWISE if kind in led], "it has a table now: try that"
    assert tried <= set(tables), "the search finds all that are tried"


def is_machine(table: Table) -> bool:
    """Whether a table of states is one of steps, and not of which states go together for another reason."""
    kind = type(next(iter(table)))
    return kind.__name__.endswith(("State", "Status"))


def test_what_has_no_table_is_tried_elsewhere() -> None:
    """Each is a table at the database, or a table of events in a test that is there."""
    for kind, where in OTHERWISE.items():
        if kind in NOTHING_TO_TRY:
            continue
        if ":" in where:
            module, name = where.split(":")
            assert getattr(importlib.import_module(module), name), where
            continue
        states = {state for pair in GUARDED[where].replace("|", " ").split() for state in [pair]}
        assert states == {state.value for state in kind}, where


@pytest.mark.parametrize("name", MACHINES)
def test_exactly_the_written_steps_are_taken(name: str) -> None:
    """Every written step is taken; every other pair of states, a state with itself too, is refused by name."""
    table, require, written = MACHINES[name]
    kind = type(next(iter(table)))
    assert set(table) == set(kind)
    known = routes.pairs(written)
    for before, after in product(kind, kind):
        if (before, after) in known:
            require(before, after)
            continue
        with pytest.raises(IllegalStep) as refused:
            require(before, after)
        assert refused.value.context == {"current": before, "wanted": after}
