"""Routes of records (竞价记录与流拍报告)."""

from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.dependencies import Conn, Me
from marketplace.edge.policies import allow, public
from marketplace.organisations.schemas import Role
from marketplace.records import service
from marketplace.records.schemas import BidRecord, UnsoldReport

SELLERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


@get("/v1/lots/{lot_id:uuid}/bid-record", opt={"policy": public()}, summary="Bid record 竞价记录")
async def get_bid_record(reader: Conn, lot_id: FromPath[UUID]) -> BidRecord:
    """The whole record of an auction that has ended: bids and refusals by paddle, extensions, pauses, result."""
    return await service.bid_record(reader, lot_id)


@get(
    "/v1/lots/{lot_id:uuid}/unsold-report",
    opt={"policy": SELLERS},
    summary="Unsold report 流拍报告",
)
async def get_unsold_report(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> UnsoldReport:
    """Why a lot of my venue or bank was not sold, and the next step of the ladder."""
    return await service.unsold_report(reader, caller, lot_id)


routes: list[HTTPRouteHandler] = [get_bid_record, get_unsold_report]
