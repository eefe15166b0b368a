"""The pages of quarterly returns (季度统计表): those I may see, and one with each branch's tolerance test."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.clock import CHINA
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.printed import printed
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pages.filling import REFUSALS, Form
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.returns import printing, service
from marketplace.returns.return_form import COLUMNS, return_of
from marketplace.returns.schemas import BulletinIn, Reopening
from settlement.rules import quarters

#: Why what is done here reaches over organisations (`edge.reach`).
_WHY = "A bank's return is its authorities' to receive and reopen."
_READERS = (Role.BANK_MAKER, Role.BANK_CHECKER, Role.REGULATOR, Role.AUDITOR)
_AUTHORITY = allow(Role.REGULATOR, areas=(Area.RETURNS,))
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
#: Five hundred branches, each with ten amounts.
_DRAFTS: Final[dict[str, Any]] = {"request_max_body_size": 512 * 1024, **PAGE}


@get("/returns", opt={POLICY: allow(*_READERS, areas=(Area.RETURNS,))}, **PAGE)
async def returns_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, position: At
) -> Response[str]:
    """My bank's returns, or those sent to my authority; the notification of a quarter, for authorities."""
    found = await service.page(
        reader, caller, after=position.after, limit=position.rows, quarter=None
    )
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "returns.html",
        visitor=visitor_of(request),
        here="/returns",
        returns=listed.items,
        next_cursor=listed.next_cursor,
        is_maker=caller.has(Role.BANK_MAKER),
        is_authority=caller.has(Role.REGULATOR),
        last_quarter=quarters.before(now.astimezone(CHINA).date()),
    )


@get("/returns/new", opt={POLICY: allow(Role.BANK_MAKER)}, **PAGE)
async def new_return_page(request: Request[Any, Any, Any], reader: Conn, now: Now) -> Response[str]:
    """The form of my bank's return: a quarter, two recipients, a line a branch."""
    return await _new(request, reader, Form(), now=now)


@post("/returns/new", opt={POLICY: allow(Role.BANK_MAKER), REACH: _WHY}, **_DRAFTS)
async def draft_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Draft the return, the amounts in yuan; another person submits it."""
    fields = await form_of(request)
    try:
        async with conn.transaction():
            made = await service.draft(conn, caller, return_of(fields), now=now)
    except REFUSALS as error:
        return await _new(request, conn, Form(values=fields, error=error), now=now)
    return _back(made.id)


@post("/returns/bulletins", opt={POLICY: _AUTHORITY, REACH: _WHY}, status_code=200, **_STEPS)
async def issue_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[bytes]:
    """The quarterly notification (季度通报) over the banks that my authority oversees, as a file."""
    asked = given(await form_of(request), BulletinIn)
    return printed(await printing.bulletin(conn, caller, asked.quarter, now=now), asked.form)


@get("/returns/{return_id:uuid}", opt={POLICY: allow(*_READERS, areas=(Area.RETURNS,))}, **PAGE)
async def return_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, return_id: FromPath[UUID]
) -> Response[str]:
    """A return: figures by branch, the tolerance test, what the books say, alerts, receipts."""
    one = await service.get(reader, caller, return_id)
    return page(
        "return.html",
        visitor=visitor_of(request),
        here="/returns",
        one=one,
        names=await approvals.names(reader, {each.recipient_id for each in one.receipts}),
        me=caller.user_id,
        is_checker=caller.has(Role.BANK_CHECKER),
        is_authority=caller.has(Role.REGULATOR),
    )


@post(
    "/returns/{return_id:uuid}/submit",
    opt={POLICY: allow(Role.BANK_CHECKER), REACH: _WHY},
    **_STEPS,
)
async def submit(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID]
) -> Redirect:
    """Submit to both recipients; by another person than the drafter."""
    await form_of(request)
    await service.submit(conn, caller, return_id, now=now)
    return _back(return_id)


@post(
    "/returns/{return_id:uuid}/receipt",
    opt={POLICY: _AUTHORITY, REACH: _WHY},
    **_STEPS,
)
async def acknowledge(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID]
) -> Redirect:
    """Confirm that the return came to my authority."""
    await form_of(request)
    await service.acknowledge(conn, caller, return_id, now=now)
    return _back(return_id)


@post(
    "/returns/{return_id:uuid}/reopen",
    opt={POLICY: _AUTHORITY, REACH: _WHY},
    **_STEPS,
)
async def reopen(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, return_id: FromPath[UUID]
) -> Redirect:
    """Let the bank report anew."""
    fields = await form_of(request)
    await service.reopen(conn, caller, return_id, given(fields, Reopening), now=now)
    return _back(return_id)


@post(
    "/returns/{return_id:uuid}/paper/{form:str}",
    opt={POLICY: allow(*_READERS, areas=(Area.RETURNS,)), REACH: _WHY},
    status_code=200,
    **_STEPS,
)
async def paper(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    return_id: FromPath[UUID],
    form: FromPath[Literal["json", "xlsx", "html"]],
) -> Response[bytes]:
    """A submitted return as a file."""
    await form_of(request)
    return printed(await printing.quarterly(conn, caller, return_id, now=now), form)


async def _new(
    request: Request[Any, Any, Any], conn: Connection, form: Form, *, now: datetime
) -> Response[str]:
    return page(
        "new_return.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/returns",
        form=form,
        columns=COLUMNS,
        authorities=await service.authorities(conn),
        quarter=quarters.before(now.astimezone(CHINA).date()),
    )


def _back(return_id: UUID) -> Redirect:
    return Redirect(f"/returns/{return_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    returns_page,
    new_return_page,
    draft_by_form,
    issue_by_form,
    return_page,
    submit,
    acknowledge,
    reopen,
    paper,
]
