"""The operations of changes. Made by `make client` from the routes; not to be edited."""

from marketplace.changes import schemas as changes_schemas
from marketplace.client.calling import Calls


class Changes:
    """Operations of changes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_changes(self, *, after: int = 0, limit: int = 100) -> changes_schemas.ChangePage:
        """What happened that concerns my organisation, after a position, oldest first and without a
        gap.

        `GET /v1/changes`
        """
        return await self._calls.struct(
            "GET", "/v1/changes", changes_schemas.ChangePage, query={"after": after, "limit": limit}
        )
