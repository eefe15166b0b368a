"""The operations of grants. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.grants import schemas as grants_schemas


class Grants:
    """Operations of grants."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_grants(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[grants_schemas.Grant]:
        """Licences of my organisation, newest first; their income is under /v1/licences.

        `GET /v1/licence-grants`
        """
        return await self._calls.struct(
            "GET",
            "/v1/licence-grants",
            edge_cursors.Page[grants_schemas.Grant],
            query={"cursor": cursor, "limit": limit},
        )

    async def get_grant(self, grant_id: UUID) -> grants_schemas.Grant:
        """A licence with its states, its recordal and its option.

        `GET /v1/licence-grants/{grant_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/licence-grants/{grant_id}", grants_schemas.Grant
        )

    async def make_grant_effective(
        self, grant_id: UUID, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """Make a signed licence effective: it burdens the rights, its entry fee is invoiced, its
        recordal is due.

        `POST /v1/licence-grants/{grant_id}/effect`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/effect",
            grants_schemas.Grant,
            key=key or new_key(),
        )

    async def end_grant(
        self, grant_id: UUID, data: grants_schemas.Ending, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """End a licence before its time; what is due still comes in.

        `POST /v1/licence-grants/{grant_id}/end`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/end",
            grants_schemas.Grant,
            body=data,
            key=key or new_key(),
        )

    async def exercise_option(
        self, grant_id: UUID, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """Exercise my option to buy: a sale at its price, reserved for me, is drafted for the venue
        to publish.

        `POST /v1/licence-grants/{grant_id}/option`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/option",
            grants_schemas.Grant,
            key=key or new_key(),
        )

    async def sign_grant_for_pledgor(
        self, grant_id: UUID, data: grants_schemas.Signing, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """The venue holds the pledgor's signature to a licence back to it (反向许可).

        `POST /v1/licence-grants/{grant_id}/pledgor-signature`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/pledgor-signature",
            grants_schemas.Grant,
            body=data,
            key=key or new_key(),
        )

    async def record_grant(
        self, grant_id: UUID, data: grants_schemas.Recordal, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """The office recorded the licence; it is active from its first day on.

        `POST /v1/licence-grants/{grant_id}/recordal`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/recordal",
            grants_schemas.Grant,
            body=data,
            key=key or new_key(),
        )

    async def sign_grant(
        self, grant_id: UUID, data: grants_schemas.Signing, *, key: str | None = None
    ) -> grants_schemas.Grant:
        """Agree, as the licensee, to the licence as shown.

        `POST /v1/licence-grants/{grant_id}/sign`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/licence-grants/{grant_id}/sign",
            grants_schemas.Grant,
            body=data,
            key=key or new_key(),
        )
