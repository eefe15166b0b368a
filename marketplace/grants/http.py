"""Routes of granted licences (许可授予): signed, made effective, recorded, ended; the option to buy."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.grants import service, signing
from marketplace.grants.schemas import Ending, Grant, Recordal, Signing
from marketplace.licence_offers import options
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.AGENCY_BIDDER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)
#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A licence moves its bank, its licensee, and what burdens the rights."


def _step(path: str, *roles: Role, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/licence-grants/{{grant_id:uuid}}/{path}",
        "opt": {"policy": allow(*roles), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@get("/v1/licence-grants", opt={"policy": _READERS}, summary="Licences 许可列表")
async def list_grants(reader: Conn, caller: Me, position: At) -> Page[Grant]:
    """Licences of my organisation, newest first; their income is under /v1/licences."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get("/v1/licence-grants/{grant_id:uuid}", opt={"policy": _READERS}, summary="A licence 许可")
async def get_grant(reader: Conn, caller: Me, grant_id: FromPath[UUID]) -> Grant:
    """A licence with its states, its recordal and its option."""
    return await service.get(reader, caller, grant_id)


@post(**_step("sign", Role.AGENCY_BIDDER, summary="Sign 签署许可"))
async def sign_grant(
    conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID], data: JSONBody[Signing]
) -> Grant:
    """Agree, as the licensee, to the licence as shown."""
    return await signing.sign(conn, caller, grant_id, sha256=data.sha256, now=now)


@post(**_step("pledgor-signature", Role.VENUE_OPERATOR, summary="Pledgor signed 出质人签署"))
async def sign_grant_for_pledgor(
    conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID], data: JSONBody[Signing]
) -> Grant:
    """The venue holds the pledgor's signature to a licence back to it (反向许可)."""
    return await signing.sign_for_pledgor(conn, caller, grant_id, sha256=data.sha256, now=now)


@post(**_step("effect", Role.BANK_CHECKER, summary="Take effect 许可生效"))
async def make_grant_effective(conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID]) -> Grant:
    """Make a signed licence effective: it burdens the rights, its entry fee is invoiced, its recordal is due."""
    return await service.take_effect(conn, caller, grant_id, now=now)


@post(**_step("recordal", Role.BANK_MAKER, Role.VENUE_OPERATOR, summary="Recorded 许可备案"))
async def record_grant(
    conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID], data: JSONBody[Recordal]
) -> Grant:
    """The office recorded the licence; it is active from its first day on."""
    return await service.record(conn, caller, grant_id, data, now=now)


@post(**_step("end", Role.BANK_CHECKER, summary="End 许可终止"))
async def end_grant(
    conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID], data: JSONBody[Ending]
) -> Grant:
    """End a licence before its time; what is due still comes in."""
    return await service.end(conn, caller, grant_id, reason=data.reason, now=now)


@post(**_step("option", Role.AGENCY_BIDDER, summary="Buy 行使受让选择权"))
async def exercise_option(conn: Conn, caller: Me, now: Now, grant_id: FromPath[UUID]) -> Grant:
    """Exercise my option to buy: a sale at its price, reserved for me, is drafted for the venue to publish."""
    return await options.exercise(conn, caller, grant_id, now=now)


routes: list[HTTPRouteHandler] = [
    list_grants,
    get_grant,
    sign_grant,
    sign_grant_for_pledgor,
    make_grant_effective,
    record_grant,
    end_grant,
    exercise_option,
]
