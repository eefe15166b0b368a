"""The operations of enrolments. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.enrolments import http as enrolments_http


class Enrolments:
    """Operations of enrolments."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def file_enrolment(
        self, data: enrolments_http.EnrolmentIn, *, key: str | None = None
    ) -> enrolments_http.EnrolmentOut:
        """File a sound loan under a scheme, before its default.

        `POST /v1/enrolments`
        """
        return await self._calls.struct(
            "POST", "/v1/enrolments", enrolments_http.EnrolmentOut, body=data, key=key or new_key()
        )

    async def get_enrolment(self, enrolment_id: UUID) -> enrolments_http.EnrolmentOut:
        """An enrolment of my bank; of banks to which my fund has promised under its scheme; those
        that I oversee.

        `GET /v1/enrolments/{enrolment_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/enrolments/{enrolment_id}", enrolments_http.EnrolmentOut
        )

    async def decide_enrolment(
        self, enrolment_id: UUID, data: enrolments_http.EnrolmentDecision, *, key: str | None = None
    ) -> enrolments_http.EnrolmentOut:
        """Accept or refuse an enrolment of my bank; by another person than who filed it.

        `POST /v1/enrolments/{enrolment_id}/decide`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/enrolments/{enrolment_id}/decide",
            enrolments_http.EnrolmentOut,
            body=data,
            key=key or new_key(),
        )
