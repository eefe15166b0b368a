"""Routes of what follows a claim: clearings by version, charges, clawback (追回), ageing (账龄), papers (单据)."""

from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.claim_ends import service
from marketplace.claim_ends.schemas import Ageing, ChargePaid, ClaimEnd, ClawbackIn
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.printed import Form, printed
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A clearing moves the positions and the money of its bank, its parties and its funds."
_BANK = (Role.BANK_MAKER, Role.BANK_CHECKER)
_FUND = (Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)
_WATCH = (Role.REGULATOR, Role.AUDITOR)
_READERS = allow(*_BANK, *_FUND, *_WATCH, areas=(Area.FUNDS,))
_VIEWERS = allow(*_BANK, *_FUND, Role.RISK_BEARER, Role.RISK_CHECKER, *_WATCH, areas=(Area.FUNDS,))


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/claims/{{claim_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@get("/v1/claims/{claim_id:uuid}/end", opt={"policy": _VIEWERS}, summary="Clearings 清算各版")
async def get_claim_end(reader: Conn, caller: Me, claim_id: FromPath[UUID]) -> ClaimEnd:
    """Every clearing of a claim, what is asked back by when, what was charged, and a clawback if any."""
    return await service.end_of(reader, caller, claim_id)


@post(**_step("resume", *_FUND, summary="Resume 解除熔断"))
async def resume_claim(conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]) -> ClaimEnd:
    """Look again at a claim that a breaker deferred; it goes on once the figures allow it."""
    return await service.resume(conn, caller, claim_id, now=now)


@post(**_step("clawback", Role.FUND_ADMINISTRATOR, summary="Propose clawback 提出追回"))
async def propose_clawback(
    conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID], data: JSONBody[ClawbackIn]
) -> ClaimEnd:
    """Propose to take back everything that my fund paid, for fraud or breach."""
    return await service.propose_clawback(conn, caller, claim_id, data, now=now)


@post(**_step("clawback/approve", Role.FUND_CHECKER, summary="Claw back 追回复核"))
async def approve_clawback(conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]) -> ClaimEnd:
    """Take everything back as proposed; by another person than the proposer."""
    return await service.decide_clawback(conn, caller, claim_id, now=now)


@post(**_step("charges/{charge_id:uuid}", Role.FUND_ADMINISTRATOR, summary="Charge paid 费用到账"))
async def record_charge_paid(
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    charge_id: FromPath[UUID],
    data: JSONBody[ChargePaid],
) -> ClaimEnd:
    """Late interest, or what was taken back, reached the special account."""
    return await service.charge_paid(conn, caller, claim_id, charge_id, data, now=now)


@post(
    "/v1/claims/{claim_id:uuid}/papers/{kind:str}",
    opt={"policy": _READERS, REACH: _WHY},
    summary="Application, review 申请书、审核表",
    status_code=200,
)
async def print_claim(
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    kind: FromPath[Literal["application", "review"]],
    form: FromQuery[Form] = "json",
) -> Response[bytes]:
    """The 补偿申请书 or the 审核表 of a claim, as JSON, workbook or printable page."""
    return printed(await service.paper_of(conn, caller, claim_id, kind, now=now), form)


@post(
    "/v1/progress/{quarter:str}",
    opt={"policy": allow(*_BANK, *_FUND), REACH: _WHY},
    summary="Progress of recovery 追偿进展表",
    status_code=200,
)
async def print_progress(
    conn: Conn,
    caller: Me,
    now: Now,
    quarter: FromPath[str],
    form: FromQuery[Form] = "json",
) -> Response[bytes]:
    """The 追偿进展表 of my organisation for a quarter."""
    return printed(await service.progress(conn, caller, quarter, now=now), form)


@get(
    "/v1/funds/{fund_id:uuid}/ageing",
    opt={"policy": allow(*_FUND, *_WATCH, areas=(Area.FUNDS,))},
    summary="Ageing 待退回账龄",
)
async def get_ageing(reader: Conn, caller: Me, now: Now, fund_id: FromPath[UUID]) -> Ageing:
    """Money that should come back to a fund, by how late it is."""
    return await service.unreturned(reader, caller, fund_id, now=now)


routes: list[HTTPRouteHandler] = [
    get_claim_end,
    resume_claim,
    propose_clawback,
    approve_clawback,
    record_charge_paid,
    print_claim,
    print_progress,
    get_ageing,
]
