"""Pages of anomalies (异常竞价): the list, and a result's review (成交复核) with its release by two people."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.errors import NotFound
from kit.sql import Connection
from marketplace.anomalies import service
from marketplace.anomalies.http import READERS, VENUE
from marketplace.anomalies.schemas import ReleaseIn, Review
from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.lots import service as lots
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/anomalies", opt={POLICY: READERS}, **PAGE)
async def anomalies_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    position: At,
    held: FromQuery[bool] = False,
) -> Response[str]:
    """What reviews of results found, newest first; or of results on hold alone."""
    found = await service.of_venue(
        reader, caller, after=position.after, limit=position.rows, only_held=held
    )
    listed = page_of(found, position, key=lambda anomaly: anomaly.id)
    return page(
        "anomalies.html",
        visitor=visitor_of(request),
        here="/anomalies",
        anomalies=listed.items,
        about=await service.about(reader, listed.items),
        is_venue=VENUE.permits(caller),
        held=held,
        next_cursor=listed.next_cursor,
    )


@get("/lots/{lot_id:uuid}/review", opt={POLICY: VENUE}, **PAGE)
async def review_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, lot_id: FromPath[UUID]
) -> Response[str]:
    """What was found about the result of my venue's lot, and the step that comes next."""
    lot = await lots.owned(reader, caller, lot_id)
    found = await _standing(reader, caller, lot_id)
    state = None if found is None else found.state
    is_other = found is not None and found.proposed_by != caller.user_id
    return page(
        "result_review.html",
        visitor=visitor_of(request),
        here="",
        lot=lot,
        review=found,
        about={} if found is None else await service.about(reader, found.anomalies),
        may_propose=state == "held" and caller.has(Role.VENUE_OPERATOR),
        may_release=state == "release_proposed" and is_other and caller.has(Role.VENUE_CHECKER),
    )


@post("/lots/{lot_id:uuid}/review/release", opt={POLICY: allow(Role.VENUE_OPERATOR)}, **_STEPS)
async def propose_release_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Say why a held result may stand."""
    said = given(await form_of(request), ReleaseIn)
    await service.propose_release(conn, caller, lot_id, reason=said.reason, now=now)
    return _to(lot_id)


@post(
    "/lots/{lot_id:uuid}/review/release/approval", opt={POLICY: allow(Role.VENUE_CHECKER)}, **_STEPS
)
async def release_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Agree that a held result may stand."""
    await form_of(request)
    await service.release(conn, caller, lot_id, now=now)
    return _to(lot_id)


async def _standing(reader: Connection, caller: Caller, lot_id: UUID) -> Review | None:
    try:
        return await service.of_lot(reader, caller, lot_id)
    except NotFound:
        return None


def _to(lot_id: UUID) -> Redirect:
    return Redirect(f"/lots/{lot_id}/review", status_code=303)


routes: list[HTTPRouteHandler] = [
    anomalies_page,
    review_page,
    propose_release_by_form,
    release_by_form,
]
