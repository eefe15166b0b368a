"""The operations of remedies. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.remedies import schemas as remedies_schemas
from marketplace.sales import schemas as sales_schemas


class Remedies:
    """Operations of remedies."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_buyer_debt(self, lot_id: UUID) -> remedies_schemas.BuyerDebt:
        """What the defaulting buyer owes beyond its deposit, line by line, and what came in of it.

        `GET /v1/lots/{lot_id}/buyer-debt`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/buyer-debt", remedies_schemas.BuyerDebt
        )

    async def get_claims(self, lot_id: UUID) -> remedies_schemas.ClaimsView:
        """Who claims of the proceeds, as the plan will take it.

        `GET /v1/lots/{lot_id}/claims`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/claims", remedies_schemas.ClaimsView
        )

    async def enter_claims(
        self, lot_id: UUID, data: remedies_schemas.ClaimsIn, *, key: str | None = None
    ) -> remedies_schemas.ClaimsView:
        """Who claims of the proceeds beside the consignor: joint and later pledgees, other
        creditors, further loans.

        `POST /v1/lots/{lot_id}/claims`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/claims",
            remedies_schemas.ClaimsView,
            body=data,
            key=key or new_key(),
        )

    async def get_coverage(self, lot_id: UUID) -> sales_schemas.CoverageView:
        """Whether the lots sold cover the debt: then the rest is not sold.

        `GET /v1/lots/{lot_id}/coverage`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/coverage", sales_schemas.CoverageView
        )

    async def record_debtor_consent(
        self, lot_id: UUID, data: sales_schemas.ConsentIn, *, key: str | None = None
    ) -> sales_schemas.CoverageView:
        """Record that the debtor agrees to the sale of this lot although others were sold and cover
        the debt.

        `POST /v1/lots/{lot_id}/debtor-consent`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/debtor-consent",
            sales_schemas.CoverageView,
            body=data,
            key=key or new_key(),
        )

    async def list_objections(self, lot_id: UUID) -> remedies_schemas.ObjectionList:
        """What was said against the standing plan, and what it was answered.

        `GET /v1/lots/{lot_id}/distribution/objections`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/distribution/objections", remedies_schemas.ObjectionList
        )

    async def object_to_plan(
        self, lot_id: UUID, data: remedies_schemas.ObjectionIn, *, key: str | None = None
    ) -> remedies_schemas.ObjectionView:
        """Enter an objection to the draft plan, in time.

        `POST /v1/lots/{lot_id}/distribution/objections`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/distribution/objections",
            remedies_schemas.ObjectionView,
            body=data,
            key=key or new_key(),
        )

    async def answer_objection(
        self,
        lot_id: UUID,
        objection_id: UUID,
        data: remedies_schemas.AnswerIn,
        *,
        key: str | None = None,
    ) -> remedies_schemas.ObjectionView:
        """Dismiss an objection, or uphold it, which takes the draft back.

        `POST /v1/lots/{lot_id}/distribution/objections/{objection_id}/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/distribution/objections/{objection_id}/answer",
            remedies_schemas.ObjectionView,
            body=data,
            key=key or new_key(),
        )

    async def propose_forfeiture(
        self, lot_id: UUID, data: remedies_schemas.ForfeitureIn, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """What a forfeited deposit is used for by its regime, computed once the re-auction's price
        is paid.

        `POST /v1/lots/{lot_id}/forfeiture`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/forfeiture",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def use_forfeited(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """Use the deposit as shown; what goes to the debt is a recovery of its loan.

        `POST /v1/lots/{lot_id}/forfeiture/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/forfeiture/approve",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def propose_instalments(
        self, lot_id: UUID, data: remedies_schemas.InstalmentsIn, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """Propose that the price be paid in instalments; another person agrees.

        `POST /v1/lots/{lot_id}/instalments`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/instalments",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def agree_to_instalments(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """Agree to the instalments as shown; one that is missed is the price missed (悔拍).

        `POST /v1/lots/{lot_id}/instalments/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/instalments/approve",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def list_orders(self, lot_id: UUID) -> remedies_schemas.OrderList:
        """Every order of two people about a lot: what it says, who gave it, what became of it.

        `GET /v1/lots/{lot_id}/orders`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/orders", remedies_schemas.OrderList
        )

    async def refuse_order(
        self,
        lot_id: UUID,
        order_id: UUID,
        data: remedies_schemas.OrderRefusal,
        *,
        key: str | None = None,
    ) -> remedies_schemas.OrderView:
        """Refuse an order that was proposed, or take one's own back.

        `POST /v1/lots/{lot_id}/orders/{order_id}/refuse`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/orders/{order_id}/refuse",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def propose_rescission(
        self, lot_id: UUID, data: remedies_schemas.RescissionIn, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """The registry refused the transfer: propose that the sale be undone and the price given
        back.

        `POST /v1/lots/{lot_id}/rescission`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/rescission",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )

    async def rescind(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> remedies_schemas.OrderView:
        """Undo the sale as shown: the whole price is the buyer's free money again.

        `POST /v1/lots/{lot_id}/rescission/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/rescission/approve",
            remedies_schemas.OrderView,
            body=data,
            key=key or new_key(),
        )
