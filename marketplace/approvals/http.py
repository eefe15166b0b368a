"""Routes of approvals (复核): what waits, who decided, and the limit from which two checkers must."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.approvals import service
from marketplace.approvals.schemas import Approval, ApprovalState, DecisionIn, Limit, LimitIn
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

CHECKERS = allow(
    Role.BANK_CHECKER,
    Role.VENUE_CHECKER,
    Role.FUND_CHECKER,
    Role.RISK_CHECKER,
    Role.PLATFORM_ADMINISTRATOR,
)
_LIMITERS = allow(Role.BANK_CHECKER, Role.VENUE_CHECKER, Role.FUND_CHECKER, Role.RISK_CHECKER)
PEOPLE = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
    Role.RISK_BEARER,
    Role.RISK_CHECKER,
    Role.PLATFORM_ADMINISTRATOR,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DECISIONS,),
)
ASKERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
    Role.RISK_BEARER,
    Role.RISK_CHECKER,
    Role.PLATFORM_ADMINISTRATOR,
)


@get("/v1/approvals", opt={"policy": PEOPLE}, summary="Approvals 复核申请列表")
async def list_approvals(
    reader: Conn, caller: Me, position: At, status: FromQuery[ApprovalState | None] = None
) -> Page[Approval]:
    """What my organisation asked to have approved, newest first; of all organisations, for regulators and auditors."""
    found = await service.page(
        reader, caller, after=position.after, rows=position.rows, state=status
    )
    return page_of(found, position, key=lambda one: one.id)


@get("/v1/approvals/waiting", opt={"policy": CHECKERS}, summary="What waits for me 待我复核")
async def list_waiting(reader: Conn, caller: Me) -> list[Approval]:
    """What I may decide now, oldest first, a hundred at most: neither asked nor decided by my person, nor about it."""
    return await service.waiting(reader, caller)


@get("/v1/approvals/{approval_id:uuid}", opt={"policy": PEOPLE}, summary="An approval 复核申请")
async def get_approval(reader: Conn, caller: Me, approval_id: FromPath[UUID]) -> Approval:
    """What exactly is to be approved, and who has decided."""
    return await service.get(reader, caller, approval_id)


@post(
    "/v1/approvals/{approval_id:uuid}/decision",
    opt={"policy": CHECKERS},
    summary="Decide 复核",
    status_code=200,
)
async def decide_approval(
    conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID], data: JSONBody[DecisionIn]
) -> Approval:
    """Yes or no to exactly the content with this hash; by another person than who asked."""
    return await service.decide(conn, caller, approval_id, data, now=now)


@post(
    "/v1/approvals/{approval_id:uuid}/withdrawal",
    opt={"policy": ASKERS},
    summary="Withdraw 撤回",
    status_code=200,
)
async def withdraw_approval(
    conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID]
) -> Approval:
    """Take my request back."""
    return await service.withdraw(conn, caller, approval_id, now=now)


@get("/v1/approval-limits", opt={"policy": ASKERS}, summary="Limits 双复核起点")
async def list_limits(reader: Conn, caller: Me) -> list[Limit]:
    """From which amount on two checkers of my organisation must agree; the first is in force."""
    return await service.limits(reader, caller)


@post("/v1/approval-limits", opt={"policy": _LIMITERS}, summary="New limit 申请调整起点")
async def ask_limit(conn: Conn, caller: Me, now: Now, data: JSONBody[LimitIn]) -> Approval:
    """Ask for a new limit; it is in force once another checker agrees."""
    return await service.ask_limit(conn, caller, data, now=now)


routes: list[HTTPRouteHandler] = [
    list_approvals,
    list_waiting,
    get_approval,
    decide_approval,
    withdraw_approval,
    list_limits,
    ask_limit,
]
