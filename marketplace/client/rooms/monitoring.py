"""The operations of monitoring. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.monitoring import schemas as monitoring_schemas


class Monitoring:
    """Operations of monitoring."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_alerts(
        self,
        *,
        alert_state: monitoring_schemas.AlertState | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> edge_cursors.Page[monitoring_schemas.Alert]:
        """Those of my organisation, oldest first; supervisors see all. `alert_state` asks for one
        state.

        `GET /v1/alerts`
        """
        return await self._calls.struct(
            "GET",
            "/v1/alerts",
            edge_cursors.Page[monitoring_schemas.Alert],
            query={"alert_state": alert_state, "cursor": cursor, "limit": limit},
        )

    async def get_alert(self, alert_id: UUID) -> monitoring_schemas.Alert:
        """One alert with its evidence and the steps of its review.

        `GET /v1/alerts/{alert_id}`
        """
        return await self._calls.struct("GET", f"/v1/alerts/{alert_id}", monitoring_schemas.Alert)

    async def review_alert(
        self, alert_id: UUID, data: monitoring_schemas.Review, *, key: str | None = None
    ) -> monitoring_schemas.Alert:
        """Take it under review, freeze its loan, confirm or dismiss it; closed by another person
        than the reviewer.

        `POST /v1/alerts/{alert_id}/review`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/alerts/{alert_id}/review",
            monitoring_schemas.Alert,
            body=data,
            key=key or new_key(),
        )

    async def get_signals(self) -> monitoring_schemas.SignalSet:
        """The signals with their words, actions, sources and limits.

        `GET /v1/signals`
        """
        return await self._calls.struct("GET", "/v1/signals", monitoring_schemas.SignalSet)
