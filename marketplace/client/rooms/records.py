"""The operations of records. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls
from marketplace.records import schemas as records_schemas


class Records:
    """Operations of records."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_bid_record(self, lot_id: UUID) -> records_schemas.BidRecord:
        """The whole record of an auction that has ended: bids and refusals by paddle, extensions,
        pauses, result.

        `GET /v1/lots/{lot_id}/bid-record`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/bid-record", records_schemas.BidRecord
        )

    async def get_unsold_report(self, lot_id: UUID) -> records_schemas.UnsoldReport:
        """Why a lot of my venue or bank was not sold, and the next step of the ladder.

        `GET /v1/lots/{lot_id}/unsold-report`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/unsold-report", records_schemas.UnsoldReport
        )
