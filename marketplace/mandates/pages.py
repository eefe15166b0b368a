"""Pages of mandates to operate (委托运营): the list, one mandate period by period, and the form of a new one."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.consignments.choices import choices
from marketplace.consignments.schemas import ConsignmentState
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.mandates import money, service
from marketplace.mandates.http import READERS, WHY
from marketplace.mandates.schemas import (
    Mandate,
    MandateDecision,
    MandateIn,
    MandateReceiptIn,
    MandateState,
    MandateTerms,
    ReportIn,
)
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import route_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_bp, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.plans.schemas import Why

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
_S = ConsignmentState
#: What may be given to an agency to run.
_OPERABLE = (_S.ACCEPTED, _S.UNSOLD)
_RUNS = frozenset({MandateState.AGREED, MandateState.RUNNING, MandateState.REPORT_DUE})
_OPEN_REPORTS = frozenset({"due", "late"})


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps the page offers; the services decide again when one is taken."""

    approve: bool = False
    answer: bool = False
    revert: bool = False
    report: frozenset[int] = frozenset()
    receive: frozenset[int] = frozenset()


@get("/mandates", opt={POLICY: READERS}, **PAGE)
async def mandates_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The mandates of my organisation, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda mandate: mandate.id)
    return page(
        "mandates.html",
        visitor=visitor_of(request),
        here="/mandates",
        words_of_routes=route_words,
        mandates=listed.items,
        names=await _names(reader, listed.items),
        may_propose=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/mandates/new", opt={POLICY: _MAKER}, **PAGE)
async def new_mandate_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me
) -> Response[str]:
    """The form by which my bank gives an agency rights to operate."""
    return await _new(request, reader, caller, Form())


@post("/mandates/new", opt={POLICY: _MAKER, REACH: WHY}, **_STEPS)
async def propose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Draft the mandate; the agency is named by its credit code, shares in percent, money in yuan."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            made = await service.propose(conn, caller, await _wanted(conn, fields), now=now)
    except REFUSALS as error:
        return await _new(request, conn, caller, Form(values=fields, error=error))
    return _to(made.id)


@get("/mandates/{mandate_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def mandate_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, mandate_id: FromPath[UUID]
) -> Response[str]:
    """One mandate: what was agreed, each period with its report and money, and the step that comes next."""
    return await _shown(request, reader, caller, mandate_id, Form())


@post(
    "/mandates/{mandate_id:uuid}/approval",
    opt={POLICY: allow(Role.BANK_CHECKER), REACH: WHY},
    **_STEPS,
)
async def approve_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID]
) -> Redirect:
    """Another person of the bank says yes or no to what the page showed."""
    word = given(await form_of(request), MandateDecision)
    await service.approve(conn, caller, mandate_id, word, now=now)
    return _to(mandate_id)


@post(
    "/mandates/{mandate_id:uuid}/answer",
    opt={POLICY: allow(Role.AGENCY_BIDDER), REACH: WHY},
    **_STEPS,
)
async def answer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID]
) -> Redirect:
    """The agency agrees to what the page showed, or declines."""
    word = given(await form_of(request), MandateDecision)
    await service.answer(conn, caller, mandate_id, word, now=now)
    return _to(mandate_id)


@post(
    "/mandates/{mandate_id:uuid}/reports/{n:int}",
    opt={POLICY: allow(Role.AGENCY_BIDDER), REACH: WHY},
    **_STEPS,
)
async def report_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    mandate_id: FromPath[UUID],
    n: FromPath[int],
) -> Response[Any]:
    """The agency reports on a period, in yuan."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            said = given(in_fen(fields, "income", "costs"), ReportIn)
            await service.submit(conn, caller, mandate_id, n, said, now=now)
    except REFUSALS as error:
        form = Form(which=f"report-{n}", values=fields, error=error)
        return await _shown(request, conn, caller, mandate_id, form)
    return _to(mandate_id)


@post(
    "/mandates/{mandate_id:uuid}/reports/{n:int}/receipts",
    opt={POLICY: _MAKER, REACH: WHY},
    **_STEPS,
)
async def receipt_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    mandate_id: FromPath[UUID],
    n: FromPath[int],
) -> Response[Any]:
    """The bank books what the agency paid of a period, in yuan."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            booked = given(in_fen(fields, "amount"), MandateReceiptIn)
            await money.receive(conn, caller, mandate_id, n, booked, now=now)
    except REFUSALS as error:
        form = Form(which=f"receipt-{n}", values=fields, error=error)
        return await _shown(request, conn, caller, mandate_id, form)
    return _to(mandate_id)


