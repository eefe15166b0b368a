"""The projector process: the journal from the engine into PostgreSQL, and nothing else."""

import asyncio

from kit.clock import Clock, system_clock
from marketplace.resources import open_resources
from marketplace.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, *, clock: Clock = system_clock) -> None:
    """Project until `stop` is set. Safe when several run: the shard's row lets one write at a time."""
    async with open_resources(settings, clock=clock) as resources:
        await resources.hall.engine.projector.run(stop)
