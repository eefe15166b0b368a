"""The pages of claims on a compensation fund (风险补偿): the list, and one claim with why each figure is what it is."""

import re
from typing import Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.claim_ends import service as claim_ends
from marketplace.claims import application_pages, final, reviews, rows, service
from marketplace.claims.schemas import Claim, Decision, FinalDecision, PaidOut
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.printed import printed
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pages import money_words
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words

#: Why what is done here reaches over organisations (`edge.reach`).
_WHY = "A bank and its funds work on one claim, and each step tells the other."
_BANK = (Role.BANK_MAKER, Role.BANK_CHECKER)
_FUND = (Role.FUND_ADMINISTRATOR, Role.FUND_CHECKER)
_READERS = allow(*_BANK, *_FUND, Role.REGULATOR, Role.AUDITOR, areas=(Area.FUNDS,))
_VIEWERS = allow(
    *_BANK,
    *_FUND,
    Role.RISK_BEARER,
    Role.RISK_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.FUNDS,),
)
_SMALL = 16 * 1024
_IS_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STEPS = {"request_max_body_size": _SMALL, **PAGE}


@get("/claims", opt={POLICY: _VIEWERS}, **PAGE)
async def claims_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The claims that I may see, newest first."""
    found = await rows.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda claim: claim.id)
    return page(
        "claims.html",
        visitor=visitor_of(request),
        here="/claims",
        claims=listed.items,
        loans=await approvals.names(reader, {claim.case_id for claim in listed.items}),
        reads_enrolments=not caller.has(Role.RISK_BEARER, Role.RISK_CHECKER),
        next_cursor=listed.next_cursor,
    )


@get("/claims/{claim_id:uuid}", opt={POLICY: _VIEWERS}, **PAGE)
async def claim_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, claim_id: FromPath[UUID]
) -> Response[str]:
    """One claim: its figures line by line, its way so far, what is paid and owed, and the step that comes next."""
    claim = await rows.get(reader, caller, claim_id)
    return page(
        "claim.html",
        visitor=visitor_of(request),
        here="/claims",
        claim=claim,
        events=await _events(reader, claim),
        me=caller.user_id,
        is_bank_checker=caller.has(Role.BANK_CHECKER),
        is_fund=caller.has(*_FUND),
        may_print=_READERS.permits(caller),
        is_fund_administrator=caller.has(Role.FUND_ADMINISTRATOR),
        is_fund_checker=caller.has(Role.FUND_CHECKER),
    )


async def _events(reader: Connection, claim: Claim) -> dict[str, Words]:
    """What each recovery is, in words, by its id: "lot:ID" is the sale of the lot of that number."""
    subjects = {one.recovered.id: one.recovered.id.partition(":") for one in claim.recoveries}
    ids = {UUID(rest) for _, _, rest in subjects.values() if _IS_ID.fullmatch(rest)}
    names = {str(id): name for id, name in (await approvals.names(reader, ids)).items()}
    return {
        event: Words(
            f"{said.zh} {names.get(rest, '' if _IS_ID.fullmatch(rest) else rest)}".rstrip(),
            said.en,
        )
        for event, (kind, _, rest) in subjects.items()
        if (said := money_words.RECOVERIES.get(kind)) is not None
    }


@post(
    "/claims/{claim_id:uuid}/decide", opt={POLICY: allow(Role.BANK_CHECKER), REACH: _WHY}, **_STEPS
)
async def decide(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]
) -> Redirect:
    """The bank's second person sends the claim to its funds, or returns it."""
    fields = await form_of(request)
    await service.decide(conn, caller, claim_id, given(fields, Decision), now=now)
    return _back(claim_id)


@post("/claims/{claim_id:uuid}/review", opt={POLICY: allow(*_FUND), REACH: _WHY}, **_STEPS)
async def review(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]
) -> Redirect:
    """A person of the fund reviews the claim as shown."""
    fields = await form_of(request)
    await reviews.review(conn, caller, claim_id, given(fields, Decision), now=now)
    return _back(claim_id)


@post(
    "/claims/{claim_id:uuid}/steps/{step:str}", opt={POLICY: allow(*_FUND), REACH: _WHY}, **_STEPS
)
async def take_step(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    step: FromPath[Literal["advance", "final"]],
) -> Redirect:
    """Pay the advance of a reviewed claim, or propose its final clearing."""
    await form_of(request)
    if step == "advance":
        await reviews.advance(conn, caller, claim_id, now=now)
    else:
        await final.propose(conn, caller, claim_id, now=now)
    return _back(claim_id)


@post(
    "/claims/{claim_id:uuid}/clear", opt={POLICY: allow(Role.FUND_CHECKER), REACH: _WHY}, **_STEPS
)
async def clear(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, claim_id: FromPath[UUID]
) -> Redirect:
    """Another person of the fund clears as proposed, or refuses."""
    fields = await form_of(request)
    await final.decide(conn, caller, claim_id, given(fields, FinalDecision), now=now)
    return _back(claim_id)


@post(
    "/claims/{claim_id:uuid}/payments/{payment_id:uuid}",
    opt={POLICY: allow(*_FUND), REACH: _WHY},
    **_STEPS,
)
async def paid_out(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    payment_id: FromPath[UUID],
) -> Redirect:
    """A payment was made by hand: one person reports it, another reads the same."""
    fields = await form_of(request)
    await reviews.paid_out(conn, caller, claim_id, payment_id, given(fields, PaidOut), now=now)
    return _back(claim_id)


@post(
    "/claims/{claim_id:uuid}/papers/{kind:str}/{form:str}",
    opt={POLICY: _READERS, REACH: _WHY},
    status_code=200,
    **_STEPS,
)
async def paper(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    claim_id: FromPath[UUID],
    kind: FromPath[Literal["application", "review"]],
    form: FromPath[Literal["json", "xlsx", "html"]],
) -> Response[bytes]:
    """The 补偿申请书 or the 审核表 as a file."""
    await form_of(request)
    return printed(await claim_ends.paper_of(conn, caller, claim_id, kind, now=now), form)


def _back(claim_id: UUID) -> Redirect:
    return Redirect(f"/claims/{claim_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    claims_page,
    claim_page,
    decide,
    review,
    take_step,
    clear,
    paid_out,
    paper,
    *application_pages.routes,
]
