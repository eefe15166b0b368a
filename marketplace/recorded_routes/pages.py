"""Pages of what is recorded only (质权转股权、投贷联动、证券化): the list, one with its flows, a new one's form."""

from hashlib import sha256
from typing import Any, Final
from uuid import UUID

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
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import route_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, texts_of, upload_of, visitor_of
from marketplace.plans.schemas import Why
from marketplace.recorded_routes import service
from marketplace.recorded_routes.http import READERS, WHY
from marketplace.recorded_routes.schemas import (
    FlowIn,
    RecordedRoute,
    RecordedRouteIn,
    RouteDecision,
    RouteState,
)

_MAKER, _CHECKER = allow(Role.BANK_MAKER), allow(Role.BANK_CHECKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
#: The contract is hashed here and not kept: the bank keeps it.
_CONTRACT_BYTES_MAX: Final = 20 * 1024 * 1024
_S = ConsignmentState
_OURS = (_S.ACCEPTED, _S.DISPOSING, _S.UNSOLD)


@get("/recorded-routes", opt={POLICY: READERS}, **PAGE)
async def recorded_routes_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """What was recorded, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "recorded_routes.html",
        visitor=visitor_of(request),
        here="/recorded-routes",
        words_of_routes=route_words,
        recorded=listed.items,
        names=await _names(reader, listed.items),
        may_propose=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/recorded-routes/new", opt={POLICY: _MAKER}, **PAGE)
async def new_recorded_route_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me
) -> Response[str]:
    """The form by which my bank records what it agreed outside."""
    return await _new(request, reader, caller, Form())


@post(
    "/recorded-routes/new",
    opt={POLICY: _MAKER, REACH: WHY},
    request_max_body_size=_CONTRACT_BYTES_MAX + 16 * 1024,
    **PAGE,
)
async def propose_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Record it, the amount in yuan, with the hash of the contract that was chosen."""
    contract = await upload_of(request)
    fields = await texts_of(request)
    fields.pop("form_token")
    try:
        async with conn.transaction():
            if not contract:
                raise InvalidInput("file", "must be the contract, not empty", "须选择合同文件")
            digest = sha256(contract).hexdigest()
            wanted = given(in_fen(fields, "amount") | {"document_sha256": digest}, RecordedRouteIn)
            made = await service.propose(conn, caller, wanted, now=now)
    except REFUSALS as error:
        return await _new(request, conn, caller, Form(values=fields, error=error))
    return _to(made.id)


@get("/recorded-routes/{route_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def recorded_route_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, route_id: FromPath[UUID]
) -> Response[str]:
    """One recorded route: what was agreed, what came in, and the step that comes next."""
    return await _shown(request, reader, caller, route_id, Form())


@post("/recorded-routes/{route_id:uuid}/decision", opt={POLICY: _CHECKER, REACH: WHY}, **_STEPS)
async def decide_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID]
) -> Redirect:
    """Another person of the bank says yes or no."""
    word = given(await form_of(request), RouteDecision)
    await service.decide(conn, caller, route_id, word, now=now)
    return _to(route_id)


@post("/recorded-routes/{route_id:uuid}/flows", opt={POLICY: _MAKER, REACH: WHY}, **_STEPS)
async def flow_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID]
) -> Response[Any]:
    """Enter money that came in, in yuan."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            flow = given(in_fen(fields, "gross", "costs"), FlowIn)
            await service.add_flow(conn, caller, route_id, flow, now=now)
    except REFUSALS as error:
        form = Form(which="flow", values=fields, error=error)
        return await _shown(request, conn, caller, route_id, form)
    return _to(route_id)


@post("/recorded-routes/{route_id:uuid}/end", opt={POLICY: _CHECKER, REACH: WHY}, **_STEPS)
async def end_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID]
) -> Redirect:
    """No more money is expected."""
    said = given(await form_of(request), Why)
    await service.end(conn, caller, route_id, reason=said.reason, now=now)
    return _to(route_id)


async def _new(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, form: Form
) -> Response[str]:
    return page(
        "new_recorded_route.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/recorded-routes",
        form=form,
        kinds=list(route_words.RECORDED_KINDS.items()),
        consignments=await choices(conn, caller, _OURS),
    )


async def _shown(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, route_id: UUID, form: Form
) -> Response[str]:
    recorded = await service.get(conn, caller, route_id)
    is_bank = caller.organisation_id == recorded.organisation_id
    is_checker = is_bank and caller.has(Role.BANK_CHECKER)
    is_open = recorded.state is RouteState.APPROVED
    return page(
        "recorded_route.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/recorded-routes",
        words_of_routes=route_words,
        recorded=recorded,
        received_fen=sum(one.gross_fen - one.costs_fen for one in recorded.flows),
        names=await _names(conn, [recorded]),
        may_decide=is_checker
        and recorded.state is RouteState.PROPOSED
        and recorded.proposed_by != caller.user_id,
        may_enter=is_bank and is_open and caller.has(Role.BANK_MAKER),
        may_end=is_checker and is_open,
        form=form,
    )


async def _names(conn: Connection, found: list[RecordedRoute]) -> dict[UUID, str]:
    ids = {id for one in found for id in (one.organisation_id, one.venue_id, one.consignment_id)}
    return await approvals.names(conn, ids | {one.case_id for one in found})


def _to(route_id: UUID) -> Redirect:
    return Redirect(f"/recorded-routes/{route_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    recorded_routes_page,
    new_recorded_route_page,
    propose_by_form,
    recorded_route_page,
    decide_by_form,
    flow_by_form,
    end_by_form,
]
