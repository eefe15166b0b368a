"""The operations of sessions. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.plans import schemas as plans_schemas
from marketplace.sessions import schemas as sessions_schemas


class Sessions:
    """Operations of sessions."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_auction_sessions(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[sessions_schemas.Session]:
        """Published sessions, and my venue's drafts; newest first, without their lots.

        `GET /v1/auction-sessions`
        """
        return await self._calls.struct(
            "GET",
            "/v1/auction-sessions",
            edge_cursors.Page[sessions_schemas.Session],
            query={"cursor": cursor, "limit": limit},
        )

    async def draft_auction_session(
        self, data: sessions_schemas.SessionIn, *, key: str | None = None
    ) -> sessions_schemas.Session:
        """Arrange drafted lots: they open together and close one after the other; what must not be
        split is in one lot.

        `POST /v1/auction-sessions`
        """
        return await self._calls.struct(
            "POST",
            "/v1/auction-sessions",
            sessions_schemas.Session,
            body=data,
            key=key or new_key(),
        )

    async def get_auction_session(self, auction_session_id: UUID) -> sessions_schemas.Session:
        """A session with its lots in the order in which they close.

        `GET /v1/auction-sessions/{auction_session_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/auction-sessions/{auction_session_id}", sessions_schemas.Session
        )

    async def record_session_consent(
        self, auction_session_id: UUID, data: sessions_schemas.Consent, *, key: str | None = None
    ) -> sessions_schemas.Session:
        """Record that a debtor agrees to the sale of everything, although its debt may be covered
        before the end.

        `POST /v1/auction-sessions/{auction_session_id}/consents`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auction-sessions/{auction_session_id}/consents",
            sessions_schemas.Session,
            body=data,
            key=key or new_key(),
        )

    async def publish_auction_session(
        self, auction_session_id: UUID, *, key: str | None = None
    ) -> sessions_schemas.Session:
        """Publish every lot, or none; by another person than who arranged them.

        `POST /v1/auction-sessions/{auction_session_id}/publish`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auction-sessions/{auction_session_id}/publish",
            sessions_schemas.Session,
            key=key or new_key(),
        )

    async def withdraw_auction_session(
        self, auction_session_id: UUID, data: plans_schemas.Why, *, key: str | None = None
    ) -> sessions_schemas.Session:
        """Give an unpublished session up; its lots stay drafts.

        `POST /v1/auction-sessions/{auction_session_id}/withdraw`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/auction-sessions/{auction_session_id}/withdraw",
            sessions_schemas.Session,
            body=data,
            key=key or new_key(),
        )
