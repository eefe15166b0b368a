"""Routes of anomalies (异常竞价): the venue's list, a result's review, its release by two people."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.anomalies import service
from marketplace.anomalies.schemas import Anomaly, ReleaseIn, Review
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
#: Supervisors read what was found at the venues that they oversee.
READERS = allow(
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.SALES,),
)


@get("/v1/anomalies", opt={"policy": READERS}, summary="Anomalies 异常列表")
async def list_anomalies(reader: Conn, caller: Me, position: At) -> Page[Anomaly]:
    """Everything that was found at my venue, or at those that I oversee, newest first."""
    found = await service.of_venue(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda anomaly: anomaly.id)


@get("/v1/lots/{lot_id:uuid}/review", opt={"policy": VENUE}, summary="Review 成交复核")
async def get_review(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> Review:
    """What the review of a result found, and whether it is on hold."""
    return await service.of_lot(reader, caller, lot_id)


@post(
    "/v1/lots/{lot_id:uuid}/review/release",
    opt={"policy": allow(Role.VENUE_OPERATOR)},
    status_code=200,
    summary="Propose release 提出解除",
)
async def propose_release(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[ReleaseIn]
) -> Review:
    """Say why a held result may stand; another person releases it."""
    return await service.propose_release(conn, caller, lot_id, reason=data.reason, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/review/release/approve",
    opt={"policy": allow(Role.VENUE_CHECKER)},
    status_code=200,
    summary="Release 复核解除",
)
async def release_result(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Review:
    """Agree that a held result may stand: it may be confirmed."""
    return await service.release(conn, caller, lot_id, now=now)


routes: list[HTTPRouteHandler] = [list_anomalies, get_review, propose_release, release_result]
