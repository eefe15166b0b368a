"""`luochui serve api|projector|worker`: one process of the system, as `luochui up` starts it."""

import asyncio
import logging
import os
import signal
from importlib import import_module

import click
import uvloop

from marketplace.settings import Settings, load_settings


@click.command("serve")
@click.argument("process", type=click.Choice(["api", "projector", "worker"]))
def command(process: str) -> None:
    """Run one process; settings come from LUOCHUI_* variables. / 运行单个进程"""
    settings = load_settings()
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
