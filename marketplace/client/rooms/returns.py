"""The operations of returns. Made by `make client` from the routes; not to be edited."""

from typing import Literal
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.returns import schemas as returns_schemas


class Returns:
    """Operations of returns."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def issue_bulletin(
        self,
        data: returns_schemas.QuarterIn,
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """The quarterly notification of all banks, as their returns stand.

        `POST /v1/bulletins`
        """
        return await self._calls.raw(
            "POST", "/v1/bulletins", query={"form": form}, body=data, key=key or new_key()
        )

    async def list_returns(
        self, *, quarter: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[returns_schemas.Return]:
        """My bank's returns, or those that were sent to my authority; all, for auditors.

        `GET /v1/returns`
        """
        return await self._calls.struct(
            "GET",
            "/v1/returns",
            edge_cursors.Page[returns_schemas.Return],
            query={"quarter": quarter, "cursor": cursor, "limit": limit},
        )

    async def draft_return(
        self, data: returns_schemas.ReturnIn, *, key: str | None = None
    ) -> returns_schemas.Return:
        """Draft my bank's return of a quarter, with each branch's tolerance test and what the books
        say.

        `POST /v1/returns`
        """
        return await self._calls.struct(
            "POST", "/v1/returns", returns_schemas.Return, body=data, key=key or new_key()
        )

    async def get_return(self, return_id: UUID) -> returns_schemas.Return:
        """A return, whole.

        `GET /v1/returns/{return_id}`
        """
        return await self._calls.struct("GET", f"/v1/returns/{return_id}", returns_schemas.Return)

    async def print_return(
        self,
        return_id: UUID,
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """A submitted return as JSON, workbook or printable page.

        `POST /v1/returns/{return_id}/paper`
        """
        return await self._calls.raw(
            "POST", f"/v1/returns/{return_id}/paper", query={"form": form}, key=key or new_key()
        )

    async def acknowledge_return(
        self, return_id: UUID, *, key: str | None = None
    ) -> returns_schemas.Return:
        """Confirm that a return came to my authority.

        `POST /v1/returns/{return_id}/receipt`
        """
        return await self._calls.struct(
            "POST", f"/v1/returns/{return_id}/receipt", returns_schemas.Return, key=key or new_key()
        )

    async def reopen_return(
        self, return_id: UUID, data: returns_schemas.Reopening, *, key: str | None = None
    ) -> returns_schemas.Return:
        """Let the bank report anew; what was submitted stays on record.

        `POST /v1/returns/{return_id}/reopen`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/returns/{return_id}/reopen",
            returns_schemas.Return,
            body=data,
            key=key or new_key(),
        )

    async def submit_return(
        self, return_id: UUID, *, key: str | None = None
    ) -> returns_schemas.Return:
        """Submit a return to both its recipients; by another person than its drafter.

        `POST /v1/returns/{return_id}/submit`
        """
        return await self._calls.struct(
            "POST", f"/v1/returns/{return_id}/submit", returns_schemas.Return, key=key or new_key()
        )
