"""Routes of telling the parties (通知当事人) before the notice: sent, received, presumed, waived."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.dependencies import Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.party_notices import service
from marketplace.party_notices.schemas import PartyNoticeIn, PartyNoticeList, PartyNoticeOutcome

_READERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)
#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "The parties to be told are in the bank's pledges and its loan."


def _step(path: str, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/lots/{{lot_id:uuid}}/{path}",
        "opt": {"policy": allow(Role.VENUE_OPERATOR), REACH: WHY},
        "summary": summary,
        "status_code": 200,
    }


@get("/v1/lots/{lot_id:uuid}/party-notices", opt={"policy": _READERS}, summary="当事人通知")
async def list_party_notices(
    reader: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> PartyNoticeList:
    """Who has to be told of the sale, who was, and from when on the notice may be published."""
    return await service.get(reader, caller, lot_id, now=now)


@post(**_step("party-notices", summary="Sent 通知当事人"))
async def record_party_notice(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[PartyNoticeIn]
) -> PartyNoticeList:
    """Record that a party was sent word of the sale."""
    return await service.record(conn, caller, lot_id, data, now=now)


@post(**_step("party-notices/{notice_id:uuid}/outcome", summary="Outcome 通知结果"))
async def settle_party_notice(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    notice_id: FromPath[UUID],
    data: JSONBody[PartyNoticeOutcome],
) -> PartyNoticeList:
    """Record that word was received or waived, or that the party cannot be reached and the reason was published."""
    return await service.settle(conn, caller, lot_id, notice_id, data, now=now)


@post(**_step("party-notices/finish", summary="All told 通知完毕"))
async def finish_party_notices(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]
) -> PartyNoticeList:
    """Everybody was told: the checked lot goes on to `notified`."""
    return await service.finish(conn, caller, lot_id, now=now)


routes: list[HTTPRouteHandler] = [
    list_party_notices,
    record_party_notice,
    settle_party_notice,
    finish_party_notices,
]
