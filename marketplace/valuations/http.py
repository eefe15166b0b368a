"""Routes of valuations (评估)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.schemas import Role
from marketplace.valuations import service
from marketplace.valuations.schemas import NewValuation, Valuation

_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
)


def _tagged(valuation: Valuation, *, status: int = 200) -> Response[Valuation]:
    headers = {"ETag": etag(valuation.version), "Location": f"/v1/valuations/{valuation.id}"}
    return Response(valuation, status_code=status, headers=headers)


@post("/v1/valuations", opt={"policy": _MAKER}, summary="Enter a valuation 登记评估")
async def register_valuation(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewValuation]
) -> Response[Valuation]:
    """Enter a valuation of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/valuations", opt={"policy": _READERS}, summary="Valuations 评估列表")
async def list_valuations(reader: Conn, caller: Me, position: At) -> Page[Valuation]:
    """Those that I may see: my bank's, those consigned to my venue, or all for supervisors."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get(
    "/v1/valuations/{valuation_id:uuid}", opt={"policy": _READERS}, summary="One valuation 评估详情"
)
async def get_valuation(
    reader: Conn, caller: Me, valuation_id: FromPath[UUID]
) -> Response[Valuation]:
    """One valuation that I may see."""
    return _tagged(await service.get(reader, caller, valuation_id))


routes: list[HTTPRouteHandler] = [register_valuation, list_valuations, get_valuation]
