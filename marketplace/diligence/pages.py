"""The forms of due diligence (合规审查): run the rules again, pass over what holds a sale."""

from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.diligence import service
from marketplace.diligence.schemas import Cause, NewOverride
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.organisations.schemas import Role
from marketplace.pages.forms import given
from marketplace.pages.serving import PAGE, form_of

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}
#: Who may have the rules run, and who may pass over what they hold.
RUNNERS = (Role.BANK_MAKER, Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
CHECKERS = (Role.BANK_CHECKER, Role.VENUE_CHECKER)


@post("/consignments/{consignment_id:uuid}/diligence", opt={POLICY: allow(*RUNNERS)}, **_STEPS)
async def run_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Redirect:
    """Run the rules now."""
    await form_of(request)
    await service.run(conn, caller, consignment_id, cause=Cause.ASKED, now=now)
    return _back(consignment_id)


@post(
    "/consignments/{consignment_id:uuid}/diligence/overrides",
    opt={POLICY: allow(*CHECKERS)},
    **_STEPS,
)
async def override_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
) -> Redirect:
    """Pass over one held finding, with a reason."""
    wanted = given(await form_of(request), NewOverride)
    await service.override(conn, caller, consignment_id, wanted, now=now)
    return _back(consignment_id)


def _back(consignment_id: UUID) -> Redirect:
    return Redirect(f"/consignments/{consignment_id}/diligence", status_code=303)


routes: list[HTTPRouteHandler] = [run_by_form, override_by_form]
