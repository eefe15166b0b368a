"""Routes of register look-ups (登记查询)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.assets.schemas import Asset
from marketplace.edge.dependencies import Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.imports.http import FileOf, read_first
from marketplace.organisations.schemas import Role
from marketplace.registry import service
from marketplace.registry.schemas import Enquiry, Extract, RegistryAnswer

_BRINGERS = allow(Role.BANK_MAKER, Role.VENUE_OPERATOR, Role.PLATFORM_ADMINISTRATOR)
_ASKERS = allow(Role.BANK_MAKER, Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_BODY_BYTES_MAX = 11_000_000


@post(
    "/v1/registry-extracts",
    opt={"policy": _BRINGERS},
    guards=[read_first],
    request_max_body_size=_BODY_BYTES_MAX,
    summary="Bring in an extract 导入登记簿摘录",
)
async def bring_in_extract(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Extract]:
    """The rights' sheet of the import's layout (CSV), one day and one source on every row; all or nothing."""
    file = FileOf(request)
    made = await service.bring_in(conn, caller, file.content, file.reading(), now=now)
    return Response(made, status_code=201)


@get("/v1/registry-extracts", opt={"policy": _ASKERS}, summary="Extracts 登记簿摘录列表")
async def list_extracts(reader: Conn, caller: Me) -> list[Extract]:
    """Those that I may ask: my organisation's and the platform's, the newest day first."""
    return await service.extracts(reader, caller)


@post(
    "/v1/registry-enquiries",
    opt={"policy": _ASKERS},
    summary="Ask the register 登记查询",
    status_code=200,
)
async def ask_registry(conn: Conn, caller: Me, now: Now, data: JSONBody[Enquiry]) -> RegistryAnswer:
    """What the newest extract says of a right, with the day and source it speaks for; the enquiry is logged."""
    return await service.ask(conn, caller, data, now=now)


@post(
    "/v1/assets/{asset_id:uuid}/status-from-registry",
    opt={"policy": allow(Role.BANK_MAKER)},
    summary="Take the register's word over 按登记簿更新",
    status_code=200,
)
async def take_over(
    conn: Conn, caller: Me, now: Now, asset_id: FromPath[UUID], if_match: IfMatch
) -> Response[Asset]:
    """Record what the newest extract says of my right, with its day and source."""
    asset = await service.take_over(conn, caller, asset_id, version=if_match, now=now)
    return Response(asset, headers={"ETag": etag(asset.version)})


routes: list[HTTPRouteHandler] = [bring_in_extract, list_extracts, ask_registry, take_over]
