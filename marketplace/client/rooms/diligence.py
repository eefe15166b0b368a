"""The operations of diligence. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.consignments import eligibility as consignments_eligibility
from marketplace.consignments import schemas as consignments_schemas
from marketplace.diligence import schemas as diligence_schemas


class Diligence:
    """Operations of diligence."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_runs(self, consignment_id: UUID) -> list[diligence_schemas.Run]:
        """The runs over a consignment that I may see, the newest first.

        `GET /v1/consignments/{consignment_id}/diligence`
        """
        return await self._calls.struct(
            "GET", f"/v1/consignments/{consignment_id}/diligence", list[diligence_schemas.Run]
        )

    async def run_diligence(
        self, consignment_id: UUID, *, key: str | None = None
    ) -> diligence_schemas.Run:
        """Run ELG-01 to ELG-32 now and keep what they find, with evidence and sources.

        `POST /v1/consignments/{consignment_id}/diligence`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/diligence",
            diligence_schemas.Run,
            key=key or new_key(),
        )

    async def override_finding(
        self, consignment_id: UUID, data: diligence_schemas.NewOverride, *, key: str | None = None
    ) -> diligence_schemas.Run:
        """Pass over what holds the sale, with a reason; by a checker who neither drafted nor
        submitted it.

        `POST /v1/consignments/{consignment_id}/diligence/overrides`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/consignments/{consignment_id}/diligence/overrides",
            diligence_schemas.Run,
            body=data,
            key=key or new_key(),
        )

    async def tell_fund(self, consignment_id: UUID, *, key: str | None = None) -> None:
        """Tell the funds with a claim on the loan of the listing, price and route that now stand
        (ELG-29).

        `POST /v1/consignments/{consignment_id}/fund-notice`
        """
        await self._calls.raw(
            "POST", f"/v1/consignments/{consignment_id}/fund-notice", key=key or new_key()
        )

    async def get_checks(self) -> consignments_eligibility.CheckSet:
        """The rules with their severity under each regime, their words, evidence and sources, by
        version.

        `GET /v1/eligibility-rules`
        """
        return await self._calls.struct(
            "GET", "/v1/eligibility-rules", consignments_eligibility.CheckSet
        )

    async def list_fund_notices(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> list[consignments_schemas.FundNotice]:
        """A fund's own, a bank's own, or all for supervisors; the newest first, before `after` if
        given.

        `GET /v1/fund-notices`
        """
        return await self._calls.struct(
            "GET",
            "/v1/fund-notices",
            list[consignments_schemas.FundNotice],
            query={"cursor": cursor, "limit": limit},
        )
