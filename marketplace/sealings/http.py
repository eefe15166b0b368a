"""Routes of sealed bids (密封报价): keys and canary before the notice, halves and opening after the close, the report.

No private key comes here, but where an envelope that will not open obliges its holder to show one.
"""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from auction_engine.sealed_bids import SealingTerms
from auction_engine.sealed_opening import OpeningRequest, OpeningShare
from marketplace.auctions.answering import engine_id_of
from marketplace.auctions.hall import Hall
from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow, public
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.sealings import opening, service
from marketplace.sealings.schemas import (
    CanaryOpened,
    CanaryPeeled,
    OpenerKeyIn,
    Opening,
    OpeningDone,
    OpeningsIn,
    Report,
    Sealing,
    SealingIn,
)

_OPENER_ROLES = (
    Role.BANK_CHECKER,
    Role.FUND_CHECKER,
    Role.RISK_BEARER,
    Role.REGULATOR,
    Role.AUDITOR,
)
_OPERATOR = allow(Role.VENUE_OPERATOR)
_OPENER = allow(*_OPENER_ROLES, areas=(Area.ENTRUSTED,))
_BOTH = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, *_OPENER_ROLES, areas=(Area.ENTRUSTED,))
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)


@post(
    "/v1/lots/{lot_id:uuid}/sealing",
    opt={"policy": _OPERATOR},
    status_code=200,
    summary="Propose keys 约定密钥",
)
async def propose_sealing(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[SealingIn]
) -> Sealing:
    """My venue's public key for a checked lot of a sealed format, and who holds the second one. Again: start over."""
    return await service.propose(conn, caller, lot_id, data, now=now)


@get("/v1/lots/{lot_id:uuid}/sealing", opt={"policy": _BOTH}, summary="Keys 密钥约定")
async def get_sealing(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> Sealing:
    """How far the two keys are proved, for the lot's venue, its consignor and the second opener."""
    return await service.get(reader, caller, lot_id)


@get(
    "/v1/lots/{lot_id:uuid}/sealing-terms",
    opt={"policy": public()},
    summary="Sealing terms 密封条款",
)
async def get_sealing_terms(reader: Conn, lot_id: FromPath[UUID]) -> SealingTerms:
    """What a bidder's client seals with, for a published lot (docs/sealed-bids.md)."""
    return await service.published_terms(reader, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/sealing/opener-key",
    opt={"policy": _OPENER},
    status_code=200,
    summary="Second key 第二开启人公钥",
)
async def give_opener_key(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[OpenerKeyIn]
) -> Sealing:
    """My public key, as the second opener; a canary is sealed to both keys."""
    return await service.give_key(conn, caller, lot_id, data.opener_key, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/sealing/canary-peeled",
    opt={"policy": _OPERATOR},
    status_code=200,
    summary="Peel the canary 试开外层",
)
async def peel_canary(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[CanaryPeeled]
) -> Sealing:
    """What my venue's private key left of the canary."""
    return await service.peel_canary(conn, caller, lot_id, data.inner, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/sealing/canary-opened",
    opt={"policy": _OPENER},
    status_code=200,
    summary="Open the canary 试开内层",
)
async def open_canary(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[CanaryOpened]
) -> Sealing:
    """What was in the canary: with it both private keys are proved, and the lot may be published."""
    return await service.open_canary(conn, caller, lot_id, data.plaintext, now=now)


@get("/v1/auctions/{auction_id:uuid}/opening", opt={"policy": _BOTH}, summary="Opening 开封材料")
async def get_opening(reader: Conn, caller: Me, auction_id: FromPath[UUID]) -> Opening:
    """Envelopes and halves, once the close is final: for the venue and the second opener."""
    return await opening.get(reader, caller, auction_id)


@post(
    "/v1/auctions/{auction_id:uuid}/opening/request",
    opt={"policy": _OPERATOR},
    status_code=200,
    summary="Peel 开外层",
)
async def request_opening(
    conn: Conn, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[OpeningRequest]
) -> Opening:
    """The inner layers, peeled with my venue's key, for the second opener."""
    return await opening.request(conn, caller, auction_id, data, now=now)


@post(
    "/v1/auctions/{auction_id:uuid}/opening/share",
    opt={"policy": _OPENER},
    status_code=200,
    summary="Open 开内层",
)
async def share_opening(
    conn: Conn, caller: Me, now: Now, auction_id: FromPath[UUID], data: JSONBody[OpeningShare]
) -> Opening:
    """What my key, the second opener's, found in each layer."""
    return await opening.share(conn, caller, auction_id, data, now=now)


@post(
    "/v1/auctions/{auction_id:uuid}/opening",
    opt={"policy": _VENUE, "idempotency": "own", "idempotency_key_max": 64},
    status_code=200,
    summary="Open all bids 开封",
)
async def open_sealed_bids(
    request: Request[Any, Any, Any],
    caller: Me,
    now: Now,
    auction_id: FromPath[UUID],
    data: JSONBody[OpeningsIn],
) -> OpeningDone:
    """Every envelope that stood, opened or with the reason why not; one decision, journalled. That a key is lost is
    for the venue's checker to say: then all stay shut and nobody wins.
    """
    hall: Hall = request.app.state.resources.hall
    key = engine_id_of(request)
    return await opening.open_all(
        hall.pool, hall.engine, caller, auction_id, data, key=key, now=now
    )


@get(
    "/v1/auctions/{auction_id:uuid}/sealed-bids",
    opt={"policy": public()},
    summary="Sealed bids 密封报价清单",
)
async def list_sealed_bids(reader: Conn, auction_id: FromPath[UUID]) -> Report:
    """What came of every sealed bid, none left out, once the close is final; before, 409 `not_yet_due`."""
    return await opening.public_report(reader, auction_id)


routes: list[HTTPRouteHandler] = [
    propose_sealing,
    get_sealing,
    get_sealing_terms,
    give_opener_key,
    peel_canary,
    open_canary,
    get_opening,
    request_opening,
    share_opening,
    open_sealed_bids,
    list_sealed_bids,
]
