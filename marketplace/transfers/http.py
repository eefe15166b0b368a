"""Routes of transfers (交割): the checklist, its steps, the papers that cancel the pledges."""

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, PathParameter

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.transfers import service
from marketplace.transfers.schemas import (
    CancellationPackage,
    Done,
    Filed,
    Refused,
    Transfer,
)

_OPERATOR = allow(Role.VENUE_OPERATOR)
MOVING = (Role.VENUE_OPERATOR, Role.BANK_MAKER)
MOVERS = allow(*MOVING)
READERS = allow(
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.AGENCY_BIDDER,
)
#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A transfer is kept by the venue and the bank together; the last recordal ends the escrow of the buyer's price."
_Step: TypeAlias = Annotated[int, PathParameter(ge=1, le=10_000)]


@post(
    "/v1/lots/{lot_id:uuid}/transfer",
    opt={"policy": _OPERATOR, REACH: WHY},
    summary="Open a transfer 开始交割",
)
async def open_transfer(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Transfer:
    """Open the checklist of a paid lot: every right and every pledge, where, with which papers, until when."""
    return await service.open_transfer(conn, caller, lot_id, now=now)


@get("/v1/lots/{lot_id:uuid}/transfer", opt={"policy": READERS}, summary="Checklist 交割清单")
async def get_transfer(reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Transfer:
    """The checklist, for the lot's venue, its bank and its buyer."""
    return await service.of_lot(reader, caller, lot_id, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/transfer/{step:int}",
    opt={"policy": MOVERS, REACH: WHY},
    status_code=200,
    summary="Move a step 更新交割事项",
)
async def move_step(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    step: _Step,
    data: JSONBody[Filed | Done | Refused],
) -> Transfer:
    """A step was filed, done or refused. The bank moves its pledges, the venue the rest.

    The last right recorded records the title. A refusal with `rescind` proposes to undo the sale.
    """
    return await service.move(conn, caller, lot_id, step, data, now=now)


@get(
    "/v1/lots/{lot_id:uuid}/transfer/pledge-cancellation",
    opt={
        "policy": allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
    },
    summary="Pledge cancellation 质押注销申请",
)
async def get_cancellation(
    reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> CancellationPackage:
    """The applications that cancel the pledges of a sold lot, with their papers and offices."""
    return await service.cancellation_package(reader, caller, lot_id, now=now)


routes: list[HTTPRouteHandler] = [open_transfer, get_transfer, move_step, get_cancellation]
