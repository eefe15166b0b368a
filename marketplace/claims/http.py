"""Routes of schemes (风险补偿方案) and claims (补偿申请): drafted, decided, reviewed, advanced, recovered, cleared."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.claims import final, recovering, reviews, rows, schemes, service
from marketplace.claims.schemas import (
    AdvanceRate,
    Claim,
    ClaimIn,
    ClaimSummary,
    Decision,
    FinalDecision,
    PaidOut,
    ReceiptRecovery,
    ReturnIn,
    SaleRecovery,
    SchemeList,
)
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.statements import service as statements
from marketplace.statements.schemas import Statement
from settlement.schemes import SchemeFile

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A claim moves the positions and the money of its bank, its parties and its funds."
_BANK = (Role.BANK_MAKER, Role.BANK_CHECKER)
_FUND = (Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)
_READERS = (Role.REGULATOR, Role.AUDITOR)
_MAKER = allow(Role.BANK_MAKER)
_ADMINISTRATOR = allow(Role.FUND_ADMINISTRATOR)
_MAY_READ = allow(
    *_BANK, *_FUND, Role.RISK_BEARER, Role.RISK_CHECKER, *_READERS, areas=(Area.FUNDS,)
)


@get("/v1/schemes", opt={"policy": _MAY_READ}, summary="Schemes 风险补偿方案")
async def list_schemes(reader: Conn) -> SchemeList:
    """Every version of every scheme; one without `scheme` is a template, and says what is missing."""
    return SchemeList(items=await schemes.versions(reader))


@get("/v1/schemes/{scheme_id:str}", opt={"policy": _MAY_READ}, summary="A scheme 方案")
async def get_scheme(reader: Conn, scheme_id: FromPath[str]) -> SchemeList:
    """The versions of one scheme, oldest first."""
    return SchemeList(items=await schemes.of_id(reader, scheme_id))


@post(
    "/v1/schemes/{scheme_id:str}/versions",
    opt={"policy": _ADMINISTRATOR, REACH: _WHY},
    summary="New version 新版方案",
)
async def set_advance(
    conn: Conn, caller: Me, now: Now, scheme_id: FromPath[str], data: JSONBody[AdvanceRate]
) -> SchemeFile:
    """Set how much of a promise is advanced (先行拨付比例), as a new version; earlier claims keep theirs."""
    return await schemes.set_advance(conn, caller, scheme_id, data, now=now)


@post("/v1/claims", opt={"policy": _MAKER, REACH: _WHY}, summary="Draft a claim 补偿申请")
async def draft_claim(conn: Conn, caller: Me, now: Now, data: JSONBody[ClaimIn]) -> Response[Claim]:
    """Draft a claim for a loan of my bank, with every figure and how it was computed."""
    claim = await service.draft(conn, caller, data, now=now)
    return Response(claim, headers={"Location": f"/v1/claims/{claim.id}"})


@get("/v1/claims", opt={"policy": _MAY_READ}, summary="Claims 补偿申请列表")
async def list_claims(
    reader: Conn, caller: Me, position: At, case_id: FromQuery[UUID | None] = None
) -> Page[ClaimSummary]:
    """My bank's claims, those that came to my fund, those whose loss I share; for regulators those they oversee."""
    found = await rows.page(
        reader, caller, after=position.after, limit=position.rows, case_id=case_id
    )
    return page_of(found, position, key=lambda claim: claim.id)


@get("/v1/claims/{claim_id:uuid}", opt={"policy": _MAY_READ}, summary="A claim 补偿申请")
async def get_claim(reader: Conn, caller: Me, claim_id: FromPath[UUID]) -> Claim:
    """A claim, whole: figures, reviews, positions, payments, recoveries, final clearing, steps."""
    return await rows.get(reader, caller, claim_id)


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/claims/{{claim_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(**_step("approve", Role.BANK_CHECKER, summary="Bank's decision 银行复核"))
async def approve_claim(
    conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID], data: JSONBody[Decision]
) -> Claim:
    """Send a drafted claim to its funds, or return it; by another person than its drafter."""
    return await service.decide(conn, caller, claim_id, data, now=now)


@post(**_step("review", *_FUND, summary="Fund's review 基金审核"))
async def review_claim(
    conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID], data: JSONBody[Decision]
) -> Claim:
    """Review a claim for my fund: the administrator first, then the checker, another person."""
    return await reviews.review(conn, caller, claim_id, data, now=now)


@post(**_step("advance", *_FUND, summary="Advance 先行拨付"))
async def advance_claim(conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]) -> Claim:
    """Pay the advance of a reviewed claim out of the special account, once."""
    return await reviews.advance(conn, caller, claim_id, now=now)


@post(**_step("payments/{payment_id:uuid}", *_FUND, summary="Paid out 已付出"))
async def confirm_payment(
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    payment_id: FromPath[UUID],
    data: JSONBody[PaidOut],
) -> Claim:
    """A payment was made by hand, says one person; it is booked when another reads the same from the bank's paper."""
    return await reviews.paid_out(conn, caller, claim_id, payment_id, data, now=now)


@post(**_step("recoveries", Role.BANK_MAKER, summary="Recovery 登记追偿"))
async def record_recovery(
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    data: JSONBody[SaleRecovery | ReceiptRecovery],
) -> Claim:
    """Share what came in: of a distributed sale, or of another receipt."""
    return await recovering.record(conn, caller, claim_id, data, now=now)


@post(**_step("final", Role.FUND_ADMINISTRATOR, summary="Propose clearing 提出清算"))
async def propose_final(conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]) -> Claim:
    """Propose the final clearing, once every sale of the loan is distributed and shared."""
    return await final.propose(conn, caller, claim_id, now=now)


@post(**_step("final/approve", Role.FUND_CHECKER, summary="Approve clearing 清算复核"))
async def approve_final(
    conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID], data: JSONBody[FinalDecision]
) -> Claim:
    """Clear as proposed, or refuse; by another person than the proposer. It issues the clearing statement."""
    return await final.decide(conn, caller, claim_id, data, now=now)


@post(**_step("returns", Role.FUND_ADMINISTRATOR, summary="Return 登记退回"))
async def record_return(
    conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID], data: JSONBody[ReturnIn]
) -> Claim:
    """Money that the final clearing asked back reached the special account."""
    return await final.record_return(conn, caller, claim_id, data, now=now)


@get("/v1/claims/{claim_id:uuid}/statement", opt={"policy": _MAY_READ}, summary="Statement 清算单")
async def get_clearing_statement(reader: Conn, caller: Me, claim_id: FromPath[UUID]) -> Statement:
    """The newest clearing statement of a claim; there is one from the final clearing on."""
    claim = await rows.get(reader, caller, claim_id)
    return await statements.newest(reader, caller, claim.case_id, kind="clearing")


routes: list[HTTPRouteHandler] = [
    list_schemes,
    get_scheme,
    set_advance,
    draft_claim,
    list_claims,
    get_claim,
    approve_claim,
    review_claim,
    advance_claim,
    confirm_payment,
    record_recovery,
    propose_final,
    approve_final,
    record_return,
    get_clearing_statement,
]
