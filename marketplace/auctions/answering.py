"""From a command to the answer over HTTP: what every route of the bid path shares."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from auction_engine.rules.commands import Command
from kit.errors import InvalidInput
from marketplace.auctions import bidding
from marketplace.auctions.schemas import BidAccepted, BidProblem
from marketplace.edge.idempotency import key_of
from marketplace.edge.ingress import ingress_us
from marketplace.edge.problems import MEDIA_TYPE
from marketplace.organisations.schemas import Caller

_AnyRequest = Request[Any, Any, Any]


async def answered(
    request: _AnyRequest, caller: Caller, auction_id: UUID, command: Command
) -> Response[BidAccepted | BidProblem]:
    """Have the command decided for the caller; 200 with its receipt, or the problem."""
    answer = await bidding.place(
        request.app.state.resources.hall,
        caller,
        auction_id,
        command,
        entered_us=ingress_us(request),
    )
    headers = {"Cache-Control": "no-store"}
    if isinstance(answer, BidAccepted):
        return Response(answer, status_code=200, headers=headers)
    wait_seconds = bidding.retry_after_seconds(answer)
    if wait_seconds is not None:
        headers["Retry-After"] = str(wait_seconds)
    return Response(
        msgspec.json.encode(answer),  # type: ignore[arg-type]  # bytes pass as they are; the schema names the struct
        status_code=answer.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def engine_id_of(request: _AnyRequest) -> str:
    """The request's key as an id of the engine. Raises InvalidInput where it is too long."""
    key = key_of(request)
    if len(key) > bidding.BID_ID_MAX:
        raise InvalidInput(
            "Idempotency-Key",
            f"must have at most {bidding.BID_ID_MAX} characters for a bid, not {len(key)}",
            f"出价的幂等键最长 {bidding.BID_ID_MAX} 个字符",
        )
    return key
