"""The operations of liabilities. Made by `make client` from the routes; not to be edited."""

from typing import Literal
from urllib.parse import quote
from uuid import UUID

from marketplace.client.calling import Calls, new_key
from marketplace.edge import cursors as edge_cursors
from marketplace.liabilities import schemas as liabilities_schemas


class Liabilities:
    """Operations of liabilities."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list_liabilities(
        self, *, claim_id: UUID | None = None, cursor: str | None = None, limit: int = 50
    ) -> edge_cursors.Page[liabilities_schemas.LiabilitySummary]:
        """What my organisation owes of losses, and what is owed in claims in which it has a part;
        oldest first.

        `GET /v1/liabilities`
        """
        return await self._calls.struct(
            "GET",
            "/v1/liabilities",
            edge_cursors.Page[liabilities_schemas.LiabilitySummary],
            query={"claim_id": claim_id, "cursor": cursor, "limit": limit},
        )

    async def get_liability(self, liability_id: UUID) -> liabilities_schemas.LiabilityView:
        """What a party is to confirm and its hash, its answer, its payouts, its position, its share
        of recoveries.

        `GET /v1/liabilities/{liability_id}`
        """
        return await self._calls.struct(
            "GET", f"/v1/liabilities/{liability_id}", liabilities_schemas.LiabilityView
        )

    async def answer_liability(
        self, liability_id: UUID, data: liabilities_schemas.AnswerIn, *, key: str | None = None
    ) -> liabilities_schemas.LiabilityView:
        """Propose that my organisation confirms what it owes and ceded, or disputes it; a colleague
        decides.

        `POST /v1/liabilities/{liability_id}/answer`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/liabilities/{liability_id}/answer",
            liabilities_schemas.LiabilityView,
            body=data,
            key=key or new_key(),
        )

    async def decide_liability(
        self, liability_id: UUID, data: liabilities_schemas.DecisionIn, *, key: str | None = None
    ) -> liabilities_schemas.LiabilityView:
        """Agree to the answer, or the payout, that a colleague proposed, exactly as shown; or refuse
        it.

        `POST /v1/liabilities/{liability_id}/decision`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/liabilities/{liability_id}/decision",
            liabilities_schemas.LiabilityView,
            body=data,
            key=key or new_key(),
        )

    async def print_liability(
        self,
        liability_id: UUID,
        kind: Literal["payout_notice", "recovery_advice"],
        *,
        form: Literal["json", "xlsx", "html"] = "json",
        key: str | None = None,
    ) -> bytes:
        """The 代偿通知 or the 追偿分配通知 of a liability, as JSON, workbook or printable page.

        `POST /v1/liabilities/{liability_id}/papers/{kind}`
        """
        return await self._calls.raw(
            "POST",
            f"/v1/liabilities/{liability_id}/papers/{quote(str(kind), safe='')}",
            query={"form": form},
            key=key or new_key(),
        )

    async def report_payout(
        self, liability_id: UUID, data: liabilities_schemas.PayoutIn, *, key: str | None = None
    ) -> liabilities_schemas.LiabilityView:
        """Report what my organisation paid: whole, to whom it owes it, once; a colleague reads the
        same.

        `POST /v1/liabilities/{liability_id}/payouts`
        """
        return await self._calls.struct(
            "POST",
            f"/v1/liabilities/{liability_id}/payouts",
            liabilities_schemas.LiabilityView,
            body=data,
            key=key or new_key(),
        )
