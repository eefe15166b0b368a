"""The operations of imports. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.imports import schemas as imports_schemas


class Imports:
    """Operations of imports."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def hand_in_file(
        self, content: bytes, content_type: str, *, key: str | None = None
    ) -> imports_schemas.ImportJob:
        """A CSV file of one sheet, or a workbook, 100,000 rows a sheet at most; worked off by a job,
        all or nothing.

        `POST /v1/import-jobs`
        """
        return await self._calls.struct(
            "POST",
            "/v1/import-jobs",
            imports_schemas.ImportJob,
            content=(content, content_type),
            key=key or new_key(),
        )

    async def get_import_job(self, job_id: UUID) -> imports_schemas.ImportJob:
        """How far an import of my bank is: its state, and how many rows of how many are entered.

        `GET /v1/import-jobs/{job_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/import-jobs/{job_id}", imports_schemas.ImportJob
        )

    async def list_imports(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[imports_schemas.Import]:
        """What my bank handed in, oldest first.

        `GET /v1/imports`
        """
        return await self._calls.struct(
            "GET",
            "/v1/imports",
            edge_cursors.Page[imports_schemas.Import],
            query={"cursor": cursor, "limit": limit},
        )

    async def import_portfolio(
        self, content: bytes, content_type: str, *, key: str | None = None
    ) -> imports_schemas.Import:
        """Enter a whole workbook or nothing of it. Send the file itself, or a form with one field
        `file`.

        `POST /v1/imports`
        """
        return await self._calls.struct(
            "POST",
            "/v1/imports",
            imports_schemas.Import,
            content=(content, content_type),
            key=key or new_key(),
        )

    async def get_import(self, import_id: UUID) -> imports_schemas.Import:
        """What became of one file, with every finding.

        `GET /v1/imports/{import_id}`
        """
        return await self._calls.struct("GET", f"/v1/imports/{import_id}", imports_schemas.Import)

    async def get_marked(self, import_id: UUID) -> bytes:
        """The workbook that was handed in, each wrong cell in red with its reason.

        `GET /v1/imports/{import_id}/report.xlsx`
        """
        return await self._calls.raw("GET", f"/v1/imports/{import_id}/report.xlsx")

    async def get_template(self) -> bytes:
        """The empty workbook to fill in.

        `GET /v1/templates/portfolio.xlsx`
        """
        return await self._calls.raw("GET", "/v1/templates/portfolio.xlsx")
