"""Routes of bids that are no plain amounts: acceptances, sealed bids, their withdrawal, exercised rights, scores."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from auction_engine.rules.commands import Command
from auction_engine.sealed_bids import parse_envelope
from marketplace.auctions import bidding, scores
from marketplace.auctions.answering import answered, engine_id_of
from marketplace.auctions.schemas import (
    AcceptIn,
    BidAccepted,
    BidProblem,
    ScoreDone,
    ScoreIn,
    SealIn,
)
from marketplace.edge.dependencies import Me, Now
from marketplace.edge.ingress import Ingress
from marketplace.edge.policies import allow
from marketplace.organisations.schemas import Role

_AnyRequest = Request[Any, Any, Any]
_SMALL_BODY = 4 * 1024
#: An envelope of the hybrid suite has 3,459 characters.
_ENVELOPE_BODY = 16 * 1024


def _bid_route(path: str, *, summary: str, body_max: int = _SMALL_BODY) -> dict[str, Any]:
    """What every route of the bid path declares."""
    return {
        "path": f"/v1/auctions/{{auction_id:uuid}}/{path}",
        "opt": {
            "policy": allow(Role.AGENCY_BIDDER),
            "idempotency": "own",
            "idempotency_key_max": bidding.BID_ID_MAX,
        },
        "status_code": 200,
        "request_max_body_size": body_max,
        "middleware": [Ingress],
        "summary": summary,
    }


@post(**_bid_route("acceptances", summary="Accept 应价"))
async def accept_price(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID], data: JSONBody[AcceptIn]
) -> Response[BidAccepted | BidProblem]:
    """Accept the price on a falling clock; the amount says which price I saw."""
    command = Command(do="accept", value=data.amount_fen, id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@post(**_bid_route("seals", summary="Sealed bid 密封报价", body_max=_ENVELOPE_BODY))
async def place_seal(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID], data: JSONBody[SealIn]
) -> Response[BidAccepted | BidProblem]:
    """Hand in an envelope that my own client sealed for my paddle; the venue never sees the amount before the close."""
    parse_envelope(data.envelope)
    command = Command(do="seal", envelope=data.envelope, id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@post(**_bid_route("withdrawals", summary="Withdraw 撤回密封报价"))
async def withdraw_seal(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID]
) -> Response[BidAccepted | BidProblem]:
    """Take my sealed bid back, where the rules allow it (`amend`); I may seal again."""
    command = Command(do="withdraw", id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@post(**_bid_route("exercises", summary="Exercise 行使优先购买权"))
async def exercise_right(
    request: _AnyRequest, caller: Me, auction_id: FromPath[UUID]
) -> Response[BidAccepted | BidProblem]:
    """Take the lot at its price, in my turn as a priority holder, after dynamic bidding has ended."""
    command = Command(do="exercise", id=engine_id_of(request))
    return await answered(request, caller, auction_id, command)


@post(
    "/v1/auctions/{auction_id:uuid}/scores",
    opt={
        "policy": allow(Role.VENUE_OPERATOR),
        "idempotency": "own",
        "idempotency_key_max": bidding.BID_ID_MAX,
    },
    status_code=200,
    summary="Score 专家评分",
)
async def score_paddle(
    request: _AnyRequest, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[ScoreIn]
) -> ScoreDone:
    """Enter what the experts gave a paddle, before any price is opened; the last scores of a paddle count."""
    hall = request.app.state.resources.hall
    return await scores.enter(
        hall.pool, hall.engine, caller, auction_id, data, key=engine_id_of(request), now=now
    )


routes: list[HTTPRouteHandler] = [
    accept_price,
    place_seal,
    withdraw_seal,
    exercise_right,
    score_paddle,
]
