"""The form by which a bank enters the valuation of a right (登记评估)."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.assets import service as assets
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import intake_words, work_words
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.valuations import service
from marketplace.valuations.schemas import NewValuation

_MAKER = allow(Role.BANK_MAKER)
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/rights/{asset_id:uuid}/valuations/new", opt={POLICY: _MAKER}, **PAGE)
async def new_valuation_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, asset_id: FromPath[UUID]
) -> Response[str]:
    """The form of a valuation of this right."""
    return await _form(request, reader, caller, asset_id, Form())


@post("/rights/{asset_id:uuid}/valuations/new", opt={POLICY: _MAKER}, **_STEPS)
async def enter_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, asset_id: FromPath[UUID]
) -> Response[Any]:
    """Enter the valuation, the value in yuan."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            one = {"asset_ids": [str(asset_id)]}
            new = given(in_fen(fields, "value"), NewValuation, chosen=one)
            await service.register(conn, caller, new, now=now)
    except REFUSALS as error:
        return await _form(request, conn, caller, asset_id, Form(values=fields, error=error))
    return Redirect(f"/rights/{asset_id}", status_code=303)


async def _form(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, asset_id: UUID, form: Form
) -> Response[str]:
    return page(
        "new_valuation.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/ledger",
        form=form,
        right=await assets.get(conn, caller, asset_id),
        kinds=list(intake_words.VALUATION_KINDS.items()),
        methods=list(work_words.VALUATION_METHODS.items()),
    )


routes: list[HTTPRouteHandler] = [new_valuation_page, enter_by_form]
