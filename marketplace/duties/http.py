"""Routes of duties (待办): what is stuck, and trying it again."""

from uuid import UUID

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.duties import service
from marketplace.duties.schemas import Duty
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.schemas import Role

_OPERATORS = allow(Role.PLATFORM_ADMINISTRATOR)


class DutyList(msgspec.Struct, frozen=True, kw_only=True):
    """Duties that are left to people, longest waiting first, at most a hundred."""

    items: list[Duty]


@get("/v1/duties/stuck", opt={"policy": _OPERATORS}, summary="Stuck duties 卡住的待办")
async def list_stuck_duties(reader: Conn) -> DutyList:
    """What has been tried in vain too often, with the last error."""
    return DutyList(items=await service.stuck(reader))


@post("/v1/duties/{duty_id:uuid}/retry", opt={"policy": _OPERATORS}, summary="Try again 重试待办")
async def retry_duty(conn: Conn, caller: Me, now: Now, duty_id: FromPath[UUID]) -> Duty:
    """Have a stuck duty tried again from now on."""
    return await service.revive(conn, caller, duty_id, now=now)


routes: list[HTTPRouteHandler] = [list_stuck_duties, retry_duty]
