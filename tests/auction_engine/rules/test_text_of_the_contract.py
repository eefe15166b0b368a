"""The rules against a second reading of contracts 1: random scenarios, every decision and result the same."""

import pytest

from auction_engine.rehearsal import parse_scenario, play_on_model
from tests.auction_engine.rules.oracle import OWN
from tests.auction_engine.rules.oracle_afterwards import play_by_the_text
from tests.make_random_scenarios import random_scenario

SCENARIOS = 120
#: Few random scenarios get as far as a second phase.
SCENARIOS_LATER = 1_000
#: What has to have been reached in the formats that go on after their first decision, or the comparison shows little.
LATER = {"dutch_hybrid": ("seal", "withdraw"), "dynamic": ("exercise",)}


@pytest.mark.parametrize("kind", OWN)
def test_the_rules_say_what_the_contract_says(kind: str) -> None:
    """Two programs that share nothing but the contract's text decide alike, step by step, and give the same result."""
    done: set[str] = set()
    for seed in range(SCENARIOS_LATER if kind in LATER else SCENARIOS):
        given = random_scenario(seed, kind)
        ours = play_on_model(parse_scenario(given)).as_object()
        theirs = play_by_the_text(given)
        for step, own, other in zip(
            given["steps"], ours["decisions"], theirs["decisions"], strict=True
        ):
            assert own == other, f"{kind} {seed}: {step}"
            done |= {step["do"]} if own["accepted"] else set()
        assert ours["result"] == theirs["result"], f"{kind} {seed}"
    assert done.issuperset(LATER.get(kind, ()))
