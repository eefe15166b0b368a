"""The operations of disclosures. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.disclosures import schemas as disclosures_schemas


class Disclosures:
    """Operations of disclosures."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_disclosure_changes(
        self, lot_id: UUID
    ) -> disclosures_schemas.DisclosureChangeList:
        """How often the listing was extended, and what was disclosed anew, oldest first.

        `GET /v1/lots/{lot_id}/disclosure-changes`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/disclosure-changes", disclosures_schemas.DisclosureChangeList
        )

    async def get_redisclosure(self, lot_id: UUID) -> disclosures_schemas.DisclosureChange:
        """The change that waits for another person's decision.

        `GET /v1/lots/{lot_id}/redisclosure`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/redisclosure", disclosures_schemas.DisclosureChange
        )

    async def propose_redisclosure(
        self, lot_id: UUID, data: disclosures_schemas.RedisclosureIn, *, key: str | None = None
    ) -> disclosures_schemas.DisclosureChange:
        """Propose other words or later times for my lot's notice; refused with the article where it
        stands too short.

        `POST /v1/lots/{lot_id}/redisclosure`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/redisclosure",
            disclosures_schemas.DisclosureChange,
            body=data,
            key=key or new_key(),
        )

    async def decide_redisclosure(
        self,
        lot_id: UUID,
        data: disclosures_schemas.RedisclosureDecision,
        *,
        key: str | None = None,
    ) -> disclosures_schemas.DisclosureChange:
        """Publish the changed notice as shown, or refuse it; not by the person who proposed it.

        `POST /v1/lots/{lot_id}/redisclosure/decision`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/redisclosure/decision",
            disclosures_schemas.DisclosureChange,
            body=data,
            key=key or new_key(),
        )
