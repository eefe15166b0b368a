"""The operations of exports. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote

from marketplace.client.calling import Calls
from marketplace.exports import service as exports_service


class Exports:
    """Operations of exports."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def export_catalogue_csv(self) -> bytes:
        """The same as CSV.

        `GET /v1/exports/catalogue.csv`
        """
        return await self._calls.raw("GET", "/v1/exports/catalogue.csv")

    async def export_catalogue(self) -> bytes:
        """The rights that I may see by grade, with class, region, industry, status and value.

        `GET /v1/exports/catalogue.xlsx`
        """
        return await self._calls.raw("GET", "/v1/exports/catalogue.xlsx")

    async def export_portfolio(self) -> bytes:
        """My bank's loans, pledges, rights and valuations in the layout that an import takes.

        `GET /v1/exports/portfolio.xlsx`
        """
        return await self._calls.raw("GET", "/v1/exports/portfolio.xlsx")

    async def export_sheet(self, sheet: exports_service.SheetName) -> bytes:
        """`loans`, `pledges`, `rights` or `valuations` of my bank as CSV; nothing in it acts when it
        is opened.

        `GET /v1/exports/portfolio/{sheet}`
        """
        return await self._calls.raw("GET", f"/v1/exports/portfolio/{quote(str(sheet), safe='')}")
