"""Routes of lots (标的) and their notices (公告): drafted, checked, published by another person, withdrawn."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow, public
from marketplace.edge.reach import REACH
from marketplace.edge.versions import etag
from marketplace.lots import publication, search, service, signing
from marketplace.lots.rules import LotStatus
from marketplace.lots.schemas import Lot, LotCheck, LotDraft, Override, PublicLot
from marketplace.notices import service as notices
from marketplace.notices.schemas import NoticeList
from marketplace.organisations.schemas import Role

#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "Publication moves the bank's consignment on."
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_OPERATOR = allow(Role.VENUE_OPERATOR)
_CHECKER = allow(Role.VENUE_CHECKER)
_INSIDERS = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER, Role.BANK_MAKER, Role.BANK_CHECKER)


def _tagged(lot: Lot) -> Response[Lot]:
    return Response(lot, headers={"ETag": etag(lot.version), "Location": f"/v1/lots/{lot.id}"})


@post("/v1/lots", opt={"policy": _OPERATOR}, summary="Draft a lot 起草标的")
async def draft_lot(conn: Conn, caller: Me, now: Now, data: JSONBody[LotDraft]) -> Response[Lot]:
    """Draft a lot from a consignment that my venue accepted; prices and deposit are the consignment's."""
    return _tagged(await service.draft(conn, caller, data, now=now))


@put("/v1/lots/{lot_id:uuid}", opt={"policy": _OPERATOR}, summary="Revise a draft 修改标的草稿")
async def revise_lot(
    conn: Conn,
    caller: Me,
    now: Now,
    lot_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[LotDraft],
) -> Response[Lot]:
    """Give an unpublished lot new terms; a checked lot becomes a draft again."""
    return _tagged(await service.revise(conn, caller, lot_id, data, version=if_match, now=now))


@post("/v1/lots/{lot_id:uuid}/check", opt={"policy": _VENUE}, summary="Check 审查标的")
async def check_lot(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> LotCheck:
    """Run all eligibility and regime rules; the lot is `checked` unless one blocks it."""
    return await signing.check(conn, caller, lot_id, now=now)


@get("/v1/lots/{lot_id:uuid}/check", opt={"policy": _INSIDERS}, summary="Last check 最近一次审查")
async def get_check(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> LotCheck:
    """What the last check found."""
    lot = await service.owned(reader, caller, lot_id)
    return LotCheck(lot=lot, findings=await service.findings(reader, lot_id))


@post("/v1/lots/{lot_id:uuid}/overrides", opt={"policy": _CHECKER}, summary="Override 放行审查问题")
async def override_finding(
    conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID], data: JSONBody[Override]
) -> LotCheck:
    """Pass over a finding that holds the lot, for a stated reason; not by the drafter."""
    return await publication.override(conn, caller, lot_id, data, now=now)


@post(
    "/v1/lots/{lot_id:uuid}/publish",
    opt={"policy": _CHECKER, REACH: _WHY},
    summary="Publish 发布公告",
)
async def publish_lot(conn: Conn, caller: Me, now: Now, lot_id: FromPath[UUID]) -> Response[Lot]:
    """Freeze the rule profile and publish the notice; by another person than the drafter, who is a checker.

    From the venue's limit on two agree: the first one's yes leaves the lot as it is, the second one's publishes it.
    """
    return _tagged(await signing.publish(conn, caller, lot_id, now=now))


@get("/v1/lots", opt={"policy": public()}, summary="Lots 标的列表")
async def list_lots(
    reader: Conn,
    position: At,
    status: FromQuery[LotStatus | None] = None,
    q: FromQuery[str | None] = None,
) -> Page[PublicLot]:
    """Published lots, newest first. `q`: those whose number, titles or rights hold all these words (two characters
    each at least), Chinese or other.
    """
    found = await search.page(
        reader, after=position.after, limit=position.rows, status=status, query=q
    )
    return page_of(found, position, key=lambda lot: lot.id)


@get("/v1/lots/{lot_id:uuid}", opt={"policy": public()}, summary="A lot 标的")
async def get_lot(reader: Conn, lot_id: FromPath[UUID]) -> PublicLot:
    """A published lot, as everyone may see it."""
    return await service.public(reader, lot_id)


@get("/v1/my/lots", opt={"policy": _INSIDERS}, summary="My organisation's lots 本机构标的")
async def list_own_lots(reader: Conn, caller: Me, position: At) -> Page[Lot]:
    """The lots that my venue sells or my bank consigned, drafts included, newest first."""
    found = await service.page_of_organisation(
        reader, caller, after=position.after, limit=position.rows
    )
    return page_of(found, position, key=lambda lot: lot.id)


@get("/v1/my/lots/{lot_id:uuid}", opt={"policy": _INSIDERS}, summary="My lot 本机构标的详情")
async def get_own_lot(reader: Conn, caller: Me, lot_id: FromPath[UUID]) -> Response[Lot]:
    """One of my organisation's lots, whole."""
    return _tagged(await service.owned(reader, caller, lot_id))


@get("/v1/lots/{lot_id:uuid}/notices", opt={"policy": public()}, summary="Notices 公告")
async def list_notices(reader: Conn, lot_id: FromPath[UUID]) -> NoticeList:
    """All notices of a lot, oldest first; `content` is byte for byte what `sha256` was computed over."""
    await service.public(reader, lot_id)
    return NoticeList(items=await notices.of_lot(reader, lot_id))


routes: list[HTTPRouteHandler] = [
    draft_lot,
    revise_lot,
    check_lot,
    get_check,
    override_finding,
    publish_lot,
    list_lots,
    get_lot,
    list_own_lots,
    get_own_lot,
    list_notices,
]
