"""The operations of lots. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.lots import rules as lots_rules
from marketplace.lots import schemas as lots_schemas
from marketplace.notices import schemas as notices_schemas


class Lots:
    """Operations of lots."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_lots(
        self,
        *,
        status: lots_rules.LotStatus | None = None,
        q: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> edge_cursors.Page[lots_schemas.PublicLot]:
        """Published lots, newest first. `q`: those whose number, titles or rights hold all these
        words (two characters each at least), Chinese or other.

        `GET /v1/lots`
        """
        return await self._calls.struct(
            "GET",
            "/v1/lots",
            edge_cursors.Page[lots_schemas.PublicLot],
            query={"status": status, "q": q, "cursor": cursor, "limit": limit},
        )

    async def draft_lot(
        self, data: lots_schemas.LotDraft, *, key: str | None = None
    ) -> lots_schemas.Lot:
        """Draft a lot from a consignment that my venue accepted; prices and deposit are the
        consignment's.

        `POST /v1/lots`
        """
        return await self._calls.struct(
            "POST", "/v1/lots", lots_schemas.Lot, body=data, key=key or new_key()
        )

    async def get_lot(self, lot_id: UUID) -> lots_schemas.PublicLot:
        """A published lot, as everyone may see it.

        `GET /v1/lots/{lot_id}`
        """
        return await self._calls.struct("GET", f"/v1/lots/{lot_id}", lots_schemas.PublicLot)

    async def revise_lot(
        self, lot_id: UUID, data: lots_schemas.LotDraft, version: int
    ) -> lots_schemas.Lot:
        """Give an unpublished lot new terms; a checked lot becomes a draft again.

        `PUT /v1/lots/{lot_id}`
        """
        return await self._calls.struct(
            "PUT", f"/v1/lots/{lot_id}", lots_schemas.Lot, body=data, version=version
        )

    async def get_check(self, lot_id: UUID) -> lots_schemas.LotCheck:
        """What the last check found.

        `GET /v1/lots/{lot_id}/check`
        """
        return await self._calls.struct("GET", f"/v1/lots/{lot_id}/check", lots_schemas.LotCheck)

    async def check_lot(self, lot_id: UUID, *, key: str | None = None) -> lots_schemas.LotCheck:
        """Run all eligibility and regime rules; the lot is `checked` unless one blocks it.

        `POST /v1/lots/{lot_id}/check`
        """
        return await self._calls.struct(
            "POST", f"/v1/lots/{lot_id}/check", lots_schemas.LotCheck, key=key or new_key()
        )

    async def list_notices(self, lot_id: UUID) -> notices_schemas.NoticeList:
        """All notices of a lot, oldest first; `content` is byte for byte what `sha256` was computed
        over.

        `GET /v1/lots/{lot_id}/notices`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/notices", notices_schemas.NoticeList
        )

    async def override_finding(
        self, lot_id: UUID, data: lots_schemas.Override, *, key: str | None = None
    ) -> lots_schemas.LotCheck:
        """Pass over a finding that holds the lot, for a stated reason; not by the drafter.

        `POST /v1/lots/{lot_id}/overrides`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/overrides",
            lots_schemas.LotCheck,
            body=data,
            key=key or new_key(),
        )

    async def publish_lot(self, lot_id: UUID, *, key: str | None = None) -> lots_schemas.Lot:
        """Freeze the rule profile and publish the notice; by another person than the drafter, who is
        a checker.

        `POST /v1/lots/{lot_id}/publish`
        """
        return await self._calls.struct(
            "POST", f"/v1/lots/{lot_id}/publish", lots_schemas.Lot, key=key or new_key()
        )

    async def list_own_lots(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[lots_schemas.Lot]:
        """The lots that my venue sells or my bank consigned, drafts included, newest first.

        `GET /v1/my/lots`
        """
        return await self._calls.struct(
            "GET",
            "/v1/my/lots",
            edge_cursors.Page[lots_schemas.Lot],
            query={"cursor": cursor, "limit": limit},
        )

    async def get_own_lot(self, lot_id: UUID) -> lots_schemas.Lot:
        """One of my organisation's lots, whole.

        `GET /v1/my/lots/{lot_id}`
        """
        return await self._calls.struct("GET", f"/v1/my/lots/{lot_id}", lots_schemas.Lot)
