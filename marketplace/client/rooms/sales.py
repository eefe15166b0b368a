"""The operations of sales. Made by `make client` from the routes; not to be edited."""

from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.lots import schemas as lots_schemas
from marketplace.sales import schemas as sales_schemas


class Sales:
    """Operations of sales."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_confirmation(self, lot_id: UUID) -> sales_schemas.Confirmation:
        """The confirmation, which is public once issued; `content` is what `sha256` was computed
        over.

        `GET /v1/lots/{lot_id}/confirmation`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/confirmation", sales_schemas.Confirmation
        )

    async def issue_confirmation(
        self, lot_id: UUID, *, key: str | None = None
    ) -> sales_schemas.Confirmation:
        """Issue the confirmation with the winner's true identity; from here the price is awaited.

        `POST /v1/lots/{lot_id}/confirmation`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/confirmation",
            sales_schemas.Confirmation,
            key=key or new_key(),
        )

    async def get_costs(self, lot_id: UUID) -> sales_schemas.CostSheet:
        """The standing cost sheet.

        `GET /v1/lots/{lot_id}/costs`
        """
        return await self._calls.struct("GET", f"/v1/lots/{lot_id}/costs", sales_schemas.CostSheet)

    async def draft_costs(
        self, lot_id: UUID, data: sales_schemas.CostsIn, *, key: str | None = None
    ) -> sales_schemas.CostSheet:
        """Draw up the costs and taxes that the proceeds bear.

        `POST /v1/lots/{lot_id}/costs`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/costs",
            sales_schemas.CostSheet,
            body=data,
            key=key or new_key(),
        )

    async def lock_costs(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> sales_schemas.CostSheet:
        """Lock the costs as shown; by another person than who drew them up.

        `POST /v1/lots/{lot_id}/costs/lock`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/costs/lock",
            sales_schemas.CostSheet,
            body=data,
            key=key or new_key(),
        )

    async def get_distribution(self, lot_id: UUID) -> sales_schemas.DistributionPlan:
        """The standing plan, line by line with its computation.

        `GET /v1/lots/{lot_id}/distribution`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/distribution", sales_schemas.DistributionPlan
        )

    async def draft_distribution(
        self, lot_id: UUID, *, key: str | None = None
    ) -> sales_schemas.DistributionPlan:
        """Draft the plan of distribution: costs first, then the pledgee, then the pledgor.

        `POST /v1/lots/{lot_id}/distribution`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/distribution",
            sales_schemas.DistributionPlan,
            key=key or new_key(),
        )

    async def approve_distribution(
        self, lot_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> sales_schemas.DistributionPlan:
        """Approve the plan as shown; by another person than its drafter, after the time for
        objections.

        `POST /v1/lots/{lot_id}/distribution/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/distribution/approve",
            sales_schemas.DistributionPlan,
            body=data,
            key=key or new_key(),
        )

    async def pay_distribution(
        self, lot_id: UUID, *, key: str | None = None
    ) -> sales_schemas.DistributionPlan:
        """Pay by the approved plan, once.

        `POST /v1/lots/{lot_id}/distribution/pay`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/distribution/pay",
            sales_schemas.DistributionPlan,
            key=key or new_key(),
        )

    async def receive_payment(
        self, lot_id: UUID, data: sales_schemas.PaymentReceipt, *, key: str | None = None
    ) -> sales_schemas.PaymentDone:
        """Book money that the bank reports for the price; the deposit becomes part of it when the
        rest is there.

        `POST /v1/lots/{lot_id}/payments`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/payments",
            sales_schemas.PaymentDone,
            body=data,
            key=key or new_key(),
        )

    async def list_payouts(self, lot_id: UUID) -> sales_schemas.PayoutList:
        """What the paid plan sends to whom, and what of it has left.

        `GET /v1/lots/{lot_id}/payouts`
        """
        return await self._calls.struct(
            "GET", f"/v1/lots/{lot_id}/payouts", sales_schemas.PayoutList
        )

    async def confirm_payout(
        self, lot_id: UUID, payout_id: UUID, data: sales_schemas.PaidOut, *, key: str | None = None
    ) -> sales_schemas.Payout:
        """A payment was made by hand, says one person; it is booked when another reads the same from
        the bank's paper.

        `POST /v1/lots/{lot_id}/payouts/{payout_id}`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/payouts/{payout_id}",
            sales_schemas.Payout,
            body=data,
            key=key or new_key(),
        )

    async def propose_payout_correction(
        self,
        lot_id: UUID,
        payout_id: UUID,
        data: sales_schemas.PayoutCorrection,
        *,
        key: str | None = None,
    ) -> sales_schemas.CorrectionView:
        """Two people misread the bank's reference of a payment by hand: propose the right one, with
        the reason.

        `POST /v1/lots/{lot_id}/payouts/{payout_id}/correction`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/payouts/{payout_id}/correction",
            sales_schemas.CorrectionView,
            body=data,
            key=key or new_key(),
        )

    async def correct_payout(
        self, lot_id: UUID, payout_id: UUID, data: sales_schemas.Approval, *, key: str | None = None
    ) -> sales_schemas.CorrectionView:
        """Correct the reference as shown; by another person than who proposed it. No money moves.

        `POST /v1/lots/{lot_id}/payouts/{payout_id}/correction/approve`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/lots/{lot_id}/payouts/{payout_id}/correction/approve",
            sales_schemas.CorrectionView,
            body=data,
            key=key or new_key(),
        )

    async def get_sale(self, lot_id: UUID) -> sales_schemas.Sale:
        """How the auction of a lot ended: paddles only.

        `GET /v1/lots/{lot_id}/sale`
        """
        return await self._calls.struct("GET", f"/v1/lots/{lot_id}/sale", sales_schemas.Sale)

    async def record_title(
        self, lot_id: UUID, data: sales_schemas.TitleIn, *, key: str | None = None
    ) -> lots_schemas.Lot:
        """The registry recorded the transfer.

        `POST /v1/lots/{lot_id}/title`
        """
        return await self._calls.struct(
            "POST", f"/v1/lots/{lot_id}/title", lots_schemas.Lot, body=data, key=key or new_key()
        )
