"""The pages of offers of licences (二次许可)."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from marketplace.edge.cursors import page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import POLICY, allow, signed_in
from marketplace.edge.reach import REACH
from marketplace.grants import service as grants
from marketplace.grants import signing
from marketplace.grants.schemas import Signing
from marketplace.licence_offers import drafting, scoring, service
from marketplace.licence_offers.rules import STEPS
from marketplace.licence_offers.schemas import OfferState, ScoreIn
from marketplace.organisations.schemas import Role
from marketplace.pages import route_words
from marketplace.pages.forms import given, in_bp
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of

_S = OfferState
#: Experts who hold no such role score over the API.
_EXPERT = allow(Role.EXPERT)
#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "An expert of another house scores what agencies handed in to the venue."
_WHY_SIGNED = "A licence moves its bank, its licensee, and what burdens the rights."


@get("/licence-offers", opt={POLICY: signed_in()}, **PAGE)
async def licence_offers_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, position: At
) -> Response[str]:
    """What is offered, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    listed = page_of(found, position, key=lambda offer: offer.id)
    return page(
        "licence_offers.html",
        visitor=visitor_of(request),
        here="/licence-offers",
        names=route_words,
        rows=[(offer, offer.terms) for offer in listed.items],
        may_draft=caller.has(Role.BANK_MAKER),
        next_cursor=listed.next_cursor,
    )


@get("/licence-offers/{offer_id:uuid}", opt={POLICY: signed_in()}, **PAGE)
async def licence_offer_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, offer_id: FromPath[UUID]
) -> Response[str]:
    """One offer: what is licensed, for how much, the applications and licences that I may see; mine I sign here."""
    offer = await service.get(reader, caller, offer_id)
    return page(
        "licence_offer.html",
        visitor=visitor_of(request),
        here="",
        names=route_words,
        offer=offer,
        terms=offer.terms,
        grants=await grants.shown_of_offer(reader, caller, offer_id),
        mine=caller.organisation_id if caller.has(Role.AGENCY_BIDDER) else None,
        is_checker=caller.organisation_id == offer.organisation_id
        and caller.has(Role.BANK_CHECKER)
        and caller.user_id != offer.drafted_by,
        may_withdraw=_S.WITHDRAWN in STEPS[offer.state] and offer.state is not _S.DRAFT,
    )


@post(
    "/licence-offers/{offer_id:uuid}/licences/{grant_id:uuid}/signature",
    opt={POLICY: allow(Role.AGENCY_BIDDER), REACH: _WHY_SIGNED},
    request_max_body_size=16 * 1024,
    **PAGE,
)
async def sign_licence_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    offer_id: FromPath[UUID],
    grant_id: FromPath[UUID],
) -> Redirect:
    """Agree, as the licensee, to the licence whose hash was shown."""
    signed = given(await form_of(request), Signing)
    await signing.sign(conn, caller, grant_id, sha256=signed.sha256, now=now)
    return Redirect(f"/licence-offers/{offer_id}", status_code=303)


@get("/licence-offers/{offer_id:uuid}/scoring", opt={POLICY: _EXPERT}, **PAGE)
async def scoring_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me, offer_id: FromPath[UUID]
) -> Response[str]:
    """What I was drawn to score: each application without its applicant's name, and a form until I have scored it."""
    found = await scoring.sheet(reader, caller, offer_id)
    return page(
        "scoring.html", visitor=visitor_of(request), here="", names=route_words, sheet=found
    )


@post(
    "/licence-offers/{offer_id:uuid}/applications/{application_id:uuid}/scores",
    opt={POLICY: _EXPERT, REACH: _WHY},
    request_max_body_size=16 * 1024,
    **PAGE,
)
async def score_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    offer_id: FromPath[UUID],
    application_id: FromPath[UUID],
) -> Redirect:
    """Give an application my score, in points of 100 with two decimals at most, and why."""
    fields = in_bp(await form_of(request), "score")
    mine = (await scoring.sheet(conn, caller, offer_id)).expert_id
    score = given(fields | {"expert_id": str(mine)}, ScoreIn)
    await service.score(conn, caller, offer_id, application_id, score, now=now)
    return Redirect(f"/licence-offers/{offer_id}/scoring", status_code=303)


routes: list[HTTPRouteHandler] = [
    licence_offers_page,
    *drafting.routes,
    licence_offer_page,
    sign_licence_by_form,
    scoring_page,
    score_by_form,
]
