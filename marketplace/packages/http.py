"""Routes of packages (资产包)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.packages import service
from marketplace.packages.schemas import NewPackage, Package

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.COLLATERAL,),
)


@post("/v1/packages", opt={"policy": allow(Role.BANK_MAKER)}, summary="Make a package 组包")
async def register_package(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewPackage]
) -> Response[Package]:
    """Put rights of my bank together, and say why they may not be parted."""
    made = await service.register(conn, caller, data, now=now)
    return Response(made, status_code=201, headers={"Location": f"/v1/packages/{made.id}"})


@get("/v1/packages", opt={"policy": _READERS}, summary="Packages 资产包列表")
async def list_packages(reader: Conn, caller: Me, position: At) -> Page[Package]:
    """Those that I may see."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/packages/{package_id:uuid}", opt={"policy": _READERS}, summary="One package 资产包详情")
async def get_package(reader: Conn, caller: Me, package_id: FromPath[UUID]) -> Package:
    """One package that I may see."""
    return await service.get(reader, caller, package_id)


routes: list[HTTPRouteHandler] = [register_package, list_packages, get_package]
