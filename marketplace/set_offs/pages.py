"""Pages of set-offs (以物抵债): the list, one with its day of disposal, the form of a new one."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.consignments.choices import choices
from marketplace.consignments.schemas import ConsignmentState
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import route_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.set_offs import service
from marketplace.set_offs.http import READERS, WHY
from marketplace.set_offs.schemas import Disposal, SetOff, SetOffIn, SetOffState

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_S = ConsignmentState
#: What a bank may take: unsold, or by an agreement with the pledgor before anything was tried.
_TAKEABLE = (_S.ACCEPTED, _S.UNSOLD)


@get("/set-offs", opt={POLICY: READERS}, **PAGE)
async def set_offs_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The set-offs that I may see, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "set_offs.html",
        visitor=visitor_of(request),
        here="/set-offs",
        words_of_routes=route_words,
        set_offs=listed.items,
        names=await _names(reader, listed.items),
        may_propose=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/set-offs/new", opt={POLICY: _MAKER}, **PAGE)
async def new_set_off_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me
) -> Response[str]:
    """The form by which my bank proposes to take rights in payment."""
    return await _new(request, reader, caller, Form())


@post("/set-offs/new", opt={POLICY: _MAKER, REACH: WHY}, **_STEPS)
async def propose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Propose the set-off, the price in yuan; another person decides among the approvals."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            wanted = given(in_fen(fields, "price"), SetOffIn)
            made = await service.propose(conn, caller, wanted, now=now)
    except REFUSALS as error:
        return await _new(request, conn, caller, Form(values=fields, error=error))
    return _to(made.id)


@get("/set-offs/{set_off_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def set_off_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, set_off_id: FromPath[UUID]
) -> Response[str]:
    """One set-off: its price and ground, what it waits for, until when the bank must be rid of the rights."""
    set_off = await service.get(reader, caller, set_off_id)
    is_bank = caller.organisation_id == set_off.organisation_id
    return page(
        "set_off.html",
        visitor=visitor_of(request),
        here="/set-offs",
        words_of_routes=route_words,
        set_off=set_off,
        names=await _names(reader, [set_off]),
        may_decide=is_bank and caller.has(Role.BANK_CHECKER),
        may_dispose=is_bank
        and caller.has(Role.BANK_MAKER)
        and set_off.state is SetOffState.APPROVED,
    )


@post("/set-offs/{set_off_id:uuid}/disposal", opt={POLICY: _MAKER, REACH: WHY}, **_STEPS)
async def dispose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, set_off_id: FromPath[UUID]
) -> Redirect:
    """Say how my bank disposed of what it had taken."""
    said = given(await form_of(request), Disposal)
    await service.dispose(conn, caller, set_off_id, disposal=said.disposal, now=now)
    return _to(set_off_id)


async def _new(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, form: Form
) -> Response[str]:
    return page(
        "new_set_off.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/set-offs",
        form=form,
        consignments=await choices(conn, caller, _TAKEABLE),
    )


async def _names(conn: Connection, found: list[SetOff]) -> dict[UUID, str]:
    ids = {id for one in found for id in (one.organisation_id, one.venue_id, one.consignment_id)}
    return await approvals.names(conn, ids | {one.case_id for one in found})


def _to(set_off_id: UUID) -> Redirect:
    return Redirect(f"/set-offs/{set_off_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    set_offs_page,
    new_set_off_page,
    propose_by_form,
    set_off_page,
    dispose_by_form,
]
