"""The page of enrolments (备案): the list, the form of a new one, and the checker's word. Source: domain 5.2."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput
from kit.sql import Connection
from marketplace.approvals import service as approvals
from marketplace.claims import schemes
from marketplace.edge.cursors import Position, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.enrolments import service
from marketplace.enrolments.http import READERS
from marketplace.enrolments.schemas import EnrolmentDecision, EnrolmentIn
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages import money_words
from marketplace.pages.filling import REFUSALS, Form, digests_of
from marketplace.pages.forms import given, in_fen
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.pages.vocabulary import Words

#: The contract is hashed here and not kept: the bank keeps it.
_CONTRACT_BYTES_MAX: Final = 20 * 1024 * 1024
_FILES: Final[dict[str, Any]] = {
    "request_max_body_size": _CONTRACT_BYTES_MAX + 16 * 1024,
    **PAGE,
}
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/enrolments", opt={POLICY: READERS}, **PAGE)
async def enrolments_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, now: Now, position: At
) -> Response[str]:
    """The enrolments that I may see, newest first; for a bank's maker with the form of a new one."""
    return await _listed(request, reader, caller, position, Form(), now=now)


@post("/enrolments", opt={POLICY: allow(Role.BANK_MAKER)}, **_FILES)
async def file_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, position: At
) -> Response[Any]:
    """File a sound loan, the principal in yuan, with the hash of the contract that was chosen."""
    fields = await form_of(request)
    fields |= await digests_of(request)
    try:
        async with conn.transaction():
            await service.file(conn, caller, _wanted(fields), now=now)
    except REFUSALS as error:
        form = Form(values=fields, error=error)
        return await _listed(request, conn, caller, position, form, now=now)
    return _to()


@post("/enrolments/{enrolment_id:uuid}/decision", opt={POLICY: allow(Role.BANK_CHECKER)}, **_STEPS)
async def decide_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, enrolment_id: FromPath[UUID]
) -> Redirect:
    """Another person of the bank accepts it or refuses it."""
    word = given(await form_of(request), EnrolmentDecision)
    await service.decide(conn, caller, enrolment_id, word, now=now)
    return _to()


def _wanted(fields: dict[str, str]) -> EnrolmentIn:
    written = in_fen(fields, "principal")
    scheme_id, _, version = written.pop("scheme", "").partition(" ")
    if not version:
        raise InvalidInput("scheme", "choose a scheme in force", "请选择有效的方案")
    if "contract_sha256" not in written:
        raise InvalidInput("contract", "must be chosen, not empty", "须选择合同文件，不得为空")
    return given(written | {"scheme_id": scheme_id, "scheme_version": version}, EnrolmentIn)


async def _listed(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    position: Position,
    form: Form,
    *,
    now: datetime,
) -> Response[str]:
    found = await service.page(conn, caller, before=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    is_maker = caller.has(Role.BANK_MAKER)
    usable = await schemes.usable(conn, now=now) if is_maker else {}
    return page(
        "enrolments.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/claims",
        enrolments=listed.items,
        lenders=await approvals.names(conn, {one.lender_id for one in listed.items}),
        next_cursor=listed.next_cursor,
        schemes=[
            (key, Words(f"{one.name_zh} v{one.version}", one.name)) for key, one in usable.items()
        ],
        is_maker=is_maker,
        is_checker=caller.has(Role.BANK_CHECKER),
        me=caller.user_id,
        terms=money_words,
        form=form,
    )


def _to() -> Redirect:
    return Redirect("/enrolments", status_code=303)


routes: list[HTTPRouteHandler] = [enrolments_page, file_by_form, decide_by_form]