@post(
    "/mandates/{mandate_id:uuid}/reversion",
    opt={POLICY: allow(Role.BANK_CHECKER), REACH: WHY},
    **_STEPS,
)
async def revert_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, mandate_id: FromPath[UUID]
) -> Redirect:
    """The bank's checker takes the rights back before the time is over."""
    said = given(await form_of(request), Why)
    await service.revert(conn, caller, mandate_id, reason=said.reason, now=now)
    return _to(mandate_id)


async def _wanted(conn: Connection, fields: dict[str, str]) -> MandateIn:
    written = in_bp(in_fen(fields, "floor"), "agency")
    code = written.pop("agency_code", "")
    agency_id = await organisations.agency_by_code(conn, code)
    if agency_id is None:
        raise InvalidInput(
            "agency_code",
            "is not the credit code of an operating agency that is registered here",
            "不是已在平台登记的运营机构的统一社会信用代码",
        )
    consignment_id = written.pop("consignment_id", "")
    terms = given(written | {"agency_id": str(agency_id)}, MandateTerms)
    whole = {"consignment_id": consignment_id, "mandate": msgspec.to_builtins(terms)}
    try:
        return msgspec.convert(whole, MandateIn)
    except msgspec.ValidationError as error:
        raise InvalidInput("consignment_id", "must be chosen", "须选择") from error


async def _new(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, form: Form
) -> Response[str]:
    return page(
        "new_mandate.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/mandates",
        form=form,
        consignments=await choices(conn, caller, _OPERABLE),
    )


async def _shown(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, mandate_id: UUID, form: Form
) -> Response[str]:
    mandate = await service.get(conn, caller, mandate_id)
    return page(
        "mandate.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/mandates",
        words_of_routes=route_words,
        mandate=mandate,
        terms_of=mandate.terms,
        names=await _names(conn, [mandate]),
        consignment_number=(await approvals.names(conn, {mandate.consignment_id})).get(
            mandate.consignment_id, ""
        ),
        reads_consignment=not caller.has(Role.AGENCY_BIDDER),
        steps=steps_for(caller, mandate),
        form=form,
    )


def steps_for(caller: Caller, mandate: Mandate) -> Steps:
    """What this person may do with the mandate now."""
    is_bank = caller.organisation_id == mandate.organisation_id
    is_agency = caller.organisation_id == mandate.agency_id and caller.has(Role.AGENCY_BIDDER)
    is_checker = is_bank and caller.has(Role.BANK_CHECKER)
    is_proposed = mandate.state is MandateState.PROPOSED
    return Steps(
        approve=is_checker
        and is_proposed
        and mandate.approved_by is None
        and caller.user_id != mandate.drafted_by,
        answer=is_agency and is_proposed and mandate.approved_by is not None,
        revert=is_checker and mandate.state in _RUNS,
        report=frozenset(
            one.n for one in mandate.reports if is_agency and one.state in _OPEN_REPORTS
        ),
        receive=frozenset(
            one.n
            for one in mandate.reports
            if is_bank
            and caller.has(Role.BANK_MAKER)
            and one.due_fen is not None
            and one.received_fen < one.due_fen
        ),
    )


async def _names(conn: Connection, mandates: list[Mandate]) -> dict[UUID, str]:
    ids = {id for one in mandates for id in (one.organisation_id, one.venue_id, one.agency_id)}
    return await approvals.names(conn, ids)


def _to(mandate_id: UUID) -> Redirect:
    return Redirect(f"/mandates/{mandate_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    mandates_page,
    new_mandate_page,
    propose_by_form,
    mandate_page,
    approve_by_form,
    answer_by_form,
    report_by_form,
    receipt_by_form,
    revert_by_form,
]
