"""The pledgor's desk as a page (我的质物与债务)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.grants.schemas import Signing
from marketplace.pages import route_words
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.pledgors import service
from marketplace.pledgors.http import PLEDGOR
from marketplace.pledgors.schemas import ConsentIn, ObjectIn

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}


@get("/pledgor", opt={POLICY: PLEDGOR}, **PAGE)
async def desk_page(request: Request[Any, Any, Any], reader: Conn, caller: Me) -> Response[str]:
    """My debts, rights, lots, notices and objections."""
    return page(
        "pledgor.html",
        visitor=visitor_of(request),
        here="/pledgor",
        names=route_words,
        desk=await service.desk(reader, caller),
    )


@post("/pledgor/notices/{notice_id:uuid}/receipt", opt={POLICY: PLEDGOR}, **_STEPS)
async def receive_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, notice_id: FromPath[UUID]
) -> Redirect:
    """I have received word of the sale."""
    await form_of(request)
    await service.receive(conn, caller, notice_id, now=now)
    return Redirect("/pledgor", status_code=303)


@post("/pledgor/lots/{lot_id:uuid}/objections", opt={POLICY: PLEDGOR}, **_STEPS)
async def object_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """Object to the draft of a distribution."""
    objection = given(await form_of(request), ObjectIn)
    await service.object_to(conn, caller, lot_id, objection, now=now)
    return Redirect("/pledgor", status_code=303)


@post("/pledgor/lots/{lot_id:uuid}/consent", opt={POLICY: PLEDGOR}, **_STEPS)
async def consent_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> Redirect:
    """I, the debtor, agree that this lot is sold although my debt is covered."""
    consent = given(await form_of(request), ConsentIn)
    await service.consent(conn, caller, lot_id, consent, now=now)
    return Redirect("/pledgor", status_code=303)


@post("/pledgor/licences/{grant_id:uuid}/signature", opt={POLICY: PLEDGOR}, **_STEPS)
async def sign_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID]
) -> Redirect:
    """Sign the licence of my own right back to me; the form carries the hash of what was shown."""
    signing = given(await form_of(request), Signing)
    await service.sign(conn, caller, grant_id, sha256=signing.sha256, now=now)
    return Redirect("/pledgor", status_code=303)


routes: list[HTTPRouteHandler] = [
    desk_page,
    receive_by_form,
    object_by_form,
    consent_by_form,
    sign_by_form,
]
