"""The page of an auction: the live hall (竞价大厅), which reads complete without scripts."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from auction_engine.rules.formats import SEALED_FORMATS
from kit.sql import Connection, load_statements
from marketplace.auctions import service
from marketplace.auctions.seats import seat_of
from marketplace.edge.dependencies import Conn, Now
from marketplace.edge.policies import POLICY, public
from marketplace.lots import service as lots
from marketplace.lots.rules import TAKES_BIDDERS
from marketplace.organisations.schemas import Caller, Role
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, visitor_of

_SQL = load_statements("marketplace.auctions", "pages.sql")
#: How many of the newest batches the page shows at first; the feed brings what comes after.
_BATCHES_SHOWN: Final = 100
#: Formats in which a hidden maximum may be set (contracts 1, `proxy`).
_WITH_PROXIES: Final = frozenset({"english", "sell_off"})
#: Formats in which a page must not ask for an amount: only the bidder's own client may know it.
_SEALED: Final = SEALED_FORMATS - {"dutch_hybrid"}


@get("/auctions/{lot_id:uuid}", opt={POLICY: public()}, **PAGE)
async def hall(
    request: Request[Any, Any, Any], reader: Conn, now: Now, lot_id: FromPath[UUID]
) -> Response[str]:
    """Price, time, the public record, and what this visitor may do in it."""
    lot = await lots.public(reader, lot_id)
    # The feed goes on from the state's position; entries that came since are in both, and are shown once.
    state = await service.state(reader, lot_id, now=now)
    after = await reader.fetchval(_SQL["latest_batch_before"], lot_id, _BATCHES_SHOWN)
    record = await service.record(reader, lot_id, after=after)
    visitor = visitor_of(request)
    mine = await seat_of(reader, visitor.caller, lot_id)
    return page(
        "hall.html",
        visitor=visitor,
        here="",
        lot=lot,
        auction=state,
        record=list(reversed(record)),
        mine=mine,
        may_register=mine is None
        and lot.status in TAKES_BIDDERS
        and visitor.caller is not None
        and visitor.caller.has(Role.AGENCY_BIDDER),
        takes_proxies=lot.format in _WITH_PROXIES,
        is_sealed=lot.format in _SEALED,
        is_operator=await _is_operator(reader, visitor.caller, lot_id),
    )


async def _is_operator(reader: Connection, caller: Caller | None, lot_id: UUID) -> bool:
    """Whether the visitor works the hall: an operator of the lot's own venue."""
    if caller is None or not caller.has(Role.VENUE_OPERATOR):
        return False
    return (await lots.get(reader, lot_id)).venue_id == caller.organisation_id


routes: list[HTTPRouteHandler] = [hall]
