"""Thousands of random scenarios, each played through the library and the model, which must agree in everything."""

import os
from collections import Counter

import pytest
import redis

from auction_engine.library import rehearsal_source
from auction_engine.rehearsal import parse_scenario, play_on_model, play_on_server
from auction_engine.rules.profile import FORMATS
from kit.embedded import Valkey
from tests.make_random_scenarios import random_scenario

#: Random cases by the thousand go through the same lines again and again (tests/tracing.py).
pytestmark = pytest.mark.untraced

SCENARIOS = 5_000 if os.environ.get("LUOCHUI_HYPOTHESIS") == "long" else 150


@pytest.mark.parametrize("kind", FORMATS)
def test_random_scenarios_are_decided_alike(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same scenario gives the same decisions and result in both engines, whatever happens in it."""
    told: Counter[str] = Counter()
    with Valkey(tmp_path_factory.mktemp("vk"), options={"appendonly": "no"}) as server:
        client = redis.Redis.from_url(server.url)
        client.function_load(rehearsal_source())
        for seed in range(SCENARIOS):
            read = parse_scenario(random_scenario(seed, kind))
            played = play_on_model(read)
            assert play_on_server(client, read, seed) == played, f"seed {seed}"
            told.update(decision.reason or "accepted" for decision in played.decisions)
            told[played.result.outcome] += 1
        client.close()
    # The scenarios are worth playing: they reach acceptances, sales, and the common refusals.
    for name in ("accepted", "sold", "unsold", "open", "closed", "suspended"):
        assert told[name] > 0, f"{name} never happened: {told}"
