"""The form by which a bank enters a right (登记知识产权); it is read among the rights of its loan."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.assets import service
from marketplace.assets.schemas import NewAsset
from marketplace.cases import service as cases
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import intake_words, vocabulary
from marketplace.pages.filling import REFUSALS, Form, chosen_of
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/rights/new", opt={POLICY: _MAKER}, **PAGE)
async def new_right_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, case: FromQuery[UUID | None] = None
) -> Response[str]:
    """The form of a right; with a loan, its borrower is proposed as the owner."""
    return await _form(request, reader, caller, case, Form())


@post("/rights/new", opt={POLICY: _MAKER}, **_STEPS)
async def enter_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    case: FromQuery[UUID | None] = None,
) -> Response[Any]:
    """Enter the right, and go on to its pledge where it is entered for a loan."""
    fields = await form_of(request)
    chosen = await chosen_of(request, "flags")
    try:
        async with conn.transaction():
            new = given(fields, NewAsset, chosen=chosen)
            made = await service.register(conn, caller, new, now=now)
    except REFUSALS as error:
        form = Form(values=fields, chosen=chosen, error=error)
        return await _form(request, conn, caller, case, form)
    onwards = (
        f"/rights/{made.id}" if case is None else f"/ledger/{case}/pledges/new?right={made.id}"
    )
    return Redirect(onwards, status_code=303)


async def _form(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    case_id: UUID | None,
    form: Form,
) -> Response[str]:
    return page(
        "new_right.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/ledger",
        form=form,
        case=None if case_id is None else await cases.get(conn, caller, case_id),
        types=list(intake_words.IP_TYPES.items()),
        states=list(vocabulary.LEGAL_STATES.items()),
        flags=list(vocabulary.BURDENS.items()),
    )


routes: list[HTTPRouteHandler] = [new_right_page, enter_by_form]
