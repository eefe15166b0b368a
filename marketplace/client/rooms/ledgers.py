"""The operations of ledgers. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.cases import schemas as cases_schemas
from marketplace.client.calling import Calls, new_key
from marketplace.consignments import schemas as consignments_schemas
from marketplace.edge import cursors as edge_cursors
from marketplace.ledgers import schemas as ledgers_schemas


class Ledgers:
    """Operations of ledgers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_ledger(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[ledgers_schemas.LedgerLine]:
        """Every loan of my bank with its delay, grade, rights and open alerts; supervisors see all.

        `GET /v1/case-ledger`
        """
        return await self._calls.struct(
            "GET",
            "/v1/case-ledger",
            edge_cursors.Page[ledgers_schemas.LedgerLine],
            query={"cursor": cursor, "limit": limit},
        )

    async def get_case_file(self, case_id: UUID) -> ledgers_schemas.CaseFile:
        """Rights, consignments, alerts, deadlines and the timeline of one loan.

        `GET /v1/cases/{case_id}/file`
        """
        return await self._calls.struct(
            "GET", f"/v1/cases/{case_id}/file", ledgers_schemas.CaseFile
        )

    async def release_case(
        self, case_id: UUID, data: consignments_schemas.Refusal, *, key: str | None = None
    ) -> cases_schemas.Case:
        """The debt is paid and every pledge is cancelled; with a reason.

        `POST /v1/cases/{case_id}/release`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/cases/{case_id}/release",
            cases_schemas.Case,
            body=data,
            key=key or new_key(),
        )
