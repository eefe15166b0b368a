"""The operations of anomalies. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.anomalies import schemas as anomalies_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Anomalies:
    """Operations of anomalies."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_anomalies(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[anomalies_schemas.Anomaly]:
        """Everything that was found at my venue, or at those that I oversee, newest first.

        `GET /v1/anomalies`
        """
        return await self._calls.struct(
            "GET",
            "/v1/anomalies",
            edge_cursors.Page[anomalies_schemas.Anomaly],
            query={"cursor": cursor, "limit": limit},
        )

    async def get_review(self, lot_id: UUID) -> anomalies_schemas.Review:
        """What the review of a result found, and whether it is on hold.

        `GET /v1/lots/{lot_id}/review`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/review", anomalies_schemas.Review
        )

    async def propose_release(
        self, lot_id: UUID, data: anomalies_schemas.ReleaseIn, *, key: str | None = None
    ) -> anomalies_schemas.Review:
        """Say why a held result may stand; another person releases it.

        `POST /v1/lots/{lot_id}/review/release`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/review/release",
            anomalies_schemas.Review,
            body=data,
            key=key or new_key(),
        )

    async def release_result(
        self, lot_id: UUID, *, key: str | None = None
    ) -> anomalies_schemas.Review:
        """Agree that a held result may stand: it may be confirmed.

        `POST /v1/lots/{lot_id}/review/release/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/review/release/approve",
            anomalies_schemas.Review,
            key=key or new_key(),
        )
