"""The operations of mandates. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.mandates import schemas as mandates_schemas
from marketplace.plans import schemas as plans_schemas


class Mandates:
    """Operations of mandates."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_mandates(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[mandates_schemas.Mandate]:
        """Mandates of my organisation, newest first, without their reports.

        `GET /v1/mandates`
        """
        return await self._calls.struct(
            "GET",
            "/v1/mandates",
            edge_cursors.Page[mandates_schemas.Mandate],
            query={"cursor": cursor, "limit": limit},
        )

    async def propose_mandate(
        self, data: mandates_schemas.MandateIn, *, key: str | None = None
    ) -> mandates_schemas.Mandate:
        """Draft a mandate: an agency shall operate my consignment's rights for a time.

        `POST /v1/mandates`
        """
        return await self._calls.struct(
            "POST", "/v1/mandates", mandates_schemas.Mandate, body=data, key=key or new_key()
        )

    async def get_mandate(self, mandate_id: UUID) -> mandates_schemas.Mandate:
        """A mandate with its periods and their reports.

        `GET /v1/mandates/{mandate_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/mandates/{mandate_id}", mandates_schemas.Mandate
        )

    async def answer_mandate(
        self, mandate_id: UUID, data: mandates_schemas.MandateDecision, *, key: str | None = None
    ) -> mandates_schemas.Mandate:
        """Agree, as the agency, to the mandate as shown, or decline.

        `POST /v1/mandates/{mandate_id}/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/mandates/{mandate_id}/answer",
            mandates_schemas.Mandate,
            body=data,
            key=key or new_key(),
        )

    async def approve_mandate(
        self, mandate_id: UUID, data: mandates_schemas.MandateDecision, *, key: str | None = None
    ) -> mandates_schemas.Mandate:
        """Approve the mandate as shown, by another person than its drafter: the agency sees it from
        here.

        `POST /v1/mandates/{mandate_id}/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/mandates/{mandate_id}/approve",
            mandates_schemas.Mandate,
            body=data,
            key=key or new_key(),
        )

    async def submit_mandate_report(
        self, mandate_id: UUID, n: int, data: mandates_schemas.ReportIn, *, key: str | None = None
    ) -> mandates_schemas.Mandate:
        """Report on a period that is over.

        `POST /v1/mandates/{mandate_id}/reports/{n}`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/mandates/{mandate_id}/reports/{quote(str(n), safe='')}",
            mandates_schemas.Mandate,
            body=data,
            key=key or new_key(),
        )

    async def book_mandate_receipt(
        self,
        mandate_id: UUID,
        n: int,
        data: mandates_schemas.MandateReceiptIn,
        *,
        key: str | None = None,
    ) -> mandates_schemas.Mandate:
        """Book what the agency paid my bank of a period that it reported on: a recovery of the loan.

        `POST /v1/mandates/{mandate_id}/reports/{n}/receipts`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/mandates/{mandate_id}/reports/{quote(str(n), safe='')}/receipts",
            mandates_schemas.Mandate,
            body=data,
            key=key or new_key(),
        )

    async def revert_mandate(
        self, mandate_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> mandates_schemas.Mandate:
        """Take the rights back before the time is over.

        `POST /v1/mandates/{mandate_id}/revert`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/mandates/{mandate_id}/revert",
            mandates_schemas.Mandate,
            body=data,
            key=key or new_key(),
        )
