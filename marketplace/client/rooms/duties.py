"""The operations of duties. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.duties import http as duties_http
from marketplace.duties import schemas as duties_schemas


class Duties:
    """Operations of duties."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_stuck_duties(self) -> duties_http.DutyList:
        """What has been tried in vain too often, with the last error.

        `GET /v1/duties/stuck`
        """
        return await self._calls.struct("GET", "/v1/duties/stuck", duties_http.DutyList)

    async def retry_duty(self, duty_id: UUID, *, key: str | None = None) -> duties_schemas.Duty:
        """Have a stuck duty tried again from now on.

        `POST /v1/duties/{duty_id}/retry`
        """
        return await self._calls.struct(
            "POST", f"/v1/duties/{duty_id}/retry", duties_schemas.Duty, key=key or new_key()
        )
