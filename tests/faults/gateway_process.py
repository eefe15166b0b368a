"""A gateway in a process of its own, so that a test may kill it, starve it, or give it another clock.

`python -m tests.faults.gateway_process DATABASE_URL ENGINE_URL SOCKET`: one JSON line in, `[auction, wire command]`;
one JSON line out, the `Answer`.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg
import msgspec

from auction_engine.engine import Engine
from auction_engine.rules.commands import Command
from auction_engine.waiting import Limits
from kit.clock import system_clock
from kit.reach import ENGINE
from tests.auction_engine.make_engine import a_key
from tests.faults.client import EngineDesk

UNLIMITED = Limits(paddle_waiting_max=10_000, paddle_per_second=1e9, paddle_burst=1e9)


async def serve(database_url: str, engine_url: str, path: Path) -> None:
    """Answer until killed."""
    async with asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=6,
        command_timeout=10,
        server_settings=dict(ENGINE),
    ) as pool:
        engine = await Engine.open(
            pool, engine_url, key=a_key(), clock=system_clock, limits=UNLIMITED
        )
        desk = EngineDesk(engine)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            auction, wire = msgspec.json.decode(await reader.readline())
            command, _, _ = Command.from_wire(wire)
            writer.write(msgspec.json.encode(await desk.ask(auction, command)) + b"\n")
            writer.close()

        server = await asyncio.start_unix_server(answer, path)
        await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[3]).unlink(missing_ok=True)
    asyncio.run(serve(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
