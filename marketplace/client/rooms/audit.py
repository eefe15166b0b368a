"""The operations of audit. Made by `make client` from the routes; not to be edited."""

from marketplace.audit import schemas as audit_schemas
from marketplace.client.calling import Calls
from marketplace.edge import cursors as edge_cursors


class Audit:
    """Operations of audit."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_entries(
        self,
        *,
        subject: str | None = None,
        subject_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> edge_cursors.Page[audit_schemas.Entry]:
        """Who did what to what, oldest first; of one subject, or of all. Entries are never changed
        or removed.

        `GET /v1/audit`
        """
        return await self._calls.struct(
            "GET",
            "/v1/audit",
            edge_cursors.Page[audit_schemas.Entry],
            query={"subject": subject, "subject_id": subject_id, "cursor": cursor, "limit": limit},
        )
