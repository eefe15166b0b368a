"""How far the journal is behind, as /metrics tells it to whoever keeps watch."""

import asyncio
from pathlib import Path

import msgspec
from prometheus_client import REGISTRY

from marketplace.engine_checks import EngineChecks
from marketplace.organisations.schemas import Role
from tests.make_stage import Stage


async def measured(stage: Stage) -> dict[str, float]:
    """The gauges of the journal, as an auditor scrapes them."""
    auditor = await stage.person(Role.AUDITOR)
    answer = await stage.client.get("/metrics", headers=auditor.headers)
    assert answer.status_code == 200
    found = (line.split(" ") for line in answer.text.splitlines() if line.startswith("luochui_j"))
    return {name.removeprefix("luochui_journal_"): float(value) for name, value in found}


async def test_what_is_not_journalled_is_measured_until_it_is(stage: Stage) -> None:
    """A bid that no projector has written yet counts with its age; once it is journalled nothing waits."""
    lot = await stage.published()
    agency, _ = await stage.deposited(lot)
    await stage.until_open(lot)
    assert (await measured(stage)) == {
        "lag_ms": 0,
        "behind_batches": 0,
        "faulty_shards": 0,
        "measured": 1,
    }
    await agency.post(f"/v1/auctions/{lot['id']}/bids", {"amount_fen": lot["start_price_fen"]})
    await asyncio.sleep(0.3)
    behind = await measured(stage)
    assert behind["behind_batches"] == 1
    assert 300 <= behind["lag_ms"] < 30_000
    assert behind["measured"] == 1
    await stage.project()
    assert (await measured(stage))["lag_ms"] == 0


async def test_nobody_to_ask_is_told_as_such(stage: Stage, tmp_path: Path) -> None:
    """Where the engine does not answer the numbers are not of now, and say so."""
    settings = msgspec.structs.replace(
        stage.resources.settings, redis_url=f"unix://{tmp_path}/nobody.sock"
    )
    await stage.resources.measure()
    assert REGISTRY.get_sample_value("luochui_journal_measured") == 1
    checks = EngineChecks(settings, stage.pool)
    await checks.measure()
    await checks.aclose()
    assert REGISTRY.get_sample_value("luochui_journal_measured") == 0
