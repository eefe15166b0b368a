"""`luochui serve api|projector|worker`: one process of the system, as `luochui up` starts it."""

import asyncio
import logging
import os
import signal
from importlib import import_module

import click
import uvloop

from auction_engine.durability import DEGRADABLE, MODES
from marketplace.settings import Settings, load_settings


@click.command("serve")
@click.argument("process", type=click.Choice(["api", "projector", "worker"]))
@click.option(
    "--durability",
    type=click.Choice(list(MODES)),
    help="What an acknowledged bid survives (LUOCHUI_DURABILITY_MODE).",
)
@click.option(
    "--degrade-to",
    type=click.Choice(list(DEGRADABLE.values())),
    help="What replicated gives way to while replicas are away (LUOCHUI_DURABILITY_DEGRADE_TO).",
)
def command(process: str, durability: str | None, degrade_to: str | None) -> None:
    """Run one process; settings come from LUOCHUI_* variables. / 运行单个进程"""
    settings = load_settings(durability_mode=durability, durability_degrade_to=degrade_to)
    if process == "api":
        import_module("marketplace.app").serve(settings)
        return
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    uvloop.run(_until_stopped(process, settings))


async def _until_stopped(process: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told_to_stop() -> None:
        stop.set()
        loop.call_later(settings.drain_seconds, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop)
    module = "marketplace.jobs.worker" if process == "worker" else "marketplace.projection"
    await import_module(module).run(settings, stop)


def _give_up() -> None:
    """End although something still waits (for a server that is gone, say): all state is elsewhere."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=4)
    os._exit(1)


if __name__ == "__main__":
    command()
