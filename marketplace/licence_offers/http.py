"""Routes of offers of licences (二次许可): drafted, opened by another, applied for, scored, opened, taken."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow, signed_in
from marketplace.edge.reach import REACH
from marketplace.grants.schemas import Grant
from marketplace.licence_offers import awarding, scoring, service
from marketplace.licence_offers.schemas import (
    ApplicationIn,
    ApplicationOpening,
    LicenceOffer,
    OfferDecision,
    OfferIn,
    ScoreIn,
    ScoringSheet,
)
from marketplace.organisations.schemas import Role
from marketplace.plans.schemas import Why

_AGENCY = Role.AGENCY_BIDDER
#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = (
    "An offer moves the bank's consignment, the licences of agencies, and what burdens the rights."
)


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/licence-offers/{{offer_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/licence-offers",
    opt={"policy": allow(Role.BANK_MAKER), REACH: _WHY},
    summary="Draft 拟订许可发布",
)
async def draft_licence_offer(
    conn: Conn, caller: Me, now: Now, data: JSONBody[OfferIn]
) -> Response[LicenceOffer]:
    """Draft an offer of licences over my consignment's rights; what gives the power to license is checked."""
    made = await service.draft(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/licence-offers/{made.id}"})


@get("/v1/licence-offers", opt={"policy": signed_in()}, summary="Offers 许可发布列表")
async def list_licence_offers(reader: Conn, caller: Me, position: At) -> Page[LicenceOffer]:
    """What is offered, and my organisation's drafts; newest first, without the applications."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get("/v1/licence-offers/{offer_id:uuid}", opt={"policy": signed_in()}, summary="An offer 许可发布")
async def get_licence_offer(reader: Conn, caller: Me, offer_id: FromPath[UUID]) -> LicenceOffer:
    """An offer with the applications that I may see; who applied is told once it has ended."""
    return await service.get(reader, caller, offer_id)


@post(**_step("open", Role.BANK_CHECKER, summary="Open 复核许可发布"))
async def open_licence_offer(
    conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID], data: JSONBody[OfferDecision]
) -> LicenceOffer:
    """Open the offer as shown, or withdraw it; by another person. No standing licence may meet it."""
    return await awarding.open_(
        conn, caller, offer_id, sha256=data.sha256, approved=data.approved, now=now
    )


@post(**_step("withdraw", Role.BANK_CHECKER, summary="Withdraw 撤回许可发布"))
async def withdraw_licence_offer(
    conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID], data: JSONBody[Why]
) -> LicenceOffer:
    """Take an offer back, an award before it is signed; what was taken at a posted price stays."""
    return await awarding.withdraw(conn, caller, offer_id, reason=data.reason, now=now)


@post(**_step("applications", _AGENCY, summary="Apply 申请许可"))
async def apply_for_licence(
    conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID], data: JSONBody[ApplicationIn]
) -> LicenceOffer:
    """Apply, with the commitment to an entry fee where the way is sealed."""
    return await service.apply(conn, caller, offer_id, data, now=now)


@post(**_step("take", _AGENCY, summary="Take 接受公布条件"))
async def take_licence(
    conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID], data: JSONBody[ApplicationIn]
) -> Grant:
    """Take a licence at the posted price: applied for and signed in one step, while there are places."""
    return await awarding.take(conn, caller, offer_id, data, now=now)


@get(
    "/v1/licence-offers/{offer_id:uuid}/scoring",
    opt={"policy": signed_in()},
    summary="What I score 待评申请",
)
async def get_scoring_sheet(reader: Conn, caller: Me, offer_id: FromPath[UUID]) -> ScoringSheet:
    """The applications of a tender for which I was drawn, with the scores that I gave; who applied is not told."""
    return await scoring.sheet(reader, caller, offer_id)


@post(
    "/v1/licence-offers/{offer_id:uuid}/applications/{application_id:uuid}/scores",
    opt={"policy": signed_in(), REACH: _WHY},
    summary="Score 专家评分",
    status_code=200,
)
async def score_application(
    conn: Conn,
    caller: Me,
    now: Now,
    offer_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[ScoreIn],
) -> LicenceOffer:
    """Score an application as an expert of the panel, or enter an expert's score as the venue; before prices open."""
    return await service.score(conn, caller, offer_id, application_id, data, now=now)


@post(**_step("open-prices", Role.VENUE_OPERATOR, summary="Open prices 开启报价"))
async def open_prices(conn: Conn, caller: Me, now: Now, offer_id: FromPath[UUID]) -> LicenceOffer:
    """Have applicants open their prices, once every expert has scored every application."""
    return await awarding.begin_opening(conn, caller, offer_id, now=now)


@post(**_step("applications/{application_id:uuid}/open", _AGENCY, summary="Open 开启报价承诺"))
async def open_application(
    conn: Conn,
    caller: Me,
    now: Now,
    offer_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[ApplicationOpening],
) -> LicenceOffer:
    """Open the amount of my application; what is not opened in time does not count."""
    return await service.open_application(conn, caller, offer_id, application_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    draft_licence_offer,
    list_licence_offers,
    get_licence_offer,
    open_licence_offer,
    withdraw_licence_offer,
    apply_for_licence,
    take_licence,
    get_scoring_sheet,
    score_application,
    open_prices,
    open_application,
]
