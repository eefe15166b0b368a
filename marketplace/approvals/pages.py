"""The page of approvals (复核): what waits for me, with exactly what is asked and its hash; what became of the rest."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from marketplace.approvals import contents, places, service
from marketplace.approvals.http import ASKERS, CHECKERS, PEOPLE
from marketplace.approvals.schemas import Approval, ApprovalState, DecisionIn
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


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
    found_places = await places.places(reader, {one.subject_id for one in shown})
    return page(
        "approvals.html",
        visitor=visitor_of(request),
        here="/approvals",
        waiting=waiting,
        approvals=listed.items,
        parts={one.id: contents.parts_of(one.content, names) for one in shown},
        names=names,
        places=found_places,
        links={id: path for id, one in found_places.items() if (path := one.path_for(caller))},
        me=caller.user_id,
        states=list(ApprovalState),
        chosen=approval_state,
        next_cursor=listed.next_cursor,
    )


@post("/approvals/{approval_id:uuid}/decision", opt={POLICY: CHECKERS}, **_STEPS)
async def decide_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, approval_id: FromPath[UUID]
) -> Redirect:
    """Yes or no to the content whose hash the page showed; the last word that was needed is carried out at once."""
    wanted = given(await form_of(request), DecisionIn)
    await places.decide(conn, caller, approval_id, wanted, now=now)
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
    return ids.union(*(contents.ids_in(one.content) for one in shown))


routes: list[HTTPRouteHandler] = [approvals_page, decide_by_form, withdraw_by_form]
