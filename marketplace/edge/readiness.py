"""Whether this process lives (/healthz), and whether it should be given work (/readyz), with reasons."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response, get

from kit.errors import LuochuiError
from marketplace.edge.policies import public

#: Returns what it found, in a word or number; raises what is wrong.
Check: TypeAlias = Callable[[], Awaitable[str]]
_SECONDS = 2.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The state of each part: `ok: ...`, or what is wrong."""

    ready: bool
    checks: dict[str, str]


async def report_on(checks: Mapping[str, Check]) -> Report:
    """All checks at once, each with two seconds."""
    results = await asyncio.gather(*(_result(check) for check in checks.values()))
    return Report(
        ready=all(is_ok for is_ok, _ in results),
        checks={name: text for name, (_, text) in zip(checks, results, strict=True)},
    )


async def _result(check: Check) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(_SECONDS):
            return True, f"ok: {await check()}"
    except LuochuiError as error:
        return False, error.message
    except TimeoutError:
        return False, f"no answer within {_SECONDS:.0f} s"
    except Exception as error:  # whatever is wrong is the finding; its text could hold an address
        return False, type(error).__name__


@get("/healthz", opt={"policy": public()}, summary="Liveness 存活", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """The process lives; nothing else is asked."""
    return {"status": "alive"}


@get("/readyz", opt={"policy": public()}, summary="Readiness 就绪")
async def readyz(request: Request[Any, Any, Any]) -> Response[Report]:
    """Whether database, engine, durability, function library and projector are as they must be; 503 if not."""
    report = await report_on(request.app.state.resources.checks)
    headers = {"Cache-Control": "no-store"}
    return Response(report, status_code=200 if report.ready else 503, headers=headers)
