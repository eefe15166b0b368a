"""The operations of consignments. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.consignments import facts as consignments_facts
from marketplace.consignments import schemas as consignments_schemas
from marketplace.edge import cursors as edge_cursors


class Consignments:
    """Operations of consignments."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_consignments(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[consignments_schemas.Consignment]:
        """Those that I may see: my bank's, those approved for my venue, or all for supervisors.

        `GET /v1/consignments`
        """
        return await self._calls.struct(
            "GET",
            "/v1/consignments",
            edge_cursors.Page[consignments_schemas.Consignment],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_consignment(
        self, data: consignments_schemas.Terms, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Begin a consignment of my bank's pledged rights.

        `POST /v1/consignments`
        """
        return await self._calls.struct(
            "POST",
            "/v1/consignments",
            consignments_schemas.Consignment,
            body=data,
            key=key or new_key(),
        )

    async def get_consignment(self, consignment_id: UUID) -> consignments_schemas.Consignment:
        """One consignment that I may see; the reserve price only to its bank and venue.

        `GET /v1/consignments/{consignment_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/consignments/{consignment_id}", consignments_schemas.Consignment
        )

    async def change_consignment(
        self, consignment_id: UUID, data: consignments_schemas.Terms, version: int
    ) -> consignments_schemas.Consignment:
        """Give a draft, or a consignment that came back, new terms.

        `PUT /v1/consignments/{consignment_id}`
        """
        return await self._calls.struct(
            "PUT",
            f"/v1/consignments/{consignment_id}",
            consignments_schemas.Consignment,
            body=data,
            version=version,
        )

    async def accept_consignment(
        self, consignment_id: UUID, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Take it on for my venue; refused while an eligibility rule blocks.

        `POST /v1/consignments/{consignment_id}/acceptance`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/acceptance",
            consignments_schemas.Consignment,
            key=key or new_key(),
        )

    async def approve_consignment(
        self, consignment_id: UUID, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Hand it to the venue; by another person than the maker.

        `POST /v1/consignments/{consignment_id}/approval`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/approval",
            consignments_schemas.Consignment,
            key=key or new_key(),
        )

    async def get_eligibility(
        self, consignment_id: UUID
    ) -> list[consignments_facts.EligibilityFinding]:
        """What the eligibility rules (ELG) hold against it today, each with its evidence and source.

        `GET /v1/consignments/{consignment_id}/eligibility`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/consignments/{consignment_id}/eligibility",
            list[consignments_facts.EligibilityFinding],
        )

    async def return_consignment(
        self, consignment_id: UUID, data: consignments_schemas.Refusal, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Send it back to the maker with a reason: my bank's checker before approval, the venue
        after it.

        `POST /v1/consignments/{consignment_id}/return`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/return",
            consignments_schemas.Consignment,
            body=data,
            key=key or new_key(),
        )

    async def submit_consignment(
        self, consignment_id: UUID, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Hand it to my bank's checker; refused unless my bank is the registered pledgee.

        `POST /v1/consignments/{consignment_id}/submission`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/submission",
            consignments_schemas.Consignment,
            key=key or new_key(),
        )

    async def withdraw_consignment(
        self, consignment_id: UUID, data: consignments_schemas.Refusal, *, key: str | None = None
    ) -> consignments_schemas.Consignment:
        """Take it back, with a reason; not while a lot is on sale.

        `POST /v1/consignments/{consignment_id}/withdrawal`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/withdrawal",
            consignments_schemas.Consignment,
            body=data,
            key=key or new_key(),
        )
