"""The operations of cases. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.cases import schemas as cases_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors


class Cases:
    """Operations of cases."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_cases(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[cases_schemas.Case]:
        """Those that I may see: my bank's, consigned to my venue, whose loss I share, that I owe, or
        that I oversee.

        `GET /v1/cases`
        """
        return await self._calls.struct(
            "GET",
            "/v1/cases",
            edge_cursors.Page[cases_schemas.Case],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_case(
        self, data: cases_schemas.NewCase, *, key: str | None = None
    ) -> cases_schemas.Case:
        """Enter a case of my bank.

        `POST /v1/cases`
        """
        return await self._calls.struct(
            "POST", "/v1/cases", cases_schemas.Case, body=data, key=key or new_key()
        )

    async def get_case(self, case_id: UUID) -> cases_schemas.Case:
        """One case that I may see.

        `GET /v1/cases/{case_id}`
        """
        return await self._calls.struct("GET", f"/v1/cases/{case_id}", cases_schemas.Case)

    async def update_case(
        self, case_id: UUID, data: cases_schemas.CaseUpdate, version: int
    ) -> cases_schemas.Case:
        """What moved in a loan of my bank: what is owed, demand, limitation, grade, flags; with a
        reason.

        `PUT /v1/cases/{case_id}`
        """
        return await self._calls.struct(
            "PUT", f"/v1/cases/{case_id}", cases_schemas.Case, body=data, version=version
        )
