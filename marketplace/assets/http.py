"""Routes of rights (知识产权)."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from kit.clock import CHINA
from marketplace.assets import service
from marketplace.assets.schemas import Asset, AssetParticulars, AssetStatus, NewAsset
from marketplace.assets.upkeep import Upkeep, upkeep
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
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


def _tagged(asset: Asset, *, status: int = 200) -> Response[Asset]:
    headers = {"ETag": etag(asset.version), "Location": f"/v1/assets/{asset.id}"}
    return Response(asset, status_code=status, headers=headers)


@post("/v1/assets", opt={"policy": _MAKER}, summary="Enter a right 登记知识产权")
async def register_asset(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewAsset]
) -> Response[Asset]:
    """Enter a right (知识产权) of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/assets", opt={"policy": _READERS}, summary="Rights 知识产权列表")
async def list_assets(reader: Conn, caller: Me, position: At) -> Page[Asset]:
    """Those that I may see: my bank's, those consigned to my venue, or all for supervisors."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/assets/{asset_id:uuid}", opt={"policy": _READERS}, summary="One asset 知识产权详情")
async def get_asset(reader: Conn, caller: Me, asset_id: FromPath[UUID]) -> Response[Asset]:
    """One asset that I may see."""
    return _tagged(await service.get(reader, caller, asset_id))


@put(
    "/v1/assets/{asset_id:uuid}/status",
    opt={"policy": _MAKER},
    summary="Record the legal status 更新法律状态",
)
async def record_status(
    conn: Conn,
    caller: Me,
    now: Now,
    asset_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[AssetStatus],
) -> Response[Asset]:
    """A newer reading of the register, with its day and source."""
    return _tagged(
        await service.record_status(conn, caller, asset_id, data, version=if_match, now=now)
    )


@put(
    "/v1/assets/{asset_id:uuid}/particulars",
    opt={"policy": _MAKER},
    summary="Record particulars 补充信息",
)
async def record_particulars(
    conn: Conn,
    caller: Me,
    now: Now,
    asset_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[AssetParticulars],
) -> Response[Asset]:
    """The type's own fields, the export class, grade, region and industry; all are replaced."""
    return _tagged(
        await service.record_particulars(conn, caller, asset_id, data, version=if_match, now=now)
    )


@get(
    "/v1/assets/{asset_id:uuid}/upkeep",
    opt={"policy": _READERS},
    summary="Annuity calendar 年费日历",
)
async def get_upkeep(reader: Conn, caller: Me, now: Now, asset_id: FromPath[UUID]) -> Upkeep:
    """What falls due when, with today's surcharge, and until when the right is safe."""
    asset = await service.get(reader, caller, asset_id)
    return upkeep(asset, today=now.astimezone(CHINA).date())


routes: list[HTTPRouteHandler] = [
    register_asset,
    list_assets,
    get_asset,
    record_status,
    record_particulars,
    get_upkeep,
]
