"""The rules against a second reading of contracts 1: random scenarios, every decision and result the same."""

from typing import Any

import pytest

from auction_engine.rehearsal import parse_scenario, play_on_model
from tests.auction_engine.rules.oracle import OWN, play_by_the_text
from tests.make_random_scenarios import random_scenario

SCENARIOS = 120


def readable(given: dict[str, Any]) -> bool:
    """Whether the second reading covers the scenario: it leaves out priority that is exercised after the end."""
    return given["auction"].get("exercise") != "after"


@pytest.mark.parametrize("kind", OWN)
def test_the_rules_say_what_the_contract_says(kind: str) -> None:
    """Two programs that share nothing but the contract's text decide alike, step by step, and give the same result."""
    played = 0
    for seed in range(SCENARIOS):
        given = random_scenario(seed, kind)
        given["steps"] = [step for step in given["steps"] if step["do"] != "exercise"]
        if not readable(given):
            continue
        played += 1
        ours = play_on_model(parse_scenario(given)).as_object()
        theirs = play_by_the_text(given)
        for step, own, other in zip(
            given["steps"], ours["decisions"], theirs["decisions"], strict=True
        ):
            assert own == other, f"{kind} {seed}: {step}"
        assert ours["result"] == theirs["result"], f"{kind} {seed}"
    assert played > SCENARIOS // 4
