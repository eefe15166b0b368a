"""The pages of a transfer: the checklist (交割清单), and the applications that cancel the pledges (质押注销申请)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.clock import CHINA
from kit.errors import InvalidInput, NotFound
from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.transfers import service
from marketplace.transfers.http import MOVERS, MOVING, READERS, WHY
from marketplace.transfers.rules import STEPS, StepState
from marketplace.transfers.schemas import Done, Filed, Outcome, Refused, Transfer

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_KINDS: Final[Mapping[str, type[Filed | Done | Refused]]] = {
    "filed": Filed,
    "done": Done,
    "refused": Refused,
}


@get("/lots/{lot_id:uuid}/transfer", opt={POLICY: READERS}, **PAGE)
async def transfer_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """What is filed where, with which papers, until when, and how far it is; the forms of those whose step it is."""
    return await _shown(request, reader, caller, lot_id, Form(), now=now)


@post(
    "/lots/{lot_id:uuid}/transfer", opt={POLICY: allow(Role.VENUE_OPERATOR), REACH: WHY}, **_STEPS
)
async def open_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Open the checklist of a paid lot."""
    await form_of(request)
    await service.open_transfer(conn, caller, lot_id, now=now)
    return _to(lot_id)


@post("/lots/{lot_id:uuid}/transfer/{step:int}", opt={POLICY: MOVERS, REACH: WHY}, **_STEPS)
async def move_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    step: FromPath[int],
) -> Response[Any]:
    """A step was filed, done or refused; the bank moves its pledges, the venue the rest."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            await service.move(conn, caller, lot_id, step, _outcome(fields), now=now)
    except REFUSALS as error:
        form = Form(which=str(step), values=fields, error=error)
        return await _shown(request, conn, caller, lot_id, form, now=now)
    return _to(lot_id)


@get(
    "/lots/{lot_id:uuid}/transfer/pledge-cancellation",
    opt={
        POLICY: allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
    },
    **PAGE,
)
async def cancellation_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """One application a pledge, to be printed and signed."""
    package = await service.cancellation_package(reader, caller, lot_id, now=now)
    return page(
        "pledge_cancellation.html",
        visitor=visitor_of(request),
        here="",
        lot=await lots.public(reader, lot_id),
        package=package,
    )


async def _shown(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    lot_id: UUID,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    lot = await lots.public(conn, lot_id)
    transfer = await _begun(conn, caller, lot_id, now=now)
    return page(
        "transfer.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        transfer=transfer,
        outcomes=_outcomes(caller, transfer),
        today=now.astimezone(CHINA).date(),
        form=form,
    )


async def _begun(
    conn: Connection, caller: Caller, lot_id: UUID, *, now: datetime
) -> Transfer | None:
    """The checklist; None where the caller's venue may open it now. Raises `NotFound`."""
    try:
        return await service.of_lot(conn, caller, lot_id, now=now)
    except NotFound:
        if not await service.may_open(conn, caller, lot_id):
            raise
        return None


def _outcomes(caller: Caller, transfer: Transfer | None) -> dict[int, list[StepState]]:
    """What the caller may say of each step now."""
    if transfer is None or not caller.has(*MOVING):
        return {}
    return {
        step.position: sorted(STEPS[step.state])
        for step in transfer.steps
        if service.is_whose(caller, transfer, step)
    }


def _outcome(fields: Mapping[str, str]) -> Outcome:
    """What a form says: the fields that its outcome has, the others are left out. Raises `InvalidInput`."""
    kind = _KINDS.get(fields.get("state", ""))
    if kind is None:
        raise InvalidInput("state", "choose what became of it", "请选择办理结果")
    known = {name: fields[name] for name in kind.__struct_fields__ if name in fields}
    return given(known, kind)


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/transfer", status_code=303)


routes: list[HTTPRouteHandler] = [transfer_page, open_by_form, move_by_form, cancellation_page]
