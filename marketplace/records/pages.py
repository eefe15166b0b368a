"""The pages of records: the record of an auction (竞价记录), the report of one that failed (流拍报告)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.dependencies import Conn, Me
from marketplace.edge.policies import POLICY, public
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.records import service
from marketplace.records.http import SELLERS


@get("/lots/{lot_id:uuid}/bid-record", opt={POLICY: public()}, **PAGE)
async def bid_record_page(
    request: Request[Any, Any, Any], reader: Conn, lot_id: FromPath[UUID]
) -> Response[str]:
    """Every bid in order, to be printed and signed."""
    record = await service.bid_record(reader, lot_id)
    return page("bid_record.html", visitor=visitor_of(request), here="", record=record)


@get("/lots/{lot_id:uuid}/unsold-report", opt={POLICY: SELLERS}, **PAGE)
async def unsold_report_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """Why nothing was sold, and what may follow."""
    report = await service.unsold_report(reader, caller, lot_id)
    return page("unsold_report.html", visitor=visitor_of(request), here="", report=report)


routes: list[HTTPRouteHandler] = [bid_record_page, unsold_report_page]
