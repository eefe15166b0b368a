"""Routes of exports (导出)."""

import asyncio

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.documents.rules import XLSX
from marketplace.edge.dependencies import Conn, Me
from marketplace.edge.policies import allow
from marketplace.exports import service
from marketplace.exports.rules import csv_bytes
from marketplace.exports.service import CATALOGUE_HEADER, SheetName
from marketplace.exports.workbooks import xlsx_bytes
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_BANK = allow(Role.BANK_MAKER, Role.BANK_CHECKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.COLLATERAL,),
)
_CSV = "text/csv; charset=utf-8"


def _file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


@get(
    "/v1/exports/portfolio.xlsx",
    opt={"policy": _BANK},
    summary="Portfolio as a workbook 资产包导出",
)
async def export_portfolio(reader: Conn, caller: Me) -> Response[bytes]:
    """My bank's loans, pledges, rights and valuations in the layout that an import takes."""
    return _file(await service.portfolio(reader, caller), XLSX, "portfolio.xlsx")


@get(
    "/v1/exports/portfolio/{sheet:str}",
    opt={"policy": _BANK},
    summary="One sheet as CSV 单表导出",
)
async def export_sheet(reader: Conn, caller: Me, sheet: FromPath[SheetName]) -> Response[bytes]:
    """`loans`, `pledges`, `rights` or `valuations` of my bank as CSV; nothing in it acts when it is opened."""
    content = await service.sheet_csv(reader, caller, sheet)
    return _file(content, _CSV, f"{sheet}.csv")


@get(
    "/v1/exports/catalogue.xlsx", opt={"policy": _READERS}, summary="Graded catalogue 分级分类目录"
)
async def export_catalogue(reader: Conn, caller: Me) -> Response[bytes]:
    """The rights that I may see by grade, with class, region, industry, status and value."""
    rows = await service.catalogue(reader, caller)
    content = await asyncio.to_thread(xlsx_bytes, [("目录", CATALOGUE_HEADER, rows)])
    return _file(content, XLSX, "catalogue.xlsx")


@get(
    "/v1/exports/catalogue.csv",
    opt={"policy": _READERS},
    summary="Graded catalogue as CSV 目录导出",
)
async def export_catalogue_csv(reader: Conn, caller: Me) -> Response[bytes]:
    """The same as CSV."""
    rows = await service.catalogue(reader, caller)
    return _file(csv_bytes(CATALOGUE_HEADER, rows), _CSV, "catalogue.csv")


routes: list[HTTPRouteHandler] = [
    export_portfolio,
    export_sheet,
    export_catalogue,
    export_catalogue_csv,
]
