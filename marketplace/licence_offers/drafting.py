"""Pages on which a bank drafts an offer of licences (拟订许可发布), and its checker opens it or takes it back."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kit.sql import Connection
from marketplace.consignments import service as consignments
from marketplace.consignments.choices import choices
from marketplace.consignments.schemas import ConsignmentState
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import POLICY, allow
from marketplace.edge.reach import REACH
from marketplace.licence_offers import awarding, offer_forms, service
from marketplace.licence_offers.schemas import OfferDecision, OfferIn
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.filling import REFUSALS, Form, digests_of
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import NOTICE_FORM_BYTES, PAGE, form_of, visitor_of
from marketplace.pages.written import Written
from marketplace.plans.schemas import Why

_MAKER, _CHECKER = allow(Role.BANK_MAKER), allow(Role.BANK_CHECKER)
_WHY: Final = (
    "An offer moves the bank's consignment, the licences of agencies, and what burdens the rights."
)
_DOCUMENT_BYTES_MAX: Final = 20 * 1024 * 1024
_DRAFTS: Final[dict[str, Any]] = {
    "request_max_body_size": _DOCUMENT_BYTES_MAX + NOTICE_FORM_BYTES,
    **PAGE,
}
_STEPS: Final[dict[str, Any]] = {"request_max_body_size": 16 * 1024, **PAGE}
_LICENSABLE: Final = (ConsignmentState.ACCEPTED, ConsignmentState.UNSOLD)


@get("/licence-offers/new", opt={POLICY: _MAKER}, **PAGE)
async def new_offer_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    consignment: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The form of an offer over one of my bank's consignments."""
    values = offer_forms.usual() | ({"consignment_id": str(consignment)} if consignment else {})
    return await _form(request, reader, caller, Form(values=values))


@post("/licence-offers/new", opt={POLICY: _MAKER, REACH: _WHY}, **_DRAFTS)
async def draft_offer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now
) -> Response[Any]:
    """Draft it; of the document that gives the power to license the hash is kept."""
    fields = await form_of(request)
    fields |= await digests_of(request)
    chosen = offer_forms.variant(fields)
    if "show" in fields or fields.get("shown", chosen) != chosen:
        return await _form(request, conn, caller, Form(values=fields))
    try:
        async with conn.transaction():
            named = UUID(Written(fields).choice("consignment_id", await _ids(conn, caller)))
            one = await consignments.get(conn, caller, named)
            terms = offer_forms.terms_of(
                await offer_forms.ids_of(conn, fields), venue_id=one.venue_id
            )
            wanted = OfferIn(consignment_id=one.id, offer=terms)
            made = await service.draft(conn, caller, wanted, now=now)
    except REFUSALS as error:
        return await _form(request, conn, caller, Form(values=fields, error=error))
    return _to(made.id)


@post("/licence-offers/{offer_id:uuid}/opening", opt={POLICY: _CHECKER, REACH: _WHY}, **_STEPS)
async def open_offer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID]
) -> Redirect:
    """Another person of the bank opens the offer as shown, or refuses it."""
    word = given(await form_of(request), OfferDecision)
    await awarding.open_(
        conn, caller, offer_id, sha256=word.sha256, approved=word.approved, now=now
    )
    return _to(offer_id)


@post("/licence-offers/{offer_id:uuid}/withdrawal", opt={POLICY: _CHECKER, REACH: _WHY}, **_STEPS)
async def withdraw_offer_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID]
) -> Redirect:
    """Take the offer back, with the reason."""
    said = given(await form_of(request), Why)
    await awarding.withdraw(conn, caller, offer_id, reason=said.reason, now=now)
    return _to(offer_id)


async def _ids(conn: Connection, caller: Caller) -> set[str]:
    return {str(one) for one, _ in await choices(conn, caller, _LICENSABLE)}


async def _form(
    request: Request[Any, Any, Any], conn: Connection, caller: Caller, form: Form
) -> Response[str]:
    return page(
        "new_offer.html",
        status_code=form.status_code,
        visitor=visitor_of(request),
        here="/licence-offers",
        form=form,
        consignments=await choices(conn, caller, _LICENSABLE),
        variant=offer_forms.variant(form.values),
        unseen="shown" in form.values and form.error is None,
    )


def _to(offer_id: UUID) -> Redirect:
    return Redirect(f"/licence-offers/{offer_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    new_offer_page,
    draft_offer_by_form,
    open_offer_by_form,
    withdraw_offer_by_form,
]
