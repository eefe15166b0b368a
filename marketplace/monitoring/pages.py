"""The pages of alerts (监测预警): those of one state, and one with its evidence and the steps of its review."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.monitoring import service
from marketplace.monitoring.http import READERS, REVIEWERS
from marketplace.monitoring.rules import OPEN, next_states
from marketplace.monitoring.schemas import BY_CODE, AlertState, Review
from marketplace.organisations.authorities import Area
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of


@get("/alerts", opt={POLICY: allow(*READERS, areas=(Area.ALERTS,))}, **PAGE)
async def alerts_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    position: At,
    alert_state: FromQuery[AlertState | None] = None,
) -> Response[str]:
    """The alerts that I may see, oldest first; of one state if asked."""
    found = await service.page(
        reader, caller, after=position.after, limit=position.rows, state=alert_state
    )
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "alerts.html",
        visitor=visitor_of(request),
        here="/alerts",
        alerts=listed.items,
        signals=BY_CODE,
        states=list(AlertState),
        chosen=alert_state,
        next_cursor=listed.next_cursor,
    )


@get("/alerts/{alert_id:uuid}", opt={POLICY: allow(*READERS, areas=(Area.ALERTS,))}, **PAGE)
async def alert_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, alert_id: FromPath[UUID]
) -> Response[str]:
    """One alert: what was seen, what is to be done, who did what; and what may be done next."""
    alert = await service.get(reader, caller, alert_id)
    is_own = caller.organisation_id == alert.organisation_id
    may_close = is_own and alert.reviewer_id != caller.user_id
    possible = next_states(alert.state, code=alert.code)
    offered = [
        wanted for wanted in AlertState if wanted in possible and (wanted in OPEN or may_close)
    ]
    return page(
        "alert.html",
        visitor=visitor_of(request),
        here="/alerts",
        alert=alert,
        signal=BY_CODE[alert.code],
        next_states=offered if is_own and caller.has(*REVIEWERS) else [],
        is_reviewer=alert.reviewer_id == caller.user_id,
    )


@post(
    "/alerts/{alert_id:uuid}/review",
    opt={POLICY: allow(*REVIEWERS)},
    request_max_body_size=16 * 1024,
    **PAGE,
)
async def review_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, alert_id: FromPath[UUID]
) -> Redirect:
    """The next step of its review."""
    wanted = given(await form_of(request), Review)
    await service.review(conn, caller, alert_id, wanted, now=now)
    return Redirect(f"/alerts/{alert_id}", status_code=303)


routes: list[HTTPRouteHandler] = [alerts_page, alert_page, review_by_form]
