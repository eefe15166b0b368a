"""The pages of a transfer: the checklist (交割清单), and the applications that cancel the pledges (质押注销申请)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of
from marketplace.transfers import service
from marketplace.transfers.http import READERS


@get("/lots/{lot_id:uuid}/transfer", opt={POLICY: READERS}, **PAGE)
async def transfer_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """What is filed where, with which papers, until when, and how far it is."""
    transfer = await service.of_lot(reader, caller, lot_id, now=now)
    return page(
        "transfer.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        transfer=transfer,
    )


@get(
    "/lots/{lot_id:uuid}/transfer/pledge-cancellation",
    opt={
        POLICY: allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
    },
    **PAGE,
)
async def cancellation_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """One application a pledge, to be printed and signed."""
    package = await service.cancellation_package(reader, caller, lot_id, now=now)
    return page(
        "pledge_cancellation.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        package=package,
    )


routes: list[HTTPRouteHandler] = [transfer_page, cancellation_page]
