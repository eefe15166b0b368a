"""The page of approvals (复核): what waits for me, with exactly what is asked and its hash; what became of the rest."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from marketplace.approvals import service
from marketplace.approvals.http import ASKERS, CHECKERS, PEOPLE
from marketplace.approvals.schemas import Approval, ApprovalState, DecisionIn
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.pages import formats, vocabulary, work_words
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


class Part(msgspec.Struct, frozen=True):
    """A part of what is to be approved: the name that it has in the content, and what it says."""

    name: str
    said: str


@get("/approvals", opt={POLICY: PEOPLE}, **PAGE)
async def approvals_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    position: At,
    approval_state: FromQuery[ApprovalState | None] = None,
) -> Response[str]:
    """What I may decide now, oldest first; below it all requests that I may see, newest first."""
    waiting = await service.waiting(reader, caller)
    found = await service.page(
        reader, caller, after=position.after, rows=position.rows, state=approval_state
    )
    listed = page_of(found, position, key=lambda one: one.id)
    shown = [*waiting, *listed.items]
    names = await service.names(reader, ids_of(shown))
    return page(
        "approvals.html",
        visitor=visitor_of(request),
        here="/approvals",
        waiting=waiting,
        approvals=listed.items,
        parts={one.id: parts_of(one.content, names) for one in shown},
        names=names,
        me=caller.user_id,
        states=list(ApprovalState),
        chosen=approval_state,
        next_cursor=listed.next_cursor,
    )


@post("/approvals/{approval_id:uuid}/decision", opt={POLICY: CHECKERS}, **_STEPS)
async def decide_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID]
) -> Redirect:
    """Yes or no to the content whose hash the page showed."""
    wanted = given(await form_of(request), DecisionIn)
    await service.decide(conn, caller, approval_id, wanted, now=now)
    return Redirect("/approvals", status_code=303)


@post("/approvals/{approval_id:uuid}/withdrawal", opt={POLICY: ASKERS}, **_STEPS)
async def withdraw_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID]
) -> Redirect:
    """Take my request back."""
    await form_of(request)
    await service.withdraw(conn, caller, approval_id, now=now)
    return Redirect("/approvals", status_code=303)


def ids_of(shown: list[Approval]) -> set[UUID]:
    """Whose names the page needs: who asked and decided, what it is about, whom the content names."""
    ids = {one.asked_by for one in shown} | {one.subject_id for one in shown}
    ids |= {one.organisation_id for one in shown}
    ids |= {word.decided_by for one in shown for word in one.decisions}
    for one in shown:
        for value in _content(one.content).values():
            known = _uuid(value)
            ids |= set() if known is None else {known}
    return ids


def parts_of(content: str, names: dict[UUID, str]) -> list[Part]:
    """The content part by part, as people read it; what has no words stands as it is."""
    return [Part(name, _said(name, value, names)) for name, value in _content(content).items()]


def _content(content: str) -> dict[str, Any]:
    decoded = msgspec.json.decode(content)
    return decoded if isinstance(decoded, dict) else {"content": decoded}


def _said(name: str, value: Any, names: dict[UUID, str]) -> str:
    if value is None:
        return "—"
    if name.endswith("_fen") and isinstance(value, int):
        return formats.money(value)
    if name == "roles" and isinstance(value, list):
        roles = [vocabulary.of(vocabulary.ROLES, str(role)) for role in value]
        return "、".join(f"{role.zh} {role.en}" for role in roles) or "—"
    if name == "step":
        step = vocabulary.of(work_words.ACCESS_STEPS, str(value))
        return f"{step.zh} {step.en}"
    known = _uuid(value)
    if known is not None:
        return names.get(known, str(value))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _uuid(value: Any) -> UUID | None:
    try:
        return msgspec.convert(value, UUID)
    except msgspec.ValidationError:
        return None


routes: list[HTTPRouteHandler] = [approvals_page, decide_by_form, withdraw_by_form]
