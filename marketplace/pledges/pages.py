"""The form by which a bank enters a pledge (登记质押) over rights for one of its loans."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.cases import service as cases
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations import service as organisations
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import LONG_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pledges import service
from marketplace.pledges.schemas import NewPledge

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": LONG_FORM_BYTES, **PAGE}
#: The newest rights of the bank, among which the form lets choose.
_RIGHTS_MAX: Final = 100


@get("/ledger/{case_id:uuid}/pledges/new", opt={POLICY: _MAKER}, **PAGE)
async def new_pledge_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    case_id: FromPath[UUID],
    right: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form of a pledge for this loan; the right that was just entered is ticked."""
    return await _form(request, reader, caller, case_id, Form(), right=right)


@post("/ledger/{case_id:uuid}/pledges/new", opt={POLICY: _MAKER}, **_STEPS)
async def enter_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, case_id: FromPath[UUID]
) -> Response[Any]:
    """Enter the pledge, the secured amount in yuan."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "asset_ids")
    try:
        async with conn.transaction():
            written = in_fen(fields, "secured_amount") | {"case_id": str(case_id)}
            new = given(written, NewPledge, chosen=chosen)
            await service.register(conn, caller, new, now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _form(request, conn, caller, case_id, form)
    return Redirect(f"/ledger/{case_id}", status_code=303)


async def _form(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    case_id: UUID,
    form: Form,
    *,
    right: UUID | None = None,
) -> Response[str]:
    return page(
        "new_pledge.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/ledger",
        form=form,
        case=await cases.get(conn, caller, case_id),
        bank=await organisations.organisation(conn, caller, caller.organisation_id),
        rights=await assets.newest(conn, caller, limit=_RIGHTS_MAX),
        right=right,
    )


routes: list[HTTPRouteHandler] = [new_pledge_page, enter_by_form]
