"""The operations of enrolments. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.enrolments import schemas as enrolments_schemas


class Enrolments:
    """Operations of enrolments."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_enrolments(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[enrolments_schemas.EnrolmentOut]:
        """The enrolments that I may see, newest first.

        `GET /v1/enrolments`
        """
        return await self._calls.struct(
            "GET",
            "/v1/enrolments",
            edge_cursors.Page[enrolments_schemas.EnrolmentOut],
            query={"cursor": cursor, "limit": limit},
        )

    async def file_enrolment(
        self, data: enrolments_schemas.EnrolmentIn, *, key: str | None = None
    ) -> enrolments_schemas.EnrolmentOut:
        """File a sound loan under a scheme, before its default.

        `POST /v1/enrolments`
        """
        return await self._calls.struct(
            "POST",
            "/v1/enrolments",
            enrolments_schemas.EnrolmentOut,
            body=data,
            key=key or new_key(),
        )

    async def get_enrolment(self, enrolment_id: UUID) -> enrolments_schemas.EnrolmentOut:
        """An enrolment of my bank; of banks to which my fund has promised under its scheme; those
        that I oversee.

        `GET /v1/enrolments/{enrolment_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/enrolments/{enrolment_id}", enrolments_schemas.EnrolmentOut
        )

    async def decide_enrolment(
        self,
        enrolment_id: UUID,
        data: enrolments_schemas.EnrolmentDecision,
        *,
        key: str | None = None,
    ) -> enrolments_schemas.EnrolmentOut:
        """Accept or refuse an enrolment of my bank; by another person than who filed it.

        `POST /v1/enrolments/{enrolment_id}/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/enrolments/{enrolment_id}/decide",
            enrolments_schemas.EnrolmentOut,
            body=data,
            key=key or new_key(),
        )
