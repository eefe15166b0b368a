"""The operations of valuations. Made by `make client` from the routes; not to be edited."""

from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.valuations import calculators as valuations_calculators
from marketplace.valuations import schemas as valuations_schemas
from marketplace.valuations import scoring as valuations_scoring


class Valuations:
    """Operations of valuations."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_indicator_sets(self) -> list[valuations_scoring.IndicatorSet]:
        """The indicators with their weights and bands, by version.

        `GET /v1/indicator-sets`
        """
        return await self._calls.struct(
            "GET", "/v1/indicator-sets", list[valuations_scoring.IndicatorSet]
        )

    async def compute_value(
        self,
        data: valuations_calculators.RoyaltyRelief
        | valuations_calculators.ProfitSplit
        | valuations_calculators.Market
        | valuations_calculators.Cost,
    ) -> valuations_calculators.Computed:
        """Royalty relief, profit split, market or cost, line by line, exact. Nothing is stored.

        `POST /v1/valuation-computations`
        """
        return await self._calls.struct(
            "POST", "/v1/valuation-computations", valuations_calculators.Computed, body=data
        )

    async def look_up_reports(self, number: str) -> list[valuations_schemas.RegistryEntry]:
        """Reports from outside that hold today, of whichever bank, with the banks that recognise
        them.

        `GET /v1/valuation-registry/{number}`
        """
        return await self._calls.struct(
            "GET",
            f"/v1/valuation-registry/{quote(str(number), safe='')}",
            list[valuations_schemas.RegistryEntry],
        )

    async def score_indicators(
        self, data: valuations_scoring.NewScores
    ) -> valuations_scoring.Scored:
        """The total after GB/T 42748 by first level and in all, and the grade. Nothing is stored.

        `POST /v1/valuation-scores`
        """
        return await self._calls.struct(
            "POST", "/v1/valuation-scores", valuations_scoring.Scored, body=data
        )

    async def list_valuations(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[valuations_schemas.Valuation]:
        """Those that I may see: my bank's, those consigned to my venue, or all for supervisors.

        `GET /v1/valuations`
        """
        return await self._calls.struct(
            "GET",
            "/v1/valuations",
            edge_cursors.Page[valuations_schemas.Valuation],
            query={"cursor": cursor, "limit": limit},
        )

    async def register_valuation(
        self, data: valuations_schemas.NewValuation, *, key: str | None = None
    ) -> valuations_schemas.Valuation:
        """Enter a valuation of my bank.

        `POST /v1/valuations`
        """
        return await self._calls.struct(
            "POST", "/v1/valuations", valuations_schemas.Valuation, body=data, key=key or new_key()
        )

    async def get_valuation(self, valuation_id: UUID) -> valuations_schemas.Valuation:
        """One valuation that I may see.

        `GET /v1/valuations/{valuation_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/valuations/{valuation_id}", valuations_schemas.Valuation
        )

    async def recognise_report(self, valuation_id: UUID, *, key: str | None = None) -> None:
        """My bank takes another bank's report as its own, while it holds.

        `POST /v1/valuations/{valuation_id}/recognition`
        """
        await self._calls.raw(
            "POST", f"/v1/valuations/{valuation_id}/recognition", key=key or new_key()
        )

    async def withdraw_recognition(
        self, valuation_id: UUID, data: valuations_schemas.Clearing, *, key: str | None = None
    ) -> None:
        """My bank takes the report as its own no more, with a reason.

        `POST /v1/valuations/{valuation_id}/recognition-withdrawal`
        """
        await self._calls.raw(
            "POST",
            f"/v1/valuations/{valuation_id}/recognition-withdrawal",
            body=data,
            key=key or new_key(),
        )
