"""The pages of white lists (白名单): drafted, published and pushed by the venue, received and answered by banks."""

import csv
import io
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.imports.cells import CellWrong, amount_fen
from marketplace.organisations.schemas import Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.white_lists import service
from marketplace.white_lists.http import BANK, KEEPERS, PUBLISHERS, READERS
from marketplace.white_lists.schemas import Entry, NewAnswer, NewList, Outcome

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}
_COLUMNS = 4


@get("/white-lists", opt={POLICY: READERS}, **PAGE)
async def lists_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """The lists that my organisation keeps or received, oldest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "white_lists.html",
        visitor=visitor_of(request),
        here="/white-lists",
        lists=listed.items,
        is_keeper=caller.has(Role.VENUE_OPERATOR),
        next_cursor=listed.next_cursor,
    )


@post("/white-lists", opt={POLICY: KEEPERS}, **_STEPS)
async def draft_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Redirect:
    """A draft from the form: one enterprise a line, its four parts with commas between them."""
    fields = await form_of(request)
    try:
        new = msgspec.convert(
            {name: fields.get(name, "").strip() for name in ("name", "authority", "criteria")}
            | {"entries": entries_of(fields.get("entries", ""))},
            NewList,
        )
    except msgspec.ValidationError as error:
        raise InvalidInput("white_list", str(error), "名单内容有误，请核对") from error
    made = await service.draft(conn, caller, new, now=now)
    return _to(made.id)


@get("/white-lists/{list_id:uuid}", opt={POLICY: READERS}, **PAGE)
async def list_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, list_id: FromPath[UUID]
) -> Response[str]:
    """One list with its hash, where it went, what came back, and the step that comes next."""
    found = await service.get(reader, caller, list_id)
    is_keeper = caller.has(Role.VENUE_OPERATOR) and caller.organisation_id == found.organisation_id
    mine = next((one for one in found.pushes if one.bank_id == caller.organisation_id), None)
    reached = [one.bank_id for one in found.pushes]
    names = await service.bank_names(reader)
    return page(
        "white_list.html",
        visitor=visitor_of(request),
        here="/white-lists",
        found=found,
        answers=await service.answers(reader, caller, list_id),
        names=names,
        enterprises={entry.code: entry.name for entry in found.entries},
        outcomes=list(Outcome),
        mine=mine,
        is_bank_maker=caller.has(Role.BANK_MAKER),
        may_publish=caller.has(Role.VENUE_CHECKER) and caller.user_id != found.drafted_by,
        banks=[each for each in names if each not in reached] if is_keeper else [],
    )


@post("/white-lists/{list_id:uuid}/publication", opt={POLICY: PUBLISHERS}, **_STEPS)
async def publish_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Redirect:
    """Publish what another person drafted."""
    await form_of(request)
    await service.publish(conn, caller, list_id, now=now)
    return _to(list_id)


@post("/white-lists/{list_id:uuid}/pushes", opt={POLICY: KEEPERS}, **_STEPS)
async def push_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Redirect:
    """Push it to one bank, or to all that do not have it."""
    wanted = (await form_of(request)).get("bank_id", "")
    if wanted == "all":
        reached = {one.bank_id for one in (await service.get(conn, caller, list_id)).pushes}
        banks = [each for each in await service.bank_names(conn) if each not in reached]
    else:
        try:
            banks = [UUID(wanted)]
        except ValueError as error:
            raise InvalidInput("bank_id", "choose a bank", "请选择银行") from error
    await service.push(conn, caller, list_id, banks, now=now)
    return _to(list_id)


@post("/white-lists/{list_id:uuid}/receipt", opt={POLICY: BANK}, **_STEPS)
async def receive_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Redirect:
    """My bank has it."""
    await form_of(request)
    await service.receive(conn, caller, list_id, now=now)
    return _to(list_id)


@post("/white-lists/{list_id:uuid}/answers", opt={POLICY: BANK}, **_STEPS)
async def answer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, list_id: FromPath[UUID]
) -> Redirect:
    """What became of an enterprise; an amount in yuan as people write it."""
    fields = await form_of(request)
    yuan = fields.pop("amount", "").strip()
    if yuan:
        fields["amount_fen"] = str(_fen(yuan))
    await service.answer(conn, caller, list_id, given(fields, NewAnswer), now=now)
    return _to(list_id)


def entries_of(text: str) -> list[Entry]:
    """The enterprises of a form's lines: name, credit code, criterion, source. Raises InvalidInput with the line."""
    found = []
    lines = [line.replace("，", ",").replace("\t", ",") for line in text.splitlines()]
    for place, row in enumerate(
        csv.reader(io.StringIO("\n".join(lines)), skipinitialspace=True), 1
    ):
        parts = [part.strip() for part in row]
        if not any(parts):
            continue
        if len(parts) != _COLUMNS or not all(parts):
            raise InvalidInput(
                "entries",
                f"line {place} must be name, credit code, criterion, source",
                f"第 {place} 行须为：名称，统一社会信用代码，入选标准，来源",
            )
        name, code, criterion, source = parts
        found.append(Entry(name=name, code=code, criterion=criterion, source=source))
    return found


def _fen(yuan: str) -> int:
    try:
        return amount_fen(yuan)
    except CellWrong as error:
        raise InvalidInput("amount", error.message, error.message_zh) from error


def _to(list_id: UUID) -> Redirect:
    return Redirect(f"/white-lists/{list_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    lists_page,
    draft_by_form,
    list_page,
    publish_by_form,
    push_by_form,
    receive_by_form,
    answer_by_form,
]
