"""The operations of statements. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.statements import schemas as statements_schemas


class Statements:
    """Operations of statements."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_statements(
        self, *, subject: UUID | None = None, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[statements_schemas.StatementSummary]:
        """The statements that I may see, of one lot or loan (`subject`) or of all, newest first.

        `GET /v1/statements`
        """
        return await self._calls.struct(
            "GET",
            "/v1/statements",
            edge_cursors.Page[statements_schemas.StatementSummary],
            query={"subject": subject, "cursor": cursor, "limit": limit},
        )

    async def issue_statement(
        self, data: statements_schemas.StatementIn, *, key: str | None = None
    ) -> statements_schemas.Statement:
        """Issue a statement as the books stand; where nothing changed since the last one, that is
        the answer.

        `POST /v1/statements`
        """
        return await self._calls.struct(
            "POST", "/v1/statements", statements_schemas.Statement, body=data, key=key or new_key()
        )

    async def get_statement(self, name: str) -> bytes:
        """`{id}`: the statement. `{id}.json`: the very bytes that were hashed; `{id}.xlsx`,
        `{id}.html`: as files.

        `GET /v1/statements/{name}`
        """
        return await self._calls.raw("GET", f"/v1/statements/{quote(str(name), safe='')}")
