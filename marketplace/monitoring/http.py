"""Routes of alerts (预警)."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.monitoring import service
from marketplace.monitoring.schemas import SIGNALS, Alert, AlertState, Review, SignalSet
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

#: Who takes alerts of their organisation through review, and who else reads them.
REVIEWERS = (
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.FUND_ADMINISTRATOR,
    Role.FUND_CHECKER,
)
READERS = (*REVIEWERS, Role.REGULATOR, Role.AUDITOR)
_REVIEWERS = allow(*REVIEWERS)
_READERS = allow(*READERS, areas=(Area.ALERTS,))


@get("/v1/alerts", opt={"policy": _READERS}, summary="Alerts 预警列表")
async def list_alerts(
    reader: Conn, caller: Me, position: At, alert_state: FromQuery[AlertState | None] = None
) -> Page[Alert]:
    """Those of my organisation, oldest first; supervisors see all. `alert_state` asks for one state."""
    rows = await service.page(
        reader, caller, after=position.after, limit=position.rows, state=alert_state
    )
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/alerts/{alert_id:uuid}", opt={"policy": _READERS}, summary="One alert 预警详情")
async def get_alert(reader: Conn, caller: Me, alert_id: FromPath[UUID]) -> Alert:
    """One alert with its evidence and the steps of its review."""
    return await service.get(reader, caller, alert_id)


@post(
    "/v1/alerts/{alert_id:uuid}/review",
    opt={"policy": _REVIEWERS},
    summary="Review an alert 预警处理",
    status_code=200,
)
async def review_alert(
    conn: Conn, caller: Me, now: Now, alert_id: FromPath[UUID], data: JSONBody[Review]
) -> Alert:
    """Take it under review, freeze its loan, confirm or dismiss it; closed by another person than the reviewer."""
    return await service.review(conn, caller, alert_id, data, now=now)


@get("/v1/signals", opt={"policy": _READERS}, summary="Signals 监测规则")
async def get_signals() -> SignalSet:
    """The signals with their words, actions, sources and limits."""
    return SIGNALS


routes: list[HTTPRouteHandler] = [list_alerts, get_alert, review_alert, get_signals]
