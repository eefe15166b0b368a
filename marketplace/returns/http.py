"""Routes of quarterly returns (季度统计表) and the notification (季度通报)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.printed import Form, printed
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.returns import printing, service
from marketplace.returns.schemas import QuarterIn, Reopening, Return, ReturnIn

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "An authority answers to a bank's return; a paper is filed for all who may read it."
_READERS = allow(
    Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR, areas=(Area.RETURNS,)
)
_AUTHORITY = allow(Role.REGULATOR, areas=(Area.RETURNS,))


@post(
    "/v1/returns",
    opt={"policy": allow(Role.BANK_MAKER), REACH: _WHY},
    summary="Draft a return 填报季度统计表",
)
async def draft_return(
    conn: Conn, caller: Me, now: Now, data: JSONBody[ReturnIn]
) -> Response[Return]:
    """Draft my bank's return of a quarter, with each branch's tolerance test and what the books say."""
    made = await service.draft(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/returns/{made.id}"})


@get("/v1/returns", opt={"policy": _READERS}, summary="Returns 季度统计表列表")
async def list_returns(
    reader: Conn, caller: Me, position: At, quarter: FromQuery[str | None] = None
) -> Page[Return]:
    """My bank's returns, or those that were sent to my authority; all, for auditors."""
    found = await service.page(
        reader, caller, after=position.after, limit=position.rows, quarter=quarter
    )
    return page_of(found, position, key=lambda one: one.id)


@get("/v1/returns/{return_id:uuid}", opt={"policy": _READERS}, summary="A return 季度统计表")
async def get_return(reader: Conn, caller: Me, return_id: FromPath[UUID]) -> Return:
    """A return, whole."""
    return await service.get(reader, caller, return_id)


@post(
    "/v1/returns/{return_id:uuid}/submit",
    opt={"policy": allow(Role.BANK_CHECKER), REACH: _WHY},
    summary="Submit 报送",
    status_code=200,
)
async def submit_return(conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID]) -> Return:
    """Submit a return to both its recipients; by another person than its drafter."""
    return await service.submit(conn, caller, return_id, now=now)


@post(
    "/v1/returns/{return_id:uuid}/receipt",
    opt={"policy": _AUTHORITY, REACH: _WHY},
    summary="Receipt 签收",
    status_code=200,
)
async def acknowledge_return(conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID]) -> Return:
    """Confirm that a return came to my authority."""
    return await service.acknowledge(conn, caller, return_id, now=now)


@post(
    "/v1/returns/{return_id:uuid}/reopen",
    opt={"policy": _AUTHORITY, REACH: _WHY},
    summary="Reopen 退回重报",
    status_code=200,
)
async def reopen_return(
    conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID], data: JSONBody[Reopening]
) -> Return:
    """Let the bank report anew; what was submitted stays on record."""
    return await service.reopen(conn, caller, return_id, data, now=now)


@post(
    "/v1/returns/{return_id:uuid}/paper",
    opt={"policy": _READERS, REACH: _WHY},
    summary="Return on paper 季度统计表单据",
    status_code=200,
)
async def print_return(
    conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID], form: FromQuery[Form] = "json"
) -> Response[bytes]:
    """A submitted return as JSON, workbook or printable page."""
    return printed(await printing.quarterly(conn, caller, return_id, now=now), form)


@post(
    "/v1/bulletins",
    opt={"policy": _AUTHORITY, REACH: _WHY},
    summary="Notification 季度通报",
    status_code=200,
)
async def issue_bulletin(
    conn: Conn, caller: Me, now: Now, data: JSONBody[QuarterIn], form: FromQuery[Form] = "json"
) -> Response[bytes]:
    """The quarterly notification of all banks, as their returns stand."""
    return printed(await printing.bulletin(conn, caller, data.quarter, now=now), form)


routes: list[HTTPRouteHandler] = [
    draft_return,
    list_returns,
    get_return,
    submit_return,
    acknowledge_return,
    reopen_return,
    print_return,
    issue_bulletin,
]
