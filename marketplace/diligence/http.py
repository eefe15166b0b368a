"""Routes of due diligence (尽职调查)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.consignments import service as consignments
from marketplace.consignments.eligibility import CHECK_SET, CheckSet
from marketplace.consignments.schemas import FundNotice
from marketplace.diligence import service
from marketplace.diligence.schemas import Cause, NewOverride, Run
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)
_RUNNERS = allow(Role.BANK_MAKER, Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.VENUE_CHECKER)


@post(
    "/v1/consignments/{consignment_id:uuid}/diligence",
    opt={"policy": _RUNNERS},
    summary="Run the eligibility rules 执行合规审查",
)
async def run_diligence(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]
) -> Response[Run]:
    """Run ELG-01 to ELG-32 now and keep what they find, with evidence and sources."""
    made = await service.run(conn, caller, consignment_id, cause=Cause.ASKED, now=now)
    return Response(made, status_code=201)


@get(
    "/v1/consignments/{consignment_id:uuid}/diligence",
    opt={"policy": _READERS},
    summary="Runs 审查记录",
)
async def list_runs(reader: Conn, caller: Me, consignment_id: FromPath[UUID]) -> list[Run]:
    """The runs over a consignment that I may see, the newest first."""
    return await service.runs_of(reader, caller, consignment_id)


@post(
    "/v1/consignments/{consignment_id:uuid}/diligence/overrides",
    opt={"policy": allow(Role.VENUE_CHECKER, Role.BANK_CHECKER)},
    summary="Override a held finding 人工放行",
)
async def override_finding(
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
    data: JSONBody[NewOverride],
) -> Response[Run]:
    """Pass over what holds the sale, with a reason; by a checker who neither drafted nor submitted it."""
    made = await service.override(conn, caller, consignment_id, data, now=now)
    return Response(made, status_code=201)


@get("/v1/eligibility-rules", opt={"policy": _READERS}, summary="Eligibility rules 合规规则")
async def get_checks() -> CheckSet:
    """The rules with their severity under each regime, their words, evidence and sources, by version."""
    return CHECK_SET


@post(
    "/v1/consignments/{consignment_id:uuid}/fund-notice",
    opt={"policy": allow(Role.BANK_MAKER)},
    summary="Tell the fund 告知风险补偿资金管理人",
    status_code=204,
)
async def tell_fund(conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]) -> None:
    """Tell the funds with a claim on the loan of the listing, price and route that now stand (ELG-29)."""
    await consignments.tell_fund(conn, caller, consignment_id, now=now)


@get(
    "/v1/fund-notices",
    opt={
        "policy": allow(
            Role.BANK_MAKER,
            Role.BANK_CHECKER,
            Role.FUND_ADMINISTRATOR,
            Role.FUND_CHECKER,
            Role.REGULATOR,
            Role.AUDITOR,
            areas=(Area.DISPOSAL,),
        )
    },
    summary="What funds were told 资金管理人告知记录",
)
async def list_fund_notices(reader: Conn, caller: Me, position: At) -> list[FundNotice]:
    """A fund's own, a bank's own, or all for supervisors; the newest first, before `after` if given."""
    return await consignments.fund_notices(
        reader, caller, before=position.after, limit=position.limit
    )


routes: list[HTTPRouteHandler] = [
    run_diligence,
    list_runs,
    override_finding,
    get_checks,
    tell_fund,
    list_fund_notices,
]
