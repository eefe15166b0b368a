"""Routes of burdens (权利负担) and of the question whether a licence may be granted."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.burdens import service
from marketplace.burdens.schemas import (
    Burden,
    BurdenEnd,
    LicenceAnswer,
    LicenceQuestion,
    NewBurden,
)
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.COLLATERAL,),
)


def _tagged(burden: Burden, *, status: int = 200) -> Response[Burden]:
    headers = {"ETag": etag(burden.version), "Location": f"/v1/burdens/{burden.id}"}
    return Response(burden, status_code=status, headers=headers)


@post("/v1/burdens", opt={"policy": _MAKER}, summary="Enter a burden 登记权利负担")
async def register_burden(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewBurden]
) -> Response[Burden]:
    """Enter a licence, preservation, suit or commitment that rests on a right of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/burdens/{burden_id:uuid}", opt={"policy": _READERS}, summary="One burden 权利负担详情")
async def get_burden(reader: Conn, caller: Me, burden_id: FromPath[UUID]) -> Response[Burden]:
    """One burden that I may see."""
    return _tagged(await service.get(reader, caller, burden_id))


@get(
    "/v1/assets/{asset_id:uuid}/burdens",
    opt={"policy": _READERS},
    summary="Burdens of a right 某权利的负担",
)
async def list_burdens(reader: Conn, caller: Me, asset_id: FromPath[UUID]) -> list[Burden]:
    """Everything that rests or rested on a right that I may see, oldest first."""
    return await service.of_asset(reader, caller, asset_id)


@post(
    "/v1/burdens/{burden_id:uuid}/end",
    opt={"policy": _MAKER},
    summary="End a burden 负担解除",
    status_code=200,
)
async def end_burden(
    conn: Conn, caller: Me, now: Now, burden_id: FromPath[UUID], data: JSONBody[BurdenEnd]
) -> Response[Burden]:
    """It rests on the right no more, since when and by which document."""
    return _tagged(await service.end(conn, caller, burden_id, data, now=now))


@post(
    "/v1/assets/{asset_id:uuid}/licence-check",
    opt={"policy": _READERS, "idempotency": "none"},
    summary="May a licence be granted? 许可冲突检查",
    status_code=200,
)
async def check_licence(
    reader: Conn,
    caller: Me,
    now: Now,
    asset_id: FromPath[UUID],
    data: JSONBody[LicenceQuestion],
) -> LicenceAnswer:
    """Which licences meet the one that is meant, and what else keeps it from being recorded. Nothing is changed."""
    return await service.may_be_licensed(reader, caller, asset_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    register_burden,
    get_burden,
    list_burdens,
    end_burden,
    check_licence,
]
