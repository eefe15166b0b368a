"""The page of words to the parties (通知当事人) before a notice: who must be told, who was, and when it may go out."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.lots.rules import LotStatus
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import intake_words, work_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.party_notices import service
from marketplace.party_notices.http import WHY
from marketplace.party_notices.schemas import PartyNoticeIn, PartyNoticeList, PartyNoticeOutcome

_READERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
_OPERATOR = allow(Role.VENUE_OPERATOR)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/lots/{lot_id:uuid}/party-notices", opt={POLICY: _READERS}, **PAGE)
async def party_notices_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """Who has to be told of the sale, and what became of each word."""
    told = await service.get(reader, caller, lot_id, now=now)
    return _shown(request, caller, Form(), told=told)


@post("/lots/{lot_id:uuid}/party-notices", opt={POLICY: _OPERATOR, REACH: WHY}, **_STEPS)
async def send_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Record that a party was sent word."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            await service.record(conn, caller, lot_id, given(fields, PartyNoticeIn), now=now)
    except REFUSALS as error:
        told = await service.get(conn, caller, lot_id, now=now)
        form = Form(which="new", values=fields, error=error)
        return _shown(request, caller, form, told=told)
    return _to(lot_id)


@post(
    "/lots/{lot_id:uuid}/party-notices/{notice_id:uuid}/outcome",
    opt={POLICY: _OPERATOR, REACH: WHY},
    **_STEPS,
)
async def settle_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    notice_id: FromPath[UUID],
) -> Response[Any]:
    """Record what became of it."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            outcome = given(fields, PartyNoticeOutcome)
            await service.settle(conn, caller, lot_id, notice_id, outcome, now=now)
    except REFUSALS as error:
        told = await service.get(conn, caller, lot_id, now=now)
        form = Form(which=str(notice_id), values=fields, error=error)
        return _shown(request, caller, form, told=told)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/party-notices/end", opt={POLICY: _OPERATOR, REACH: WHY}, **_STEPS)
async def finish_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Everybody was told."""
    await form_of(request)
    try:
        async with conn.transaction():
            await service.finish(conn, caller, lot_id, now=now)
    except REFUSALS as error:
        told = await service.get(conn, caller, lot_id, now=now)
        form = Form(which="end", error=error)
        return _shown(request, caller, form, told=told)
    return _to(lot_id)


def _shown(
    request: Request[Any, Any, Any], caller: Caller, form: Form, *, told: PartyNoticeList
) -> Response[str]:
    is_operator = caller.organisation_id == told.lot.venue_id and caller.has(Role.VENUE_OPERATOR)
    may_record = is_operator and told.lot.published_at is None
    return page(
        "party_notices.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        told=told,
        lot=told.lot,
        form=form,
        missing=sorted(set(told.required) - {one.party_name for one in told.items}),
        roles=list(intake_words.PARTY_ROLES.items()),
        party_roles=intake_words.PARTY_ROLES,
        outcomes=[(key, work_words.PARTY_NOTICES[key]) for key in intake_words.TOLD],
        may_record=may_record,
        may_finish=may_record and told.lot.status is LotStatus.CHECKED,
    )


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/party-notices", status_code=303)


routes: list[HTTPRouteHandler] = [
    party_notices_page,
    send_by_form,
    settle_by_form,
    finish_by_form,
]
