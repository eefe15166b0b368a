"""A server with the rehearsal library, on which every table of rules is played beside the model."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from auction_engine.library import rehearsal_source
from auction_engine.rehearsal import Played, parse_scenario, play_on_model, play_on_server
from kit.embedded import Valkey
from tests.make_scenarios import Case, answers, scenario

_shards = itertools.count()


@pytest.fixture(scope="session")
def rehearsal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """An embedded Valkey that has loaded the rehearsal library."""
    with Valkey(tmp_path_factory.mktemp("vk"), options={"appendonly": "no"}) as server:
        client = redis.Redis.from_url(server.url)
        client.function_load(rehearsal_source())
        yield client
        client.close()


@pytest.fixture
def play(rehearsal_server: redis.Redis) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Plays a scenario through both engines, insists that they agree, and returns the contract's output."""

    def through_both(given: dict[str, Any]) -> dict[str, Any]:
        read = parse_scenario(given)
        on_model: Played = play_on_model(read)
        assert play_on_server(rehearsal_server, read, next(_shards)) == on_model
        return on_model.as_object()

    return through_both


@pytest.fixture
def holds(play: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Case], None]:
    """Plays a case, and insists on the decisions and the result that its source says."""

    def as_its_source_says(case: Case) -> None:
        played = play(scenario(case.rules, [step for step, _ in case.steps]))
        for (asked, expected), decision in zip(case.steps, played["decisions"], strict=True):
            assert answers(decision, expected), f"{case.source}: {asked} answered {decision}"
        told = {name: played["result"][name] for name in case.result}
        assert told == case.result, case.source

    return as_its_source_says
