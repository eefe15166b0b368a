"""Pages of a sale: the confirmation (成交确认书), to be read, printed and signed; and its costs (费用)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, public
from marketplace.edge.reach import REACH
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.sales import proceeds, service
from marketplace.sales.cost_form import costs_of
from marketplace.sales.http import CHECKER, OPERATOR, PARTIES, WHY
from marketplace.sales.schemas import Approval

_COSTS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    zh: str


class ConfirmedLot(msgspec.Struct, frozen=True, kw_only=True):
    """The lot as the confirmation names it."""

    number: str
    title: Text
    regime: str
    notice_sha256: str
    profile_sha256: str
    rehearsal: bool


class ConfirmedBuyer(msgspec.Struct, frozen=True, kw_only=True):
    """The winner's true identity."""

    name: str
    credit_code: str | None
    paddle: int


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a confirmation says, read back from the bytes that its hash was computed over."""

    lot: ConfirmedLot
    buyer: ConfirmedBuyer
    venue: str
    hammer_price_fen: int
    deposit_fen: int
    balance_fen: int
    closed_at: datetime
    payment_due_at: datetime
    statement: Text


@get("/lots/{lot_id:uuid}/confirmation", opt={POLICY: public()}, **PAGE)
async def confirmation_page(
    request: Request[Any, Any, Any], reader: Conn, lot_id: FromPath[UUID]
) -> Response[str]:
    """Who bought what for how much; public once it is issued."""
    lot = await lots.public(reader, lot_id)
    confirmation = await service.confirmation_of(reader, lot_id)
    return page(
        "confirmation.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        confirmation=confirmation,
        content=msgspec.json.decode(confirmation.content, type=Content),
    )


@get("/lots/{lot_id:uuid}/costs", opt={POLICY: PARTIES}, **PAGE)
async def costs_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """The costs and taxes that the proceeds bear: drawn up by one of the venue's people, locked by another."""
    return await _costs(request, reader, caller, lot_id, Form())


@post("/lots/{lot_id:uuid}/costs", opt={POLICY: OPERATOR, REACH: WHY}, **_COSTS)
async def draft_costs_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Response[Any]:
    """Draw the costs up, anew while they are not locked."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            await proceeds.draft_costs(conn, caller, lot_id, costs_of(fields), now=now)
    except REFUSALS as error:
        return await _costs(request, conn, caller, lot_id, Form(values=fields, error=error))
    return Redirect(f"/lots/{lot_id}/costs", status_code=303)


@post("/lots/{lot_id:uuid}/costs/lock", opt={POLICY: CHECKER, REACH: WHY}, **_COSTS)
async def lock_costs_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Another person locks the costs as shown."""
    shown = given(await form_of(request), Approval)
    await proceeds.lock_costs(conn, caller, lot_id, shown, now=now)
    return Redirect(f"/lots/{lot_id}/costs", status_code=303)


async def _costs(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, lot_id: UUID, form: Form
) -> Response[str]:
    lot = await lots.owned(conn, caller, lot_id)
    try:
        sheet = await proceeds.costs_of(conn, caller, lot_id)
    except NotFound:
        sheet = None
    is_open = sheet is None or sheet.locked_by is None
    is_venue = caller.organisation_id == lot.venue_id
    return page(
        "costs.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="",
        lot=lot,
        sheet=sheet,
        total_fen=sum(line["amount_fen"] for line in sheet.lines) if sheet else 0,
        may_draft=is_venue and is_open and caller.has(Role.VENUE_OPERATOR),
        may_lock=is_venue
        and sheet is not None
        and is_open
        and caller.has(Role.VENUE_CHECKER)
        and caller.user_id != sheet.drafted_by,
        form=form,
    )


routes: list[HTTPRouteHandler] = [
    confirmation_page,
    costs_page,
    draft_costs_by_form,
    lock_costs_by_form,
]
